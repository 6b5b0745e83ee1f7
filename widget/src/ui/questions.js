/** Questions answered in words or by options; the scale has a file of its own. */

import {ICONS, el, icon} from './dom.js';

/**
 * @typedef {{nodes: Node[], value: () => unknown, focus: () => void, destroy: () => void}} Asked
 * @typedef {{value: unknown, onCommit: (value: unknown, how: string) => void}} Options
 */

/**
 * @param {import('../types').Kit} kit @param {import('../types').QuestionTexts} texts @param {Options} options
 * @returns {Asked}
 */
export function textQuestion(kit, texts, {value, onCommit}) {
  const area = el('textarea', {class: 'ta', rows: 3, dir: 'auto', maxlength: 4000, 'aria-labelledby': 'h', 'aria-describedby': 'e', placeholder: texts.placeholder});
  area.value = typeof value === 'string' ? value : '';
  const read = () => area.value.trim();
  area.addEventListener('keydown', kit.guard((event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    onCommit(read(), 'key');
  }));
  return {nodes: [area], value: read, focus: () => area.focus({preventScroll: true}), destroy: () => {}};
}

/**
 * One option (`choice`) or several (`choices`).
 * @param {import('../types').Kit} kit @param {import('../types').Question} question
 * @param {import('../types').QuestionTexts} texts @param {Options} options
 * @returns {Asked}
 */
export function optionsQuestion(kit, question, texts, {value}) {
  const isMany = question.kind === 'choices';
  const given = Array.isArray(value) ? value : [value];
  const rows = (question.options || []).map((id) => {
    const input = el('input', {type: isMany ? 'checkbox' : 'radio', name: 'v', value: id});
    input.checked = given.includes(id);
    const mark = el('span', {class: isMany ? 'k q' : 'k'}, icon(ICONS.done));
    const box = el('label', {class: 'o'}, input, mark, el('span', {dir: 'auto'}, texts.options?.[id] || id));
    input.addEventListener('change', kit.guard(() => draw()));
    return {id, input, box};
  });
  const draw = () => {
    for (const {input, box} of rows) box.classList.toggle('on', input.checked);
  };
  draw();
  const checked = () => rows.filter(({input}) => input.checked).map(({id}) => id);
  const group = el('div', {class: 'op', role: isMany ? 'group' : 'radiogroup', 'aria-labelledby': 'h', 'aria-describedby': 'e'}, ...rows.map(({box}) => box));
  return {
    nodes: [group],
    value: () => (isMany ? checked() : checked()[0]),
    focus: () => (rows.find(({input}) => input.checked) || rows[0]).input.focus({preventScroll: true}),
    destroy: () => {},
  };
}
