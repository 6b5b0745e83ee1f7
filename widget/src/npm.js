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
 *   (name: 'debug'): Promise<object>,
 * }} Zeroten
 */

/**
 * Calls made before `init` has finished wait for it; on a server, where there is no window, nothing happens.
 * @type {Zeroten}
 */
export const zeroten = (/** @type {string} */ name, /** @type {any[]} */ ...args) =>
  typeof window === 'undefined' ? undefined : present()(name, ...args);

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
