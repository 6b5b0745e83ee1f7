/**
 * The flow of a survey's questions as pure functions: what comes next, what it says, which answers are
 * valid, and how they map to `score`, `comment` and `answers`.
 *
 * Twin of `backend/domain/flow.py`; `tests/vectors/flow.json` holds both to one meaning.
 *
 * @typedef {import('../types').Content} Content
 * @typedef {import('../types').Question} Question
 * @typedef {import('../types').Condition} Condition
 * @typedef {import('../types').Values} Values
 * @typedef {import('../types').LanguageTexts} LanguageTexts
 */

const MAX_TEXT = 4000;

/**
 * Lowest value, then the highest value of each band. NPS: Reichheld 2003. CSAT: the top two of five are
 * satisfied. CES 2.0: 5 to 7 of seven agree that it was easy.
 * @type {Record<string, number[]>}
 */
const SCALES = {nps: [0, 6, 8, 10], csat: [1, 2, 3, 5], ces: [1, 3, 4, 7]};
/** @type {Record<string, string[]>} */
const BANDS = {nps: ['detractor', 'passive', 'promoter'], csat: ['dissatisfied', 'neutral', 'satisfied'], ces: ['difficult', 'neutral', 'easy']};

/** Lowest and highest value, or null for a kind without a scale. @param {Question} question @returns {[number, number] | null} */
export function scale({kind, max}) {
  if (kind === 'rating') return [1, max || 5];
  const [low, , , high] = SCALES[kind] || [];
  return high ? [low, high] : null;
}

/** The band a metric's answer falls into, or null. @param {Question} question @param {unknown} value */
export function band({kind}, value) {
  if (!BANDS[kind] || typeof value !== 'number') return null;
  return BANDS[kind][SCALES[kind].slice(1).findIndex((highest) => value <= highest)] || null;
}

/** The question whose answer is the survey's `score`. @param {Content} content */
export const metric = (content) =>
  content.questions.find(({kind}) => BANDS[kind]);

/** The question whose answer is the survey's `comment`. @param {Content} content */
const commentQuestion = (content) => content.questions.find(({kind}) => kind === 'text');

/** @param {unknown} value */
export const isAnswered = (value) =>
  value != null && value !== '' && !(Array.isArray(value) && !value.length);

/** The band of the survey's metric, null while it has no answer. @param {Content} content @param {Values} values */
export function metricBand(content, values) {
  const question = metric(content);
  return question ? band(question, values[question.id]) : null;
}

/** @param {Content} content @param {Condition | null | undefined} condition @param {Values} values @returns {boolean} */
export function holds(content, condition, values) {
  if (!condition) return true;
  if (condition.all) return condition.all.every((part) => holds(content, part, values));
  if (condition.any) return condition.any.some((part) => holds(content, part, values));
  const question = content.questions.find(({id}) => id === condition.question);
  if (!question) return false;
  const value = values[question.id];
  if (condition.band) return condition.band.includes(/** @type {string} */ (band(question, value)));
  if (condition.in) {
    const wanted = condition.in;
    return (Array.isArray(value) ? value : [value]).some((one) => wanted.includes(one));
  }
  return isAnswered(value) === (condition.answered !== false);
}

/** The questions asked, in order, given the answers so far. @param {Content} content @param {Values} values */
export const path = (content, values) =>
  content.questions.filter((question) => holds(content, question.show_if, values));

/**
 * The question after `id` (the first one for null), or null at the end.
 * @param {Content} content @param {Values} values @param {string | null} id
 */
export function nextQuestion(content, values, id) {
  const rest = content.questions.slice(indexOf(content.questions, id) + 1);
  return rest.find((question) => holds(content, question.show_if, values)) || null;
}

/** What a question says to someone of this score. @param {Content} content @param {LanguageTexts} texts @param {string} id @param {Values} values */
export function questionText(content, texts, id, values) {
  const {text, by_band: byBand} = texts.questions[id];
  return pick(byBand, metricBand(content, values)) || text;
}

/** What the end says: `{text, link_text, link_url}`, links only to https: and mailto:. @param {Content} content @param {LanguageTexts} texts @param {Values} values */
export function thanks(content, texts, values) {
  const end = texts.thanks || {text: ''};
  const own = pick(end.by_band, metricBand(content, values)) || {};
  const {text, link_text: linkText, link_url: url} = {...end, ...own};
  return {text, ...(linkText && url && isSafeLink(url) ? {link_text: linkText, link_url: url} : {})};
}

/** @param {unknown} url */
export const isSafeLink = (url) => typeof url === 'string' && /^(https:\/\/[^\s/]|mailto:[^\s@]+@)\S*$/i.test(url);

/**
 * Why `value` is no answer to `question`: null when it is one, else a code of the interface texts.
 * Nothing at all is an answer unless the question is required.
 * @param {Question} question @param {unknown} value
 * @returns {'required' | 'invalid' | 'too_few' | 'too_many' | 'too_long' | null}
 */
export function checkAnswer(question, value) {
  if (!isAnswered(value)) return question.required ? 'required' : null;
  const range = scale(question);
  if (range) return Number.isInteger(value) && Number(value) >= range[0] && Number(value) <= range[1] ? null : 'invalid';
  if (question.kind === 'text') return typeof value === 'string' ? checkLength(value) : 'invalid';
  const options = question.options || [];
  if (question.kind === 'choice') return options.includes(/** @type {string} */ (value)) ? null : 'invalid';
  if (!Array.isArray(value) || new Set(value).size !== value.length) return 'invalid';
  if (!value.every((one) => options.includes(one))) return 'invalid';
  if (value.length < (question.min || 0)) return 'too_few';
  return value.length > (question.max || options.length) ? 'too_many' : null;
}

/**
 * The answers as the wire carries them; answers to questions no longer asked are left out.
 * @param {Content} content @param {Values} values
 */
export function toResponse(content, values) {
  const scoreId = metric(content)?.id;
  const commentId = commentQuestion(content)?.id;
  /** @type {{score: number | null, comment: string | null, answers: Values}} */
  const response = {score: null, comment: null, answers: {}};
  for (const {id} of path(content, values)) {
    const value = values[id];
    if (!isAnswered(value)) continue;
    if (id === scoreId) response.score = /** @type {number} */ (value);
    else if (id === commentId) response.comment = /** @type {string} */ (value);
    else response.answers[id] = value;
  }
  return response;
}

/**
 * Where question `id` stands: `{at, of}`, counting from 1. `of` counts all that may still come, so it can
 * only shrink on the way.
 * @param {Content} content @param {Values} values @param {string} id
 */
export function progress(content, values, id) {
  const at = indexOf(path(content, values), id) + 1;
  return {at, of: at + content.questions.length - 1 - indexOf(content.questions, id)};
}

/** @template T @param {Record<string, T> | null | undefined} map @param {string | null} key @returns {T | undefined} */
const pick = (map, key) => (map && key && Object.hasOwn(map, key) ? map[key] : undefined);

/** @param {string} text */
const checkLength = (text) => ([...text].length > MAX_TEXT ? 'too_long' : null);

/** @param {Question[]} questions @param {string | null} id */
const indexOf = (questions, id) => questions.findIndex((one) => one.id === id);
