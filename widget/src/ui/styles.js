/**
 * The one sheet of the panel, adopted by its shadow root: works under `style-src 'none'`.
 * `:host` rules carry !important: inside a shadow sheet they beat the page's own !important.
 * Sizes are em of one base in px: the root size of a page says nothing about its text.
 *
 * Variables: s surface, t text, m muted, b border, a accent, o text on the accent, l lines and hover, e errors.
 */

const LIGHT =
  'color-scheme:light;--s:var(--zt-surface,#fff);--t:var(--zt-text,#16181d);--m:var(--zt-muted,#5a606b);--b:var(--zt-border,#868c98);--l:#eceef2;--e:#b3261e;';
const DARK =
  'color-scheme:dark;--s:var(--zt-surface,#1b1d22);--t:var(--zt-text,#f0f1f4);--m:var(--zt-muted,#a6adb9);--b:var(--zt-border,#7b8290);--l:#31353d;--e:#ff9c92;';

const BASE = `
:host{all:initial!important;display:block!important}
*{box-sizing:border-box;margin:0;padding:0;border:0 solid;font:inherit;color:inherit;background:none;appearance:none;text-decoration:none}
.p{position:relative;max-height:calc(100dvh - 2rem);overflow:auto;overscroll-behavior:contain;padding:1.25em min(1.25em,4.6vw);background:var(--s);color:var(--t);border:1px solid var(--l);border-radius:var(--r);box-shadow:0 8px 36px #0004;font:calc(15px*var(--zt-scale,1))/1.45 var(--zt-font,system-ui,sans-serif);overflow-wrap:anywhere;animation:i .2s}
.c{max-height:2.8em;overflow:hidden}
@keyframes i{0%{opacity:0;transform:translateY(8px)}}
.w{pointer-events:none}
[hidden]{display:none!important}
.v{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
h2{font-size:1.1em;font-weight:600;line-height:1.35}
button,a{cursor:pointer;border-radius:8px;padding:.5em .6em;min-height:36px}
button{color:var(--m)}
.x:before{content:'×'}
.p>div:before{content:'';float:inline-end;padding:.6em .8em}
.x{position:absolute;top:0;inset-inline-end:0;margin:.5em .2em;padding:.3em .6em;font-size:1.5em;line-height:1}
button:hover{background:var(--l)}
.y{background:var(--a)!important;color:var(--o);font-weight:600;padding:.5em 1.1em}
.g{display:grid;grid-auto-flow:column;grid-auto-columns:1fr;gap:min(4px,.6vw);margin-top:1.1em}
label{position:relative;display:grid;place-items:center;min-height:38px;border:1px solid var(--b);border-radius:8px;text-align:center}
label:hover{border-color:var(--a);background:var(--l)}
input{position:absolute;inset:-1px;border-radius:8px;cursor:pointer}
label :not(input){position:relative;pointer-events:none}
.on{background:var(--a);border-color:var(--a);color:var(--o);font-weight:700}
.j{display:flex;justify-content:space-between;gap:1.5em;margin-top:.5em;font-size:.85em;color:var(--m)}
.j :last-child{text-align:end}
textarea{display:block;width:100%;margin-top:1.1em;padding:.6em .8em;border:1px solid var(--b);border-radius:8px;}
::placeholder{color:var(--m);opacity:1}
:focus-visible{outline:2px solid var(--zt-focus,var(--a));outline-offset:2px}
p{color:var(--e);margin-top:1.1em;font-weight:600}
p:empty{display:none}
.n{display:flex}
.n button{margin-top:1em;margin-inline-start:auto}
.n .l{margin-inline:-.6em auto}
.z{padding-top:1em;text-align:center}
.z div{width:.9em;height:1.7em;margin:0 auto 1.1em;border:solid var(--a);border-width:0 .25em .25em 0;rotate:45deg}
.z a{display:inline-grid;place-items:center;margin-top:1.1em}
@media (pointer:coarse){label,button,a{min-height:44px;min-width:24px}.x{margin-top:.3em}}
@media (prefers-reduced-motion){.p{animation:none}}
@media (prefers-contrast:more){.p,label,textarea{border:2px solid}}
@media (forced-colors:active){button,a{border:1px solid}.on{border:3px solid Highlight}}
`;

/** @param {string} position */
function corner(position) {
  const [edge, side] = position.split('-');
  const inset = ':var(--zt-inset,16px)!important;';
  return `:host{position:fixed!important;z-index:2147483647!important;width:min(calc(392px*var(--zt-scale,1)),100vw - 32px)!important;${edge}${inset}${side}${inset}}@media (max-width:480px){:host{width:100%!important;${side}:0!important;${edge}:0!important}.p{border-radius:var(--r) var(--r) 0 0;padding-bottom:calc(1.25em + env(safe-area-inset-bottom))}}`;
}

/**
 * Accent colours of a mode; in the dark the accent is mixed with white until it reads: 4.5 on white gives at least 5 there.
 * @param {import('../types').Theme} theme @param {boolean} isDark
 */
function colours({accent = '#2f5bea', accent_dark: accentDark}, isDark) {
  const base = /^#[\da-f]{6}$/i.test(accent) ? accent : '#2f5bea';
  const own = isDark ? accentDark || `color-mix(in srgb,${base} 45%,#fff)` : base;
  return `.p{${isDark ? DARK : LIGHT}--a:var(--zt-accent,${own});--o:var(--zt-accent-text,${isDark || isPale(base) ? '#000' : '#fff'})}`;
}

/** Whether black reads better on it; weights of ITU-R BT.601. @param {string} colour */
const isPale = (colour) => [299, 587, 114].reduce((sum, weight, at) => sum + weight * parseInt(colour.slice(1 + 2 * at, 3 + 2 * at), 16), 0) > 150000;

/** @param {import('../types').Theme} theme @param {string} position @param {string} [more] rules of richer parts, with a place of their own or not */
export function sheetText(theme, position, more = '') {
  const {mode, radius = 14} = theme;
  const looks = mode === 'dark' ? '' : colours(theme, false);
  const dark = mode === 'light' ? '' : colours(theme, true);
  return `${BASE}${/:host/.test(more) ? '' : corner(position)}${more}.p{--r:var(--zt-radius,${Number(radius)}px)}${looks}${mode === 'dark' ? dark : `@media (prefers-color-scheme:dark){${dark}}`}`;
}
