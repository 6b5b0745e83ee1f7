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

/** Lowest and highest value of the kinds answered on a scale. @type {Record<string, [number, number]>} */
const SCALES = {nps: [0, 10], csat: [1, 5], ces: [1, 7], rating: [1, 5]};

/**
 * Bands of the metrics as [highest value of the band, name], lowest band first.
 * NPS: Reichheld 2003. CSAT: top two of five are satisfied. CES 2.0: 5 to 7 of seven agree that it was easy.
 * @type {Record<string, [number, string][]>}
 */
const BANDS = {
  nps: [[6, 'detractor'], [8, 'passive'], [10, 'promoter']],
  csat: [[2, 'dissatisfied'], [3, 'neutral'], [5, 'satisfied']],
  ces: [[3, 'difficult'], [4, 'neutral'], [7, 'easy']],
};

/** Lowest and highest value, or null for a kind without a scale. @param {Question} question */
export function scale(question) {
  const range = Object.hasOwn(SCALES, question.kind) && SCALES[question.kind];
  if (!range) return null;
  return question.kind === 'rating' ? [1, question.max || 5] : range;
}

/** The band a metric's answer falls into, or null. @param {Question} question @param {unknown} value */
export function band(question, value) {
  const bands = Object.hasOwn(BANDS, question.kind) && BANDS[question.kind];
  if (!bands || typeof value !== 'number') return null;
  const found = bands.find(([highest]) => value <= highest);
  return found ? found[1] : null;
}

/** The question whose answer is the survey's `score`. @param {Content} content */
export const metric = (content) =>
  content.questions.find((question) => Object.hasOwn(BANDS, question.kind));

/** The question whose answer is the survey's `comment`. @param {Content} content */
const commentQuestion = (content) => content.questions.find((question) => question.kind === 'text');

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
  const at = content.questions.findIndex((question) => question.id === id);
  const rest = content.questions.slice(at + 1);
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
 * Where question `id` stands: `{at, of}`, counting from 1; `of` counts what would be asked by the answers so far.
 * @param {Content} content @param {Values} values @param {string} id
 */
export function progress(content, values, id) {
  const asked = path(content, values);
  const of = content.questions.filter((question) => asked.includes(question) || isOpen(content, question, values, id));
  return {at: of.findIndex((question) => question.id === id) + 1, of: of.length};
}

/** A later question may still come when its condition looks at one that is still ahead. @param {Content} content @param {Question} question @param {Values} values @param {string} id */
function isOpen(content, question, values, id) {
  const here = content.questions.findIndex((one) => one.id === id);
  const ahead = content.questions.slice(here).map((one) => one.id);
  return ahead.indexOf(question.id) > 0 && mentions(question.show_if, (one) => ahead.includes(one) && !isAnswered(values[one]));
}

/** @param {Condition | null | undefined} condition @param {(id: string) => boolean} test @returns {boolean} */
function mentions(condition, test) {
  if (!condition) return false;
  const parts = condition.all || condition.any;
  return parts ? parts.some((part) => mentions(part, test)) : test(condition.question || '');
}

/** @template T @param {Record<string, T> | null | undefined} map @param {string | null} key @returns {T | undefined} */
const pick = (map, key) => (map && key && Object.hasOwn(map, key) ? map[key] : undefined);

/** @param {string} text */
const checkLength = (text) => ([...text].length > MAX_TEXT ? 'too_long' : null);
