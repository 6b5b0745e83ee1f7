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

/** @param {string | Node} shown @param {(event: any) => void} act @param {Record<string, string>} [attributes] */
export function button(shown, act, attributes) {
  const node = el('button', {type: 'button', ...attributes}, shown);
  node.addEventListener('click', act);
  return node;
}

/** A drawing of strokes in a square, hidden from assistive technology. @param {string} path @param {number} [size] side of the square */
export function icon(path, size = 24) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', `0 0 ${size} ${size}`);
  svg.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}

export const ICONS = {
  close: 'M6 6 18 18M18 6 6 18',
  back: 'M15 5 8 12 15 19',
  done: 'M5 12.5 10 17.5 19 7',
};
