/** Which language to speak: the first that is wanted and complete, else the survey's own. */

/**
 * Whole languages only: `de-AT` takes `de-AT`, else `de`, else any other `de-…`.
 * @param {readonly string[]} wanted BCP 47 tags, best first @param {string[]} offered @param {string} fallback
 */
export function pickLanguage(wanted, offered, fallback) {
  for (const tag of wanted) {
    const [primary] = tag.split('-');
    /** @param {string} one */
    const rank = (one) => [tag, primary, one.split('-')[0] === primary ? one : tag].indexOf(one) + 1 || 9;
    const [best] = [...offered].sort((one, other) => rank(one) - rank(other));
    if (best && rank(best) < 9) return best;
  }
  return fallback;
}
