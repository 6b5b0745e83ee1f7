/**
 * What a plain score with a comment does not need: choices, drawn scales, progress, a logo, previews.
 * A file of its own, so that the common survey does not pay for it; the panel lends it what both use.
 *
 * @typedef {import('./types').Kit} Kit
 * @typedef {typeof import('./ui/dom.js').el} El
 * @typedef {ReturnType<typeof import('./session.js').createSession>} Showing
 */

import {pickLanguage} from './core/language.js';
import {retryAt} from './core/retry.js';

const ENGLISH = {step: 'Question {n} of {of}', too_few: 'Please choose at least {n}.', too_many: 'Please choose at most {n}.'};

/** @typedef {import('./types').InterfaceTexts} Texts */

/** What to say of a problem that flow.js found. @param {Texts} texts @param {string} problem */
export const complaint = (texts, problem) => /** @type {any} */ ({...ENGLISH, ...texts})[problem] || texts.required;

const DONE = 'M5 12.5 10 17.5 19 7';
const STAR = 'M12 3.2 14.7 8.9 20.9 9.7 16.3 14 17.5 20.2 12 17.2 6.5 20.2 7.7 14 3.1 9.7 9.3 8.9Z';

/** Five faces from unhappy to happy: one circle, two eyes, and a mouth that bends. @param {number} at 0 to 4 */
const face = (at) => `M12 3A9 9 0 1 0 12 21 9 9 0 1 0 12 3M9 9.5V10M15 9.5V10M8 ${16.5 - at}Q12 ${12.5 + at * 1.5} 16 ${16.5 - at}`;

/** The drawing of one place of a scale. @param {string} style stars or faces @param {number} share 0 to 1 */
export const drawing = (style, share) => icon(style === 'stars' ? STAR : face(Math.round(share * 4)));

/** Strokes in a square, hidden from assistive technology. @param {string} path @param {number} [size] side of the square */
function icon(path, size = 24) {
  const [svg, strokes] = ['svg', 'path'].map((name) => document.createElementNS('http://www.w3.org/2000/svg', name));
  svg.setAttribute('viewBox', `0 0 ${size} ${size}`);
  svg.setAttribute('aria-hidden', 'true');
  strokes.setAttribute('d', path);
  svg.append(strokes);
  return svg;
}

/**
 * Above the question: the logo, and how far one is.
 * @param {El} el @param {import('./types').Theme} theme @param {Texts} texts @param {number} at @param {number} of
 */
export function header(el, theme, texts, at, of) {
  const nodes = [];
  const {path, size, label: name = ''} = theme.logo || {};
  if (typeof path === 'string') nodes.push(el('div', {class: 'lg', role: 'img', 'aria-label': name}, icon(path, size)));
  if (of > 2) {
    const steps = Array.from({length: of}, (_, step) => el('span', {class: step < at ? 'on' : ''}));
    const label = (texts.step || ENGLISH.step).replace('{n}', `${at}`).replace('{of}', `${of}`);
    nodes.push(el('div', {class: 'b', role: 'img', 'aria-label': label}, ...steps));
  }
  return nodes;
}

/**
 * One option (`choice`) or several (`choices`).
 * @param {El} el @param {Kit} kit @param {import('./types').Question} question
 * @param {import('./types').QuestionTexts} texts @param {unknown} value
 * @returns {import('./ui/text.js').Asked}
 */
export function optionsQuestion(el, kit, question, texts, value) {
  const isMany = question.kind === 'choices';
  const given = Array.isArray(value) ? value : [value];
  const rows = (question.options || []).map((id) => {
    const input = el('input', {type: isMany ? 'checkbox' : 'radio', name: 'v', value: id});
    input.checked = given.includes(id);
    const box = el('label', {}, input, icon(DONE), el('span', {dir: 'auto'}, texts.options?.[id] || id));
    input.addEventListener('change', kit.guard(() => draw()));
    return {id, input, box};
  });
  const draw = () => {
    for (const {input, box} of rows) box.classList.toggle('on', input.checked);
  };
  draw();
  const checked = () => rows.filter(({input}) => input.checked).map(({id}) => id);
  const group = el('div', {class: isMany ? 'q m' : 'q', role: isMany ? 'group' : 'radiogroup', 'aria-labelledby': 'h', 'aria-describedby': 'e'}, ...rows.map(({box}) => box));
  return {
    nodes: [group],
    value: () => (isMany ? checked() : checked()[0]),
    focus: () => (rows.find(({input}) => input.checked) || rows[0]).input.focus({preventScroll: true}),
    destroy: () => {},
  };
}

/** Say on the console, and return, who the visitor is and why each survey would or would not show. @param {Kit} kit */
function debug(kit) {
  const surveys = kit.published.map((survey) => {
    const verdict = kit.judge(survey);
    return {id: survey.id, armed: kit.armed.has(survey), ...verdict, retryAt: retryAt(verdict.gates)};
  });
  // By the wire's names: the build shortens those the files know each other by.
  const {anonymousId: anonymous_id, firstSeenAt: first_seen_at, pageTemplate: page_template, ...visitor} = kit.visitor();
  const report = {visitor: {...visitor, anonymous_id, first_seen_at, page_template}, surveys};
  console.log('zeroten', report);
  return report;
}

/**
 * A published survey with what it says, which the script leaves out until one is decided for.
 * @param {Kit} kit @param {string} id @returns {Promise<import('./types').Survey | undefined>}
 */
async function whole({base, config, published, fromJson}, id) {
  const given = published.find((one) => one.id === id);
  if (!given || given.content) return given;
  const response = await fetch(`${base}w/${config.key}.json`, {credentials: 'omit', referrerPolicy: 'origin'});
  return fromJson(await response.text()).surveys?.find((/** @type {import('./types').Survey} */ one) => one.id === id);
}

