/**
 * Tell of changes of the path in a page that does not reload. `history` is never wrapped: where there is
 * no Navigation API, the address is looked at twice a second while the tab is visible.
 *
 * @param {() => void} changed @param {import('./timers.js').After} after
 */
export function watchLocation(changed, after) {
  let path = location.pathname;
  const look = () => {
    if (location.pathname === path) return;
    path = location.pathname;
    changed();
  };
  const poll = () => {
    look();
    after(500, poll);
  };
  // A page's first use of it takes a moment: after what it was called for.
  after(0, () => {
    const {navigation} = /** @type {any} */ (window);
    // Not whether it listens: an element with id="navigation" does.
    if (!navigation?.entries) return poll();
    navigation.addEventListener('currententrychange', look);
    look();
  });
}
