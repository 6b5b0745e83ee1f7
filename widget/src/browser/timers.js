/**
 * Timers that stand still while the tab is hidden and are caught up with when it shows again.
 *
 * @param {() => number} now ms @param {<T extends (...args: any[]) => any>(fn: T) => T} guard
 * @typedef {ReturnType<typeof createTimers>} After
 */
export function createTimers(now, guard) {
  const {setTimeout, clearTimeout} = window;
  /** @type {Map<() => void, number>} */
  const jobs = new Map();
  let handle = 0;
  let due = Infinity;

  const schedule = () => {
    clearTimeout(handle);
    due = document.hidden ? Infinity : Math.min(...jobs.values());
    if (due < Infinity) handle = setTimeout(tick, Math.max(0, due - now()));
  };

  const tick = () => {
    try {
      for (const [job, at] of [...jobs]) if (at <= now() && jobs.delete(job)) guard(job)();
    } finally {
      schedule();
    }
  };

  /** @param {number} ms @param {() => void} run @returns {() => void} cancels it */
  return (ms, run) => {
    const job = () => run();
    const at = now() + ms;
    jobs.set(job, at);
    if (at < due) schedule();
    return () => void jobs.delete(job);
  };
}