/** What the panel lends to calls that are answered here. @typedef {{createSession: typeof import('./session.js').createSession, ENGLISH: Texts, place: (into: unknown) => Element | null, replace: (kit: Kit, make: () => import('./types').Session) => boolean}} Lent */

/**
 * Draw a survey as it would show, and send nothing.
 * @param {Kit} kit @param {Lent} panel @param {any} given a survey, its content, or its id
 * @param {{state?: string, language?: string, theme?: object, values?: object, interface?: object, into?: unknown}} [options]
 */
async function preview(kit, panel, given, options = {}) {
  const survey = typeof given === 'string' ? await whole(kit, given) : given;
  return !!survey && panel.replace(kit, () => drawn(kit, panel, survey, options));
}

/** @param {Kit} kit @param {Lent} panel @param {any} survey @param {any} options */
function drawn(kit, {createSession, ENGLISH: english, place}, survey, {state, language, theme, values, interface: words, into}) {
  const content = survey.content || survey;
  const session = createSession(kit, {
    content,
    surveyId: survey.id || 'preview',
    language: pickLanguage([language || ''], Object.keys(content.texts), content.default_language),
    texts: {...english, ...words},
    theme: {...content.theme, ...theme},
    isDialog: false,
    into: place(into),
    more: {complaint, css, drawing, header, optionsQuestion},
    post: () => {},
    onEnd: kit.ended,
  });
  Object.assign(session.values, values);
  session.show(state);
  if (state === 'error') session.complain();
  return {end: session.end, moved: () => {}, back: () => {}, speak: (/** @type {readonly string[]} */ wanted) => speakOf(session, content, wanted)};
}

/**
 * Tell the server, once, that the widget gave in on this page: the kind of the last error and where in our own
 * files it came from. Nothing the page or a person wrote goes along.
 * @param {Kit} kit @param {Lent} _panel @param {any} error
 */
function report({config, post, toJson}, _panel, error) {
  const at = `${error?.stack}`.match(/\b(loader|panel\.[0-9a-f]{8}|zeroten\.[\d.]+|pk_\w+)\.js:\d+:\d+/g) || [];
  // The loader carries the key in its name; the panel's name says which build both are of.
  const places = at.slice(0, 3).map((one) => one.replace(/^pk_\w+/, 'loader'));
  return post('widget-errors', toJson({publishable_key: config.key, panel: config.panel, kind: `${error?.name}`.slice(0, 40), at: places}), {keepalive: true});
}

/** Calls rarer still than the panel's own. @type {Record<string, (kit: Kit, panel: Lent, ...args: any[]) => unknown>} */
const CALLS = {debug, preview, report};

/** @param {Kit} kit @param {Lent} panel @param {string} name @param {unknown[]} args */
export const call = (kit, panel, name, args) => Object.hasOwn(CALLS, name) && CALLS[name](kit, panel, ...args);

/**
 * Change the language of a survey that is open; its script and decision have but one.
 * @param {Kit} kit @param {import('./types').Decision} decision @param {Pick<Showing, 'speak'>} session @param {readonly string[]} wanted
 */
export async function translate(kit, {survey_id: id, version}, session, wanted) {
  const survey = await whole(kit, id);
  // Texts of a version published meanwhile may not fit the questions that are open.
  if (survey?.content && survey.version === version) speakOf(session, survey.content, wanted);
}

/** @param {Pick<Showing, 'speak'>} session @param {import('./types').Content} content @param {readonly string[]} wanted */
const speakOf = (session, {texts, default_language: own}, wanted) => session.speak(pickLanguage(wanted, Object.keys(texts), own), texts);

/** Rules of all this, and of the layouts that are not a corner. @param {string | undefined} layout */
export const css = (layout) => CSS + (layout === 'inline' ? INLINE : layout === 'full' ? FULL : '');

// In a narrow column the page's own margins have to do: eleven cells of 24 px must fit.
const INLINE = ':host{max-width:40em!important}.p{box-shadow:none}@media (max-width:480px){.g{gap:.3vw}.p{border:0;padding-inline:4px}}';
const FULL = ':host{position:fixed!important;inset:0!important}.p{height:100%;max-height:none;border:0;border-radius:0;display:grid;place-content:center;grid-template-columns:minmax(0,34em);font-size:calc(17px*var(--zt-scale,1))}';

const CSS = `
svg{display:block;width:1.25em;height:1.25em;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
.f label{border-color:#0000;color:var(--b);min-height:44px}
.f svg{width:2em;height:2em;stroke-width:1.6}
.f .on{background:none;border-color:var(--a);color:var(--a)}
.s .on{border-color:#0000}
.s .on svg{fill:currentColor}
.q{display:grid;gap:6px;margin-top:1em}
.q label{grid-template-columns:1.2em 1fr;justify-items:start;gap:.7em;padding:.5em .8em;text-align:start}
.q .on{background:none;color:inherit;font-weight:600;box-shadow:inset 0 0 0 1px var(--a)}
.q svg{border:1.5px solid var(--b);border-radius:50%;stroke-width:0}
.m svg{border-radius:4px}
.q .on svg{background:var(--a);border-color:var(--a);color:var(--o);stroke-width:4}
.lg svg{width:1.8em;height:1.8em;margin-bottom:.7em;fill:var(--a);stroke:none}
.b{display:flex;gap:4px;height:4px;width:60%;margin:.2em 0 1.1em}
.b *{flex:1;border-radius:2px;background:var(--l)}
.b .on{background:var(--a)}
@media (forced-colors:active){.b .on{border:2px solid Highlight}}
`;
