/** Audience rules as far as the page can judge them; backend/domain/audience.py says what each operator means. */

import {matchesPattern} from './pages.js';

/**
 * A rule that cannot be read matches nobody.
 * @param {any} rule @param {any} visitor
 * @returns {boolean}
 */
export function matches(rule, visitor) {
  try {
    return !rule || holds(rule, visitor);
  } catch {
    return false;
  }
}

/** @param {any} rule @param {any} visitor @returns {boolean} */
function holds(rule, visitor) {
  const {op, rules, field, value} = rule;
  if (op === 'and') return rules.every((/** @type {any} */ part) => holds(part, visitor));
  if (op === 'or') return rules.some((/** @type {any} */ part) => holds(part, visitor));
  if (op === 'not') return !holds(rule.rule, visitor);
  if (op === 'server') return true;
  if (op === 'matches') return isOnPage(visitor, value);
  const negated = OPPOSITES[op];
  return COMPARISONS[negated || op](see(rule, visitor), value, field) !== !!negated;
}

/** Whether the path or its template fits. @param {any} visitor @param {string} pattern @returns {boolean} */
export const isOnPage = ({page, pageTemplate}, pattern) => [page, pageTemplate].some((path) => path != null && matchesPattern(pattern, path));

/** @param {any} rule @param {any} visitor @returns {any} */
const see = ({trait, account_trait: accountTrait, field}, {traits, account, ...visitor}) =>
  trait ? own(traits, trait) : accountTrait ? own(account?.traits, accountTrait) : visitor[field];

/** A trait called `constructor` is not everybody's. @param {any} traits @param {string} name */
const own = (traits, name) => (traits && Object.hasOwn(traits, name) ? traits[name] : null);

/** @param {any} seen @param {any} value @param {string} [field] a language is a range: en is met by en-GB */
const equals = (seen, value, field) =>
  field === 'language' ? isText(seen) && `${seen}-`.toLowerCase().startsWith(`${value}-`.toLowerCase()) : seen === value;

/** @param {any} value */
const isText = (value) => typeof value === 'string';

/** @param {(seen: number, value: number) => boolean} compare @returns {(seen: any, value: any) => boolean} */
const ordered = (compare) => (seen, value) => typeof seen === 'number' && compare(seen, value);

/** @type {Record<string, string>} */
const OPPOSITES = {ne: 'eq', not_in: 'in', missing: 'exists'};

/** @type {Record<string, (seen: any, value: any, field?: string) => boolean>} */
const COMPARISONS = {
  eq: equals,
  in: (seen, value, field) => value.some((/** @type {any} */ one) => equals(seen, one, field)),
  exists: (seen) => seen != null,
  gt: ordered((seen, value) => seen > value),
  gte: ordered((seen, value) => seen >= value),
  lt: ordered((seen, value) => seen < value),
  lte: ordered((seen, value) => seen <= value),
  contains: (seen, value) => (isText(seen) ? isText(value) && seen.includes(value) : Array.isArray(seen) && seen.includes(value)),
  starts_with: (seen, value) => isText(seen) && seen.startsWith(value),
};
