/**
 * What other tabs of this browser made of a survey that shows in this one. Where something may be kept the
 * lease lets one tab at a time show it, and storage tells who comes back what was missed; elsewhere a channel
 * does, closed as the page goes, for it may rest in the back/forward cache.
 *
 * @param {import('../types').Kit} kit @param {string} surveyId @param {() => void} answeredElsewhere
 */
export function createTabs(kit, surveyId, answeredElsewhere) {
  let since = kit.now();
  /** @type {BroadcastChannel | undefined} */
  let channel;
  const stop = () => {
    channel?.close();
    channel = undefined;
  };

  try {
    if (!kit.mayKeep()) {
      channel = new BroadcastChannel(`zeroten:${kit.config.key}`);
      channel.onmessage = kit.guard((/** @type {MessageEvent} */ {data}) => data === surveyId && answeredElsewhere());
      addEventListener('pagehide', stop, {once: true});
    }
  } catch {
    // Forbidden in a sandboxed frame, or absent.
  }
  return {
    /** This tab had an answer, or a refusal; it has just been written down. */
    tell: () => {
      since = kit.now();
      channel?.postMessage(surveyId);
    },
    /** The tab is seen again: what has been written down meanwhile was another's. */
    look: () => {
      const {answeredAt = 0, declinedAt = 0, laterAt = 0} = kit.state().surveys[surveyId] || {};
      if (Math.max(answeredAt, declinedAt, laterAt) > since) answeredElsewhere();
    },
    stop,
  };
}
