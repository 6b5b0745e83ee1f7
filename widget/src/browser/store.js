/**
 * Named texts in localStorage, in memory where it is forbidden, absent, full or broken.
 *
 * @param {string} key the publishable key @param {() => boolean} isAllowed
 * @typedef {ReturnType<typeof createStore>} Store
 */
export function createStore(key, isAllowed) {
  /** @type {Map<string, string>} */
  const memory = new Map();
  /** @param {string} part */
  const name = (part) => `zeroten.${key}.${part}`;

  /** @param {string} part @returns {any} a text, or nothing */
  const get = (part) => {
    try {
      return memory.get(part) || (isAllowed() && localStorage.getItem(name(part)));
    } catch {
      // A sandboxed frame, or storage switched off: nothing was kept.
    }
  };

  /** @param {string} part @param {string} [text] none removes it, wherever it is */
  const set = (part, text) => {
    memory.delete(part);
    try {
      if (!text) return localStorage.removeItem(name(part));
      if (isAllowed()) return localStorage.setItem(name(part), text);
    } catch {
      // As above, or the quota is used up by others: memory has to do.
    }
    if (text) memory.set(part, text);
  };

  return {get, set, memory};
}
