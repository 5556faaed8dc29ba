// What comes down the line: notices are shown, forms change between visits only, what does not load leaves what is
// there, an older bundle is refused.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Staff, Visitor, check, equal, folder, main, makeSite, request, startKiosk, until } from './lib.mjs';

await main(async () => {
  const site = makeSite({ extra: 'look_s = 1\n' }), kiosk = await startKiosk(site), dir = folder();
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
  // Easy words and a voice of their own.
  const wav = Buffer.alloc(44 + 32000);
  wav.write('RIFF', 0); wav.writeUInt32LE(36 + 32000, 4); wav.write('WAVEfmt ', 8); wav.writeUInt32LE(16, 16); wav.writeUInt16LE(1, 20); wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(16000, 24); wav.writeUInt32LE(32000, 28); wav.writeUInt16LE(2, 32); wav.writeUInt16LE(16, 34); wav.write('data', 36); wav.writeUInt32LE(32000, 40);
  for (let i = 0; i < 16000; i++) wav.writeInt16LE(Math.round(9000 * Math.sin(i / 5)), 44 + 2 * i);
  site.bundle('notices', 4, [file('tea.notice', 'from = 2021-01-01\nuntil = 2099-01-01\nsaid.en = Tea comes cold.\ndid.en = We bought new pots.\neasy_said.en = Cold tea.\neasy_did.en = New pots.\naudio.en = tea.wav\n'),
    file('tea.wav', wav), file('door.notice', 'from = 2020-01-01\nuntil = 2099-01-01\nsaid.en = The <door> is too heavy.\ndid.en = It opens by itself now.\nsaid.cy = Drws trwm.\ndid.cy = Drws newydd.\n')]);
  await until('easy words are offered', async () => /href="\/notices\?l=en&amp;e=1"/.test(await page('/notices')));
  const easy = await page('/notices?l=en&e=1');
  check('and shown, beside usual words where there are no others', easy.includes('Cold tea.') && !easy.includes('Tea comes cold') && easy.includes('too heavy'));
  for (const p of ['/', '/about', '/privacy', '/withdraw', '/notices']) {
    const still = await page(`${p}?l=en`), heard = await page(`${p}?l=en&listen=1`);
    check(`${p}: silent until asked`, !/<audio/.test(still) && /listen=1"/.test(still));
    const src = /<audio autoplay src="([^"]*)"/.exec(heard)?.[1]?.replaceAll('&amp;', '&');
    const sound = src && await request(kiosk.url, { path: src });
    check(`${p}: can be heard, and stopped`, sound?.status === 200 && sound.headers['content-type'] === 'audio/wav' && sound.body.length > 40000 && !/listen=1"/.test(heard), `${src} ${sound?.status} ${sound?.body.length}`);
  }
  const before = kiosk.log.length;
  site.bundle('notices', 5, [file('bad.notice', 'from = 2020-01-01\nuntil = 2099-01-01\nsaid.cy = Dim Saesneg.\ndid.cy = Dim.\n')]);
  await until('a notice without the first language is refused, and why', () => /bad\.notice: said\.en and did\.en are missing/.test(kiosk.log.slice(before)));
  site.bundle('notices', 6, [file('mute.notice', 'from = 2020-01-01\nuntil = 2099-01-01\nsaid.en = A.\ndid.en = B.\naudio.en = gone.wav\n')]);
  await until('so is one whose sound did not come', () => /mute\.notice:5: audio\.en: no sound "gone\.wav"/.test(kiosk.log.slice(before)));
  check('what was there is still shown', (await page('/notices')).includes('Tea comes cold'));

  // Forms: in force between visits, never during one.
  const xml = readFileSync(join(site.dir, 'forms/satisfaction.xml'), 'utf8'), v = new Visitor(kiosk.url);
  await v.toQuestions();
  const asked = v.h1();
  site.bundle('forms', 2, [file('satisfaction.xml', xml.replaceAll(asked, 'How do you like the new question?'))]);
  site.bundle('notices', 7, [file('tea.notice', 'from = 2021-01-01\nuntil = 2099-01-01\nsaid.en = Newer.\ndid.en = Newer.\n')]);
  await until('the kiosk has looked', () => /notices=1 bundle=7/.test(kiosk.log));
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
  site.pin('246810');
  const staff = new Staff(kiosk.url);
  await staff.enter('246810', 'en');
  await staff.get('/staff');
  check('staff see it, marked, and what is asked meanwhile with its signer', /<dt>New questions that do not fit<\/dt><dd class="see">.*?bundle 5; those before it are asked/.test(staff.page.body) && /Signed bundle 2, by key [0-9a-f]{16}/.test((await staff.get('/staff/signed')).body), /<dl[^]*<\/section>/.exec(staff.page.body)?.[0]);
  const x = new Visitor(kiosk.url);
  await x.start();
  await x.press('next');
  equal('what was in force stays', x.h1(), 'How do you like the new question?');
  await x.press('stop');

  // For one site alone: only where this box stands there.
  const only = serial => site.bundle('forms', serial, [file('satisfaction.xml', xml.replaceAll(asked, `Only here, ${serial}?`))], 'ty-gwyn');
  only(7);
  site.bundle('forms', 8, [file('satisfaction.xml', xml.replaceAll(asked, 'For everybody?'))]);
  await until('another site’s is not taken', () => /bundle=8/.test(kiosk.log));
  site.at('ty-gwyn');
  only(9);
  await until('our own is, before that of everybody', () => /bundle=9/.test(kiosk.log));
  const y = new Visitor(kiosk.url);
  await y.start();
  await y.press('next');
  equal('and asked', y.h1(), 'Only here, 9?');
  await y.press('stop');
});
