/** The live check of the install page: every five seconds while the page is looked at. */

const TEXTS = {page: 'A page asked us', server: 'A server sent events'};

const look = async () => {
  if (document.hidden) return;
  const response = await fetch(`/settings/seen${location.search}`).catch(() => null);
  if (!response?.ok || response.redirected) return;
  for (const [what, ago] of Object.entries(await response.json())) {
    const place = document.querySelector(`[data-seen="${what}"]`);
    if (!ago || !place) continue;
    const told = document.createElement('span');
    told.className = 'pass';
    told.textContent = `${TEXTS[what]} ${ago}.`;
    place.replaceChildren(told);
  }
};

setInterval(look, 5000);
