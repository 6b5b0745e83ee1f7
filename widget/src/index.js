/** The loader: the server puts the project's configuration where the text stands below. */

import {start} from './start.js';

try {
  const {src} = /** @type {HTMLScriptElement} */ (document.currentScript);
  /** @type {any} */
  const config = '__ZEROTEN_CONFIG__';
  // Not by `new URL`: the first of a page costs it more than all that follows here.
  const [base] = src.split(`w/${config.key}`);
  start(config, base, (name = config.panel) => import(`${base}w/${name}`));
} catch {
  // A browser or page too odd to live in: vanish without a trace.
}
