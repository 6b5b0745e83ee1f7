/**
 * One showing of a survey: walks through its questions, saves each answer as it is given, and ends.
 * What is sent goes through `post`, which a preview leaves out.
 *
 * @typedef {import('./types').Kit} Kit
 * @typedef {import('./types').Content} Content
 * @typedef {{content: Content, surveyId: string, language: string, texts: import('./types').InterfaceTexts, theme: import('./types').Theme, isDialog: boolean, into?: Element | null, more?: import('./types').Drawn | null,
 *   post: (state: string, body: object) => void, onEnd: () => void}} Showing
 */

import {checkAnswer, isAnswered, metric, nextQuestion, path, progress, questionText, scale, thanks, toResponse} from './core/flow.js';
import {button, el} from './ui/dom.js';
import {createFrame} from './ui/frame.js';
import {scaleQuestion} from './ui/scale.js';
import {textQuestion} from './ui/text.js';

/** @param {Kit} kit @param {Showing} showing */
export function createSession(kit, {content, surveyId, language, texts, theme, isDialog, into, more, post, onEnd}) {
  /** @type {import('./types').Values} */
  const values = {};
  /** @type {import('./types').Question | null} */
  let current = null;
  /** @type {import('./ui/text.js').Asked | null} */
  let asked = null;
  let state = 'shown';
  let isTouched = false;
  let shownAt = 0;
  let lastSent = '';

  const frame = createFrame(kit, {theme, css: more?.css(into || theme.layout !== 'inline' ? theme.layout : ''), language, isDialog, into, label: texts.close, onClose: () => close(), onLost: () => end()});
  const speech = () => content.texts[language];
  const metricQuestion = metric(content);

  /** @param {string} to */
  const send = (to) => {
    const response = toResponse(content, values);
    const isFirst = to !== state;
    state = to;
    const body = {state: to, ...response, language, shown_ms: shownAt ? Math.round(kit.now() - shownAt) : 0};
    const mark = kit.toJson([to, response]);
    if (mark === lastSent) return;
    lastSent = mark;
    post(to, body);
    if (isFirst) kit.emit(to, {survey_id: surveyId, ...response});
  };

  /** Save what there is; before the metric has an answer there is no score to save it under. */
  const save = () => {
    const hasScore = !metricQuestion || isAnswered(values[metricQuestion.id]);
    if (!isOver && state !== 'completed') send(hasScore ? 'scored' : 'shown');
  };

  /** @param {unknown} value @param {string} how key, mouse, touch, pen */
  const commit = (value, how) => {
    const question = /** @type {import('./types').Question} */ (current);
    const problem = checkAnswer(question, value);
    if (problem) return complain(problem, question);
    isTouched = true;
    values[question.id] = value;
    const next = nextQuestion(content, values, question.id);
    if (next) {
      if (isAnswered(value)) save();
      ask(next, how);
    } else {
      finish(how);
    }
  };

  /** @param {string} how */
  const finish = (how) => {
    send('completed');
    drawEnd(how);
  };

  /** @param {string} problem @param {import('./types').Question} question */
  const complain = (problem, question) => {
    const count = problem === 'too_few' ? question.min : question.max;
    const line = frame.root.querySelector('#e');
    if (line) line.textContent = (more ? more.complaint(texts, problem) : texts.required).replace('{n}', `${count}`);
    asked?.focus();
  };

  /** @param {string} how */
  const back = (how) => {
    const question = /** @type {import('./types').Question} */ (current);
    keep();
    const before = path(content, values);
    ask(before[before.findIndex(({id}) => id === question.id) - 1], how);
  };

  /** What stands in the fields survives going back and a change of language. */
  const keep = () => {
    const value = asked?.value();
    if (current && isAnswered(value) && !scale(current)) values[current.id] = value;
  };

  /** @param {import('./types').Question} question @param {string} how */
  const ask = (question, how) => {
    const hadFocus = frame.hasFocus();
    current = question;
    draw();
    if (how === 'mouse' && question.kind === 'text') asked?.focus();
    else if (how === 'key' || (hadFocus && how === 'mouse')) focusHeading();
  };

  const focusHeading = () => /** @type {HTMLElement | null} */ (frame.root.querySelector('#h'))?.focus({preventScroll: true});

  const draw = () => {
    const question = /** @type {import('./types').Question} */ (current);
    const own = {...speech().questions[question.id], text: questionText(content, speech(), question.id, values)};
    const {at, of} = progress(content, values, question.id);
    asked?.destroy();
    const isScale = !!scale(question);
    const nextButton = button(isScale || at < of ? texts.next : texts.send, kit.guard((/** @type {any} */ event) => commit(asked?.value(), event.detail ? 'mouse' : 'key')), {class: 'y'});
    nextButton.hidden = isScale && !isAnswered(values[question.id]);
    const options = {value: values[question.id], language, onCommit: kit.guard(commit), onChoose: () => void (nextButton.hidden = false), onRest: kit.guard(rest), more};
    asked = isScale ? scaleQuestion(kit, question, own, options) : more && question.options ? more.optionsQuestion(el, kit, question, own, options.value) : textQuestion(kit, own, options);
    const foot = el('div', {class: 'n'});
    if (at > 1) foot.append(button(texts.back, kit.guard((/** @type {any} */ event) => back(event.detail ? 'mouse' : 'key')), {class: 'l'}));
    else if (content.later && state === 'shown') foot.append(button(texts.later, kit.guard(() => leave('later')), {class: 'l'}));
    foot.append(nextButton);
    frame.body.replaceChildren(
      ...header(at, of),
      el('h2', {id: 'h', tabindex: -1, dir: 'auto'}, own.text),
      ...asked.nodes,
      el('p', {id: 'e', role: 'alert'}),
      foot,
    );
  };

  /** @param {number} at @param {number} of */
  const header = (at, of) => (more ? more.header(el, theme, texts, at, of) : []);

  /** @param {string} how */
  const drawEnd = (how) => {
    const hadFocus = frame.hasFocus();
    asked?.destroy();
    asked = current = null;
    const {text, link_text: linkText, link_url: url} = /** @type {any} */ (thanks(content, speech(), values));
    const end = el('div', {class: 'z'}, el('div'), el('h2', {id: 'h', tabindex: -1, dir: 'auto'}, text || '✓'));
    if (url) end.append(el('a', {class: 'y', href: url, target: '_blank', rel: 'noopener noreferrer'}, linkText));
    frame.body.replaceChildren(...header(1, 1), end);
    if (hadFocus || how === 'key') focusHeading();
    else frame.say(text);
  };

  /** A score the keyboard rests on is saved, without moving on. @param {unknown} value */
  const rest = (value) => {
    if (!current) return;
    isTouched = true;
    values[current.id] = value;
    save();
  };

  /** @param {'declined' | 'later'} how */
  const leave = (how) => {
    send(how);
    end();
  };

  const close = () => {
    if (state === 'shown') return leave('declined');
    end();
  };

  let isOver = false;
  const end = () => {
    if (isOver) return;
    isOver = true;
    asked?.destroy();
    frame.destroy();
    onEnd();
    kit.emit('closed', {survey_id: surveyId, state});
  };

  return {
    frame,
    /** @param {string} [at] a question's id, or `thanks` */
    show: (at) => {
      current = content.questions.find(({id}) => id === at) || nextQuestion(content, values, null);
      if (!current) return end();
      draw();
      if (at === 'thanks') drawEnd('');
      frame.show(isDialog ? '' : texts.opened);
      if (isDialog) focusHeading();
      shownAt = kit.now();
      kit.emit('shown', {survey_id: surveyId});
      // Once it is seen: sending makes nobody wait.
      kit.after(0, save);
    },
    complain: () => current && complain('required', current),
    values,
    close,
    end,
    isTouched: () => isTouched || state !== 'shown',
    /** @param {string} to a language that is whole in `speeches` @param {Content['texts']} speeches */
    speak: (to, speeches) => {
      if (to === language || !current) return;
      keep();
      content = {...content, texts: speeches};
      language = to;
      frame.speak(to);
      draw();
    },
  };
}
