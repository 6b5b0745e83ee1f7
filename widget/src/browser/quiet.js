/** Wait for a moment that disturbs nobody: no typing, no pressed pointer, nothing modal, tab visible. */

const TYPING_MS = 3000;
const LOOK_MS = 250;
const GIVE_UP_MS = 300000;

/**
 * @param {import('../types').Kit} kit @param {() => void} show @param {() => void} giveUp
 * @returns {() => void} stops waiting
 */
export function whenQuiet(kit, show, giveUp) {
  const end = kit.now() + GIVE_UP_MS;
  // A field that has focus already may have been typed in just before we came.
  let lastKey = isEditing() ? kit.now() : -Infinity;
  let isPressed = false;
  /** @type {(() => void) | undefined} */
  let cancel;

  const onKey = () => void (lastKey = kit.now());
  const onDown = () => void (isPressed = true);
  const onUp = () => void (isPressed = false);
  /** @type {[string, () => void][]} */
  const listeners = [['keydown', onKey], ['pointerdown', onDown], ['pointerup', onUp], ['pointercancel', onUp]];
  const stop = () => {
    cancel?.();
    for (const [name, run] of listeners) removeEventListener(name, run, true);
  };

  const look = () => {
    const isTyping = isEditing() && kit.now() - lastKey < TYPING_MS;
    // First: a tab may come back after hours, with a ticket that has run out.
    if (kit.now() > end) {
      stop();
      giveUp();
    } else if (!document.hidden && !isPressed && !isTyping && !isBlocked()) {
      stop();
      show();
    } else {
      if (!cancel) for (const [name, run] of listeners) addEventListener(name, run, {capture: true, passive: true});
      cancel = kit.after(LOOK_MS, look);
    }
  };
  look();
  return stop;
}

function isEditing() {
  let focused = document.activeElement;
  while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
  if (!(focused instanceof HTMLElement)) return false;
  return focused.isContentEditable || focused.matches('textarea, input:not([type=button],[type=submit],[type=checkbox],[type=radio],[type=range])');
}

/** Something modal or full screen is open, or the page is inert. */
function isBlocked() {
  if (!document.body || document.fullscreenElement || document.body.closest('[inert]')) return true;
  return [...document.querySelectorAll('dialog:modal, [aria-modal=true]')].some((one) => one.getClientRects().length);
}
