/** Elements without markup: only nodes, attributes and text, so nothing from a server can become code. */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {Record<string, string | number | null | undefined>} [attributes] null and undefined are left out
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
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
