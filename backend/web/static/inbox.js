/** Following comments up without leaving the list: by form, by key, and what the list holds. */

import {TOLD, get, send} from './fetched.js';

const KEYS_OFF = 'zeroten-keys-off';
/** What was to be saved while a form was on its way: the arguments of that `save`. */
const waiting = new WeakMap();
/** So many comments are put into the page between two frames. */
const AT_ONCE = 10;
const SAID = {new: 'New again', in_progress: 'In progress', closed: 'Closed'};
const heard = document.getElementById('heard');
const filters = document.getElementById('filters');
const list = () => document.getElementById('listed');
const comments = () => [...document.querySelectorAll('.comments > li')];
const current = () => document.activeElement?.closest?.('.comments > li');
const say = (text) => (heard.textContent = text);

/** What a form says beside its button; an empty text takes it away. */
function tell(form, text) {
  const place = form.querySelector('.told');
  place.textContent = text;
  place.classList.toggle('problem', text !== '');
}

/** The folded fields of comments that nobody has opened; see `fold`. */
const folded = new WeakMap();

/**
 * Make a fresh comment live. Its folded fields stay out of the page until they are wanted: browsers
 * look through every field of a page for what they might fill in, a tenth of a second for a list.
 */
function enlivened(item) {
  const [form, details] = [item.querySelector('form'), item.querySelector('details')];
  form.classList.add('live');
  if (details.open || folded.has(details)) return;
  const fields = new DocumentFragment();
  fields.append(...details.querySelectorAll('label'));
  folded.set(details, fields);
}

function unfold(details) {
  if (folded.has(details)) details.append(folded.get(details));
  folded.delete(details);
}

function field(form, name) {
  return form.elements[name] ?? folded.get(form.querySelector('details')).querySelector(`[name="${name}"]`);
}

const EDITED = ['status', 'assignee_id', 'tags', 'note', 'is_test'];
const valuesOf = (form) => Object.fromEntries(EDITED.map((name) => [name, field(form, name).value]));

/**
 * Send what stands in a form and put the answer in its place; what is entered meanwhile stays.
 * `isDone` closes tags and note: their own button saves, not a key or a select.
 */
async function save(form, text, isDone = false) {
  if (form.ariaBusy === 'true') return waiting.set(form, [text, isDone]);
  form.ariaBusy = 'true';
  const [item, sent] = [form.closest('li'), valuesOf(form)];
  const {told, part, status} = await send(form);
  form.ariaBusy = null;
  const next = waiting.get(form);
  waiting.delete(form);
  const fresh = part?.querySelector('li.comment');
  if (!fresh) return tell(form, told || `Not saved: ${part?.querySelector('main')?.textContent.trim() ?? status}`);
  const later = Object.entries(valuesOf(form)).filter(([name, value]) => value !== sent[name]);
  for (const [name, value] of later) fresh.querySelector(`[name="${name}"]`).value = value;
  const closes = isDone && !next && later.length === 0;
  replace(item, fresh, status !== 200 || (item.querySelector('details').open && !closes));
  if (status === 200) say(`${text}.`);
  if (next && status === 200) save(fresh.querySelector('form'), ...next);
}

/** The focus stays in the field one is in; after a key or a button it is on the comment. */
function replace(item, fresh, isOpen) {
  const old = document.activeElement;
  const [isIn, start, end] = [item.contains(old), old?.selectionStart, old?.selectionEnd];
  fresh.querySelector('details').open = isOpen;
  enlivened(fresh);
  item.replaceWith(fresh);
  if (!isIn) return;
  const same = old.name && fresh.querySelector(`[name="${old.name}"]`);
  if (!same || (!isOpen && !same.matches('.live > label > select'))) return fresh.focus();
  same.focus();
  same.setSelectionRange?.(start, end);
}

function setting(name, value, text) {
  return (item) => {
    const form = item.querySelector('form');
    unfold(form.querySelector('details'));
    form.elements[name].value = typeof value === 'function' ? value(form.elements[name].value) : value;
    save(form, text);
  };
}

function editing(name) {
  return (item) => {
    unfold(item.querySelector('details'));
    item.querySelector('details').open = true;
    item.querySelector(`[name="${name}"]`).focus();
  };
}

