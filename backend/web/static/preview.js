/** Asks the widget for a preview. With consent denied it asks nobody, stores and sends nothing. */

(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const queue = [];
  const stub = (...args) => queue.push(args);
  stub.q = queue;
  window.zeroten = stub;
  stub('consent', 'denied');
  stub('preview', read('content'), read('options'));
  // The editor around this frame sends what is being written.
  addEventListener('message', ({origin, source, data}) => {
    if (origin !== location.origin || source !== parent || !data.options) return;
    document.body.className = data.options.theme.mode;
    document.documentElement.lang = data.options.language;
    window.zeroten('preview', data.content, data.options);
  });
})();
