/** The panel: loaded when a survey will show, when answers wait to be sent, and for previews. */

import {createOutbox} from './browser/outbox.js';
import {whenQuiet} from './browser/quiet.js';
import {createTabs} from './browser/tabs.js';
import {note, writeState} from './core/history.js';
import {loadMore} from './load-more.js';
import {createSession} from './session.js';
import {ENGLISH} from './ui/texts.js';

const RENEW_MS = 5000;
/** A showing is told with the answer to it, else after this long, else as the page is left. */
const TELL_MS = 5000;

/** What a state is remembered as. @type {Record<string, import('./types').Happened>} */
const HAPPENED = {shown: 'shownAt', scored: 'answeredAt', completed: 'answeredAt', declined: 'declinedAt', later: 'laterAt'};

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
    const survey = kit.published.find((one) => !id || one.id === id);
    if (!survey) return false;
    if (force) closeCurrent();
    return kit.ask([survey], true, into);
  },
};

let closeCurrent = () => {};
/** The showing under way: a second decision meanwhile, one by hand say, opens no second panel. @type {Session | undefined} */
let current;

/** The calls of the page that are too rare to be in the loader. @param {Kit} kit @param {string} name @param {unknown[]} args */
export const call = async (kit, name, args) =>
  Object.hasOwn(CALLS, name) ? CALLS[name](kit, ...args) : (await loadMore()).call(kit, {createSession, ENGLISH, place, replace}, name, args);

/** Show something that no decision stands behind, in place of what is open. @param {Kit} kit @param {() => Session} make */
function replace(kit, make) {
  closeCurrent();
  const session = make();
  kit.hold(session);
  closeCurrent = session.end;
  return true;
}

/**
 * Act on the server's decision about `surveys`.
 * @param {Kit} kit
 * @param {{surveys: Survey[], answer: any, manual: boolean, into?: unknown}} decision
 * @returns {Promise<Session | undefined>}
 */
export async function decided(kit, {surveys, answer, manual, into}) {
  if (current) return current;
  const survey = surveys.find(({id}) => id === answer.survey_id);
  const content = survey && (answer.content || survey.content);
  if (answer.show && content) return (current = open(kit, {survey: {...survey, content}, answer, manual, into, more: needsMore(content) ? await loadMore() : null}));
  const {reason = 'unreadable', retry_after_s: rest} = answer;
  const state = kit.state();
  for (const one of surveys) {
    kit.refused.add(one);
    if (Number.isFinite(rest)) state.retry[one.id] = kit.now() + rest * 1000;
    kit.emit('not_shown', {survey_id: one.id, reason});
  }
  kit.store.set('state', writeState(state, kit.toJson));
}

/**
 * Show a survey the server has decided for, at the next quiet moment.
 * @param {Kit} kit
 * @param {{survey: Survey & {content: import('./types').Content}, answer: import('./types').Decision, manual: boolean, into?: unknown, more: import('./types').More | null}} options
 * @returns {Session}
 */
function open(kit, {survey, answer, manual, into, more}) {
  const {content, id} = survey;
  let revision = 0;
  let isShown = false;

  const tabs = createTabs(kit, id, () => session.end());
  const renewLater = () => {
    cancel = kit.after(RENEW_MS, () => {
      if (kit.lease.isFree()) kit.lease.renew();
      renewLater();
    });
  };
  // Once it is seen: what nobody looks at makes nobody wait.
  let cancel = kit.after(0, () => {
    tabs.hear();
    renewLater();
  });

  const session = createSession(kit, {
    content,
    surveyId: id,
    language: answer.language && content.texts[answer.language] ? answer.language : content.default_language,
    texts: {...ENGLISH, ...answer.interface},
    theme: content.theme || {},
    isDialog: manual,
    into: place(into),
    more,
    post: (state, body) => {
      outbox = outbox || createOutbox(kit);
      outbox.post(answer.ticket, ++revision, kit.toJson({publishable_key: kit.config.key, ticket: answer.ticket, revision, answered_at: new Date(kit.now()).toISOString(), ...body}), state === 'shown' ? TELL_MS : 0);
      kit.store.set('state', writeState(note(kit.state(), id, HAPPENED[state], kit.now()), kit.toJson));
      if (state !== 'shown') tabs.tell();
    },
    onEnd: () => {
      stopWaiting();
      cancel();
      tabs.stop();
      current = undefined;
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
    speak: async (wanted) => (await loadMore()).translate(kit, answer, session, wanted),
    back: tabs.look,
    moved: () => {
      const {passed} = kit.judge(survey).gates.filter(({gate}) => gate === 'page_matches')[0];
      if (!passed && !session.isTouched()) session.end();
    },
  };
}

/** @param {unknown} into an element or a selector @returns {Element | null} */
const place = (into) => (into instanceof Element ? into : typeof into === 'string' ? document.querySelector(into) : null);

/** Whether a survey is more than a score and a comment. @param {import('./types').Content} content */
const needsMore = ({questions, theme}) =>
  questions.length > 2 || !!theme?.logo || (theme?.layout || 'corner') !== 'corner' || questions.some(({options, style, kind}) => options || kind === 'rating' || (style && style !== 'numbers'));
