// Pages work without this file. It asks whether somebody is still there without leaving the page, keeps what is typed
// on the kiosk while it is typed, and brings keys to touch. It shows nothing until one of these is needed.
'use strict';
(() => {
  const set = document.currentScript.dataset, form = document.querySelector('form.page'), aids = document.querySelector('#aids');
  if (!form || !aids) return;
  const audio = document.querySelector('audio'), parts = aids.content.cloneNode(true);
  const still = parts.querySelector('dialog'), keys = parts.querySelector('.keys');
  let contact = Date.now(), warning, end, saving;

  // --- with the kiosk: a visit that is over shows the start ---
  function save(path = '/s/save') {
    contact = Date.now();
    clearTimeout(saving);
    saving = 0;
    if (!set.warn) return;
    fetch(path, { method: 'POST', body: new URLSearchParams(new FormData(form)) }).then(a => { if (a.status === 410) location.replace('/'); }, () => {});
  }
  function send(go) {
    const i = document.createElement('input');
    Object.assign(i, { type: 'hidden', name: 'go', value: go });
    form.append(i);
    form.submit();
  }

  // --- are you still there? ---
  function here() {
    clearTimeout(warning);
    warning = setTimeout(ask, set.warn * 1000);
    if (Date.now() - contact > 20000) save();
  }
  function ask() {
    if (audio && !audio.paused && !audio.ended) return here();
    closeKeys();
    document.body.append(still);
    still.showModal();
    end = setTimeout(() => send('left'), set.answer * 1000);
  }
  still?.addEventListener('close', () => {
    clearTimeout(end);
    still.remove();
    if (still.returnValue === 'stop') return send('stop');
    // A page that would leave by itself comes anew; any other stays as it is.
    if (set.fresh) return send('stay');
    save();
    here();
  });
  if (set.warn) {
    for (const e of ['pointerdown', 'keydown', 'input', 'scroll']) addEventListener(e, () => { if (!still.open) here(); }, { passive: true, capture: true });
    addEventListener('visibilitychange', () => { if (!document.hidden) save(); });
    addEventListener('input', e => { if (e.target.matches('.field')) saving ||= setTimeout(save, 3000); });
    here();
    if (set.fresh) save('/s/here');
  }

  // --- keys to touch ---
  let field, upper, page = 'letters';
  const orders = keys ? { letters: keys.dataset.letters, qwerty: keys.dataset.qwerty, signs: '1234567890.,?!\'"-()&£%+=/:;@', digits: '1234567890.,-' } : {};

  function draw() {
    const box = keys.querySelector('.letters');
    box.className = `letters ${page}`;
    box.replaceChildren(...[...orders[page]].map(c => {
      const b = document.createElement('button');
      Object.assign(b, { type: 'button', className: 'ctl', value: upper ? c.toLocaleUpperCase(document.documentElement.lang) : c });
      b.textContent = b.value;
      return b;
    }));
    for (const b of keys.querySelectorAll('[data-for]')) b.hidden = !b.dataset.for.split(' ').includes(page) || (b.value === 'line' && field.tagName !== 'TEXTAREA');
    keys.querySelector('[value=shift]').setAttribute('aria-pressed', upper);
  }
  function put(text, from = field.selectionStart) {
    const to = field.selectionEnd;
    if (field.maxLength >= 0 && field.value.length - (to - from) + text.length > field.maxLength) return;
    field.setRangeText(text, from, to, 'end');
    field.dispatchEvent(new Event('input', { bubbles: true }));
    field.blur(); // so that the end of what is written comes into view
    field.focus();
  }
  function press(v) {
    if (v === 'done') return closeKeys();
    if (v === 'shift') upper = !upper;
    else if (orders[v]) page = v;
    else if (v === 'delete') put('', field.selectionStart === field.selectionEnd ? Math.max(0, field.selectionStart - 1) : field.selectionStart);
    else put(v === 'space' ? ' ' : v === 'line' ? '\n' : v);
    if (v !== 'shift' && v.length === 1) upper = false;
    draw();
  }
  function openKeys(f) {
    if (field === f) return;
    field = f;
    f.dataset.mode ||= f.inputMode;
    f.inputMode = 'none'; // no second keyboard
    page = /^(numeric|decimal)$/.test(f.dataset.mode) ? 'digits' : 'letters';
    upper = page === 'letters' && !f.value && !f.matches('.masked');
    document.documentElement.classList.add('typing');
    document.body.append(keys);
    draw();
    f.focus();
    f.scrollIntoView({ block: 'nearest' });
  }
  function closeKeys() {
    if (!field) return;
    document.documentElement.classList.remove('typing');
    keys.remove();
    save();
    field = null;
  }
  if (keys) {
    keys.addEventListener('pointerdown', e => e.preventDefault()); // the field keeps the focus
    keys.addEventListener('click', e => { const b = e.target.closest('button'); if (b) press(b.value); });
    addEventListener('click', e => { if (e.target.matches('.field')) openKeys(e.target); });
  }
})();
