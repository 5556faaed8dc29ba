// The rules of a page (docs/kiosk.md), each as a check of its own with a name: what axe alone does not see is sizes in
// millimetres, gaps, scrolling, overlap, Enter, visible focus, script dependence, long sentences.
// inspect(browser, axeSource, url, parts) resolves with { passed, failures: [{ rule, message }] }.

export const WIDE = { width: 1280, height: 800 }, TALL = { width: 800, height: 1280 }, ZOOM = { width: 320, height: 256 };
const MAIN = 20, OTHER = 14.5, GAP = 2, TEXT = 5, SLACK = 0.1, WORDS = 15;

// Runs in the page: everything that can be measured at one size.
function measure() {
  const mm = parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--mm'));
  const seen = e => e.getClientRects().length > 0;
  const controls = [...document.querySelectorAll('a[href],button,input,textarea,select,summary')]
    .filter(e => e.type !== 'hidden' && !e.hidden && !e.matches('.skip') && seen(e));
  const boxes = controls.map(e => {
    const shown = /^(radio|checkbox)$/.test(e.type) && e.labels.length ? e.labels[0] : e, r = shown.getBoundingClientRect();
    return { name: (shown.innerText || e.name || e.tagName).trim().slice(0, 40), main: e.matches('.go') || (shown !== e && !e.closest('.other')),
      x: r.left, y: r.top, w: r.width, h: r.height };
  });
  const texts = [], pieces = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const n = walk.currentNode, e = n.parentElement;
    if (!n.data.trim() || !seen(e) || e.closest('.vh,.skip,svg,script')) continue;
    texts.push({ size: parseFloat(getComputedStyle(e).fontSize) / mm, text: n.data.trim().slice(0, 40) });
    const range = document.createRange();
    range.selectNodeContents(n);
    for (const r of range.getClientRects()) pieces.push({ node: n, name: n.data.trim().slice(0, 40), x: r.x, y: r.y + r.height * 0.22, w: r.width, h: r.height * 0.56 });
  }
  for (const e of document.querySelectorAll('svg:not(.sprite),img')) if (seen(e)) { const r = e.getBoundingClientRect(); pieces.push({ node: e, name: 'a picture', x: r.x, y: r.y, w: r.width, h: r.height }); }
  for (const e of document.querySelectorAll('a[href]:not(.skip),button,label,textarea,input.field')) if (seen(e)) { const r = e.getBoundingClientRect(); pieces.push({ node: e, name: `control ${(e.innerText || e.name).slice(0, 40)}`, x: r.x, y: r.y, w: r.width, h: r.height }); }
  const over = [];
  for (let i = 0; i < pieces.length; i++)
    for (let k = i + 1; k < pieces.length; k++) {
      const a = pieces[i], b = pieces[k];
      const dx = Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x), dy = Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y);
      if (dx > 2 && dy > 2 && !a.node.contains(b.node) && !b.node.contains(a.node)) over.push([a.name, b.name]);
    }
  // What a control says stays inside it.
  const spill = [...document.querySelectorAll('.ctl,.a label')].filter(e => seen(e) && e.scrollWidth > e.clientWidth + 1).map(e => e.innerText);
  // A label whose field is not there.
  const gone = [...document.querySelectorAll('input:not([type=hidden]),textarea')].filter(e => !seen(e) && [...e.labels].some(seen)).map(e => e.name);
  const d = document.documentElement, out = [];
  for (const b of boxes) if (b.x < -1 || b.x + b.w > innerWidth + 1) out.push(b.name);
  return { mm, boxes, texts, over, out, spill, gone, sw: d.scrollWidth, sh: d.scrollHeight, w: innerWidth, h: innerHeight, larger: d.classList.contains('larger') };
}

// Runs in the page: what it says and how it is built.
function structure() {
  const go = document.querySelector('.go'), form = go?.form;
  return {
    h1: [...document.querySelectorAll('h1')].map(e => e.innerText.trim()), title: document.title, lang: document.documentElement.lang,
    asked: !!document.querySelector('legend h1,h1 label'), go: document.querySelectorAll('.go').length,
    disabled: document.querySelectorAll('[disabled]').length, tabindex: document.querySelectorAll('[tabindex]:not([tabindex="0"]):not([tabindex="-1"])').length,
    enter: !form || form.querySelector('button:not([type=button]),input[type=submit]').value === go.value,
    inline: document.querySelectorAll('[style],style,script:not([src]),[onclick],[onload]').length,
    unlabelled: [...document.querySelectorAll('input:not([type=hidden]),textarea,select')].filter(e => !e.labels.length && !e.getAttribute('aria-label')).length,
    text: [...document.querySelectorAll('h1,h2,p,label,.hint')].map(e => e.innerText.trim()).filter(Boolean),
  };
}

