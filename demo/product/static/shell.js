/** What stands around every page: the banner, the menu, the switches, the log, the toasts. */

import {el, svg} from './dom.js';
import {LANGUAGES, ROLES} from './texts.js';

const PAGES = ['dashboard', 'reports', 'invoices', 'customers', 'reconcile', 'team', 'settings'];
const KEPT_NOTES = 30;
const TOAST_MS = 3500;

/**
 * @param {{person: any, signIn: () => Promise<void>, becomeNew: () => Promise<void>, askNow: () => void,
 *   speak: (language: string) => Promise<void>, go: (path: string) => void}} app
 */
export function shell({person, signIn, becomeNew, askNow, speak, go}) {
  const notes = el('ol', {class: 'notes'});
  const toasts = el('div', {class: 'toast', role: 'status', hidden: true});
  const main = el('main', {id: 'main', tabindex: -1});
  const side = el('aside', {class: 'side', 'aria-label': 'Tallybrook'});
  const banner = el('header', {class: 'banner'});
  const skip = el('a', {class: 'skip', href: '#main'});
  document.body.append(skip, banner, el('div', {class: 'frame'}, side, main), toasts);

  // Links within the product change the page without loading it.
  document.addEventListener('click', (event) => {
    const link = /** @type {Element} */ (event.target).closest('a[href^="/"]');
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go(link.getAttribute('href'));
  });

  const choice = (id, label, options, chosen, act) =>
    el('label', {class: 'choice', for: id}, label,
      el('select', {id, onchange: (event) => act(event.target.value)},
        ...options.map(([value, text]) => el('option', {value, selected: value === chosen}, text))));

  const menu = (t) =>
    el('nav', {'aria-label': t('menu')},
      ...PAGES.map((page) =>
        el('a', {href: `/${page}`, 'aria-current': location.pathname.startsWith(`/${page}`) ? 'page' : null}, t(page))));

  const account = (t) =>
    el('section', {class: 'account', 'aria-label': t('signed_in')},
      el('p', {class: 'who'}, `${t('signed_in')} `, el('b', {id: 'user'}, person.user || '…')),
      choice('role', t('role'), ROLES.map((role) => [role, t(role)]), person.role, (role) => {
        person.role = role;
        return signIn();
      }),
      choice('language', t('language'), Object.entries(LANGUAGES), person.language, speak),
      el('button', {type: 'button', class: 'button main', id: 'ask-now', onclick: askNow}, t('ask_now')),
      el('button', {type: 'button', class: 'button', id: 'new-person', onclick: becomeNew}, t('new_person')));

  let isOpen = matchMedia('(min-width: 60rem)').matches;
  const log = (t) =>
    el('details', {class: 'log', open: isOpen, ontoggle: (event) => (isOpen = event.target.open)},
      el('summary', {}, t('sent')),
      el('p', {class: 'hint'}, t('sent_hint')),
      notes,
      el('a', {href: `${document.documentElement.dataset.zeroten}/`, target: '_blank', rel: 'noopener'}, t('results')));

  let hiding = 0;
  return {
    draw: ({t}, title, nodes) => {
      banner.textContent = t('banner');
      skip.textContent = t('main');
      const focused = document.activeElement?.id;
      side.replaceChildren(
        el('a', {class: 'brand', href: '/dashboard'}, mark(), el('span', {}, 'Tallybrook'), el('span', {class: 'demo'}, 'demo')),
        menu(t), account(t), log(t));
      main.replaceChildren(el('h1', {tabindex: -1}, title), ...nodes);
      // Drawn anew, a switch just used must not lose the keyboard.
      if (focused) document.getElementById(focused)?.focus();
    },
    focusTitle: () => {
      scrollTo(0, 0);
      main.querySelector('h1')?.focus({preventScroll: true});
    },
    note: (from, what, detail) => {
      notes.prepend(el('li', {}, el('span', {class: `from ${from}`}, from), ` ${what} `, el('b', {}, `${detail}`)));
      while (notes.children.length > KEPT_NOTES) notes.lastChild?.remove();
    },
    toast: (text) => {
      toasts.textContent = text;
      toasts.hidden = false;
      clearTimeout(hiding);
      hiding = setTimeout(() => (toasts.hidden = true), TOAST_MS);
    },
  };
}

/** Four strokes and one across: a tally. */
const mark = () =>
  svg('svg', {viewBox: '0 0 32 32', width: 28, height: 28, 'aria-hidden': 'true', class: 'mark'},
    svg('rect', {width: 32, height: 32, rx: 8}),
    svg('path', {d: 'M9 8v16M14 8v16M19 8v16M24 8v16M5 21 28 11'}));
