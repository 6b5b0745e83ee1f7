/**
 * Who may be asked, as far as the page can say; twin of backend/domain/gates.py.
 *
 * Whoever the server would ask passes here; the server asks the rest of the gates.
 *
 * @typedef {[passed: boolean, seen?: any, limit?: any, passesAt?: number | null]} Answer
 * @typedef {{gate: string, passed: boolean, seen: any, limit: any}} GateResult
 */

import {matches} from './audience.js';
import {matchesPattern} from './pages.js';
import {admit} from './sampling.js';

/**
 * @param {any} survey one entry of the published configuration
 * @param {any} visitor who, where, and what happened before (times in ms)
 * @param {number} now ms
 * @returns {{passed: boolean, reason: string | null, gates: GateResult[], retryAt: number | null}}
 *   `reason`: the first gate that failed; `retryAt`: when the clock alone will let them pass
 */
export function evaluateLocal(survey, visitor, now) {
  /** @type {number[]} */
  const waits = [];
  const past = visitor.history[survey.id] || {};
  const gates = Object.keys(GATES).map((gate) => {
    const [passed, seen = null, limit = null, passesAt] = GATES[gate](survey, visitor, now, past);
    if (!passed) waits.push(passesAt || Infinity);
    return {gate, passed, seen, limit};
  });
  const latest = Math.max(0, ...waits);
  return {
    passed: !latest,
    reason: gates.find(({passed}) => !passed)?.gate || null,
    gates,
    retryAt: latest && latest < Infinity ? latest : null,
  };
}

/** @param {any} list @param {any} seen @returns {Answer} an empty list allows everything */
const allows = (list, seen) => [!list?.length || list.includes(seen), seen, list];

/** @param {number | null | undefined} since @param {number} days @param {number} now @returns {Answer} */
const rested = (since, days, now) => {
  const until = (since || 0) + days * 864e5;
  return [!since || !(days > 0) || now >= until, since, days, until];
};

/** A showing without any reaction counts as ignored. @param {any} past @returns {number | null} */
const ignoredSince = ({shownAt, answeredAt, declinedAt, laterAt, ignoredAt}) =>
  !shownAt || [answeredAt, declinedAt, laterAt].some((at) => at >= shownAt) ? ignoredAt : Math.max(shownAt, ignoredAt || 0);

/** @type {Record<string, (survey: any, visitor: any, now: number, past: any) => Answer>} */
const GATES = {
  survey_running: ({starts_at: from, ends_at: to}, _visitor, now) => {
    const start = from ? Date.parse(from) : 0;
    const isOver = !!to && now >= Date.parse(to);
    return [now >= start && !isOver, null, [from, to], isOver ? null : start];
  },
  origin_allowed: ({origins}, {origin}) => allows(origins, origin),
  trigger_matches: ({triggers}, {trigger}) => [
    // An event sent by a server is known there alone.
    triggers.some((/** @type {any} */ {type, name}) => type === 'server_event' || (type === trigger.type && (!name || name === trigger.name))),
    trigger,
    triggers,
  ],
  page_matches: ({pages}, {page, pageTemplate}) => [
    !pages?.length || [page, pageTemplate].some((path) => path != null && pages.some((/** @type {string} */ one) => matchesPattern(one, path))),
    page,
    pages,
  ],
  device_matches: ({devices}, {device}) => allows(devices, device),
  audience_matches: ({audience}, visitor) => [matches(audience, visitor), null, audience],
  old_enough: ({old_enough_days: days}, {userId, firstSeenAt}, now) => {
    const [passed, ...rest] = rested(firstSeenAt, days, now);
    // How long a named user is known, the server knows; this browser may be new to them.
    return [!!userId || (firstSeenAt ? passed : !(days > 0)), rest[0], days, firstSeenAt && rest[2]];
  },
  sampled: (survey, visitor, now) => {
    const {draw, rate, slot} = admit(survey, visitor);
    return [draw < rate && now >= (slot || 0), {draw, slot}, rate, draw < rate ? slot : null];
  },
  rested_after_answer: ({rests}, _visitor, now, past) => rested(past.answeredAt, rests?.rest_days, now),
  rested_after_decline: ({rests}, _visitor, now, past) => rested(past.declinedAt, rests?.decline_rest_days, now),
  rested_after_ignore: ({rests}, _visitor, now, past) => rested(ignoredSince(past), rests?.ignore_rest_days, now),
  rested_after_later: ({rests}, _visitor, now, past) => rested(past.laterAt, rests?.later_rest_days, now),
  rested_after_any: ({rests}, {history}, now) =>
    rested(
      Math.max(...Object.values(history).flatMap((past) => Object.values(past).map((at) => at || 0)), 0),
      rests?.any_survey_rest_days,
      now,
    ),
};
