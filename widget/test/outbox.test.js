import assert from 'node:assert/strict';
import {test} from 'node:test';
import {createOutbox} from '../src/browser/outbox.js';
import {fromJson, toJson} from '../src/core/json.js';

/**
 * An outbox with a clock and a server of the test's own.
 * @param {(at: number) => {status: number, retryAfter?: string} | null} answer what comes back; null for a lost connection
 */
function stage(answer) {
  const heard = {};
  Object.assign(globalThis, {
    addEventListener: (name, run) => (heard[name] = run),
    document: {hidden: false, addEventListener: () => {}},
  });
  let now = 0;
  let jobs = [];
  const kept = {};
  const sent = [];
  const kit = {
    base: '',
    now: () => now,
    guard: (fn) => fn,
    fromJson,
    toJson,
    emit: () => {},
    store: {get: (name) => kept[name], set: (name, value) => (kept[name] = value)},
    after: (ms, run) => {
      const job = {at: now + ms, run};
      jobs.push(job);
      return () => (jobs = jobs.filter((one) => one !== job));
    },
    post: async (_path, body) => {
      sent.push([body, now]);
      const given = answer(now, body);
      return given && {status: given.status, headers: {get: () => given.retryAfter}};
    },
  };
  const outbox = createOutbox(kit);
  /** Let time pass until `to`, with what falls due on the way. */
  const pass = async (to) => {
    for (;;) {
      await new Promise(setImmediate);
      const next = jobs.filter(({at}) => at <= to).sort((one, other) => one.at - other.at)[0];
      if (!next) break;
      jobs = jobs.filter((one) => one !== next);
      now = next.at;
      next.run();
    }
    now = to;
  };
  return {outbox, pass, sent, heard, times: () => sent.map(([, at]) => at)};
}

const BUSY = {status: 503, retryAfter: '2'};

test('each Retry-After is waited for in full, also when answers of earlier pages are looked for meanwhile', async () => {
  const {outbox, pass, times} = stage((at) => (at < 5000 ? BUSY : {status: 200}));
  await pass(1500);
  outbox.post('t', 1, '{}');
  await pass(5000);
  outbox.flush();
  await pass(9000);
  assert.deepEqual(times(), [1500, 3500, 5500]);
});

test('a connection lost by one answer does not shorten what the server said of another', async () => {
  const {outbox, pass, sent} = stage((at, body) => (at >= 2000 ? {status: 200} : body === 'a' ? BUSY : null));
  outbox.post('a', 1, 'a');
  outbox.post('b', 1, 'b');
  await pass(5000);
  assert.deepEqual(sent, [['a', 0], ['b', 0], ['a', 2000], ['b', 2000]]);
});

test('what the page before could not send goes at once, and again as soon as the network is back', async () => {
  const {outbox, pass, heard, times} = stage((at) => (at < 300 ? BUSY : {status: 200}));
  outbox.post('t', 1, '{}');
  await pass(200);
  heard.online();
  await pass(300);
  heard.online();
  await pass(9000);
  assert.deepEqual(times(), [0, 200, 300]);
});
