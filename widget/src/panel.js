/** The panel: loaded when a survey will show, when answers wait to be sent, and for previews. */

import {createOutbox} from './browser/outbox.js';
import {whenQuiet} from './browser/quiet.js';
import {createTabs} from './browser/tabs.js';
import {pickLanguage} from './core/language.js';
import {matchesPattern, pageTemplate} from './core/pages.js';
import {createSession} from './session.js';
import {ENGLISH} from './ui/texts.js';

const RENEW_MS = 5000;

/**
 * @typedef {import('./types').Kit} Kit
 * @typedef {import('./types').Survey} Survey
 * @typedef {import('./types').Session} Session
 */

/** @type {import('./browser/outbox.js').Outbox | undefined} */
let outbox;

/** @type {Record<string, (kit: Kit, ...args: any[]) => unknown>} */
const CALLS = {
  /** Send what earlier pages could not. */
  flush: (kit) => {
    outbox = outbox || createOutbox(kit);
    outbox.flush();
  },
  open: (kit, id, {force, into} = {}) => {
    const survey = kit.config.surveys.find((one) => !id || one.id === id);
    if (!survey) return false;
    if (force) closeCurrent();
    return kit.ask([survey], true, into);
  },
  preview: (kit, survey, options) => {
    closeCurrent();
    kit.hold(preview(kit, typeof survey === 'string' ? kit.config.surveys.find(({id}) => id === survey) : survey, options || {}));
    return true;
  },
};

let closeCurrent = () => {};

/** The calls of the page that are too rare to be in the loader. @param {Kit} kit @param {string} name @param {unknown[]} args */
export const call = (kit, name, args) => Object.hasOwn(CALLS, name) && CALLS[name](kit, ...args);

/**
 * Show a survey the server has decided for, at the next quiet moment.
 * @param {Kit} kit
 * @param {{survey: Survey, answer: import('./types').Decision, manual: boolean, into?: unknown}} options
 * @returns {Session}
 */
export function open(kit, {survey, answer, manual, into}) {
  const {content, id, pages = []} = survey;
  const sender = (outbox = outbox || createOutbox(kit));
  let revision = 0;
  let isShown = false;

  const renewal = () => {
    kit.lease.renew();
    cancelRenewal = kit.timers.after(RENEW_MS, renewal);
  };
  let cancelRenewal = kit.timers.after(RENEW_MS, renewal);
  const tabs = createTabs(kit, id, () => session.end());

  const session = createSession(kit, {
    content,
    surveyId: id,
    language: pickLanguage([answer.language || '', ...kit.languages()], Object.keys(content.texts), content.default_language),
    texts: {...ENGLISH, ...answer.interface},
    theme: content.theme || {},
    isDialog: manual,
    into: place(into),
    post: (state, body) => {
      sender.post(answer.ticket, ++revision, kit.toJson({publishable_key: kit.config.key, ticket: answer.ticket, revision, answered_at: new Date(kit.now()).toISOString(), ...body}));
      if (revision === 1) kit.remember(id, 'shownAt');
      if (state !== 'shown') tabs.tell(state);
    },
    onEnd: () => {
      stopWaiting();
      cancelRenewal();
      tabs.stop();
      kit.ended();
    },
  });

  let stopWaiting = () => {};
  const show = kit.guard(() => {
    isShown = true;
    session.show();
  });
  if (manual) show();
  else stopWaiting = whenQuiet(kit, show, session.end);

  closeCurrent = () => (isShown ? session.close() : session.end());
  return {
    end: session.end,
    speak: session.speak,
    moved: (page) => {
      const paths = [page, pageTemplate(page, kit.config.page_rules)];
      const fits = !pages.length || pages.some((pattern) => paths.some((path) => matchesPattern(pattern, path)));
      if (!fits && !session.isTouched()) session.end();
    },
  };
}

/**
 * Draw a survey as it would show, and send nothing.
 * @param {Kit} kit @param {any} survey a survey or its content
 * @param {{state?: string, language?: string, theme?: object, interface?: object, values?: object, into?: unknown}} options
 * @returns {Session}
 */
function preview(kit, survey, options) {
  const content = survey.content || survey;
  const quiet = {...kit, remember: () => {}};
  const session = createSession(quiet, {
    content,
    surveyId: survey.id || 'preview',
    language: pickLanguage([options.language || ''], Object.keys(content.texts), content.default_language),
    texts: {...ENGLISH, ...options.interface},
    theme: {...content.theme, ...options.theme},
    isDialog: false,
    into: place(options.into),
    post: () => {},
    onEnd: kit.ended,
  });
  Object.assign(session.values, options.values);
  session.show(options.state);
  if (options.state === 'error') session.complain();
  closeCurrent = session.end;
  return {end: session.end, moved: () => {}, speak: session.speak};
}

/** @param {unknown} into an element or a selector @returns {Element | null} */
const place = (into) => (into instanceof Element ? into : typeof into === 'string' ? document.querySelector(into) : null);
