import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {copyId, copyTraits} from '../src/core/copy.js';
import {direction} from '../src/core/direction.js';
import {createEmitter} from '../src/core/emitter.js';
import {note, writeState} from '../src/core/history.js';
import {fromJson, toJson} from '../src/core/json.js';
import {pickLanguage} from '../src/core/language.js';
import {matchesPattern, pagePath, pageTemplate} from '../src/core/pages.js';
import {isPassing, put, readQueue, waitMs, without} from '../src/core/queue.js';
import {readState} from '../src/core/state.js';

const NOW = Date.UTC(2026, 10, 22);
const DAY = 864e5;

test('JSON is right where Prototype.js teaches arrays a toJSON', () => {
  Array.prototype.toJSON = () => 'garbage';
  try {
    assert.equal(toJson({a: [1, 'x', null, [true]], b: undefined}), '{"a":[1,"x",null,[true]]}');
  } finally {
    delete Array.prototype.toJSON;
  }
});

test('JSON leaves out what a page adds to Object.prototype', () => {
  Object.prototype.extra = 1;
  try {
    assert.equal(toJson({a: 1}), '{"a":1}');
  } finally {
    delete Object.prototype.extra;
  }
});

test('broken JSON and JSON that is no object read as empty', () => {
  for (const text of ['{', 'null', '5', '"x"', undefined, null, '<html>']) assert.deepEqual(fromJson(text), {});
});

test('traits are copied as plain data', () => {
  assert.deepEqual(copyTraits({role: 'admin', seats: 3, on: true, none: null, tags: ['a', 1], deep: {a: {b: 1}}}), {
    role: 'admin', seats: 3, on: true, none: null, tags: ['a', 1], deep: {a: {b: 1}},
  });
});

test('traits lose what is not data, and getters that throw', () => {
  const odd = {f: () => 1, big: 10n, nan: NaN, inf: Infinity, sym: Symbol('x'), undef: undefined, date: new Date(), map: new Map()};
  Object.defineProperty(odd, 'bad', {enumerable: true, get: () => { throw new Error('no'); }});
  assert.deepEqual(copyTraits(odd), {});
});

test('traits end at a depth, so cycles do too', () => {
  const cycle = {name: 'x'};
  cycle.self = cycle;
  assert.ok(toJson(copyTraits(cycle)).length < 200);
});

test('traits stay small whatever they were', () => {
  const huge = Object.fromEntries(Array.from({length: 5000}, (_, at) => [`key${at}`, 'x'.repeat(10_000)]));
  huge.text = 'y'.repeat(10_000_000);
  assert.ok(toJson(copyTraits(huge)).length < 20_000);
});

test('traits of wrong types are no traits', () => {
  for (const value of [null, undefined, 5, 'x', [1], () => 1]) assert.deepEqual(copyTraits(value), {});
});

test('texts carry no lone surrogates, also when cut in the middle of a pair', () => {
  assert.equal(copyTraits({a: 'x\ud800y'}).a, 'xy');
  assert.equal(copyTraits({a: `${'x'.repeat(1023)}😀`}).a, 'x'.repeat(1023));
});

test('ids are texts of 1 to 200 characters, or numbers', () => {
  assert.equal(copyId('u-1'), 'u-1');
  assert.equal(copyId(42), '42');
  for (const value of ['', 'x'.repeat(201), null, undefined, {}, NaN, true]) assert.equal(copyId(value), null);
});

test('state of another shape reads as nothing', () => {
  for (const text of [undefined, '', '[]', '{"surveys":5}', '{"surveys":{"a":7}}', '{"first":"x","retry":[]}']) {
    const {first, surveys} = readState(text, NOW);
    assert.equal(first, NOW);
    assert.deepEqual(Object.values(surveys).flatMap(Object.keys), []);
  }
});

test('state forgets what is older than 400 days', () => {
  const text = toJson({first: NOW - 10, surveys: {a: {shownAt: NOW - 399 * DAY, answeredAt: NOW - 401 * DAY}}, retry: {}});
  assert.deepEqual(readState(text, NOW).surveys.a, {shownAt: NOW - 399 * DAY});
});

test('state stays within 2 KiB and keeps the newest', () => {
  let state = readState(undefined, NOW);
  for (let at = 0; at < 100; at++) state = note(state, `srv_${at}_${'x'.repeat(20)}`, 'shownAt', NOW + at);
  const text = writeState(state, toJson);
  assert.ok(text.length <= 2048);
  assert.ok(text.includes('srv_99_') && !text.includes('srv_0_'));
});

test('what happens to a survey adds to what happened before', () => {
  const state = note(note(readState(undefined, NOW), 'a', 'shownAt', 1), 'a', 'answeredAt', 2);
  assert.deepEqual(state.surveys, {a: {shownAt: 1, answeredAt: 2}});
});

