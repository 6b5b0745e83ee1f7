/** Copies of what the page hands in: plain data of bounded size, whatever it was. */

const MAX_DEPTH = 3;
const MAX_KEYS = 100;
const MAX_CHARACTERS = 8192;
const MAX_STRING = 1024;

/** A text without lone surrogates, which no strict JSON reader takes. @param {string} text */
const clean = (text) => text.slice(0, MAX_STRING).replace(/[\ud800-\udfff]/gu, '');

/** An id of 1 to 200 characters, or null. @param {unknown} value @returns {string | null} */
export function copyId(value) {
  const text = Number.isFinite(value) ? `${value}` : value;
  return typeof text === 'string' && text && text.length <= 200 ? clean(text) : null;
}

/**
 * The traits in `value`: texts, finite numbers, booleans, null, and plain objects and arrays of these.
 * Cycles end at the depth limit; getters that throw, functions, nodes, BigInt and the like are left out.
 * @param {unknown} value @returns {Record<string, unknown>}
 */
export function copyTraits(value) {
  let characters = MAX_CHARACTERS;

  /** @param {any} one @param {number} depth @returns {any} */
  const copy = (one, depth) => {
    if (one === null || one === !!one || Number.isFinite(one)) return one;
    if (typeof one === 'string') {
      const text = clean(one);
      return (characters -= text.length) < 0 ? undefined : text;
    }
    const isList = Array.isArray(one);
    if (depth > MAX_DEPTH || !(isList || isPlain(one))) return undefined;
    /** @type {any} */
    const copied = isList ? [] : {};
    for (const key of Object.keys(one).slice(0, MAX_KEYS)) {
      try {
        const part = copy(one[key], depth + 1);
        if (part === undefined || (characters -= key.length) < 0) continue;
        if (isList) copied.push(part);
        else copied[clean(key)] = part;
      } catch {
        // A getter of the page's own threw: its trait is left out.
      }
    }
    return copied;
  };

  return isPlain(value) ? copy(value, 0) : {};
}

/** An object made by braces or a class, in this frame or another. @param {any} value */
const isPlain = (value) => ({}).toString.call(value) === '[object Object]';
