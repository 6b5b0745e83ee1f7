/**
 * What other tabs of this browser made of a survey that shows in this one: heard from storage, where something is
 * kept, else by a channel, which is closed while the page rests in the back/forward cache.
 *
 * @param {import('../types').Kit} kit @param {string} surveyId @param {() => void} answeredElsewhere
 */
export function createTabs(kit, surveyId, answeredElsewhere) {
  let since = kit.now();
  /** @type {BroadcastChannel | undefined} */
  let channel;

  const look = () => {
    const {shownAt, ...reactions} = kit.state().surveys[surveyId] || {};
    if (Object.values(reactions).some((at) => at > since)) answeredElsewhere();
  };
  const onStorage = kit.guard((/** @type {StorageEvent} */ {key}) => key?.endsWith('.state') && look());
  const rest = () => {
    channel?.close();
    channel = undefined;
  };
  const hear = () => {
    addEventListener('storage', onStorage);
    if (channel || (kit.mayKeep() && !kit.store.memory.size)) return;
    try {
      channel = new BroadcastChannel(`zeroten:${kit.config.key}`);
      channel.onmessage = kit.guard((/** @type {MessageEvent} */ {data}) => data === surveyId && answeredElsewhere());
      addEventListener('pagehide', rest);
    } catch {
      // Forbidden in a sandboxed frame, or absent.
    }
  };

  return {
    hear,
    /** This tab had an answer, or a refusal; it has just been written down. */
    tell: () => {
      since = kit.now();
      channel?.postMessage(surveyId);
    },
    /** The tab is seen again: what has been written down meanwhile was another's. */
    look: () => {
      hear();
      look();
    },
    stop: () => {
      rest();
      removeEventListener('pagehide', rest);
      removeEventListener('storage', onStorage);
    },
  };
}
