/**
 * What may wait in the queue of unsent answers, and how long to wait before the next try; pure.
 *
 * @typedef {{ticket: string, revision: number, body: string, at: number}} Entry `at` in ms
 */

const MAX_ENTRIES = 20;
const MAX_LENGTH = 32768;
const MAX_AGE_MS = 7 * 864e5;
const FIRST_WAIT_MS = 1000;
const MAX_WAIT_MS = 300000;

/** What storage holds, without the broken and the week-old. @param {any} stored @param {number} now @returns {Entry[]} */
export const readQueue = (stored, now) =>
  (Array.isArray(stored) ? stored : []).filter((entry) => entry?.body?.length && entry.at > now - MAX_AGE_MS);

/** The newest revision of a ticket replaces older ones; past the limits the oldest goes. @param {Entry[]} queue @param {Entry} entry */
export function put(queue, entry) {
  const kept = [...without(queue, entry.ticket, entry.revision), entry].slice(-MAX_ENTRIES);
  while (kept.length > 1 && kept.reduce((sum, {body}) => sum + body.length, 0) > MAX_LENGTH) kept.shift();
  return kept;
}

/** @param {Entry[]} queue @param {string} ticket @param {number} revision this one and older ones are settled */
export const without = (queue, ticket, revision) =>
  queue.filter((entry) => entry.ticket !== ticket || entry.revision > revision);

/** Lost connections (0), time-outs, limits and trouble over there pass; other refusals are final. @param {number} status */
export const isPassing = (status) => !status || status === 408 || status === 429 || status >= 500;

/**
 * How long to wait before try `attempt` + 1, ms. Full jitter: see "Exponential backoff and jitter", AWS 2015.
 * @param {number} attempt from 0 @param {string | null | undefined} retryAfter whole seconds, wins @param {() => number} random
 */
export function waitMs(attempt, retryAfter, random) {
  const told = Number(retryAfter);
  if (retryAfter && told > 0) return told * 1000;
  return Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt) * random();
}
