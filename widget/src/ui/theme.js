/** Colours that can be read, whatever accent was chosen. Formulas: WCAG 2.2, "contrast ratio". */

const MIN_CONTRAST = 4.5;
export const SURFACES = {light: '#ffffff', dark: '#1b1d22'};
const ACCENTS = {light: '#2f5bea', dark: '#8fb0ff'};

/**
 * Accent and its text for one mode. An accent too near to the surface moves towards black or white.
 * @param {import('../types').Theme} theme @param {'light' | 'dark'} mode
 */
export function accents(theme, mode) {
  const wanted = (mode === 'dark' && theme.accent_dark) || theme.accent || ACCENTS[mode];
  let accent = /^#[0-9a-f]{6}$/i.test(wanted) ? wanted : ACCENTS[mode];
  if (accent === ACCENTS.light) accent = ACCENTS[mode];
  const end = mode === 'dark' ? 255 : 0;
  while (contrast(accent, SURFACES[mode]) < MIN_CONTRAST) accent = towards(accent, end);
  return {accent, text: contrast(accent, '#ffffff') >= MIN_CONTRAST ? '#ffffff' : '#000000'};
}

/** @param {string} one @param {string} other */
function contrast(one, other) {
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

/** @param {string} colour */
function luminance(colour) {
  const [red, green, blue] = parts(colour).map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** One step of a tenth of the way. @param {string} colour @param {number} end 0 or 255 */
const towards = (colour, end) =>
  `#${parts(colour)
    .map((part) => (end ? Math.ceil(part + (end - part) / 10) : Math.floor(part * 0.9)).toString(16).padStart(2, '0'))
    .join('')}`;

/** @param {string} colour */
const parts = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
