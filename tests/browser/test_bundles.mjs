// What comes down the line: notices are shown, forms change between visits only, what does not load leaves what is
// there, an older bundle is refused.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Visitor, check, equal, folder, main, makeSite, request, startKiosk, until } from './lib.mjs';

await main(async () => {
  const site = makeSite(), kiosk = await startKiosk(site), dir = folder();
  const file = (name, text) => { writeFileSync(join(dir, name), text); return join(dir, name); };
  const page = async p => (await request(kiosk.url, { path: p })).body;
  check('no empty box while there is none', !/class="told"/.test(await page('/')));
  check('and the page says so', (await page('/notices')).includes('There is nothing new yet.'));
  site.bundle('notices', 3, [file('door.notice', 'from = 2020-01-01\nuntil = 2099-01-01\nsaid.en = The <door> is too heavy.\ndid.en = It opens by itself now.\nsaid.cy = Drws trwm.\ndid.cy = Drws newydd.\n'),
    file('tea.notice', 'from = 2021-01-01\nuntil = 2099-01-01\nsaid.en = Tea comes cold.\ndid.en = We bought new pots.\n'),
    file('old.notice', 'from = 2019-01-01\nuntil = 2019-02-01\nsaid.en = Long ago.\ndid.en = Done.\n')]);
  await until('a notice is on the attract page', async () => /class="told"/.test(await page('/')));
  const a = await page('/'), b = await page('/');
  check('the next one at the next return', a.includes('Tea') !== b.includes('Tea'));
  const all = await page('/notices'), cy = await page('/notices?l=cy');
  check('all that are in force, newest first, escaped', all.indexOf('Tea comes cold') < all.indexOf('The &lt;door&gt; is too heavy') && all.includes('Tea comes cold') && !all.includes('Long ago'), all.slice(-700));
  check('in Welsh where there is Welsh', cy.includes('Drws trwm.'));
  const before = kiosk.log.length;
  site.bundle('notices', 4, [file('bad.notice', 'from = 2020-01-01\nuntil = 2099-01-01\nsaid.cy = Dim Saesneg.\ndid.cy = Dim.\n')]);
  await until('a notice without the first language is refused, and why', () => /bad\.notice: said\.en and did\.en are missing/.test(kiosk.log.slice(before)));
  check('what was there is still shown', (await page('/notices')).includes('Tea comes cold'));

  // Forms: in force between visits, never during one.
  const xml = readFileSync(join(site.dir, 'forms/satisfaction.xml'), 'utf8'), v = new Visitor(kiosk.url);
  await v.toQuestions();
  const asked = v.h1();
  site.bundle('forms', 2, [file('satisfaction.xml', xml.replaceAll(asked, 'How do you like the new question?'))]);
  await new Promise(r => setTimeout(r, 11000)); // longer than the kiosk takes to look
  await v.get('/s');
  equal('the visit goes on with its form', v.h1(), asked);
  await v.press('stop');
  await until('the new form is there for the next', async () => /bundle=2/.test(kiosk.log));
  const w = new Visitor(kiosk.url);
  await w.start();
  await w.press('next');
  equal('and is asked', w.h1(), 'How do you like the new question?');
  await w.press('stop');
  site.bundle('forms', 5, [file('broken.xml', '<h:html>no</h:html>')]);
  await until('a form that does not load is refused', () => /broken\.xml/.test(kiosk.log));
  const x = new Visitor(kiosk.url);
  await x.start();
  await x.press('next');
  equal('what was in force stays', x.h1(), 'How do you like the new question?');
});
