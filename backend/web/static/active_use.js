/** Drawing a frame in the plot fills the fields below it; they work alone, too. */

const DAYS = 30;
const BANDS = ['detractor', 'passive', 'promoter'];
const form = document.getElementById('pick');
const svgs = [...document.querySelectorAll('svg.scatter')];
const told = document.getElementById('picked');

const boxes = () => [...form.querySelectorAll('[name=band]')];
const marks = () => [...(svgs.find((svg) => svg.checkVisibility?.() ?? true)?.querySelectorAll('circle') ?? [])];

/** Say how many answers the fields mean; once somebody has chosen, let the others fade. */
const show = (fades) => {
  const [low, high] = [+form.elements.days_from.value, +form.elements.days_to.value].sort((a, b) => a - b);
  const chosen = boxes().filter((box) => box.checked).map((box) => box.value);
  const bands = chosen.length ? chosen : BANDS;
  const isIn = (mark) => low <= +mark.dataset.days && +mark.dataset.days <= high && bands.some((band) => mark.classList.contains(band));
  if (fades) for (const svg of svgs) for (const mark of svg.querySelectorAll('circle')) mark.classList.toggle('out', !isIn(mark));
  const n = marks().filter(isIn).reduce((sum, mark) => sum + +mark.dataset.n, 0);
  told.textContent = `${n.toLocaleString('en')} answers`;
};

/** Let a frame be drawn in one plot. */
const brush = (svg) => {
  const frame = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  frame.setAttribute('class', 'frame');
  let from = null;
  const place = (event) => new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  const within = (mark, a, b) => {
    const [x, y] = [+mark.getAttribute('cx'), +mark.getAttribute('cy')];
    return Math.min(a.x, b.x) <= x && x <= Math.max(a.x, b.x) && Math.min(a.y, b.y) <= y && y <= Math.max(a.y, b.y);
  };
  /** Fill the fields with what lies between the two points, already while the frame is drawn. */
  const pick = (to) => {
    const found = [...svg.querySelectorAll('circle')].filter((mark) => within(mark, from, to));
    if (!found.length) return;
    const days = found.map((mark) => +mark.dataset.days);
    form.elements.days_from.value = Math.min(...days);
    form.elements.days_to.value = Math.min(DAYS, Math.max(...days));
    for (const box of boxes()) box.checked = found.some((mark) => mark.classList.contains(box.value));
    show(true);
  };
  svg.addEventListener('pointerdown', (event) => {
    if (event.pointerType === 'touch') return;
    from = place(event);
    svg.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  svg.addEventListener('pointermove', (event) => {
    if (!from) return;
    const to = place(event);
    frame.setAttribute('x', Math.min(from.x, to.x));
    frame.setAttribute('y', Math.min(from.y, to.y));
    frame.setAttribute('width', Math.abs(to.x - from.x));
    frame.setAttribute('height', Math.abs(to.y - from.y));
    if (!frame.isConnected) svg.append(frame);
    pick(to);
  });
  svg.addEventListener('pointerup', (event) => {
    if (!from) return;
    pick(place(event));
    from = null;
    frame.remove();
  });
};

if (form) {
  form.addEventListener('input', () => show(true));
  svgs.forEach(brush);
  show(false);
}
