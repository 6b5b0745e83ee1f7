/** Pages and parts of them, fetched without leaving the page; what a person typed stays theirs. */

// Trusted Types: the one place where a text becomes elements, and it is a page of ours.
const policy = window.trustedTypes?.createPolicy('zeroten', {createHTML: (text) => text});
const parsed = (text) =>
  new DOMParser().parseFromString(policy ? policy.createHTML(text) : text, 'text/html');

/** Why a form was not saved, in words that say what to do next. */
export const TOLD = {
  lost: 'Not saved: the server cannot be reached. What you entered is still here; try again in a moment.',
  out: 'Not saved: you have been signed out. Sign in in another tab, then save again; what you entered is still here.',
};

/** @returns {Promise<Document | null>} the page at an address; null when it cannot be had */
export async function get(address) {
  const response = await fetch(address).catch(() => null);
  if (!response?.ok || isSignIn(response)) return null;
  return parsed(await response.text());
}

/**
 * Send a form as its button would; the answer is a part of a page. Once signed in anew (in another
 * tab), the form carries the new session's token.
 * @returns {Promise<{status: number, told: string, part: Document | null, address?: string}>} status 0:
 *   nothing came back; `address`: where the form would have led
 */
export async function send(form, submitter) {
  let response = await post(form, submitter);
  if (response?.status === 403 && (await renew())) response = await post(form, submitter);
  if (!response) return {status: 0, told: TOLD.lost, part: null};
  if (isSignIn(response)) return {status: 401, told: TOLD.out, part: null};
  if (response.status >= 500) return {status: response.status, told: TOLD.lost, part: null};
  const address = response.redirected ? response.url : undefined;
  return {status: response.status, told: '', part: parsed(await response.text()), address};
}

function post(form, submitter) {
  const action = submitter?.getAttribute('formaction') ?? form.getAttribute('action');
  const body = new FormData(form, submitter ?? null);
  return fetch(action, {method: 'POST', body, headers: {'X-Fragment': '1'}}).catch(() => null);
}

async function renew() {
  const response = await fetch('/api/v1/session').catch(() => null);
  if (!response?.ok) return false;
  const {csrf_token: token} = await response.json();
  for (const input of document.querySelectorAll('input[name="csrf_token"]')) input.value = token;
  return true;
}

const isSignIn = (response) => response.redirected && new URL(response.url).pathname === '/sign-in';
