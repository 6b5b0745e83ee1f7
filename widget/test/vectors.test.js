/** Every case of tests/vectors/, which the Python suite runs too. */

import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {describe, it} from 'node:test';

import {matches} from '../src/core/audience.js';
import {evaluateLocal} from '../src/core/eligibility.js';
import {retryAt} from '../src/core/retry.js';
import {unitHash} from '../src/core/hash.js';
import {matchesPattern, pagePath} from '../src/core/pages.js';
import {admit} from '../src/core/sampling.js';

const cases = (name) => JSON.parse(readFileSync(new URL(`../../tests/vectors/${name}.json`, import.meta.url), 'utf8')).cases;

const ms = (time) => (time ? Date.parse(time) : null);

/** The past of one survey as the page keeps it. */
const past = (record) => ({
  shownAt: ms(record.shown_at),
  answeredAt: ms(record.answered_at),
  declinedAt: ms(record.declined_at),
  ignoredAt: ms(record.ignored_at),
  laterAt: ms(record.later_at),
});

/** A visitor of the vectors as the page knows them. */
const inPage = (record) => ({
  userId: record.anonymous ? null : record.id,
  anonymousId: record.anonymous ? record.id : null,
  traits: record.traits || {},
  account: {id: record.account_id, traits: record.account_traits || {}},
  page: record.page == null ? null : pagePath(record.page),
  pageTemplate: record.page_template,
  origin: record.origin,
  device: record.device,
  language: record.language,
  app_version: record.app_version,
  trigger: record.trigger || {type: 'page_load'},
  firstSeenAt: ms(record.first_seen_at),
  history: Object.fromEntries(Object.entries(record.history || {}).map(([id, entry]) => [id, past(entry)])),
});

describe('eligibility.json', () => {
  for (const {name, visitor, now, local} of cases('eligibility')) {
    if (!local) continue;
    it(name, () => {
      const verdict = evaluateLocal(local.survey, inPage(visitor), ms(now));
      assert.deepEqual(
        {
          passed: verdict.passed,
          reason: verdict.reason,
          failed: verdict.gates.filter(({passed}) => !passed).map(({gate}) => gate),
          retryAt: retryAt(verdict.gates),
        },
        {passed: local.passed, reason: local.reason, failed: local.failed, retryAt: ms(local.retry_at)},
      );
    });
  }
});

describe('sampling.json', () => {
  for (const {function: what, input, expected} of cases('sampling')) {
    it(`${what} ${JSON.stringify(input)}`, () => {
      if (what === 'unit_hash') assert.equal(unitHash(input.purpose, input.salt, input.user), expected);
      else assert.equal(admit({id: 'srv_nps', sampling: input.sampling}, {userId: input.user}).slot, ms(expected) || 0);
    });
  }
});

describe('audience.json', () => {
  for (const {name, local_rule: rule, visitor, local} of cases('audience')) {
    it(name, () => assert.equal(matches(rule, inPage(visitor)), local));
  }
});

describe('a published entry', () => {
  it('may leave out what matches everything', () => {
    const sparse = {id: 'srv_nps', version: 1, sampling: {}, rests: {}};
    assert.equal(evaluateLocal(sparse, inPage({id: 'u-1'}), Date.now()).passed, true);
  });
  it('says what every gate saw and its limit', () => {
    const entry = {id: 'srv_nps', version: 1, sampling: {}, rests: {rest_days: 90}};
    const now = Date.parse('2026-11-22T09:30:00Z');
    const asked = inPage({id: 'u-1', history: {srv_nps: {answered_at: '2026-11-20T09:30:00Z'}}});
    const {gates} = evaluateLocal(entry, asked, now);
    const gate = gates.find((one) => one.gate === 'rested_after_answer');
    assert.deepEqual(gate, {gate: 'rested_after_answer', passed: false, seen: now - 2 * 864e5, limit: 90, passesAt: now + 88 * 864e5});
    assert.equal(retryAt(gates), now + 88 * 864e5);
  });
});

describe('pages', () => {
  for (const {name, address, pattern, path, fits} of cases('pages')) {
    it(name, () => {
      if (pattern == null) assert.equal(pagePath(address), path);
      else assert.equal(matchesPattern(pattern, path), fits);
    });
  }
});
