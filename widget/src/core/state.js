/**
 * What this browser remembers of earlier surveys, as one short JSON text; broken or foreign text means "nothing".
 *
 * @typedef {Record<string, number>} Times ms, by name: shownAt, answeredAt, declinedAt, laterAt
 * @typedef {{first: number, user?: string, surveys: Record<string, Times>, retry: Times}} State
 *   `first`: when this browser was first seen; `retry`: by survey, when to ask the server again
 */

import {fromJson} from './json.js';

const MAX_AGE_MS = 400 * 864e5;

/** @param {string | null | undefined} text @param {number} now @returns {State} */
export function readState(text, now) {
  const {first, user, surveys, retry} = fromJson(text);
  /** @param {unknown} at Not older than 400 days; the future is for `retry` and for clocks set back. */
  const isTime = (at) => Number.isFinite(at) && Math.abs(Number(at) - now) < MAX_AGE_MS;
  /** @param {any} record @returns {Times} */
  const times = (record) => Object.fromEntries(Object.entries(record || {}).filter(([, at]) => isTime(at)));
  return {
    first: isTime(first) ? first : now,
    user,
    surveys: Object.fromEntries(Object.entries(surveys || {}).map(([id, seen]) => [id, times(seen)])),
    retry: times(retry),
  };
}
