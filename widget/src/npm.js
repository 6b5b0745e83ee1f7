/**
 * The npm package: the widget as a module, for products that bundle their scripts.
 * Loader and panel are in it; only the project's configuration is fetched.
 */

import {fromJson} from './core/json.js';
import {call, decided} from './panel.js';
import {start} from './start.js';
import {watch} from './views.js';

/**
 * Everything the widget does, by name; calls made before `init` has finished wait for it.
 * On a server, where there is no window, nothing happens.
 * @param {string} name see docs/protocol.md @param {...any} args
 * @returns {any} what the call returns; undefined while it waits
 */
export function zeroten(name, ...args) {
  return typeof window === 'undefined' ? undefined : present()(name, ...args);
}

/**
 * Fetch the project's configuration and start, once. Never throws.
 * @param {{key: string, host: string}} options publishable key, and the address of the Zeroten server
 * @returns {Promise<boolean>} whether the widget runs in this page
 */
export async function init({key, host}) {
  if (typeof window === 'undefined') return false;
  try {
    const base = new URL('/', host).href;
    present();
    const response = await fetch(`${base}w/${encodeURIComponent(key)}.json`, {credentials: 'omit', referrerPolicy: 'origin'});
    const config = response.ok ? fromJson(await response.text()) : {};
    return !!config.key && !!start(config, base, async () => ({call, decided, watch}))?.loaded;
  } catch {
    return false;
  }
}

export default zeroten;

/** The widget, or a stand-in that keeps calls for it. @returns {any} */
function present() {
  const page = /** @type {any} */ (window);
  if (typeof page.zeroten === 'function') return page.zeroten;
  /** @type {unknown[][]} */
  const q = [];
  page.zeroten = Object.assign((/** @type {unknown[]} */ ...args) => void q.push(args), {q});
  return page.zeroten;
}
