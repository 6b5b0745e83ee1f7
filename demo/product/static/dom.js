/** Small builders of elements; texts only ever become text nodes. */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @param {string} tag @param {Record<string, any>} [attributes] `on…` take functions, null leaves out
 * @param {...(Node | string | null | undefined)} children
 */
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** As `el`, for drawings. @param {string} tag @param {Record<string, any>} [attributes] @param {...any} children */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : `${value}`);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** A money amount as the page's language writes it. @param {number} euros @param {string} language */
export const money = (euros, language) =>
  new Intl.NumberFormat(language, {style: 'currency', currency: 'EUR'}).format(euros);

/** A column chart with its numbers in words for who cannot see it. */
export function chart(values, labels, title) {
  const [width, height, gap] = [780, 170, 22];
  const step = width / values.length;
  const most = Math.max(...values);
  const columns = values.flatMap((value, at) => {
    const tall = Math.round((value / most) * (height - 30));
    const x = at * step + gap / 2;
    return [
      svg('rect', {x, y: height - 22 - tall, width: step - gap, height: tall, rx: 4, class: 'bar'}),
      svg('text', {x: x + (step - gap) / 2, y: height - 5, class: 'tick'}, labels[at]),
    ];
  });
  const words = `${title}: ${values.map((value, at) => `${labels[at]} ${value}`).join(', ')}`;
  return svg('svg', {viewBox: `0 0 ${width} ${height}`, class: 'chart', role: 'img', 'aria-label': words}, ...columns);
}
