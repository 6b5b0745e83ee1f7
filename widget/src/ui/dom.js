/** Elements without markup: only nodes, attributes and text, so nothing from a server can become code. */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {Record<string, string | number | boolean | null | undefined>} [attributes] false, null and undefined are left out
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const name of Object.keys(attributes)) {
    const value = attributes[name];
    if (value !== false && value != null) node.setAttribute(name, value === true ? '' : `${value}`);
  }
  node.append(...children);
  return node;
}

/** @param {string} text @param {string} kind class @param {(event: any) => void} act */
export function button(text, kind, act) {
  const node = el('button', {type: 'button', class: kind}, text);
  node.addEventListener('click', act);
  return node;
}

/** A drawing of strokes in a 24 by 24 square, hidden from assistive technology. @param {string} path @param {number} [size] @param {boolean} [isFilled] */
export function icon(path, size = 24, isFilled = false) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', `0 0 ${size} ${size}`);
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', isFilled ? 'i f' : 'i');
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}

export const ICONS = {
  close: 'M6 6 18 18M18 6 6 18',
  back: 'M15 5 8 12 15 19',
  done: 'M5 12.5 10 17.5 19 7',
  star: 'M12 3.2 14.7 8.9 20.9 9.7 16.3 14 17.5 20.2 12 17.2 6.5 20.2 7.7 14 3.1 9.7 9.3 8.9Z',
};

/** Five faces from unhappy to happy: one circle, two eyes, and a mouth that bends. @param {number} at 0 to 4 */
export const face = (at) =>
  `M12 3A9 9 0 1 0 12 21 9 9 0 1 0 12 3M9 9.5V10M15 9.5V10M8 ${16.5 - at}Q12 ${12.5 + at * 1.5} 16 ${16.5 - at}`;
