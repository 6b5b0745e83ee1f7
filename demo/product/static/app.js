/** The product: who is signed in, which page is open, and what Zeroten is told. */

import {el} from './dom.js';
import {shell} from './shell.js';
import {LANGUAGES, ROLES, speaker} from './texts.js';
import {view} from './views.js';

const KEPT = 'tallybrook-demo';

// Calls wait in a queue until Zeroten's script has arrived, which may be never.
window.zeroten ||= function () {
  (window.zeroten.q ||= []).push(arguments);
};

/** Who is at the page: the address says, else this tab remembers, else somebody new. */
function firstPerson() {
  const asked = new URLSearchParams(location.search);
  let kept = {};
  try {
    kept = JSON.parse(sessionStorage.getItem(KEPT) || '{}');
  } catch {
    // Storage is off: every page view is somebody new.
  }
  const language = asked.get('language') || kept.language || navigator.language.slice(0, 2);
  return {
    user: asked.get('user') || kept.user || null,
    role: [asked.get('role'), kept.role].find((role) => ROLES.includes(role)) || 'member',
    language: language in LANGUAGES ? language : 'en',
  };
}

const person = firstPerson();
const app = {
  t: speaker(person.language),
  get language() {
    return person.language;
  },
  get role() {
    return person.role;
  },
  act,
  exportCsv,
};
const frame = shell({person, signIn, becomeNew, askNow, speak, go});

async function post(path, body = {}) {
  const response = await fetch(path, {
    method: 'POST',
    headers: {'content-type': 'application/json'},
    body: JSON.stringify({user: person.user, role: person.role, language: person.language, ...body}),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response;
}

/** Sign in as `person`: the server tells Zeroten who it is, and so does the page. */
async function signIn() {
  const {user, traits, account, app_version: version} = await (await post('/api/session')).json();
  person.user = user;
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(person));
  } catch {
    // As above.
  }
  window.zeroten('identify', user, {traits, account, app_version: version});
  window.zeroten('locale', person.language);
  frame.note('server', 'identify, group', `${user}: ${person.role}`);
  draw();
}

async function becomeNew() {
  window.zeroten('reset');
  person.user = null;
  await signIn();
  opened();
}

function speak(language) {
  person.language = language;
  app.t = speaker(language);
  document.documentElement.lang = language;
  return signIn();
}

/** Ask at once, whatever rests and sampling say: the answer is marked as given by hand. */
function askNow() {
  window.zeroten('open', undefined, {force: true});
}

async function act(name) {
  await tell(name, async () => {
    await post(`/api/actions/${name}`);
  });
}

async function exportCsv() {
  await tell('export_csv', async () => {
    const file = await (await post('/api/export')).blob();
    const address = URL.createObjectURL(file);
    el('a', {href: address, download: 'tallybrook-demo.csv'}).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  });
}

async function tell(name, work) {
  try {
    await work();
    frame.note('server', 'track', name);
    frame.toast(app.t('done').replace('{what}', app.t(name)));
  } catch {
    frame.toast(app.t('failed'));
  }
}

/** @param {string} path */
function go(path) {
  if (path !== location.pathname) history.pushState(null, '', path);
  draw();
  opened();
  frame.focusTitle();
}

function draw() {
  const {title, nodes} = view(location.pathname, app);
  document.title = `${title} – Tallybrook (demo)`;
  frame.draw(app, title, nodes);
}

/** A page was opened: the server counts it, the widget starts its page view. */
function opened() {
  window.zeroten('page');
  post('/api/pages', {path: location.pathname})
    .then(() => frame.note('server', 'page', location.pathname))
    .catch(() => frame.toast(app.t('failed')));
}

for (const event of ['shown', 'scored', 'completed', 'declined', 'later', 'not_shown']) {
  window.zeroten('on', event, (detail) => frame.note('page', event, detail?.reason ?? detail?.score ?? ''));
}
addEventListener('popstate', () => {
  draw();
  opened();
});

document.documentElement.lang = person.language;
if (location.pathname === '/') history.replaceState(null, '', '/dashboard' + location.search);
draw();
signIn().then(opened, () => frame.toast(app.t('failed')));
