/**
 * JSON that survives pages which teach arrays a `toJSON` of their own (Prototype.js) or add enumerable
 * members to `Object.prototype`: there arrays and objects are joined here, and only primitives go to JSON.stringify.
 */

const {stringify, parse} = JSON;

/** @param {unknown} value @returns {string} */
export const toJson = (value) => (/** @type {any} */ ([]).toJSON ? join(value) : stringify(value) || 'null');

/** @param {unknown} value @returns {string} */
function join(value) {
  if (Array.isArray(value)) return `[${value.map(join).join()}]`;
  if (value === null || typeof value !== 'object') return stringify(value) || 'null';
  const members = Object.keys(value).filter((key) => /** @type {any} */ (value)[key] !== undefined);
  return `{${members.map((key) => `${stringify(key)}:${join(/** @type {any} */ (value)[key])}`).join()}}`;
}

/** The object in `text`, or an empty one: what storage and networks hand out is never trusted. @param {unknown} text @returns {any} */
export function fromJson(text) {
  try {
    const value = parse(/** @type {string} */ (text));
    return value && typeof value === 'object' ? value : {};
  } catch {
    return {};
  }
}
