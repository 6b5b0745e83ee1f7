/** Microseconds for ten surveys judged in the page: the first time, the median, and of twenty hashes alone. */

import {evaluateLocal} from '../widget/src/core/eligibility.js';
import {unitHash} from '../widget/src/core/hash.js';

const survey = (id) => ({
  id,
  version: 1,
  priority: 0,
  starts_at: '2026-08-14T09:00:00Z',
  ends_at: null,
  origins: ['https://app.example.com'],
  triggers: [{type: 'page_load'}],
  pages: ['/reports/*', '/dashboards/**'],
  devices: ['desktop', 'mobile'],
  audience: {op: 'and', rules: [{op: 'in', trait: 'role', value: ['admin', 'owner']}, {op: 'server'}]},
  sampling: {
    salt: 'b2c3',
    rate: 0.9,
    segments: [{when: {op: 'eq', trait: 'plan', value: 'pro'}, rate: 1}],
    spread_days: 90,
    started_on: '2026-07-01',
  },
  rests: {rest_days: 90, decline_rest_days: 30, ignore_rest_days: 14, later_rest_days: 7, any_survey_rest_days: 7},
  old_enough_days: 30,
});
const now = Date.parse('2026-11-22T09:00:00Z');
const long = now - 100 * 864e5;
const surveys = Array.from({length: 10}, (_, at) => survey(`srv_${at}`));
const visitor = {
  userId: 'user-18237',
  anonymousId: null,
  traits: {role: 'admin', plan: 'pro'},
  account: {id: 'acme', traits: {}},
  page: '/reports/42',
  pageTemplate: '/reports/:id',
  origin: 'https://app.example.com',
  device: 'desktop',
  language: 'en-GB',
  appVersion: '4.2.0',
  trigger: {type: 'page_load'},
  firstSeenAt: long,
  history: Object.fromEntries(surveys.map(({id}) => [id, {shownAt: long, answeredAt: long}])),
};

/** Median and first of 300 runs. */
const timed = (run) => {
  const times = Array.from({length: 300}, () => {
    const begun = performance.now();
    run();
    return (performance.now() - begun) * 1000;
  });
  const [first] = times;
  return {first, median: times.sort((a, b) => a - b)[150]};
};

const {first, median} = timed(() => surveys.map((one) => evaluateLocal(one, visitor, now)));
const {median: floor} = timed(() => surveys.map(() => unitHash('sample', 'b2c3', visitor.userId) + unitHash('phase', 'b2c3', visitor.userId)));
if (!surveys.every((one) => evaluateLocal(one, visitor, now).passed)) throw new Error('the visitor should pass');
console.log(JSON.stringify({first, median, floor}));