const me = () => list().dataset.me;
/** Keys for one comment: they act on it while it, or something in it, has the focus. */
const ON_ONE = {
  c: setting('status', 'closed', SAID.closed),
  p: setting('status', 'in_progress', SAID.in_progress),
  n: setting('status', 'new', SAID.new),
  a: setting('assignee_id', (now) => (now === me() ? '' : me()), 'Who follows it up is changed'),
  x: setting('is_test', (now) => String(now !== 'true'), 'Counted anew'),
  t: editing('tags'),
  m: editing('note'),
  o: (item) => item.querySelector('a').click(),
};

function go(step) {
  const all = comments();
  all[Math.max(0, Math.min(all.length - 1, all.indexOf(current()) + step))]?.focus();
}

function help() {
  const keys = document.querySelector('details.keys');
  keys.open = !keys.open;
  keys.querySelector('summary').focus();
}

const ANYWHERE = {
  j: () => go(1),
  k: () => go(-1),
  '/': () => filters.elements.q.focus(),
  '?': help,
};

/** Letters are keys only while nobody types; Escape leaves a field, Ctrl Enter saves its form. */
function onKey(event) {
  const isTyping = event.target.closest?.('input, select, textarea, [contenteditable]');
  if (event.key === 'Escape' && isTyping && current()) return current().focus();
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) return event.target.form?.requestSubmit();
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || localStorage.getItem(KEYS_OFF)) return;
  const item = current();
  const act = Object.hasOwn(ANYWHERE, event.key)
    ? ANYWHERE[event.key]
    : item && Object.hasOwn(ON_ONE, event.key) && (() => ON_ONE[event.key](item));
  if (!act) return;
  event.preventDefault();
  act();
}

const aFrame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));

/**
 * Show the list of another address in the place of this one, some comments at a time: what is
 * pressed meanwhile comes in between, where thirty at once would hold it up.
 */
async function show(address, isNew = true) {
  const page = await get(address);
  const fresh = page?.getElementById('listed');
  if (!fresh) return location.assign(address);
  const all = [...fresh.querySelectorAll('.comments > li')];
  const rest = all.slice(AT_ONCE);
  for (const item of rest) item.remove();
  await aFrame();
  list().replaceWith(fresh);
  for (const field of filters.elements) {
    const given = page.getElementById('filters').elements[field.name];
    if (field.name && given && field !== document.activeElement) field.value = given.value;
  }
  if (isNew) history.pushState(null, '', address);
  enliven();
  say(all.length === 1 ? '1 comment on this page' : `${all.length} comments on this page`);
  while (rest.length) {
    await aFrame();
    append(fresh, rest.splice(0, AT_ONCE));
  }
}

function append(listed, items) {
  items.forEach(enlivened);
  listed.querySelector('.comments').append(...items);
}

function enliven() {
  comments().forEach(enlivened);
  const withKeys = document.getElementById('with-keys');
  withKeys.checked = !localStorage.getItem(KEYS_OFF);
  withKeys.addEventListener('change', () =>
    withKeys.checked ? localStorage.removeItem(KEYS_OFF) : localStorage.setItem(KEYS_OFF, '1'),
  );
}

document.addEventListener('keydown', onKey);
document.addEventListener('submit', (event) => {
  const isTriage = event.target.matches('form.triage');
  if (!isTriage && event.target !== filters) return;
  event.preventDefault();
  if (isTriage) return save(event.target, 'Saved', true);
  show(`${filters.action}?${new URLSearchParams(new FormData(filters))}`);
});
document.addEventListener('change', (event) => {
  const form = event.target.closest('form.triage');
  if (form && event.target.matches('[name="status"], [name="assignee_id"]')) save(form, 'Saved');
});
document.addEventListener('click', (event) => {
  const summary = event.target.closest?.('.triage summary');
  if (summary) unfold(summary.parentElement);
  const link = event.target.closest?.('a[data-live]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  show(link.href).then(() => document.getElementById('i-list').scrollIntoView({block: 'nearest'}));
});
addEventListener('popstate', () => show(location.href, false));
addEventListener('online', () => document.querySelectorAll('form.triage .told.problem').forEach((place) => {
  if (place.textContent === TOLD.lost) tell(place.closest('form'), 'You are back online: save again.');
}));
enliven();
