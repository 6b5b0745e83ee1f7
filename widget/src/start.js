/** Put `zeroten` into the page, once, and replay what was called before. */

import {createClient} from './client.js';

/**
 * @param {any} config @param {string} base @param {import('./types').Load} loadPanel
 * @returns {any} the function in `window.zeroten`
 */
export function start(config, base, loadPanel) {
  const page = /** @type {any} */ (window);
  // An element with id="zeroten" makes window.zeroten truthy, only a function is ours or the stub's.
  const earlier = typeof page.zeroten === 'function' ? page.zeroten : {};
  // The floor: Chrome 111, Firefox 115, Safari 16.4, by their youngest features.
  if (config.off || earlier.loaded || !Object.hasOwn || !('adoptedStyleSheets' in document)) return earlier;
  const {call, start: begin} = createClient(config, base, loadPanel);
  const zeroten = (/** @type {any[]} */ ...args) => call(.../** @type {[string, ...any[]]} */ (args));
  zeroten.loaded = true;
  page.zeroten = zeroten;
  for (const args of [...(earlier.q || [])]) zeroten(...args);
  begin();
  return zeroten;
}
