/** The token stands in the fragment, which browsers send to nobody: take it over and clear it. */

const token = location.hash.slice(1);
if (token) {
  document.getElementById('token').value = token;
  history.replaceState(null, '', location.pathname);
}
