/** One survey, one tab: a lease in storage, taken under a Web Lock that is held for milliseconds. */

import {fromJson, toJson} from '../core/json.js';

const LEASE_MS = 15000;

/** @param {string} key @param {import('./store.js').Store} store @param {() => number} now */
export function createLease(key, store, now) {
  const tab = Math.random();

  const isFree = () => {
    const {by, until} = fromJson(store.get('lease'));
    const left = until - now();
    return by === tab || !(left > 0 && left <= LEASE_MS);
  };
  const renew = () => store.set('lease', toJson({by: tab, until: now() + LEASE_MS}));
  const claim = () => isFree() && (renew(), true);

  return {
    isFree,
    renew,
    drop: () => isFree() && store.set('lease'),
    /** Whether this tab may show a survey now. @returns {Promise<any>} */
    take: async () => {
      try {
        return await navigator.locks.request(`zeroten:${key}`, {ifAvailable: true}, (lock) => lock && claim());
      } catch {
        // Absent on http:, forbidden in a sandboxed frame: the server's open ticket is the second line then.
        return claim();
      }
    },
  };
}
