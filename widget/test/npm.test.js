import assert from 'node:assert/strict';
import {test} from 'node:test';
import {init, zeroten} from '../src/npm.js';

test('on a server the package does nothing and throws nothing', async () => {
  assert.equal(zeroten('identify', 'u-1'), false);
  assert.equal(await zeroten('open'), false);
  zeroten('on', 'shown', () => {})();
  assert.equal(await init({key: 'pk_x', host: 'https://zeroten.example.com'}), false);
});
