/** Asks the widget for a preview. With consent denied it asks nobody, stores and sends nothing. */

(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const queue = [];
  const stub = (...args) => queue.push(args);
  stub.q = queue;
  window.zeroten = stub;
  stub('consent', 'denied');
  stub('preview', read('content'), read('options'));
})();
