/** What makes pages quicker to use; without scripts every form has its button. */

for (const form of document.querySelectorAll('form[data-submits]')) {
  form.classList.add('live');
  form.addEventListener('change', () => form.requestSubmit());
}

// Empty fields make addresses long, and a shared address should say only what was chosen.
for (const form of document.querySelectorAll('form[method="get"]')) {
  form.addEventListener('formdata', (event) => {
    for (const [name, value] of [...event.formData]) {
      if (value !== '') continue;
      const kept = event.formData.getAll(name).filter((one) => one !== '');
      event.formData.delete(name);
      for (const one of kept) event.formData.append(name, one);
    }
  });
}

// One menu at a time; Escape and a click beside it close it.
const menus = [...document.querySelectorAll('details.menu')];
const close = (except) => {
  for (const menu of menus) if (menu !== except) menu.open = false;
};
document.addEventListener('click', (event) => close(event.target.closest?.('details.menu')));
document.addEventListener('keydown', (event) => {
  const open = menus.find((menu) => menu.open);
  if (event.key !== 'Escape' || !open) return;
  close();
  open.querySelector('summary').focus();
});

for (const button of document.querySelectorAll('button[data-copies]')) {
  button.hidden = false;
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
    const before = button.textContent;
    button.textContent = 'Copied';
    setTimeout(() => (button.textContent = before), 2000);
  });
}
