// What a page could write by hand: one question, eleven buttons, a comment, one post each. No rules, no
// queue, no languages, no focus kept, no second tab: the least that a survey can cost.
(() => {
  const {key, server} = document.currentScript.dataset;
  const post = (body) => fetch(`${server}/floor`, {method: 'POST', mode: 'no-cors', body: JSON.stringify(body)});
  const add = (parent, name, text) => {
    const node = document.createElement(name);
    node.textContent = text || '';
    parent.append(node);
    return node;
  };
  window.floorShow = async () => {
    const {surveys} = await (await fetch(`${server}/w/${key}.json`)).json();
    const {content} = surveys[0];
    const {text} = content.texts[content.default_language].questions[content.questions[0].id];
    const host = document.createElement('div');
    host.id = 'floor';
    const root = host.attachShadow({mode: 'open'});
    const sheet = new CSSStyleSheet();
    sheet.replaceSync('section{position:fixed;right:16px;bottom:16px;width:360px;padding:16px;background:#fff;color:#111;border:1px solid #ccc;border-radius:12px;font:15px system-ui}button{min-width:26px;min-height:32px}');
    root.adoptedStyleSheets = [sheet];
    const panel = add(root, 'section');
    add(panel, 'h2', text);
    for (let score = 0; score <= 10; score++) {
      add(panel, 'button', `${score}`).onclick = () => {
        post({key, score});
        const comment = add(panel, 'textarea');
        add(panel, 'button', 'Send').onclick = () => {
          post({key, score, comment: comment.value});
          host.remove();
        };
      };
    }
    document.body.append(host);
  };
})();
