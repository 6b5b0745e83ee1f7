/**
 * The panel's place in the page: one plain element with a shadow root, in the top layer, that comes back
 * with all it holds when the page throws it out, and never takes or leaves a focus it was not given.
 */

import {direction} from '../core/direction.js';
import {button, el} from './dom.js';
import {sheetText} from './styles.js';

const MAX_RETURNS = 5;
/** After this long the panel takes clicks and says that it is there. */
const ARM_MS = 250;

/**
 * @param {import('../types').Kit} kit
 * @param {{theme: import('../types').Theme, css?: string, language: string, isDialog: boolean, into?: Element | null, label: string, onClose: () => void, onLost: () => void}} options
 */
export function createFrame(kit, {theme, css, language, isDialog, into, label, onClose, onLost}) {
  const isInline = theme.layout === 'inline' && into;
  let position = /^(top|bottom)-(left|right)$/.test(theme.position || '') ? /** @type {string} */ (theme.position) : 'bottom-right';

  const host = document.createElement('zeroten-survey');
  const shadow = host.attachShadow({mode: 'open'});
  const sheet = new CSSStyleSheet();
  const draw = () => sheet.replaceSync(sheetText(theme, position, css));

  const status = el('div', {role: 'status', class: 'v'});
  const body = el('div');
  // The last to be read and reached, though seen in the corner; it stays while questions change.
  const close = button('', kit.guard(onClose), {class: 'x', 'aria-label': label});
  const root = el('section', {class: 'p w', 'aria-labelledby': 'h', role: isDialog ? 'dialog' : null}, body, close, status);
  /** @type {Element | null} */
  let outside = null;
  const hasFocus = () => !!shadow.activeElement;

  /** @param {string} to */
  const speak = (to) => {
    root.setAttribute('lang', to);
    root.setAttribute('dir', direction(to));
  };
  speak(language);

  // With focus in here, keys are ours: a host's one-letter shortcuts must not fire while someone types.
  for (const name of ['keydown', 'keypress', 'keyup']) {
    shadow.addEventListener(name, kit.guard((/** @type {any} */ event) => {
      event.stopPropagation();
      if (name === 'keydown' && event.key === 'Escape' && !event.isComposing) onClose();
    }));
  }
  host.addEventListener('focusin', kit.guard((event) => {
    root.classList.remove('c');
    if (event.relatedTarget instanceof Element && event.relatedTarget !== host) outside = event.relatedTarget;
  }));

  /** Whether what the page has focused lies wholly under the panel. */
  const isHiding = () => {
    const focused = document.activeElement;
    // What has a place of its own, in the page or over all of it, has nowhere to go.
    if (/:host/.test(`${css}`) || !focused || focused === host || focused === document.body) return false;
    const [it, we] = [focused.getBoundingClientRect(), host.getBoundingClientRect()];
    return it.width && it.left >= we.left && it.right <= we.right && it.top >= we.top && it.bottom <= we.bottom;
  };
  // A control of the page that takes focus underneath must not stay hidden (WCAG 2.4.11): the panel goes to the
  // other edge, and where it hides the control there too, only its first line stays, until somebody comes to it.
  const onFocus = kit.guard(() => {
    if (!isHiding()) return;
    position = position.replace(/^\w+/, (edge) => (edge === 'top' ? 'bottom' : 'top'));
    draw();
    if (isHiding()) root.classList.add('c');
  });

  const attach = () => {
    (isInline && into.isConnected ? into : document.body).append(host);
    if (!isInline) {
      host.setAttribute('popover', 'manual');
      host.showPopover?.();
    }
  };

  let returns = 0;
  const observer = new MutationObserver(kit.guard(() => {
    if (host.isConnected || !document.body) return;
    if (++returns > MAX_RETURNS) return onLost();
    attach();
    watch();
  }));
  const watch = () => {
    observer.disconnect();
    for (const node of [document, document.documentElement, host.parentNode]) if (node) observer.observe(node, {childList: true});
  };

  /** A transform on body misplaces fixed boxes where the top layer does not cure it: in WebKit (Apple's, as its vendor says; WebKitGTK 2.50), and where there is none. */
  const straighten = () => {
    const {top, left, bottom, right} = host.getBoundingClientRect();
    if (top >= 0 && left >= 0 && bottom <= innerHeight + 1 && right <= innerWidth + 1) return;
    document.documentElement.append(host);
    host.showPopover?.();
    watch();
  };

  return {
    root,
    body,
    hasFocus,
    speak,
    /** @param {string} opened what to say of it, where nobody asked for it */
    show: (opened) => {
      if (isDialog) outside = document.activeElement;
      attach();
      watch();
      // Only now: on becoming a popover it is styled at once, and all that is in it.
      draw();
      shadow.adoptedStyleSheets = [sheet];
      shadow.append(root);
      document.addEventListener('focusin', onFocus);
      // Who opened it by hand comes along.
      if (!isDialog) onFocus();
      kit.after(ARM_MS, () => {
        // First, while it is laid out: to ask after a change lays the page out in between.
        if (!isInline && (!host.showPopover || navigator.vendor?.[0] === 'A')) straighten();
        // A click already on its way was meant for the page: it went through to it.
        root.classList.remove('w');
        // Whoever was quicker has heard something newer.
        status.textContent ||= opened;
      });
    },
    /** @param {string} text */
    say: (text) => void (status.textContent = text),
    destroy: () => {
      observer.disconnect();
      document.removeEventListener('focusin', onFocus);
      const mayReturn = hasFocus() && outside instanceof HTMLElement && outside.isConnected;
      host.remove();
      if (mayReturn) /** @type {HTMLElement} */ (outside).focus({preventScroll: true});
    },
  };
}
