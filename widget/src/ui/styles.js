/**
 * The one sheet of the panel, adopted by its shadow root: works under `style-src 'none'`.
 * `:host` rules carry !important: inside a shadow sheet they beat the page's own !important.
 * Sizes are em of one base in px: the root size of a page says nothing about its text.
 */

import {SURFACES, accents} from './theme.js';

const COLOURS = {
  light: {text: '#16181d', muted: '#5a606b', border: '#868c98', soft: '#f2f3f6', line: '#e4e6eb', error: '#b3261e'},
  dark: {text: '#f0f1f4', muted: '#a6adb9', border: '#7b8290', soft: '#282b32', line: '#363a43', error: '#ff9c92'},
};

/** @param {import('../types').Theme} theme @param {'light' | 'dark'} mode */
function colours(theme, mode) {
  const {accent, text} = accents(theme, mode);
  const own = COLOURS[mode];
  return `.p{color-scheme:${mode};--a:var(--zt-accent,${accent});--at:var(--zt-accent-text,${text});--s:var(--zt-surface,${SURFACES[mode]});--t:var(--zt-text,${own.text});--m:var(--zt-muted,${own.muted});--b:var(--zt-border,${own.border});--f:var(--zt-focus,var(--a));--k:${own.soft};--l:${own.line};--e:${own.error}}`;
}

/** @param {string} position @param {string} layout */
function placement(position, layout) {
  if (layout === 'inline') return ':host{position:static!important;max-width:40em!important}';
  if (layout === 'full') {
    return ':host{position:fixed!important;inset:0!important;z-index:2147483647!important}.p{position:absolute;inset:0;max-height:none;border:0;border-radius:0;box-shadow:none;display:grid;place-content:center;grid-template-columns:minmax(0,36em);font-size:calc(17px*var(--zt-scale,1))}';
  }
  const [edge, side] = position.split('-');
  const inset = 'var(--zt-inset,16px)';
  return (
    `:host{position:fixed!important;${edge}:${inset}!important;${side}:${inset}!important;width:calc(392px*var(--zt-scale,1))!important;max-width:calc(100vw - 2*${inset})!important;z-index:2147483647!important}` +
    '@media (max-width:480px){:host{left:0!important;right:0!important;width:auto!important;max-width:none!important;' +
    `${edge}:0!important}.p{border-radius:var(--r) var(--r) 0 0;padding-bottom:calc(1.1em + env(safe-area-inset-bottom))}}`
  );
}

