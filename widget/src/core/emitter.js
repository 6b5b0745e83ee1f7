/** Listeners of the page, each behind a fence: one that throws stops neither us nor the others. */
export function createEmitter() {
  /** @type {Set<[string, (detail: unknown) => void]>} */
  const listeners = new Set();
  return {
    /** @param {string} event @param {unknown} [detail] */
    emit: (event, detail) => {
      for (const [name, callback] of [...listeners]) {
        try {
          if (name === event) callback(detail);
        } catch {
          // The page's own error; it is not ours to report.
        }
      }
    },
    /** @param {string} event @param {(detail: unknown) => void} callback @returns {() => void} */
    on: (event, callback) => {
      /** @type {[string, (detail: unknown) => void]} */
      const entry = [event, callback];
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
  };
}
