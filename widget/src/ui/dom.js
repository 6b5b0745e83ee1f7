/** Elements without markup: only nodes, attributes and text, so nothing from a server can become code. */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {Record<string, string | number | null | undefined>} [attributes] null and undefined are left out
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export const el = (tag, attributes, ...children) => dress(document.createElement(tag), attributes, children);

/**
 * @template {Element} N
 * @param {N} node @param {Record<string, string | number | null | undefined>} [attributes] @param {(Node | string)[]} [children]
 */
function dress(node, attributes = {}, children = []) {
  for (const name of Object.keys(attributes)) if (attributes[name] != null) node.setAttribute(name, `${attributes[name]}`);
  node.append(...children);
  return node;
}

/** @param {string | Node} shown @param {(event: any) => void} act @param {Record<string, string | undefined>} [attributes] */
export function button(shown, act, attributes) {
  const node = el('button', {type: 'button', ...attributes}, shown);
  node.addEventListener('click', act);
  return node;
}

/** A drawing of strokes in a square, hidden from assistive technology. @param {string} path @param {number} [size] side of the square */
export const icon = (path, size = 24) => shape('svg', {viewBox: `0 0 ${size} ${size}`, 'aria-hidden': 'true'}, shape('path', {d: path}));

/** @param {string} tag @param {Record<string, string>} attributes @param {...Node} children */
const shape = (tag, attributes, ...children) => dress(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);

export const DONE = 'M5 12.5 10 17.5 19 7';
