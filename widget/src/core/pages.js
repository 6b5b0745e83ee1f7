/** Page patterns: `*` and `:name` stand for one path segment, `**` for any number; twin of backend/domain/pages.py. */

/** The path of an address: no scheme, host, query or fragment. @param {string} address */
export const pagePath = (address) => `/${segments(address.replace(/^[a-z+.-]+:\/\/[^/?#]*/i, '').split(/[?#]/)[0]).join('/')}`;

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

/** @param {string} path */
const segments = (path) => path.replace(/^\/+|\/+$/g, '').split('/');
