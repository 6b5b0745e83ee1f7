/** A question answered in words. */

import {el} from './dom.js';

/**
 * @typedef {{nodes: Node[], value: () => unknown, focus: () => void, destroy: () => void}} Asked
 * @typedef {{value: unknown, onCommit: (value: unknown, how: string) => void}} Options
 */

/**
 * @param {import('../types').Kit} kit @param {import('../types').QuestionTexts} texts @param {Options} options
 * @returns {Asked}
 */
export function textQuestion(kit, texts, {value, onCommit}) {
  const area = el('textarea', {rows: 3, dir: 'auto', maxlength: 4000, 'aria-labelledby': 'h', 'aria-describedby': 'e', placeholder: texts.placeholder});
  area.value = typeof value === 'string' ? value : '';
  const read = () => area.value.trim();
  area.addEventListener('keydown', kit.guard((event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    onCommit(read(), 'key');
  }));
  return {nodes: [area], value: read, focus: () => area.focus({preventScroll: true}), destroy: () => {}};
}
