/** Sends a long file in pieces, each with its heading, and tells how far it is. */

const LINES = 1000;
const form = document.getElementById('import');
const told = document.getElementById('progress');

/** Cut a CSV text where a line ends outside of quotes. */
const records = (text) => {
  const found = [];
  let quoted = false;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '"') quoted = !quoted;
    else if (text[i] === '\n' && !quoted) {
      found.push(text.slice(start, i + 1));
      start = i + 1;
    }
  }
  if (start < text.length) found.push(text.slice(start));
  return found;
};

const send = async (text) => {
  const body = new FormData(form);
  body.delete('file');
  body.set('csv', text);
  body.set('step', 'import');
  const response = await fetch(form.action, {method: 'POST', body, headers: {Accept: 'application/json'}});
  if (!response.ok || response.redirected) throw new Error(String(response.status));
  return response.json();
};

const run = async (text) => {
  const [heading, ...lines] = records(text);
  const bar = document.createElement('progress');
  bar.max = lines.length;
  bar.value = 0;
  bar.setAttribute('aria-label', 'Lines sent');
  const words = document.createElement('span');
  told.replaceChildren(bar, words);
  told.hidden = false;
  const sum = {imported: 0, already_there: 0, faulty: 0};
  for (let i = 0; i < lines.length; i += LINES) {
    words.textContent = ` ${i} of ${lines.length} lines`;
    const done = await send(heading + lines.slice(i, i + LINES).join(''));
    for (const name of Object.keys(sum)) sum[name] += done[name];
    bar.value = Math.min(lines.length, i + LINES);
  }
  words.textContent = ` ${sum.imported} answers taken over, ${sum.already_there} were there before, ${sum.faulty} lines left out.`;
};

form?.addEventListener('submit', async (event) => {
  if (event.submitter?.value !== 'import') return;
  event.preventDefault();
  event.submitter.disabled = true;
  try {
    await run(form.elements.csv.value);
  } catch {
    const lost = document.createElement('b');
    lost.textContent = 'The connection was lost or the session has ended. Send it again: what is there already is not taken twice.';
    told.replaceChildren(lost);
    told.hidden = false;
    event.submitter.disabled = false;
  }
});
