// kiosk-script: what the script adds. It asks whether somebody is there without leaving the page, keeps what is typed
// while it is typed, brings keys to touch with the letters of the language. Time is the page's own clock, moved by hand.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Visitor, browser, check, equal, main, makeSite, packages, request, root, startKiosk, until } from './lib.mjs';

const MARK = 'The garden is lovely';

await main(async () => {
  const script = readFileSync(join(root, 'kiosk/static/kiosk.js'));
  check('the script has at most 6 KB', script.length <= 6 << 10, script.length);
  const site = makeSite(), kiosk = await startKiosk(site), b = await browser(), axe = readFileSync(packages().axe, 'utf8');
  const context = await b.newContext({ viewport: { width: 1280, height: 800 }, hasTouch: true }), page = await context.newPage();
  const errors = [], refresh = new Map();
  page.on('pageerror', e => errors.push(e.message));
  page.on('console', m => { if (m.type() === 'error' && !/410/.test(m.text())) errors.push(`${m.text()} ${m.location().url}`); });
  page.on('response', r => { if (new URL(r.url()).pathname === '/s') refresh.set('last', r.headers().refresh ?? ''); });
  await page.clock.install();
  const go = v => Promise.all([page.waitForNavigation(), page.click(`.page button[name=go][value="${v}"]:not([hidden]), .attract button[name=go][value="${v}"]:not([hidden])`)]);
  const cookie = async () => ({ Cookie: (await context.cookies()).map(c => `${c.name}=${c.value}`).join('; ') });
  const onServer = async text => (await request(kiosk.url, { path: '/s', headers: await cookie() })).body.includes(text);
  const open = () => page.evaluate(() => document.querySelector('dialog')?.open ?? false);
  const over = (a, gap) => check(a, gap.length === 0, gap.join('; '));
  const sizes = () => page.evaluate(() => {
    const mm = parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--mm')), bad = [];
    const boxes = [...document.querySelectorAll('.keys button, dialog button')].filter(e => e.getClientRects().length).map(e => ({ n: e.textContent, r: e.getBoundingClientRect() }));
    for (const { n, r } of boxes) if (Math.min(r.width, r.height) / mm < 14.4) bad.push(`${n} ${r.width / mm} x ${r.height / mm}`);
    for (const [i, a] of boxes.entries()) for (const c of boxes.slice(i + 1)) {
      const gap = Math.max(a.r.left - c.r.right, c.r.left - a.r.right, a.r.top - c.r.bottom, c.r.top - a.r.bottom) / mm;
      if (gap < 1.9) bad.push(`${a.n} ${c.n} ${gap}`);
    }
    return bad;
  });
  const faults = async () => {
    await page.evaluate(axe);
    const r = await page.evaluate(() => window.axe.run(document, { runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] } }));
    return r.violations.map(v => `${v.id} ${v.nodes[0].target}`);
  };

  // The first page leaves by itself until the script has said that it runs.
  await page.goto(kiosk.url);
  await go('start');
  equal('the first page would leave by itself', refresh.get('last'), '150; url=/s/still');
  await page.locator('label[for="a0-0"]').click();
  await page.clock.fastForward(91000);
  await until('asked on the first page too', open);
  await Promise.all([page.waitForNavigation(), page.click('dialog .go')]);
  check('which comes anew, with what was chosen', await page.locator('#a0-0').isChecked());
  equal('and stays from then on', refresh.get('last'), '');

  // On to the words.
  for (let i = 0; i < 30 && !(await page.$('textarea')); i++) {
    const r = await page.$('.page input[type=radio][value=individual], .page input[type=radio]');
    if (r) await page.click(`label[for="${await r.getAttribute('id')}"]`);
    if (await page.$('.number')) await page.fill('.number', '3');
    await go('next');
  }
  equal('no Refresh after the script has reported', refresh.get('last'), '');
  check('nothing is added at rest', !(await page.$('.keys')) && !(await open()));
  await page.locator('textarea').focus();
  await page.keyboard.type(MARK);
  check('not sent with each letter', !(await onServer(MARK)));
  await page.clock.fastForward(3100);
  await until('what is typed is kept', () => onServer(MARK));

  // Are you still there?
  await page.clock.fastForward(60000);
  check('not before its time', !(await open()));
  await page.clock.fastForward(30000);
  await until('the page asks', open);
  equal('the answer has the focus', await page.evaluate(() => document.activeElement.textContent), 'Yes, go on');
  over('large enough', await sizes());
  over('axe finds nothing', await faults());
  await page.keyboard.press('Enter');
  await until('gone', async () => !(await open()));
  equal('on the same page, with the words', await page.inputValue('textarea'), MARK);
  await page.clock.fastForward(60000);
  check('going on begins anew', !(await open()) && page.url() === `${kiosk.url}/s`);

  // Keys to touch.
  await page.locator('textarea').click();
  await until('keys', () => page.locator('.keys').isVisible());
  over('keys are 14.5 mm, 2 apart', await sizes());
  over('axe finds nothing with keys', await faults());
  check('the field is in view above them', await page.evaluate(() => { const t = document.querySelector('textarea').getBoundingClientRect(); return t.top >= 0 && t.bottom <= document.querySelector('.keys').getBoundingClientRect().top; }));
  const key = v => page.locator(`.keys button[value=${JSON.stringify(v)}]`).click();
  await key('.');
  await key('space');
  for (const k of ['shift', 'S', 'o']) await key(k);
  await key('signs');
  await key('!');
  await key('letters');
  await key('x');
  await key('delete');
  await key('line');
  await key('qwerty');
  await key('q');
  equal('what was touched is written', await page.inputValue('textarea'), `${MARK}. So!\nq`);
  await page.setViewportSize({ width: 800, height: 1280 });
  over('upright too', await sizes());
  await page.setViewportSize({ width: 1280, height: 800 });
  await key('done');
  check('gone when done', !(await page.$('.keys')) && await page.locator('.foot .go').isVisible());
  await until('and kept', () => onServer(`${MARK}. So!`));
  await go('look');
  await go('lang-cy');
  await go('next');
  await page.locator('textarea').click();
  await until('keys again', () => page.locator('.keys').isVisible());
  for (const k of ['ŵ', 'ŷ', 'â', 'ê', 'î', 'ô', 'û']) await key(k);
  check('the letters of Welsh', (await page.inputValue('textarea')).endsWith('qŵŷâêîôû'), await page.inputValue('textarea'));
  over('their keys too', await sizes());
  await key('done');
  await go('look');
  await go('lang-en');
  await go('next');

  // What the script sends is a page's own: no other visit's, no old page's.
  const token = await page.inputValue('input[name=t]'), v = new Visitor(kiosk.url);
  const sent = async (t, headers) => (await request(kiosk.url, { method: 'POST', path: '/s/save', body: new URLSearchParams({ t, a0: 'ZZ' }).toString(), headers })).status;
  equal('without a visit: over', await sent(token, {}), 410);
  equal('with a forged token: refused', await sent('0'.repeat(48), await cookie()), 403);
  equal('of an old page: not taken', await sent(token.slice(0, 16) + '0'.repeat(32), await cookie()), 204);
  check('really not', !(await onServer('ZZ')));

  // Nobody there any more: asked, not answered, not sent.
  await page.clock.fastForward(95000);
  await until('asked once more', open);
  await Promise.all([page.waitForURL(`${kiosk.url}/`, { timeout: 60000 }), page.clock.fastForward(61000)]);
  equal('no cookie', (await context.cookies()).length, 0);
  equal('nothing was sent', site.count(), 0);
  check('left, not stopped', /end="left"} 1\n/.test((await request(kiosk.url, { path: '/metrics' })).body));

  // Four words can be touched in too.
  await page.goto(`${kiosk.url}/withdraw`);
  await page.locator('#field').click();
  await until('keys on that page', () => page.locator('.keys').isVisible());
  await key('T'); // the first letter is a capital
  equal('written', (await page.inputValue('#field')).toLowerCase(), 't');
  equal('no error in any page', errors.join('; '), '');

  // Tablets and kiosks with keys of their own.
  const plain = await startKiosk(makeSite({ extra: 'keyboard = system\n' })), w = new Visitor(plain.url);
  await w.toQuestions();
  for (let i = 0; i < 12 && !/<textarea/.test(w.page.body); i++) await w.press('next', { a0: '1' });
  check('keyboard = system: none of ours', /<textarea/.test(w.page.body) && !/class="keys"/.test(w.page.body));
});
