/**
 * Answers on their way: written down first, sent with keepalive, tried again, and handed to
 * sendBeacon when the page goes while something has no reply yet. Revisions make doubles harmless.
 */

import {isPassing, put, readQueue, waitMs, without} from '../core/queue.js';

/** A server that hangs is tried again. */
const PATIENCE_MS = 30000;

/** @typedef {ReturnType<typeof createOutbox>} Outbox */

/** @param {import('../types').Kit} kit */
export function createOutbox(kit) {
  let attempt = 0;
  /** When the next try is; 0 when none is waited for. */
  let due = 0;
  /** @type {(() => void) | undefined} */
  let cancel;
  /** Keys of what is being sent. @type {Set<string>} */
  const flying = new Set();

  const read = () => readQueue(kit.fromJson(kit.store.get('queue')), kit.now());
  /** @param {import('../core/queue.js').Entry[]} queue */
  const write = (queue) => kit.store.set('queue', queue.length ? kit.toJson(queue) : undefined);

  /** @param {import('../core/queue.js').Entry} entry */
  const send = async ({ticket, revision, body}) => {
    const key = `${ticket} ${revision}`;
    if (flying.has(key)) return;
    flying.add(key);
    const response = await kit.post('responses', body, {keepalive: true, signal: AbortSignal.timeout(PATIENCE_MS)});
    flying.delete(key);
    const status = response?.status || 0;
    if (isPassing(status)) return later(waitMs(attempt++, response?.headers.get('Retry-After'), Math.random));
    attempt = 0;
    write(without(read(), ticket, revision));
    if (status >= 400) kit.emit('error', {status});
  };

  const flush = kit.guard(() => {
    cancel?.();
    due = 0;
    for (const entry of read()) kit.guard(send)(entry);
  });

  /** All wait for the last of them: what the server asked for is not cut short by another answer's luck. @param {number} ms */
  const later = (ms) => {
    const at = kit.now() + ms;
    if (at < due) return;
    due = at;
    cancel?.();
    cancel = kit.after(ms, flush);
  };

  addEventListener('online', flush);
  const hide = kit.guard(() => {
    for (const {body} of read()) navigator.sendBeacon(`${kit.base}v1/responses`, body);
  });
  document.addEventListener('visibilitychange', () => document.hidden && hide());
  addEventListener('pagehide', hide);

  /** Send what is left, unless its time has been set. */
  const rest = () => void (due || flush());

  return {
    flush: rest,
    /** @param {string} ticket @param {number} revision @param {string} body @param {number} [waitMs] it goes along with what comes before that */
    post: (ticket, revision, body, waitMs) => {
      const entry = {ticket, revision, body, at: kit.now()};
      write(put(read(), entry));
      if (waitMs) kit.after(waitMs, rest);
      else kit.guard(send)(entry);
    },
  };
}