// Two windows for a whole run, one with script and one without: a page is loaded once in each.
const windows = new WeakMap();
async function windowOf(browser, javaScriptEnabled) {
  const all = windows.get(browser) ?? {};
  windows.set(browser, all);
  if (!all[javaScriptEnabled]) {
    const context = await browser.newContext({ viewport: WIDE, javaScriptEnabled });
    all[javaScriptEnabled] = { page: await context.newPage(), outside: [], origin: '' };
    all[javaScriptEnabled].page.on('request', r => { if (!r.url().startsWith('data:') && new URL(r.url()).origin !== all[javaScriptEnabled].origin) all[javaScriptEnabled].outside.push(r.url()); });
  }
  return all[javaScriptEnabled];
}

// PARTS: only some of layout, zoom, keyboard, modes.
export async function inspect(browser, axe, url, parts = ['layout', 'zoom', 'keyboard', 'modes']) {
  const failures = [], window_ = await windowOf(browser, true), { page } = window_;
  let passed = 0;
  const rule = (name, ok, message = '') => { if (ok) passed++; else failures.push({ rule: name, message }); };
  const load = async w => {
    w.outside.length = 0;
    w.origin = new URL(url).origin;
    await w.page.emulateMedia({ reducedMotion: null, forcedColors: null });
    await w.page.setViewportSize(WIDE);
    await w.page.goto(url);
    await w.page.evaluate(() => document.fonts.ready);
  };
  const has = part => parts.includes(part);
  await load(window_);
  const built = await page.evaluate(structure); // before anything is put into the page

  if (has('modes')) { // the same picture without script; nothing moves under reduced motion; what is chosen shows in forced colours
    const plain = await windowOf(browser, false), with_ = await page.screenshot();
    await load(plain);
    rule('script', Buffer.compare(with_, await plain.page.screenshot()) === 0, 'looks different without script');
    await page.emulateMedia({ reducedMotion: 'reduce' });
    rule('motion', await page.evaluate(() => document.getAnimations().length === 0 && ![...document.querySelectorAll('*')].some(e => parseFloat(getComputedStyle(e).transitionDuration) > 0)));
    await page.emulateMedia({ reducedMotion: null, forcedColors: 'active' });
    rule('forced', await page.evaluate(() => {
      const look = e => e && getComputedStyle(e).borderTopWidth + getComputedStyle(e).backgroundColor;
      const on = document.querySelector('.a input:checked+label'), off = document.querySelector('.a input:not(:checked)+label');
      return !on || !off || look(on) !== look(off);
    }));
    await page.emulateMedia({ forcedColors: null });
  }

  for (const [side, viewport] of has('layout') ? [['landscape', WIDE], ['portrait', TALL]] : []) {
    await page.setViewportSize(viewport);
    await page.evaluate(axe);
    const result = await page.evaluate(() => window.axe.run(document, {
      resultTypes: ['violations'],
      runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] },
      rules: { 'color-contrast-enhanced': { enabled: true }, 'target-size': { enabled: true } } }).then(r => ({ passes: r.passes.length, violations: r.violations.map(v => ({ id: v.id, node: v.nodes[0] })) })));
    passed += result.passes;
    for (const v of result.violations) rule(`axe ${v.id}`, false, `${side}: ${v.node.target} ${(v.node.failureSummary || '').split('\n')[1] || ''}`);
    const m = await page.evaluate(measure);
    rule('mm', m.mm > 0, 'no --mm on :root');
    rule('sideways', m.sw <= m.w && !m.out.length, `${side}: ${m.sw} > ${m.w} ${m.out[0] || ''}`);
    rule('tall', m.sh <= m.h || m.larger, `${side}: ${m.sh} > ${m.h}`);
    const small = m.texts.filter(t => t.size < TEXT - SLACK);
    rule('text', !small.length, `${side}: ${small[0]?.size.toFixed(1)} mm: ${small[0]?.text}`);
    for (const b of m.boxes) {
      const need = b.main ? MAIN : OTHER;
      rule('small', Math.min(b.w, b.h) / m.mm >= need - SLACK, `${side}: "${b.name}" is ${(b.w / m.mm).toFixed(1)} x ${(b.h / m.mm).toFixed(1)} mm, needs ${need}`);
    }
    for (let i = 0; i < m.boxes.length; i++)
      for (let k = i + 1; k < m.boxes.length; k++) {
        const a = m.boxes[i], b = m.boxes[k];
        const gap = Math.max(a.x - b.x - b.w, b.x - a.x - a.w, a.y - b.y - b.h, b.y - a.y - a.h) / m.mm;
        rule('gap', gap >= GAP - SLACK, `${side}: ${gap.toFixed(1)} mm between "${a.name}" and "${b.name}"`);
      }
    rule('overlap', !m.over.length, `${side}: "${m.over[0]?.[0]}" and "${m.over[0]?.[1]}"`);
    rule('field', !m.gone.length, `${side}: the field "${m.gone[0]}" is not to be seen`);
    rule('spill', !m.spill.length, `${side}: "${m.spill[0]}" is wider than its control`);
    if (side === 'landscape') {
      rule('outside', !window_.outside.length, window_.outside[0]);
      const s = built;
      rule('heading', s.h1.length === 1, `${s.h1.length} main headings`);
      rule('title', s.title !== '' && (!s.asked || s.title.includes(s.h1[0])), `"${s.title}" lacks "${s.h1[0]}"`);
      rule('lang', /^[a-z]{2,3}(-[A-Z]{2})?$/.test(s.lang), `lang "${s.lang}"`);
      rule('go', s.go <= 1, `${s.go} main buttons`);
      rule('disabled', s.disabled === 0);
      rule('tabindex', s.tabindex === 0);
      rule('enter', s.enter, 'Enter presses another button than the main one');
      rule('inline', s.inline === 0);
      rule('label', s.unlabelled === 0, `${s.unlabelled} fields without a label`);
      const long = s.text.join('. ').split(/[.?!:]+\s/).find(t => t.trim().split(/\s+/).length > WORDS);
      rule('sentence', !long, long);
    }
  }

  if (has('keyboard')) { // every control by Tab, and focus that can be seen
    await page.setViewportSize(WIDE);
    const want = await page.evaluate(() => {
      const groups = new Set(), ids = window.ruleIds = new Map();
      for (const e of document.querySelectorAll('a[href],button,input,textarea,select,summary,[autofocus]')) {
        if (e.type === 'hidden' || !e.getClientRects().length || (e.tabIndex < 0)) continue;
        const id = e.type === 'radio' ? `radio ${e.name}` : `n${ids.size}`;
        groups.add(id); ids.set(e, id);
      }
      document.activeElement?.blur();
      document.body.tabIndex = -1; // Tab begins at the top again
      document.body.focus();
      document.body.removeAttribute('tabindex');
      scrollTo(0, 0);
      return groups.size;
    });
    const reached = new Set();
    let before = await page.screenshot();
    for (let i = 0; i < want + 3; i++) {
      await page.keyboard.press('Tab');
      const [id, name] = await page.evaluate(() => [window.ruleIds.get(document.activeElement) ?? '', document.activeElement.innerText || document.activeElement.id]);
      if (id === '' || reached.has(id)) { if (reached.size >= want) break; continue; }
      const after = await page.screenshot();
      reached.add(id);
      rule('focus', Buffer.compare(before, after) !== 0, `cannot be seen on "${name}"`);
      before = after;
    }
    rule('keyboard', reached.size === want, `${reached.size} of ${want}`);
  }

  if (has('zoom')) { // 400 % zoom, and the text spacing of WCAG 1.4.12
    await page.setViewportSize(ZOOM);
    rule('reflow', await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${await page.evaluate(() => document.documentElement.scrollWidth)} px wide at 320`);
    await page.setViewportSize(WIDE);
    await page.addStyleTag({ content: '*{line-height:1.5!important;letter-spacing:.12em!important;word-spacing:.16em!important}p{margin-bottom:2em!important}' });
    const clipped = await page.evaluate(() => [...document.querySelectorAll('label,button,a.ctl')]
      .filter(e => e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1).map(e => e.innerText));
    rule('clipped', !clipped.length, clipped[0]);
  }
  return { passed, failures };
}
