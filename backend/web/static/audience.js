/** Rows of an audience: only what fits a row is shown, and the people are counted while one writes. */

import {send} from './fetched.js';

const PAUSE_MS = 400;
const form = document.getElementById('audience');
const allowed = JSON.parse(form.dataset.allowed);
const trying = form.querySelector('button[value="try"]');
let latest = 0;
let waiting = 0;

/** Leave in each row what its subject takes. */
function fit() {
  for (const row of form.querySelectorAll('.rule')) {
    const about = row.querySelector('[name$=".about"]').value;
    for (const label of row.querySelectorAll('[data-for]')) label.hidden = !label.dataset.for.split(' ').includes(about);
    const op = row.querySelector('[name$=".op"]');
    for (const option of op.options) option.hidden = !(allowed[about] ?? []).includes(option.value);
    if (allowed[about] && op.selectedOptions[0]?.hidden) op.value = allowed[about][0];
    const value = row.querySelector('[name$=".value"]');
    if (['exists', 'missing'].includes(op.value) && about !== 'scored') value.closest('label').hidden = true;
    value.placeholder = about === 'scored' ? 'passive, promoter' : 'value';
    row.querySelector('[name$=".name"]').setAttribute('list', about.endsWith('used') ? 'features' : 'traits');
  }
}

/** Count; what stands in the fields is left as it is. */
async function count() {
  const turn = ++latest;
  const {part, told} = await send(form, trying);
  if (turn !== latest) return;
  const counted = part?.getElementById('count');
  if (!counted) return (document.getElementById('count').textContent = told);
  document.getElementById('count').replaceChildren(...counted.childNodes);
  for (const fault of form.querySelectorAll('.rule .fail')) fault.remove();
  for (const fault of part.querySelectorAll('.rule .fail')) {
    form.elements[fault.id.replace('-fault', '.about')]?.closest('.rule').append(fault);
  }
}

/** Send a button, and put the rules that come back in the place of these. */
async function act(submitter) {
  clearTimeout(waiting);
  latest += 1;
  const {part, told, address} = await send(form, submitter);
  if (address) return location.assign(address);
  if (!part?.getElementById('rules')) {
    const said = document.createElement('p');
    said.className = 'problem';
    said.textContent = told || part?.querySelector('main')?.textContent.trim() || 'Not saved.';
    return document.getElementById('told').replaceChildren(said);
  }
  for (const id of ['told', 'rules', 'count']) document.getElementById(id).replaceWith(part.getElementById(id));
  fit();
  const wrong = form.querySelector('[aria-describedby$="-fault"] select, #told .problem');
  const last = [...form.querySelectorAll('.rule select[name$=".about"]')].at(-1);
  const next = wrong ?? (/^(row|group)/.test(submitter?.value) ? last : form.querySelector(`button[value="${submitter?.value}"]:not(.first)`));
  if (next?.matches('.problem')) next.tabIndex = -1;
  (next ?? form.querySelector('#rules button')).focus();
}

document.addEventListener('submit', (event) => {
  if (event.target !== form) return;
  event.preventDefault();
  act(event.submitter);
});
form.addEventListener('input', (event) => {
  if (event.target.name === 'json') return;
  fit();
  clearTimeout(waiting);
  waiting = setTimeout(count, PAUSE_MS);
});
fit();
