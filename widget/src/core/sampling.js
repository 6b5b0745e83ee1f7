/** Where a person stands in a survey's sample; twin of backend/domain/sampling.py. */

import {matches} from './audience.js';
import {unitHash} from './hash.js';

/**
 * @param {any} survey @param {any} visitor
 * @returns {{draw: number, rate: number, slot: number}} in the sample when `draw` is below `rate`, from `slot` (ms) on; no slots: 0
 */
export function admit({id, sampling}, visitor) {
  const {salt = id, rate = 1, segments = [], spread_days: days = 0, started_on: start} = sampling;
  const user = visitor.userId || visitor.anonymousId;
  return {
    draw: unitHash('sample', salt, user),
    rate: (segments.find((/** @type {any} */ segment) => matches(segment.when, visitor)) || {rate}).rate,
    slot: start ? Date.parse(start) + Math.floor(unitHash('phase', salt, user) * days) * 864e5 : 0,
  };
}
