/**
 * The scale as one group of native radio buttons. A pointer, a finger or a screen reader's click commits at
 * once; arrows, Space and digits only choose (WCAG 3.2.2): native radios fire `click` on arrow keys, so the
 * keyboard is told apart by the key event just before.
 */

import {scale} from '../core/flow.js';
import {el} from './dom.js';

const KEY_TO_CLICK_MS = 60;
const TEN_MS = 800;
const REST_MS = 1000;
const OWN_DIGITS = /^(ar|bn|fa|mr|my|ne|ps|ur)\b/i;

/**
 * @param {import('../types').Kit} kit @param {import('../types').Question} question
 * @param {import('../types').QuestionTexts} texts
 * @param {{value: unknown, language: string, onCommit: (value: number, how: string) => void, onChoose: (value: number) => void, onRest: (value: number) => void, more?: import('../types').Drawn | null}} options
 */
export function scaleQuestion(kit, question, texts, {value, language, onCommit, onChoose, onRest, more}) {
  const [low, high] = /** @type {[number, number]} */ (scale(question));
  const style = (more && question.kind !== 'nps' && question.style) || 'numbers';
  // Loading Intl takes milliseconds that only languages with digits of their own need.
  const digits = OWN_DIGITS.test(language) ? new Intl.NumberFormat(language) : null;
  let keyAt = -Infinity;
  let tensAt = -Infinity;
  let pointer = 'mouse';
  let cancelRest = () => {};

  const cells = Array.from({length: high - low + 1}, (_, at) => cell(low + at));

  /** @param {number} one */
  function cell(one) {
    const input = el('input', {type: 'radio', name: 'v', value: one});
    const label = one === low ? texts.low : one === high ? texts.high : '';
    const shown = digits ? digits.format(one) : `${one}`;
    const drawing = more && style !== 'numbers' && more.drawing(style, (one - low) / (high - low));
    const box = el('label', {}, input, drawing || el('span', {}, shown));
    if (drawing || label) box.append(el('span', {class: 'v'}, (drawing ? shown : '') + (label ? `, ${label}` : '')));
    input.checked = one === value;
    return {one, input, box};
  }

  /** @param {number} one */
  const choose = (one) => {
    onChoose(one);
    cancelRest();
    cancelRest = kit.after(REST_MS, () => onRest(one));
  };

  const chosen = () => cells.find(({input}) => input.checked);

  const draw = () => {
    const now = chosen();
    for (const {one, input, box} of cells) {
      box.classList.toggle('on', style === 'stars' ? !!now && one <= now.one : input.checked);
    }
  };
  if (value != null) draw();

  const group = el('div', {class: style === 'stars' ? 'g f s' : style === 'faces' ? 'g f' : 'g', role: 'radiogroup', 'aria-labelledby': 'h', 'aria-describedby': 'e'}, ...cells.map(({box}) => box));
  group.addEventListener('click', kit.guard((event) => {
    const clicked = cells.find(({input}) => input === event.target);
    if (!clicked) return;
    draw();
    cancelRest();
    if (event.timeStamp - keyAt > KEY_TO_CLICK_MS) return onCommit(clicked.one, pointer);
    choose(clicked.one);
  }));
  group.addEventListener('pointerdown', (event) => void (pointer = event.pointerType || 'mouse'));
  group.addEventListener('keyup', (event) => void (keyAt = event.timeStamp));
  group.addEventListener('keydown', kit.guard((event) => {
    keyAt = event.timeStamp;
    if (event.key === 'Enter') {
      const now = chosen();
      cancelRest();
      if (now) onCommit(now.one, 'key');
      return event.preventDefault();
    }
    if (!/^\d$/.test(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    const isTen = event.key === '0' && event.timeStamp - tensAt < TEN_MS;
    tensAt = event.key === '1' ? event.timeStamp : -Infinity;
    const target = cells.find(({one}) => one === (isTen ? 10 : Number(event.key)));
    if (!target) return;
    target.input.checked = true;
    target.input.focus({preventScroll: true});
    draw();
    choose(target.one);
  }));

  const ends = el('div', {class: 'j', 'aria-hidden': 'true'}, el('span', {}, texts.low || ''), el('span', {}, texts.high || ''));
  return {
    nodes: texts.low || texts.high ? [group, ends] : [group],
    value: () => chosen()?.one,
    focus: () => (chosen() || cells[0]).input.focus({preventScroll: true}),
    destroy: () => cancelRest(),
  };
}
