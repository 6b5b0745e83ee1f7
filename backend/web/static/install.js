/** The live check of the install page: every five seconds while the page is looked at. */

const looksOf = ({is_fine: isFine}) => (isFine === null ? 'quiet' : isFine ? 'pass' : 'fail');

const look = async () => {
  if (document.hidden) return;
  const response = await fetch(`/settings/seen${location.search}`).catch(() => null);
  if (!response?.ok || response.redirected) return;
  for (const [what, said] of Object.entries(await response.json())) {
    const place = document.querySelector(`[data-seen="${what}"] > span`);
    if (place.textContent === said.text) continue;
    place.className = looksOf(said);
    place.textContent = said.text;
  }
};

setInterval(look, 5000);
// Whoever comes back from the host's page looks at once.
document.addEventListener('visibilitychange', look);
