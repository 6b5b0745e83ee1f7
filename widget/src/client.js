/**
 * The widget in a page: who the visitor is, which surveys are armed, and the one that shows.
 *
 * @typedef {import('./types').Config} Config
 * @typedef {import('./types').Survey} Survey
 * @typedef {import('./types').Trigger} Trigger
 * @typedef {import('./types').Kit} Kit
 */

import {createLease} from './browser/lease.js';
import {watchLocation} from './browser/location.js';
import {createStore} from './browser/store.js';
import {createTimers} from './browser/timers.js';
import {anonymousId, device, languages, wantsPrivacy} from './browser/visitor.js';
import {copyId, copyTraits} from './core/copy.js';
import {evaluateLocal} from './core/eligibility.js';
import {createEmitter} from './core/emitter.js';
import {unitHash} from './core/hash.js';
import {fromJson, toJson} from './core/json.js';
import {pagePath, pageTemplate, tidyPath} from './core/pages.js';
import {readState} from './core/state.js';

const MAX_ERRORS = 3;
const TROUBLE_MS = 60000;
/** When answers that an earlier page could not send are looked for. */
const RECALL_MS = 5000;
/** A decision later than this comes to nothing; the lease of this tab still holds. */
const PATIENCE_MS = 10000;
/** How often a tab with a ticket looks whether another's turn has ended. */
const TURN_MS = 1000;
/** What the server hears of triggers by page, and of surveys opened by hand. */
const PAGE_LOAD = {type: 'page_load'};

/**
 * @param {Config} config @param {string} base address of the server, with the slash at its end
 * @param {import('./types').Load} loadPanel
 */
