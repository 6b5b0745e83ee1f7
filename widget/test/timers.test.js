import assert from 'node:assert/strict';
import {test} from 'node:test';
import {createTimers} from '../src/browser/timers.js';

test('a fence that breaks itself stops no other timer', () => {
  /** @type {() => void} */
  let tick = () => {};
  Object.assign(globalThis, {
    document: {hidden: false},
    window: {setTimeout: (/** @type {() => void} */ run) => (tick = run), clearTimeout: () => (tick = () => {})},
  });
  let now = 0;
  let isReached = false;
  const after = createTimers(() => now, (fn) => fn);
  after(0, () => {
    throw new Error('even the fence');
  });
  after(5, () => (isReached = true));

  const fire = () => {
    const run = tick;
    tick = () => {};
    run();
  };

  assert.throws(fire, /even the fence/);
  now = 5;
  fire();

  assert.ok(isReached);
});