test('a newer revision replaces an older one in the queue, and settles it', () => {
  const entry = (ticket, revision) => ({ticket, revision, body: 'x', at: NOW});
  const queue = put(put(put([], entry('a', 1)), entry('b', 1)), entry('a', 2));
  assert.deepEqual(queue.map(({ticket, revision}) => [ticket, revision]), [['b', 1], ['a', 2]]);
  assert.deepEqual(without(queue, 'a', 1).length, 2);
  assert.deepEqual(without(queue, 'a', 2).length, 1);
});

test('the queue holds 20 entries and 32 KiB', () => {
  let queue = [];
  for (let at = 0; at < 30; at++) queue = put(queue, {ticket: `t${at}`, revision: 1, body: 'x', at: NOW});
  assert.equal(queue.length, 20);
  for (let at = 0; at < 10; at++) queue = put(queue, {ticket: `big${at}`, revision: 1, body: 'x'.repeat(9000), at: NOW});
  assert.equal(queue.length, 3);
});

test('the queue drops what is a week old or broken', () => {
  const kept = {ticket: 'a', revision: 1, body: 'x', at: NOW - 6 * DAY};
  assert.deepEqual(readQueue([kept, {...kept, at: NOW - 8 * DAY}, null, 5, {ticket: 'b'}], NOW), [kept]);
  for (const stored of [{}, null, 'x']) assert.deepEqual(readQueue(stored, NOW), []);
});

test('trouble that passes is tried again, refusals are not', () => {
  for (const status of [0, 408, 429, 500, 503]) assert.ok(isPassing(status));
  for (const status of [200, 201, 400, 403, 404, 409, 410, 422]) assert.ok(!isPassing(status));
});

test('waits double to five minutes, with full jitter, and Retry-After wins', () => {
  assert.equal(waitMs(0, null, () => 1), 1000);
  assert.equal(waitMs(3, null, () => 0.5), 4000);
  assert.equal(waitMs(30, null, () => 1), 300_000);
  assert.equal(waitMs(5, '2', () => 1), 2000);
  assert.equal(waitMs(0, 'tomorrow', () => 1), 1000);
});

test('languages are whole: the tag, its primary language, a sister, else the default', () => {
  assert.equal(pickLanguage(['de-AT'], ['en', 'de', 'de-AT'], 'en'), 'de-AT');
  assert.equal(pickLanguage(['de-AT'], ['en', 'de'], 'en'), 'de');
  assert.equal(pickLanguage(['pt'], ['en', 'pt-BR'], 'en'), 'pt-BR');
  assert.equal(pickLanguage(['fr', 'de'], ['en', 'de'], 'en'), 'de');
  assert.equal(pickLanguage(['fr', ''], ['en', 'de'], 'en'), 'en');
});

test('Arabic and Hebrew run from right to left', () => {
  for (const tag of ['ar', 'ar-EG', 'he', 'fa-IR', 'ur']) assert.equal(direction(tag), 'rtl');
  for (const tag of ['en', 'arn', 'de', 'zh-Hant']) assert.equal(direction(tag), 'ltr');
});

test('pages are matched by segments, as they are and as their template', () => {
  assert.equal(pagePath('https://example.com/a/b/?x=1#y'), '/a/b');
  assert.equal(pagePath('/'), '/');
  assert.ok(matchesPattern('/reports/*', '/reports/42'));
  assert.ok(!matchesPattern('/reports/*', '/reports/42/edit'));
  assert.ok(matchesPattern('/reports/**', '/reports'));
  assert.ok(matchesPattern('/**/edit', '/a/b/edit'));
  assert.ok(matchesPattern('/reports/:id', '/reports/42'));
  assert.equal(pageTemplate('/r/1', [{pattern: '/r/*', template: '/r/:id'}]), '/r/:id');
  assert.equal(pageTemplate('/x', undefined), '/x');
});

test('a pattern of many stars takes no exponential time', () => {
  const start = performance.now();
  matchesPattern(`${'/**'.repeat(40)}/end`, '/a'.repeat(60));
  assert.ok(performance.now() - start < 500);
});

test('a listener that throws stops no other', () => {
  const {emit, on} = createEmitter();
  const heard = [];
  on('x', () => { throw new Error('theirs'); });
  const stop = on('x', (detail) => heard.push(detail));
  on('x', 'no function');
  emit('x', 1);
  stop();
  emit('x', 2);
  assert.deepEqual(heard, [1]);
});

test('interface texts of all languages have the same keys and places', () => {
  const {texts} = JSON.parse(readFileSync(new URL('../texts.json', import.meta.url), 'utf8'));
  assert.equal(Object.keys(texts).length, 20);
  for (const own of Object.values(texts)) {
    assert.deepEqual(Object.keys(own), Object.keys(texts.en));
    for (const key of Object.keys(own)) {
      const places = (text) => (text.match(/\{\w+\}/g) || []).sort();
      assert.deepEqual(places(own[key]), places(texts.en[key]));
      assert.ok(own[key].trim());
    }
  }
});
