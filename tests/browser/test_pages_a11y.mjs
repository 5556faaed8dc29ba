// The commissioners' pages and the reading room for everybody: axe by day and by night, wide, narrow and in large print; zoom, keyboard, no
// script, no motion (rules.mjs); and what axe does not see: no sideways scrolling, no words of a chart on top of
// each other or of a value, a chart that can be read at its width, a hidden value that is never 0.
import { readFileSync } from 'node:fs';
import { browser, check, equal, main, packages, request } from './lib.mjs';
import { startPages, startRoom } from './published.mjs';
import { inspect } from './rules.mjs';

// Runs in the page.
function look() {
  const seen = e => e.getClientRects().length > 0, box = e => e.getBoundingClientRect(), over = [], small = [];
  for (const svg of document.querySelectorAll('svg.chart')) {
    if (!seen(svg)) continue;
    const words = [...svg.querySelectorAll('text')].map(e => [e.textContent.trim(), box(e)]).filter(w => w[0]);
    const marks = [...svg.querySelectorAll('.shape')].map(e => ['a value', box(e)]);
    for (const [name, r] of words) {
      const size = r.height / 1.4;
      if (size < 8) small.push(`${name} ${size.toFixed(1)}`);
      for (const [other, o] of [...words.filter(w => w[1] !== r), ...marks]) {
        const dx = Math.min(r.right, o.right) - Math.max(r.left, o.left), dy = Math.min(r.bottom, o.bottom) - Math.max(r.top, o.top);
        if (dx > 1 && dy > r.height * 0.25) over.push(`"${name}" and "${other}"`);
      }
    }
  }
  return { over, small, wide: document.documentElement.scrollWidth - innerWidth, h1: document.querySelectorAll('h1').length, title: document.title,
    inline: document.querySelectorAll('[style],style,script,[onclick]').length,
    unlabelled: [...document.querySelectorAll('input:not([type=hidden]),select,textarea')].filter(e => !e.labels.length).length,
    zero: [...document.querySelectorAll('tr.hidden-row td.n')].filter(e => e.innerText.trim() === '0').length,
    charts: [...document.querySelectorAll('svg.chart')].filter(seen).filter(e => e.getAttribute('role') !== 'img' || !e.querySelector('title').textContent || !e.querySelector('desc').textContent).length };
}

await main(async () => {
  const pages = await startPages(), b = await browser(), axe = readFileSync(packages().axe, 'utf8');
  const looks = [['by day', {}], ['by night', { colorScheme: 'dark' }], ['400 px wide', { viewport: { width: 400, height: 800 } }]];
  await (await pages.open(b)).context().close();
  const room = await startRoom();
  await (await room.open(b)).context().close();
  const night = ['/', '/indicator/sat-users', '/publications', '/easy/sat-users', '/sign-in'], slim = ['/', '/indicator/sat-users', '/indicator/sat-users?look=large', '/sign-in', '/quarantine', '/quotes'];
  for (const [place, path] of [...[...pages.paths, '/sign-in'].map(p => [pages, p]), ...room.paths.map(p => [room, p])])
    for (const [name, options] of looks) {
      if ((options.colorScheme && !night.includes(path)) || (options.viewport && !slim.includes(path))) continue;
      const where = `${place === room ? 'reading room ' : ''}${path} ${name}`, page = await place.open(b, { ...options, javaScriptEnabled: true });
      await page.goto(place.url + path);
      await page.evaluate(() => document.fonts.ready);
      await page.evaluate(axe);
      const found = await page.evaluate(() => window.axe.run(document, {
        runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] } }));
      check(`${where}: axe`, found.violations.length === 0 && found.passes.length > 10,
        found.violations.map(v => `${v.id} ${v.nodes[0].target} ${v.nodes[0].failureSummary}`).join('; '));
      const l = await page.evaluate(look);
      check(`${where}: no word lies on another or on a value`, l.over.length === 0, l.over.slice(0, 3).join(', '));
      check(`${where}: the words of a chart can be read`, l.small.length === 0, l.small.slice(0, 3).join(', '));
      check(`${where}: nothing to scroll sideways`, l.wide <= 0, l.wide);
      equal(`${where}: headings, inline code, fields without label, zeros, charts without words`,
        [l.h1, l.inline, l.unlabelled, l.zero, l.charts].join(' '), '1 0 0 0 0');
      await page.context().close();
    }

  const page = await pages.open(b), state = await page.context().storageState();
  await page.goto(`${pages.url}/indicator/sat-users`);
  const hidden = page.locator('tr.hidden-row').first();
  equal('a hidden row shows no number', (await hidden.locator('td.n strong').innerText()).trim(), '');
  check('and says why', (await hidden.innerText()).includes('hidden, so that nobody is given away'));
  const signedIn = { newContext: o => b.newContext({ storageState: state, bypassCSP: true, ...o }) };
  for (const [path, parts] of [['/', ['zoom', 'keyboard', 'modes']], ['/indicator/sat-users', ['zoom', 'modes']], ['/easy/sat-users', ['zoom', 'keyboard', 'modes']]]) {
    const r = await inspect(signedIn, axe, pages.url + path, parts);
    check(`${path}: rules of every page`, r.passed > 0 && r.failures.length === 0, r.failures.map(f => `${f.rule} ${f.message}`).join('; '));
  }
  equal('nobody is served without signing in', (await request(pages.url, { path: '/easy/sat-users' })).status, 303);
  check('no sanitizer spoke', !/ERROR: |runtime error/.test(pages.log + room.log), (pages.log + room.log).slice(-500));
});
