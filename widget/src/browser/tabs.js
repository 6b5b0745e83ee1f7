/**
 * Tell the other tabs of this browser what became of a survey, and hear it from them. The channel is closed
 * while the page rests in the back/forward cache; on the way back storage says what was missed.
 *
 * @param {import('../types').Kit} kit @param {string} surveyId @param {() => void} answeredElsewhere
 */
export function createTabs(kit, surveyId, answeredElsewhere) {
  const since = kit.now();
  /** @type {BroadcastChannel | null} */
  let channel = null;

  const open = () => {
    try {
      channel = new BroadcastChannel(`zeroten:${kit.config.key}`);
    } catch {
      // Forbidden in a sandboxed frame, or absent.
      return;
    }
    channel.onmessage = kit.guard((/** @type {MessageEvent} */ {data}) => {
      if (data && data.survey === surveyId) answeredElsewhere();
    });
  };
  const rest = () => {
    channel?.close();
    channel = null;
  };
  const wake = kit.guard((/** @type {PageTransitionEvent} */ {persisted}) => {
    if (!persisted) return;
    open();
    const {answeredAt = 0, declinedAt = 0} = kit.state().surveys[surveyId] || {};
    if (Math.max(answeredAt, declinedAt) > since) answeredElsewhere();
  });

  open();
  addEventListener('pagehide', rest);
  addEventListener('pageshow', wake);
  return {
    /** @param {string} state */
    tell: (state) => channel?.postMessage({survey: surveyId, state}),
    stop: () => {
      rest();
      removeEventListener('pagehide', rest);
      removeEventListener('pageshow', wake);
    },
  };
}
