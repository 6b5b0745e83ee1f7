/** The loader: the server puts the project's configuration where the text stands below. */

import {start} from './start.js';

try {
  const {src} = /** @type {HTMLScriptElement} */ (document.currentScript);
  /** @type {any} */
  const config = '__ZEROTEN_CONFIG__';
  start(config, new URL('..', src).href, (name = config.panel) => import(new URL(name, src).href));
} catch {
  // A browser or page too odd to live in: vanish without a trace.
}
