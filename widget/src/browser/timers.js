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

  const schedule = () => {
    clearTimeout(handle);
    if (jobs.size && !document.hidden) handle = setTimeout(tick, Math.max(0, Math.min(...jobs.values()) - now()));
  };

  const tick = () => {
    for (const [job, at] of [...jobs]) if (at <= now() && jobs.delete(job)) guard(job)();
    schedule();
  };

  /** @param {number} ms @param {() => void} run @returns {() => void} cancels it */
  return (ms, run) => {
    const job = () => run();
    jobs.set(job, now() + ms);
    schedule();
    return () => void jobs.delete(job);
  };
}
