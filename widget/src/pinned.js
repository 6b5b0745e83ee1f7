/**
 * The pinned build: loader and panel in one static file that can carry `integrity`; its configuration
 * comes as JSON. `<script src="…/w/zeroten.0.1.0.js" data-key="pk_…" integrity="…" crossorigin async>`.
 */

import {fromJson} from './core/json.js';
import {call, decided} from './panel.js';
import {start} from './start.js';
import {watch} from './views.js';

const script = /** @type {HTMLScriptElement | null} */ (document.currentScript);

/** @param {string} src @param {string} key */
async function run(src, key) {
  const response = await fetch(new URL(`${encodeURIComponent(key)}.json`, src), {credentials: 'omit', referrerPolicy: 'origin'});
  const config = response.ok ? fromJson(await response.text()) : {};
  if (config.key) start(config, new URL('..', src).href, async () => ({call, decided, watch}));
}

if (script?.dataset.key) run(script.src, script.dataset.key).catch(() => {});
