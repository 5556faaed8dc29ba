// The staff area in the browser: the door, how things stand in a care manager's words, out again; every page of it by
// the rules of a page; nothing that a person answered is to be seen there. Waiting after wrong PINs and the end of a
// session go by a given clock: tests/kiosk/test_staff.c.
import { readFileSync } from 'node:fs';
import { Staff, Visitor, add, browser, check, equal, main, makeSite, packages, startKiosk } from './lib.mjs';
import { serve, staffPages } from './pages.mjs';
import { inspect } from './rules.mjs';

const PIN = '246810', MARK = 'ZZSTAFFZZ';

await main(async () => {
  const site = makeSite({ extra: 'paper_key_in = yes\n' }), kiosk = await startKiosk(site);
  const b = await browser(), context = await b.newContext({ viewport: { width: 1280, height: 800 }, javaScriptEnabled: false }), page = await context.newPage();
  const enter = async pin => { await page.goto(`${kiosk.url}/staff`); await page.fill('#field', pin); await page.click('.go'); };

  await enter(PIN);
  check('without a PIN nobody comes in, and the page says how to set one', (await page.textContent('main')).includes('candour site pin'));
  site.pin(PIN);
  await enter('111111');
  check('a wrong PIN: how long to wait', /Please wait 1 second/.test(await page.textContent('[role=alert]')));
  await enter(PIN);
  check('at once again: not yet, even if right', /then try again/.test(await page.textContent('main')) || page.url().endsWith('/staff'));
  const late = Date.now() + 60000;
  while (!(await page.$('.facts')) && Date.now() < late) await enter(PIN);
  check('then in', !!(await page.$('.facts')));

  // Two people have answered, nothing has been delivered.
  for (let i = 0; i < 2; i++) {
    const v = new Visitor(kiosk.url);
    await v.toQuestions();
    await v.finish(MARK);
    check('somebody answered', /class="thanks"/.test(v.page.body));
    await v.press('next');
  }
  const facts = async () => Object.fromEntries(await page.$$eval('.facts dt', l => l.map(e => [e.textContent, e.nextElementSibling.textContent])));
  await page.goto(`${kiosk.url}/staff`);
  const now = await facts();
  equal('answers waiting to be sent', now['Answers waiting to be sent'], '2');
  check('since when', /\d+ \w+ 20\d\d/.test(now['The oldest is from']), JSON.stringify(now));
  equal('nothing delivered yet', now['Last delivered to the centre'], 'not yet');
  equal('room', now['Room for more answers'], 'enough');
  check('the clock nobody has checked is marked, and that is said', (await page.textContent('[role=status]')).includes('marked') && (await page.$$eval('.see', l => l.map(e => e.textContent).join())).includes('not checked'));
  check('the questions in force with their version', (await page.textContent('.asked')).includes('How is your care?') && (await page.textContent('.asked')).includes('20261121'));
  await page.click('text=Questions and keys');
  check('who signed the questions: nobody, they are of a folder', (await page.textContent('main')).includes('Nobody has signed them.'));
  const keys = await facts();
  check('the keys that lock answers, with their dates', /^set 1, \d+ \w+ 20\d\d$/.test(keys['Keys that lock answers']) && ['Keys for answers are', 'The spare key is', 'Keys for “Something is wrong” are'].every(t => /20\d\d$/.test(keys[`${t} good until`])), JSON.stringify(keys));
  await page.goBack();
  await page.click('text=Sound and language');
  await page.click('button[value=quieter]');
  await page.click('button[value=quieter]');
  check('how loud a visit begins', (await page.textContent('main')).includes('A visit begins with volume 2 of 5'));
  await page.click('button[value=first-cy]');
  check('Welsh first', (await page.getAttribute('button[value=first-cy]', 'aria-pressed')) === 'true');
  const loud = new Visitor(kiosk.url);
  await loud.get('/');
  check('the start page is Welsh then, and English one press away', /<html lang="cy"/.test(loud.page.body) && /hreflang="en/.test(loud.page.body));
  await loud.start();
  await loud.press('look');
  check('and a visit begins that quiet', loud.page.body.includes('2 of 5'), loud.h1());
  await loud.press('stop');
  await page.goto(`${kiosk.url}/staff/sound`);
  await page.click('button[value=first-en]');
  await page.click('button[value=louder]');
  await page.goto(`${kiosk.url}/staff`);
  await page.click('text=Clock and screen');
  const size = await page.$eval('.card', e => e.getBoundingClientRect().width);
  await page.click('button[value=bigger]');
  check('the outline grows', await page.$eval('.card', e => e.getBoundingClientRect().width) > size);
  await page.click('button[value=smaller]');
  await page.click('button[value=clock]:not([hidden])');
  check('the clock is set', (await page.textContent('[role=status]')).includes('The clock is set.'));
  await page.goto(`${kiosk.url}/staff`);
  check('and everything is in order', (await page.textContent('[role=status]')).includes('Everything is in order.'), JSON.stringify(await facts()));
  for (const p of ['/staff', '/staff/setup', '/staff/paper', '/staff/key', '/staff/tablets', '/staff/sound', '/staff/signed']) {
    await page.goto(`${kiosk.url}${p}`);
    check(`${p}: nothing that a person answered`, !(await page.content()).includes(MARK));
  }
  await page.goto(`${kiosk.url}/staff`);
  await page.click('.go');
  equal('out: the start page', page.url(), `${kiosk.url}/`);
  equal('no cookie is left', (await context.cookies()).length, 0);
  await page.goBack();
  check('Back shows the door', !(await page.$('.facts')));
  check('the log tells of tries, not of PINs', kiosk.log.includes('staff=refused') && kiosk.log.includes('staff=in') && !kiosk.log.includes(PIN) && !kiosk.log.includes('111111'));

  // Every page by the rules; make kiosk-a11y does them in more modes.
  const axe = readFileSync(packages().axe, 'utf8');
  for (const l of ['en', 'cy']) {
    const pages = await staffPages(kiosk.url, l, PIN);
    check(`${l}: the pages are there`, pages.size >= 8, [...pages.keys()].join(' '));
    const s = await serve(kiosk.url, pages);
    for (const name of pages.keys()) {
      if (l === 'cy' && !process.env.PARTS && !/^staff(-key)?$/.test(name)) continue; // the longest words; make kiosk-a11y does all
      const { passed, failures } = await inspect(b, axe, `${s.url}/${name}`, process.env.PARTS ? process.env.PARTS.split(',') : ['layout']);
      add(passed, 0);
      for (const f of failures) check(`${l} ${name} ${f.rule}`, false, f.message);
    }
    await s.close();
  }
});
