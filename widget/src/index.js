/** The loader: the server puts the project's configuration where the text stands below. */

import {start} from './start.js';

try {
  /** @type {any} */
  const config = '__ZEROTEN_CONFIG__';
  // A page's first look at an element, like its first `new URL`, costs it more than all that follows here.
  const base = config.base || /** @type {HTMLScriptElement} */ (document.currentScript).src.split(`w/${config.key}`)[0];
  start(config, base, (name = config.panel) => import(`${base}w/${name}`));
} catch {
  // A browser or page too odd to live in: vanish without a trace.
}
