/** Reading the inbox by keyboard: j and k move, o opens the person, / goes to the search. */

const comments = [...document.querySelectorAll('.comments > li')];
const at = () => comments.indexOf(document.activeElement?.closest?.('.comments > li'));
const go = (place) => comments[Math.max(0, Math.min(comments.length - 1, place))]?.focus();
const keys = {
  j: () => go(at() + 1),
  k: () => go(at() - 1),
  o: () => comments[at()]?.querySelector('a')?.click(),
  '/': () => document.querySelector('input[type=search]').focus(),
};

document.addEventListener('keydown', (event) => {
  const isTyping = event.target.closest?.('input, select, textarea');
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
  event.preventDefault();
  keys[event.key]();
});
