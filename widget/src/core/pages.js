/** Page patterns: `*` and `:name` stand for one path segment, `**` for any number; twin of backend/domain/pages.py. */

/** A path with one slash at its head and none at its end. @param {string} path */
export const tidyPath = (path) => `/${segments(path).join('/')}`;

/** The path of an address: no scheme, host, query or fragment. @param {string} address */
export const pagePath = (address) => tidyPath(address.replace(/^[a-z+.-]+:\/\/[^/?#]*/i, '').split(/[?#]/)[0]);

/**
 * @param {string} pattern @param {string} path
 * @returns {boolean}
 */
export function matchesPattern(pattern, path) {
  const parts = segments(path);
  // Sets of reachable places, not backtracking: a pattern of many `**` must not take exponential time.
  let reachable = new Set([0]);
  for (const part of segments(pattern)) {
    const next = new Set();
    for (const at of reachable) {
      if (part === '**') for (let to = at; to <= parts.length; to++) next.add(to);
      else if (at < parts.length && (part === '*' || part[0] === ':' || part === parts[at])) next.add(at + 1);
    }
    reachable = next;
  }
  return reachable.has(parts.length);
}

/**
 * The path as the first of the project's own rules names it, else as it is.
 * @param {string} path @param {{pattern: string, template: string}[] | undefined} rules
 */
export const pageTemplate = (path, rules) =>
  (rules || []).find(({pattern}) => matchesPattern(pattern, path))?.template || path;

/** Not by a pattern: a page's first costs it more than this. @param {string} path */
function segments(path) {
  const parts = path.split('/');
  while (parts[1] != null && !parts[0]) parts.shift();
  while (parts[1] != null && !parts[parts.length - 1]) parts.pop();
  return parts;
}
