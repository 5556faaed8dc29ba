// What people are told before they answer: which languages there are, how many questions, how long answers are kept,
// and that questions are not in Easy Read when they asked for it. Design of the kiosk, section 2.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Visitor, check, equal, folder, main, makeSite, root, startKiosk } from './lib.mjs';

const lib = n => join(root, `forms/library/${n}.csv`), head = 'namespaces,kiosk::anonymous', tail = '"candour=""urn:candour:form:1""",yes';
const form = (name, label, questions, more = ['', '']) => {
  const file = join(folder(), `${name}.csv`);
  writeFileSync(file, `survey\n,type,name,${label}\n${Array.from({ length: questions }, (_, i) => `,text,q${i},Why ${i}?\n`).join('')}settings\n,form_title,form_id,version,${head}${more[0]}\n,${name},${name},1,${tail}${more[1]}\n`);
  return file;
};
const start = async (forms, extra = '') => new Visitor((await startKiosk(makeSite({ forms, extra }))).url);
const languages = v => [...v.page.body.matchAll(/hreflang="([^"]*)"/g)].map(m => m[1]).join(' ');

await main(async () => {
  let v = await start(['visit', 'satisfaction-easy', 'satisfaction', 'concern'].map(lib));
  await v.get('/');
  equal('both languages that kiosk and forms have', languages(v), 'cy');
  check('the length is that of the usual form, not of the first in the folder', v.page.body.includes('7 questions, about 4 minutes'), /class="lead">([^<]*)/.exec(v.page.body)?.[1]);
  await v.get('/privacy');
  check('who reads it: how long', v.page.body.includes('We keep your answers for 2 years. After that only numbers stay.'));
  await v.get('/privacy?l=cy');
  check('in Welsh', v.page.body.includes('Rydym yn cadw eich atebion am 2 flynedd.'));
  await v.get('/nowhere?l=cy');
  check('a wrong address in the language of its page', v.page.status === 404 && /lang="cy"/.test(v.page.body));
  await v.start('easy', 'cy');
  await v.press('next', { a0: 'individual' });
  await v.press('next', { a0: 'self' });
  check('Easy Read is there: nothing is said', /<h1>Cyn i chi/.test(v.page.body) && !v.page.body.includes('Hawdd eu Deall eto'), v.h1());
  await v.get('/s/nowhere');
  check('a wrong address in the language of the visit', v.page.status === 404 && /lang="cy"/.test(v.page.body));

  // Two forms fit: what they are called is in the visit's language; so are the headings of pages and the staff's list.
  v = await start([form('one', 'label::English (en),label::Cymraeg (cy)', 1, [',kiosk::family,kiosk::title::Cymraeg (cy)', ',a,Un **ffurflen**']), form('two', 'label::English (en)', 1, [',kiosk::family', ',b'])]);
  await v.start('start', 'cy');
  const tiles = () => [...v.page.body.matchAll(/<span>([^<]*)<\/span><svg class="tick"/g)].map(m => m[1]).join(', ');
  equal('a title in Welsh where the form has one', tiles(), 'Un ffurflen, two');
  await v.press('look');
  await v.press('lang-en');
  await v.press('next');
  equal('and its own in English', tiles(), 'one, two');

  // Easy Read exists, but not of what this person gets.
  v = await start([lib('visit'), form('staff', 'label', 2, [',kiosk::family,kiosk::roles', ',staff,staff']), form('easy', 'label', 2, [',kiosk::family,kiosk::roles,kiosk::variant', ',easy,individual,easy_read'])], 'answers_days = 45\n');
  await v.start('easy');
  await v.press('next', { a0: 'staff' });
  for (let i = 0; i < 3 && !v.page.body.includes('Before you start'); i++) await v.press('next', { a0: 'self' });
  check('a variant that is not there is said to be missing', v.page.body.includes('These questions are not in Easy Read yet. They come in usual words.'), v.h1());
  check('days that make no years', v.page.body.includes('We keep your answers for 45 days.'));

  v = await start([form('english', 'label::English (en)', 1)], 'answers_days = 0\n');
  await v.get('/');
  equal('English questions only: no other language', languages(v), '');
  await v.start();
  check('nothing is said where nothing is set', v.page.body.includes('Before you start') && !v.page.body.includes('We keep your answers'));
  await v.press('look');
  check('nor on the page for text size', !/value="lang-/.test(v.page.body));
  v = await start([form('plain', 'label', 1)]);
  await v.get('/');
  equal('a form that names no language is in the site’s first', languages(v), '');
  v = await start([lib('concern')]);
  await v.get('/');
  equal('no questions at all: the page itself has its languages', languages(v), 'cy');
});