const BASE = `
:host{all:initial!important;display:block!important;overflow:visible!important;color-scheme:inherit}
.p,.p :where(:not(path)){all:unset;box-sizing:border-box}
.p{--r:calc(var(--zt-radius,14px));direction:inherit;display:block;position:relative;max-height:calc(100dvh - 2rem);max-height:calc(100dvh - 32px);overflow:auto;overscroll-behavior:contain;padding:1.25em 1.25em 1.1em;background:var(--s);color:var(--t);border:1px solid var(--l);border-radius:var(--r);box-shadow:0 1px 2px #0000000f,0 12px 40px -8px #00000038;font:400 calc(15px*var(--zt-scale,1))/1.45 var(--zt-font,system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif);overflow-wrap:anywhere;text-align:start;-webkit-font-smoothing:antialiased;animation:zt-in .18s ease-out}
@keyframes zt-in{from{opacity:0;transform:translateY(8px)}}
.new{pointer-events:none}
.top,.h,.e,.n,.x,.end,fieldset,div,p,form{display:block}
.top{display:flex;align-items:center;gap:.35em;float:inline-end;margin:-.55em;margin-inline-start:.5em;position:relative;z-index:1}
.h{font-size:1.1em;font-weight:620;line-height:1.35;letter-spacing:-.011em;text-wrap:balance;border-radius:4px}
.ic{display:grid;place-content:center;width:2.15em;height:2.15em;min-width:24px;min-height:24px;border-radius:8px;color:var(--m);cursor:pointer}
.ic:hover{background:var(--k);color:var(--t)}
.i{display:block;width:1.25em;height:1.25em;fill:none;stroke:currentColor;stroke-width:1.9;stroke-linecap:round;stroke-linejoin:round}
.f{fill:currentColor;stroke:none}
[dir=rtl] .fl{transform:scaleX(-1)}
.v{position:absolute!important;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.g{display:grid;grid-auto-flow:column;grid-auto-columns:minmax(0,1fr);gap:4px;margin-top:1.1em}
.c{position:relative;display:grid;place-content:center;height:2.7em;min-height:36px;border:1px solid var(--b);border-radius:8px;font-variant-numeric:tabular-nums;font-size:.96em;text-align:center;cursor:pointer;transition:background-color .12s,border-color .12s}
.c input,.o input{position:absolute;inset:-1px;border-radius:8px;cursor:pointer;appearance:none}
.c:hover{border-color:var(--a);background:color-mix(in srgb,var(--a) 9%,var(--s))}
.c.on{background:var(--a);border-color:var(--a);color:var(--at);font-weight:700}
.d .c{border-color:#0000;color:var(--b);height:3em}
.d .c:hover{background:var(--k);color:var(--a)}
.d .c.on{background:#0000;border-color:#0000;color:var(--a)}
.d .i{width:2em;height:2em;stroke-width:1.6}
.d .on .st{fill:currentColor}
.d .c.pk{background:color-mix(in srgb,var(--a) 14%,var(--s));border-color:var(--a)}
.ends{display:flex;justify-content:space-between;gap:1.5em;margin-top:.5em;font-size:.84em;color:var(--m)}
.ends span:last-child{text-align:end}
.p :focus-visible{outline:2px solid var(--f);outline-offset:2px}
.h:focus-visible{outline-offset:4px}
.op{display:grid;gap:6px;margin-top:1em}
.o{position:relative;display:flex;align-items:center;gap:.7em;padding:.55em .8em;min-height:40px;border:1px solid var(--b);border-radius:8px;cursor:pointer}
.o:hover{border-color:var(--a);background:color-mix(in srgb,var(--a) 7%,var(--s))}
.o.on{border-color:var(--a);box-shadow:inset 0 0 0 1px var(--a);background:color-mix(in srgb,var(--a) 9%,var(--s));font-weight:560}
.k{display:grid;place-content:center;flex:none;width:1.2em;height:1.2em;border:1.5px solid var(--b);border-radius:50%}
.k.q{border-radius:4px}
.k .i{width:.95em;height:.95em;stroke-width:3.4;opacity:0}
.on .k{background:var(--a);border-color:var(--a);color:var(--at)}
.on .k .i{opacity:1}
textarea.ta{display:block;width:100%;min-height:5.4em;max-height:40vh;margin-top:.9em;padding:.65em .8em;border:1px solid var(--b);border-radius:8px;background:var(--s);white-space:pre-wrap;resize:vertical;cursor:text;field-sizing:content}
.ta::placeholder{color:var(--m);opacity:1}
.p .ta:focus-visible{outline-offset:-1px}
.e{margin-top:.6em;color:var(--e);font-size:.92em;font-weight:560}
.n{display:flex;align-items:center;gap:.5em;margin-top:1em}
.n:empty{display:none}
.s{flex:1}
.bt,.pr{display:inline-grid;place-content:center;min-height:2.5em;padding:.35em 1.1em;border-radius:8px;font-weight:600;cursor:pointer;text-align:center}
.pr{background:var(--a);color:var(--at)}
.pr:hover{background:color-mix(in srgb,var(--a) 88%,var(--t))}
.bt{padding-inline:.7em;margin-inline-start:-.7em;color:var(--m);font-weight:500;font-size:.92em}
.bt:hover{color:var(--t);background:var(--k)}
.bar{display:flex;gap:4px;margin:0 0 .95em;padding-inline-end:4.6em;padding-top:.1em}
.bar span{flex:1;max-width:2.4em;height:4px;border-radius:2px;background:var(--l)}
.bar .on{background:var(--a)}
.end{padding:.6em 0 .5em;text-align:center}
.ok{display:grid;place-content:center;width:2.9em;height:2.9em;margin:0 auto .8em;border-radius:50%;background:color-mix(in srgb,var(--a) 13%,var(--s));color:var(--a)}
.ok .i{width:1.5em;height:1.5em;stroke-width:2.3}
.end .pr{margin-top:1.1em}
.lg{display:block;height:1.7em;margin-bottom:.8em;color:var(--a)}
.lg .i{width:1.7em;height:1.7em}
[hidden]{display:none!important}
@media (pointer:coarse){.c,.o,.bt,.pr{min-height:44px}.ic{width:44px;height:44px}.top{margin:-.9em;margin-inline-start:.3em}}
@media (max-width:360px){.g{gap:2px}.p{padding-inline:15px}}
@media (prefers-reduced-motion:reduce){.p,.p *{animation:none;transition:none}}
@media (prefers-contrast:more){.p,.c,.o,.ta,.k{border-width:2px;border-color:var(--t)}}
@media (forced-colors:active){.p,.c,.o,.ta,.pr,.bt,.ic{border:1px solid ButtonBorder}.c.on,.o.on{border:3px solid Highlight;forced-color-adjust:none;background:Highlight;color:HighlightText}.d .c.on{background:Canvas;color:Highlight}.k{border-color:ButtonText}.p :focus-visible{outline:2px solid Highlight}.bar .on{background:Highlight}.bar span{background:GrayText}}
`;

/** @param {import('../types').Theme} theme @param {string} position */
export function sheetText(theme, position) {
  const {mode = 'auto', layout = 'corner', radius} = theme;
  const own = Number.isInteger(radius) ? `.p{--r:var(--zt-radius,${radius}px)}` : '';
  const dark = colours(theme, 'dark');
  const looks = mode === 'dark' ? dark : colours(theme, 'light') + (mode === 'auto' ? `@media (prefers-color-scheme:dark){${dark}}` : '');
  return BASE + own + looks + placement(position, layout);
}