export function createClient(config, base, loadPanel) {
  const {performance, fetch} = window;
  /** @type {Kit['post']} */
  const post = (path, body, options) =>
    fetch(`${base}v1/${path}`, {method: 'POST', credentials: 'omit', referrerPolicy: 'origin', body, ...options}).catch(() => null);
  // Hosts fake Date in their tests; performance has its own clock.
  const now = () => performance.timeOrigin + performance.now();
  const {emit, on} = createEmitter();
  /** Without triggers: by hand only. @type {Survey[]} */
  const published = config.surveys.map((survey) => ({...survey, triggers: survey.triggers || []}));

  let errors = 0;
  let isOff = false;
  /** @type {import('./types').Session | null | undefined} */
  let session;
  /** Nothing is asked before: an answer is awaited, or was trouble. */
  let quietUntil = 0;
  /** @type {{userId?: string | null, traits?: any, account?: any, token?: any, app_version?: string | null}} */
  let person = {};
  /** Tells persons of this browser apart in what it remembers. @type {string | undefined} */
  let mark;
  /** @type {string | null} */
  let locale = null;
  let path = '';
  /** Surveys armed on this page view, by what armed them. @type {Map<Survey, Trigger>} */
  const armed = new Map();
  /** Surveys the server refused for the rest of this page view. @type {Set<Survey>} */
  const refused = new Set();
  /** @type {(() => void)[]} */
  let waiting = [];

  /** Where the page is matters from when something waits for it: looking costs every page a moment. */
  let watch = () => {
    watch = () => {};
    watchLocation(guard(() => calls.page()), after);
  };

  /** @param {unknown} error */
  const fail = (error) => {
    if (++errors === MAX_ERRORS) {
      isOff = true;
      beginPage();
      session?.end();
      if (isGranted()) loadPanel().then((panel) => panel.call(kit, 'report', [error])).catch(() => {});
    }
    emit('error', error);
  };

  /** One fence for all that the page or the browser calls: nothing is thrown into the host. @type {Kit['guard']} */
  const guard = (fn) =>
    /** @type {any} */ (
      (/** @type {any[]} */ ...args) => {
        try {
          const result = fn(...args);
          return result?.then ? result.then(undefined, fail) : result;
        } catch (error) {
          fail(error);
        }
      }
    );

  const after = createTimers(now, guard);
  const isGranted = () => !config.consent || config.consent === 'granted';
  const mayKeep = () => isGranted() && !wantsPrivacy(config.respect_dnt);
  const store = createStore(config.key, mayKeep);
  const lease = createLease(config.key, store, now);

  const isReady = () => isGranted() && !isOff;
  /** What one person of this browser was shown must not rest another; an anonymous past stays with who signs in. */
  const state = () => {
    const known = readState(store.get('state'), now());
    if (mark) {
      if (known.user && known.user !== mark) known.surveys = known.retry = {};
      known.user = mark;
    }
    return known;
  };

  /** Storage is looked into by who asks for what it holds: the first look makes the page wait. @param {Trigger} [trigger] */
  const visitor = (trigger = PAGE_LOAD) => {
    const {userId = null} = person;
    const here = path || tidyPath(location.pathname);
    /** @type {import('./core/state.js').State | undefined} */
    let known;
    const past = () => (known = known || state());
    return {
      ...person,
      userId,
      get anonymousId() {
        return anonymousId(store, now(), userId);
      },
      get firstSeenAt() {
        return userId ? null : past().first;
      },
      get history() {
        return past().surveys;
      },
      get retry() {
        return past().retry;
      },
      page: here,
      pageTemplate: pageTemplate(here, config.page_rules),
      origin: location.origin,
      device: device(),
      language: languages(locale)[0],
      trigger,
    };
  };

  /** @param {Survey} survey @param {boolean} [isBrief] */
  const judge = (survey, isBrief) => {
    const who = visitor(armed.get(survey));
    const verdict = evaluateLocal(survey, who, now(), isBrief);
    return verdict.passed && (refused.has(survey) || who.retry[survey.id] > now()) ? {...verdict, passed: false, reason: 'refused_by_server'} : verdict;
  };

  /** Ask the server among what passed here, unless another tab shows one. */
  const consider = async () => {
    isSoon = false;
    if (document.hidden || now() < quietUntil || !isReady() || session) return;
    const surveys = published.filter((survey) => {
      if (!armed.has(survey)) return false;
      const {passed, reason} = judge(survey, true);
      if (!passed) emit('not_shown', {survey_id: survey.id, reason});
      return passed;
    });
    if (!surveys.length || !lease.isFree()) return;
    // So long, should no answer come, no panel, or no token from the page.
    quietUntil = now() + TROUBLE_MS;
    try {
      await ask(surveys);
    } finally {
      if (!session) lease.drop();
    }
  };
  let isSoon = false;
  const considerSoon = () => {
    if (!isSoon) after(0, consider);
    isSoon = true;
  };

  /** @type {Kit['ask']} */
  const ask = async (surveys, manual = false, into) => {
    if (!isReady() || session) return false;
    // All under way together: neither the panel's code nor the tab's turn makes the question wait.
    const loading = loadPanel();
    loading.catch(() => {});
    // Counted before the page is asked for its token: what comes later is given up.
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const {userId, anonymousId, traits, account, token, app_version, firstSeenAt, ...here} = visitor();
    const asking = post(
      'decide',
      toJson({
        publishable_key: config.key,
        user_id: userId,
        anonymous_id: anonymousId,
        identity_token: typeof token === 'function' ? await token() : token,
        account,
        traits,
        page: here.page,
        language: here.language,
        languages: languages(locale),
        device: here.device,
        app_version,
        first_seen_at: firstSeenAt && new Date(firstSeenAt).toISOString(),
        triggers: Object.fromEntries(surveys.map((survey) => [survey.id, armed.get(survey)])),
        candidates: surveys.map(({id}) => id),
        manual,
        consent: config.consent,
      }),
      {signal},
    );
    const turn = manual || lease.take();
    const response = await asking;
    let isOurs = await turn;
    let answer = {reason: `status_${response?.status}`, ...fromJson(await response?.text().catch(() => {}))};
    while (answer.show && !isOurs) {
      // Another tab's turn ends when it is refused, which is no reason here; what it showed meanwhile is.
      await new Promise((wait) => after(TURN_MS, () => wait(0)));
      if (signal.aborted) answer = {reason: 'lease'};
      else isOurs = (await lease.take()) && surveys.every((one) => evaluateLocal(one, visitor(armed.get(one)), now(), true).passed);
    }
    session = session || await (await loading).decided(kit, {surveys, answer, manual, into});
    if (response?.ok) quietUntil = 0;
    return !!session;
  };

  /** A page begins: what page loads arm is armed, after its delay; what was armed on the page before is not. */
  const beginPage = () => {
    for (const cancel of waiting) cancel();
    waiting = [];
    armed.clear();
    refused.clear();
    armPage();
    emit('page');
    session?.moved();
  };

  const armPage = () => {
    if (!isReady()) return;
    for (const survey of published) {
      const ready = () => arm(survey, PAGE_LOAD);
      for (const {type, delay_ms: delay} of survey.triggers) {
        if (type === 'event') continue;
        // At once where nothing is to be waited for: what is asked for together is decided together.
        if (delay) waiting.push(after(delay, ready));
        else ready();
      }
    }
  };

  /** @param {Survey} survey @param {Trigger} trigger */
  const arm = (survey, trigger) => {
    armed.set(survey, trigger);
    considerSoon();
  };

  /** @type {Kit} */
  const kit = {
    config, base, post, now, emit, on, mayKeep, guard, after, store, lease, state, toJson, fromJson, ask, refused, armed, published, judge, visitor,
    hold: (held) => {
      session?.end();
      session = held;
    },
    ended: () => {
      session = null;
      lease.drop();
    },
  };

  /** @type {Record<string, (...args: any[]) => unknown>} */
  const calls = {
    identify: (id, {traits, account, token, app_version: version} = {}) => {
      const userId = copyId(id);
      if (!userId) return false;
      const accountId = copyId(account?.id || account);
      person = {
        userId,
        traits: copyTraits(traits),
        account: accountId && {id: accountId, traits: copyTraits(account.traits)},
        token,
        app_version: copyId(version),
      };
      mark = `${unitHash('sample', '', userId)}`;
      refused.clear();
      emit('page');
      considerSoon();
    },
    page: (to) => {
      path = typeof to === 'string' ? pagePath(to) : '';
      beginPage();
    },
    track: (name) => {
      for (const survey of published) {
        for (const trigger of survey.triggers) if (trigger.type === 'event' && trigger.name === name) arm(survey, trigger);
      }
    },
    reset: () => {
      person = {};
      mark = undefined;
      forget();
    },
    consent: (value) => {
      config.consent = value;
      if (value !== 'denied') return beginPage();
      forget();
      store.set('queue');
    },
    locale: (tag) => {
      locale = copyId(tag);
      session?.speak(languages(locale));
    },
    on,
  };

  /** An answer on its way stays: signing out does not take it back. */
  const forget = () => {
    session?.end();
    for (const part of ['id', 'state', 'lease']) store.set(part);
    beginPage();
  };

  /** Answers an earlier page could not send. */
  const recall = guard(() => {
    if (!isReady() || !store.get('queue')) return;
    if (navigator.onLine) return loadPanel().then((panel) => panel.call(kit, 'flush', []));
    after(RECALL_MS, recall);
  });

  /** When this browser was first seen, and who uses it, is written down as the page is left: it costs nobody a moment then. */
  const keep = () => {
    const text = toJson(state());
    if (isReady() && text !== store.get('state')) store.set('state', text);
  };

  return {
    call: guard((/** @type {string} */ name, /** @type {any[]} */ ...args) => {
      if (isOff) return false;
      // What is seldom called came with the panel.
      const result = Object.hasOwn(calls, name) ? calls[name](...args) ?? true : loadPanel().then((panel) => panel.call(kit, name, args));
      watch();
      return result;
    }),
    start: guard(() => {
      document.addEventListener('visibilitychange', guard(() => {
        if (document.hidden) keep();
        else session?.back();
        // Any new timer wakes the ones that stood still.
        after(0, considerSoon);
      }));
      // What calls before the script's arrival have armed stays armed.
      armPage();
      if (config.views || waiting[0] || armed.size) watch();
      after(RECALL_MS, recall);
      emit('ready');
      if (config.views) after(0, () => loadPanel(config.views).then((part) => part.watch(kit)));
    }),
  };
}
