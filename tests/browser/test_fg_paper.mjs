// What a group agreed, on paper for those who were there: only after it is sealed, only at its desks, the sentences and
// other views and nothing else, in letters of 18 points or 24, without script too.
import { readFileSync } from 'node:fs';
import { add, check, browser, equal, main, packages, startKiosk } from './lib.mjs';
import { Desk, groupSite, MARK } from './fg.mjs';
import { serve } from './pages.mjs';
import { inspect } from './rules.mjs';

const ONE = `${MARK} we want <b>more</b> trips & "company"`, OTHER = `${MARK} one of us likes it as it is`, LONG = `${'many words '.repeat(40)}${'x'.repeat(300)}`;
const plain = s => s.replace(/<[^>]*>/g, ' ').replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&amp;/g, '&').replace(/\s+/g, ' ');

await main(async () => {
  const site = groupSite(), kiosk = await startKiosk(site), d = new Desk(kiosk.url), second = new Desk(kiosk.url), nobody = new Desk(kiosk.url);
  await d.signIn();
  await d.setUp();
  await d.people();
  await d.agree();
  await d.press('people');
  await second.post('/j', { go: 'join', code: d.code() });
  await d.press('next');
  await d.note(`${MARK} a note nobody reads back`);
  const early = async when => { await d.get('/group/paper'); check(`${when}: no paper yet`, !d.page.body.includes('class="agreed') && !d.page.body.includes('value="paper"'), d.path); };
  await early('in the talk');
  await d.get('/group/s');
  await d.press('read');
  await d.press('next', { words: ONE, minority: OTHER, agree: '7', change: '1', not: '0' });
  await d.press('next', {});
  await d.press('next', { words: LONG, agree: '8', change: '0', not: '0' });
  await d.press('next', {});
  await d.press('next', {});
  await early('looked at before it leaves');
  await d.get('/group/s');
  await d.press('seal');
  const words = [...d.page.body.matchAll(/<li>([a-z]+)<\/li>/g)].map(m => m[1]).slice(-4);
  check('sealed, with four words', words.length === 4 && /value="paper"/.test(d.page.body), d.h1());
  await d.press('paper');
  equal('the paper', d.path, '/group/paper');
  const text = plain(/<main[^]*<\/main>/.exec(d.page.body)?.[0] ?? '');
  check('what was agreed stands on it, as it was said', text.includes(ONE) && text.includes(LONG.trim()) && text.includes(`Other views: ${OTHER}`), text.slice(0, 400));
  equal('topics without a sentence do not', (d.page.body.match(/<section>/g) || []).length, 2);
  check('no note, no count, none of the four words', !text.includes('nobody reads back') && !words.some(w => text.includes(w)) && !/\b7\b|\b8\b/.test(text.replace(/\d{1,2} [A-Z][a-z]+ \d{4}/, '')), text.slice(0, 400));
  await second.get('/group/paper');
  check('the second tablet may print it too', second.page.body.includes('class="agreed'));
  await nobody.get('/group/paper');
  check('a stranger may not', !nobody.page.body.includes(MARK), nobody.path);
  const pages = new Map([['large', d.page.body]]);
  await d.get('/group/paper?size=very');
  pages.set('very', d.page.body);
  for (const size of ['x', '', '%ff', 'VERY', '../very']) { await d.get(`/group/paper?size=${size}`); check(`size ${size}: as usual`, d.page.status === 200 && d.page.body.includes('class="agreed"'), d.page.status); }

  const b = await browser(), context = await b.newContext({ javaScriptEnabled: false, viewport: { width: 672, height: 980 } }), page = await context.newPage();
  await context.addCookies([{ name: 'g', value: d.jar.get('g'), url: kiosk.url }]);
  for (const [path, least] of [['/group/paper', 18], ['/group/paper?size=very', 24], ['/group/s', 18]]) {
    await page.goto(kiosk.url + path);
    await page.emulateMedia({ media: 'print' });
    const seen = await page.evaluate(() => {
      const shown = [...document.querySelectorAll('h1,h2,p,b,li,button,a')].filter(e => e.checkVisibility() && e.innerText.trim() && !e.closest('.skip'));
      return { least: Math.min(...shown.map(e => parseFloat(getComputedStyle(e).fontSize) * 0.75)), buttons: shown.filter(e => /BUTTON|A/.test(e.tagName)).length,
        wide: document.documentElement.scrollWidth - innerWidth, said: document.body.innerText };
    });
    check(`${path}: printed in letters of ${least} points`, seen.least > least - 0.01 && seen.said.includes(MARK), seen.least);
    check(`${path}: no button is printed, none of the four words, and nothing is cut off`, seen.buttons === 0 && seen.wide <= 0 && !words.some(w => seen.said.includes(w)), `${seen.buttons} ${seen.wide}`);
    await page.emulateMedia({ media: 'screen' });
  }
  // By the rules of a page, but that it may be longer than the screen, as paper is, and people's sentences than ours.
  const axe = readFileSync(packages().axe, 'utf8'), s = await serve(kiosk.url, pages);
  for (const name of pages.keys()) {
    const { passed, failures } = await inspect(b, axe, `${s.url}/${name}`, ['layout', 'zoom', 'keyboard']);
    add(passed, 0);
    for (const f of failures) if (!/^(tall|sentence)$/.test(f.rule)) check(`${name} ${f.rule}`, false, f.message);
    if (process.env.SHOTS) for (const [n, width, height] of [['wide', 1280, 800], ['tall', 800, 1280], ['zoom', 320, 256], ['print', 672, 980]]) { const q = await b.newPage({ viewport: { width, height } }); await q.goto(`${s.url}/${name}`); await q.evaluate(() => document.fonts.ready); if (n === 'print') await q.emulateMedia({ media: 'print' }); await q.screenshot({ path: `${process.env.SHOTS}/paper-${name}-${n}.png`, fullPage: true }); }
  }
  await s.close();
  await page.goto(`${kiosk.url}/group/paper`);
  await page.click('nav a[href*="size"]');
  check('the other size is one press away, without script', page.url().endsWith('size=very'), page.url());
  await page.click('nav a[href="/group/s"]');
  check('and Back leads back', (await page.locator('h1').innerText()).includes('sealed'));
  await d.get('/group/s');
  await d.press('finished');
  await d.get('/group/paper');
  check('after Finished there is none', !d.page.body.includes(MARK), d.path);
  check('no error of the program', !/code=broken|Sanitizer|runtime error/.test(kiosk.log), kiosk.log.slice(-2000));
});
