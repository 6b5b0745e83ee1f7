/** Writing a survey: the widget draws it while one types; saving never loses what was written. */

import {send} from './fetched.js';

const PAUSE_MS = 300;
const DRAWN = 'Drawn by the real widget, as you type. Nothing is sent.';
const editor = () => document.getElementById('editor');
const frame = () => document.querySelector('iframe.preview');
let latest = 0;
let waiting = 0;
let isDirty = false;

/** Have the frame draw the form as it stands. */
async function draw() {
  const turn = ++latest;
  const body = new FormData(editor());
  frame().classList.toggle('phone', body.get('preview.width') === 'phone');
  const response = await fetch(editor().dataset.preview, {method: 'POST', body}).catch(() => null);
  if (!response?.ok || response.redirected || turn !== latest) return;
  const {content, options, faults} = await response.json();
  document.getElementById('undrawn').textContent = options ? DRAWN : `Not drawn yet. ${faults.join(' ')}`;
  if (options && turn === latest) frame().contentWindow.postMessage({content, options}, location.origin);
}

function drawSoon() {
  clearTimeout(waiting);
  waiting = setTimeout(draw, PAUSE_MS);
}

/** Put the form that came back in the place of this one, or say why there is none. */
async function act(submitter) {
  const form = editor();
  if (form.ariaBusy === 'true') return;
  form.ariaBusy = 'true';
  const answer = await send(form, submitter);
  form.ariaBusy = null;
  if (answer.address) {
    isDirty = false;
    return location.assign(answer.address);
  }
  if (!answer.part?.getElementById('written')) {
    return tell(answer.told || answer.part?.querySelector('main')?.textContent.trim() || 'Not saved.');
  }
  const chosen = new FormData(form);
  for (const id of ['told', 'written', 'shown']) document.getElementById(id).replaceWith(answer.part.getElementById(id));
  for (const [name, value] of chosen) {
    const select = name.startsWith('preview.') && form.elements[name];
    if (select && [...select.options].some((option) => option.value === value)) select.value = value;
  }
  isDirty = true;
  settle(submitter, form);
  draw();
}

/** Where one goes on after a button: at the fault, at what was added, or at the button itself. */
function settle(submitter, form) {
  const told = document.querySelector('#told .problem');
  const added = submitter?.value.startsWith('add:') && [...form.querySelectorAll('section[aria-labelledby^="q"] input')].find((input) => /^q\d+\.text/.test(input.name) && !input.value);
  const same = submitter && form.querySelector(`button[value="${CSS.escape(submitter.value)}"]:not(.first)`);
  if (told) {
    told.tabIndex = -1;
    told.focus();
    told.scrollIntoView({block: 'center'});
  } else (added || same || form.querySelector('input[name="name"]')).focus();
}

function tell(text) {
  const said = document.createElement('p');
  said.className = 'problem';
  said.textContent = text;
  document.getElementById('told').replaceChildren(said);
  said.scrollIntoView({block: 'center'});
}

document.addEventListener('submit', (event) => {
  if (event.target !== editor()) return;
  event.preventDefault();
  act(event.submitter);
});
document.addEventListener('input', (event) => {
  if (event.target.form !== editor()) return;
  isDirty ||= !event.target.name.startsWith('preview.');
  drawSoon();
});
addEventListener('beforeunload', (event) => isDirty && event.preventDefault());
frame().addEventListener('load', draw, {once: true});
if (document.querySelector('#told .problem')) isDirty = true;
