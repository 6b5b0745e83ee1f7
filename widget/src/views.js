/**
 * Page views, where a project wants them: which pages were looked at, and for how long they were in use.
 * A file of its own, fetched by no other project. Sent as the page is left; nothing without
 * consent, and under GPC only with the consent that the host was given.
 *
 * @typedef {{page: string, at: string, engaged_ms: number}} View
 */

/** Nobody is reading a page that nothing has touched for longer than this. */
const IDLE_MS = 30000;
/** More pages than this in one sitting are sent on the way. */
const MANY = 50;
const MAX_PATH = 1000;
/** What says that somebody is there. */
const SIGNS = ['pointermove', 'pointerdown', 'keydown', 'scroll'];

/** @param {import('./types').Kit} kit */
export function watch(kit) {
  const {guard, now} = kit;
  /** @type {View[]} */
  let views = [];
  /** @type {View | null} The look under way; coming back to a tab is another look. */
  let current = null;
  let touchedAt = 0;
  let who = kit.visitor();
  /** @type {any} */
  let token;

  const use = guard(() => {
    const since = Math.min(now() - touchedAt, IDLE_MS);
    touchedAt = now();
    if (document.hidden) return;
    if (current) current.engaged_ms += since;
    else begin();
  });

  const begin = () => {
    touchedAt = now();
    current = {page: who.page.slice(0, MAX_PATH), at: new Date(now()).toISOString(), engaged_ms: 0};
  };

  const close = () => {
    if (!current) return;
    use();
    views.push({...current, engaged_ms: Math.round(current.engaged_ms)});
    current = null;
  };

  /** A token that a function of the page gives is asked for ahead: nobody waits while a page goes. */
  const prepare = guard(async () => {
    const {token: given} = who;
    token = typeof given === 'function' ? await given() : given;
  });

  const send = () => {
    const {consent, key} = kit.config;
    // What a person was asked and granted goes before the browser's general word, as in a decision.
    if (!kit.mayKeep() && consent !== 'granted') views = [];
    if (!views.length) return;
    const {userId, anonymousId, account, traits} = who;
    const body = kit.toJson({
      publishable_key: key,
      user_id: userId,
      anonymous_id: anonymousId,
      identity_token: token,
      account,
      traits,
      consent,
      id: crypto.getRandomValues(new Uint32Array(4)).join('-'),
      views,
    });
    // A string: a beacon of JSON type would wait for a preflight, and then be lost.
    if (navigator.sendBeacon(`${kit.base}v1/pages`, body) || views.length > MANY) views = [];
  };

  /** Another page, or another person. */
  const turn = guard(() => {
    const next = kit.visitor();
    const isSame = current?.page === next.page;
    // What was looked at before signing in belongs to who signs in, and to nobody who does so later.
    const isAnother = who.userId && who.userId !== next.userId;
    if (!isSame || isAnother) close();
    if (isAnother) send();
    who = next;
    if (!current) {
      if (!document.hidden) begin();
      if (views.length >= MANY) send();
    }
    prepare();
  });

  const leave = guard(() => {
    // While the page is being left it may be hidden already; its last seconds count all the same.
    if (current && document.hidden) current.engaged_ms += Math.min(now() - touchedAt, IDLE_MS);
    close();
    send();
  });

  for (const sign of SIGNS) addEventListener(sign, use, {capture: true, passive: true});
  document.addEventListener('visibilitychange', () => document.hidden && leave());
  addEventListener('pagehide', leave);
  kit.on('page', turn);
  turn();
}
