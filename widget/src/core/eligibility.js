/**
 * Who may be asked, as far as the page can say; twin of backend/domain/gates.py.
 *
 * Whoever the server would ask passes here; the server asks the rest of the gates.
 *
 * @typedef {[passed: boolean, seen?: any, limit?: any, passesAt?: any]} Answer
 * @typedef {(survey: any, visitor: any, now: number) => Answer} Gate
 * @typedef {{gate: string, passed: boolean, seen: any, limit: any, passesAt: any}} GateResult
 */

import {isOnPage, matches} from './audience.js';
import {admit} from './sampling.js';

/**
 * @param {any} survey one entry of the published configuration
 * @param {any} visitor who, where, and what happened before (times in ms)
 * @param {number} now ms
 * @param {boolean} [isBrief] stop at the first gate that fails: what nobody reads need not be looked up
 * @returns {{passed: boolean, reason: string | null, gates: GateResult[]}} `reason`: the first gate that failed
 */
export function evaluateLocal(survey, visitor, now, isBrief) {
  /** @type {string | null} */
  let reason = null;
  /** @type {GateResult[]} */
  const gates = [];
  for (const gate of Object.keys(GATES)) {
    if (isBrief && reason) break;
    const [passed, seen = null, limit = null, passesAt] = GATES[gate](survey, visitor, now);
    if (!passed) reason ||= gate;
    gates.push({gate, passed, seen, limit, passesAt});
  }
  return {passed: !reason, reason, gates};
}

/** @param {any} list @param {any} seen @returns {Answer} an empty list allows everything */
const allows = (list, seen) => [!list?.length || list.includes(seen), seen, list];

/** @param {any} since @param {number} days @param {number} now @returns {Answer} no `since` is no wait, nor are 0 days */
const rested = (since, days, now) => {
  const until = since + days * 864e5;
  return [!since || !(days > 0) || now >= until, since, days, since && until];
};

/** What happened to a survey before. Read by the last gates only: it costs a look into storage. @param {any} survey @param {any} visitor */
const past = ({id}, {history}) => history[id] || {};

/** @param {string} what @param {string} days @returns {Gate} */
const restedAfter = (what, days) => (survey, visitor, now) => rested(past(survey, visitor)[what], survey.rests[days], now);

/** A showing without any reaction counts as ignored. @param {any} seen @returns {number | null} */
const ignoredSince = ({shownAt, answeredAt, declinedAt, laterAt, ignoredAt}) =>
  !shownAt || [answeredAt, declinedAt, laterAt].some((at) => at >= shownAt) ? ignoredAt : Math.max(shownAt, ignoredAt || 0);

/** @type {Record<string, Gate>} */
const GATES = {
  survey_running: ({starts_at: from, ends_at: to}, _visitor, now) => {
    const start = from && Date.parse(from);
    const isOver = to && now >= Date.parse(to);
    return [!isOver && !(now < start), null, [from, to], !isOver && start];
  },
  origin_allowed: ({origins}, {origin}) => allows(origins, origin),
  trigger_matches: ({triggers = [{type: 'page_load'}]}, {trigger}) => [
    // An event sent by a server is known there alone.
    triggers.some((/** @type {any} */ {type, name}) => type === 'server_event' || (type === trigger.type && (!name || name === trigger.name))),
    trigger,
    triggers,
  ],
  page_matches: ({pages}, visitor) => [!pages?.length || pages.some((/** @type {string} */ pattern) => isOnPage(visitor, pattern)), visitor.page, pages],
  device_matches: ({devices}, {device}) => allows(devices, device),
  audience_matches: ({audience}, visitor) => [matches(audience, visitor), null, audience],
  // How long a named user is known, the server knows; this browser may be new to them.
  old_enough: ({old_enough_days: days}, {userId, firstSeenAt: since}, now) => {
    const [passed, ...seen] = rested(since, days, now);
    return [!!userId || (!since ? !(days > 0) : passed), ...seen];
  },
  sampled: (survey, visitor, now) => {
    const {draw, rate, slot} = admit(survey, visitor);
    return [draw < rate && now >= slot, {draw, slot}, rate, draw < rate && slot];
  },
  rested_after_answer: restedAfter('answeredAt', 'rest_days'),
  rested_after_decline: restedAfter('declinedAt', 'decline_rest_days'),
  rested_after_ignore: (survey, visitor, now) => rested(ignoredSince(past(survey, visitor)), survey.rests.ignore_rest_days, now),
  rested_after_later: restedAfter('laterAt', 'later_rest_days'),
  rested_after_any: ({rests}, {history}, now) =>
    rested(Math.max(0, ...Object.values(history).flatMap((seen) => Object.values(seen).map((at) => at || 0))), rests.any_survey_rest_days, now),
};
