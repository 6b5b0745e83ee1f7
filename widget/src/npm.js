/**
 * The npm package: the widget as a module, for products that bundle their scripts.
 * Loader and panel are in it; only the project's configuration is fetched.
 */

import {fromJson} from './core/json.js';
import {call, decided} from './panel.js';
import {start} from './start.js';
import {watch} from './views.js';

/**
 * A fact about a person or an account: texts, finite numbers, booleans, null, or plain objects and lists of these.
 * @typedef {Record<string, unknown>} Traits
 */

/**
 * Who uses the page.
 * @typedef {object} Person
 * @property {Traits} [traits]
 * @property {string | {id: string, traits?: Traits}} [account]
 * @property {string | (() => string | Promise<string>)} [token] the identity token your server signed, or a function that fetches it
 * @property {string} [app_version]
 */

/**
 * What happened to a survey.
 * @typedef {object} SurveyEvent
 * @property {string} survey_id
 * @property {number | null} [score]
 * @property {string | null} [comment]
 * @property {Record<string, unknown>} [answers]
 */

/**
 * How a preview looks.
 * @typedef {object} PreviewOptions
 * @property {string} [state] a question's id, `thanks` or `error`
 * @property {string} [language]
 * @property {object} [theme]
 * @property {object} [interface] the panel's own texts, one language of `texts.json`
 * @property {Record<string, unknown>} [values]
 * @property {Element | string} [into]
 */

/** @typedef {{force?: boolean, into?: Element | string}} OpenOptions */
/** @typedef {'shown' | 'scored' | 'completed' | 'declined' | 'later' | 'closed'} SurveyEventName */

/**
 * Everything the widget does, by name (docs/protocol.md).
 * @typedef {{
 *   (name: 'identify', userId: string | number, person?: Person): boolean,
 *   (name: 'page', path?: string): boolean,
 *   (name: 'track', event: string): boolean,
 *   (name: 'open', surveyId?: string, options?: OpenOptions): Promise<boolean>,
 *   (name: 'preview', survey: object | string, options?: PreviewOptions): Promise<boolean>,
 *   (name: 'reset'): boolean,
 *   (name: 'consent', value: 'granted' | 'pending' | 'denied'): boolean,
 *   (name: 'locale', tag: string): boolean,
 *   (name: 'on', event: SurveyEventName, callback: (detail: SurveyEvent) => void): () => void,
 *   (name: 'on', event: 'not_shown', callback: (detail: {survey_id: string, reason: string}) => void): () => void,
 *   (name: 'on', event: 'ready' | 'error', callback: (detail: unknown) => void): () => void,
 *   (name: 'debug'): Promise<object | false>,
 * }} Zeroten
 */

/** Calls that give a promise, `false` where the widget does not run. */
const PROMISES = ['open', 'preview', 'debug'];
/** What waits for the widget and is told when it will not come. @type {(() => void)[]} */
let refusals = [];
/** Whether the last `init` came to nothing. */
let isRefused = false;

/**
 * Calls made before `init` has finished wait for it; on a server, where there is no window, nothing happens.
 * @type {Zeroten}
 */
export const zeroten = (/** @type {string} */ name, /** @type {any[]} */ ...args) => {
  if (name === 'on') return listen(args[0], args[1]);
  return /** @type {any} */ (PROMISES.includes(name) ? once(name, args) : isPage() && present()(name, ...args) !== false);
};

/** @param {string} event @param {(detail: unknown) => void} callback */
function listen(event, callback) {
  if (!isPage()) return () => {};
  let isOn = true;
  const stop = present()('on', event, (/** @type {unknown} */ detail) => isOn && callback(detail));
  return () => {
    isOn = false;
    // Before `init` the call only waits in line.
    if (typeof stop === 'function') stop();
  };
}

/** @param {string} name @param {unknown[]} args @returns {Promise<unknown>} */
async function once(name, args) {
  if (!isPage() || isRefused) return false;
  const page = present();
  if (page.loaded) return page(name, ...args);
  return new Promise((resolve) => {
    let isWaiting = true;
    refusals.push(() => resolve((isWaiting = false)));
    page('on', 'ready', () => isWaiting && resolve(present()(name, ...args)));
  });
}

/**
 * Fetch the project's configuration and start, once. Never throws.
 * @param {{key: string, host: string}} options publishable key, and the address of the Zeroten server
 * @returns {Promise<boolean>} whether the widget runs in this page
 */
export async function init({key, host}) {
  const runs = isPage() && (await begin(key, host).catch(() => false));
  isRefused = !runs;
  if (isRefused) for (const refuse of refusals) refuse();
  refusals = [];
  return runs;
}

/** @param {string} key @param {string} host */
async function begin(key, host) {
  const base = new URL('/', host).href;
  present();
  const response = await fetch(`${base}w/${encodeURIComponent(key)}.json`, {credentials: 'omit', referrerPolicy: 'origin'});
  const config = response.ok ? fromJson(await response.text()) : {};
  return !!config.key && !!start(config, base, async () => ({call, decided, watch}))?.loaded;
}

export default zeroten;

const isPage = () => typeof window !== 'undefined';

/** The widget, or a stand-in that keeps calls for it. @returns {any} */
function present() {
  const page = /** @type {any} */ (window);
  if (typeof page.zeroten === 'function') return page.zeroten;
  /** @type {unknown[][]} */
  const q = [];
  page.zeroten = Object.assign((/** @type {unknown[]} */ ...args) => void q.push(args), {q});
  return page.zeroten;
}
