/** What the browser says about the visitor: device, language, privacy signals, an id of our own. */

const MAX_AGE_MS = 400 * 864e5;

/** Global Privacy Control, and Do Not Track where the project heeds it: nothing is kept then. @param {boolean | undefined} respectDnt */
export const wantsPrivacy = (respectDnt) =>
  /** @type {any} */ (navigator).globalPrivacyControl || (respectDnt && navigator.doNotTrack === '1');

/**
 * A finger on a screen up to 600 px wide is a phone, on a wider one a tablet. Media queries are asked only
 * where there is a touch screen: an answer makes the page compute its styles.
 */
export const device = () =>
  !navigator.maxTouchPoints || !matchMedia('(pointer: coarse)').matches ? 'desktop' : Math.min(screen.width, screen.height) < 600 ? 'mobile' : 'tablet';

/** Wanted languages, best first. @param {string | null} chosen by the host */
export function languages(chosen) {
  const own = chosen || document.documentElement.lang;
  return own ? [own] : navigator.languages;
}

/**
 * The random id of this browser, renewed after 400 days. None is made for who is known by name; one from
 * before goes along, so that what was asked then counts.
 * @param {import('./store.js').Store} store @param {number} now @param {string | null} userId
 */
export function anonymousId(store, now, userId) {
  const [id, since] = (store.get('id') || '').split('.');
  if (now - Number(since) < MAX_AGE_MS) return id;
  if (userId) return;
  // Not randomUUID: it is absent on http: pages.
  const fresh = crypto.getRandomValues(new Uint32Array(4)).join('-');
  store.set('id', `${fresh}.${now}`);
  return fresh;
}
