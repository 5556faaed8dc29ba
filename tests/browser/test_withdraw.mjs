// kiosk-withdraw: with the four words an answer that was not sent is erased, the chain goes on; wrong words change
// nothing; a sixth try within ten minutes is not looked at.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Visitor, build, check, equal, main, makeSite, root, startKiosk } from './lib.mjs';

const visit = async (k, text, language = 'en') => {
  const v = new Visitor(k.url);
  await v.toQuestions(language);
  await v.finish(text);
  const words = [...(/<ul class="four"[^>]*>(.*?)<\/ul>/.exec(v.page.body)?.[1] ?? '').matchAll(/<li>([^<]*)<\/li>/g)].map(m => m[1]);
  await v.press('next');
  return words;
};

const list = name => [...readFileSync(join(root, `collector/${name}.c`), 'utf8').matchAll(/"([a-z]+)"/g)].map(m => m[1]);
const en = list('words_en'), cy = list('words_cy');

await main(async () => {
  // Slots of a day: lane 1 writes by itself several times a slot, and here bytes are compared.
  const site = makeSite({ extra: 'concern_slot_s = 86400\n' }), kiosk = await startKiosk(site);
  const welsh = await visit(kiosk, 'ZZTHIRDZZ', 'cy'), one = await visit(kiosk, 'ZZFIRSTZZ'), two = await visit(kiosk, 'ZZSECONDZZ');
  equal('four words', one.length, 4);
  check('other words for another visit', one.join() !== two.join());
  check('both answers are there', site.open().includes('ZZFIRSTZZ') && site.open().includes('ZZSECONDZZ'));
  const hash = () => createHash('sha256').update(readFileSync(join(site.dir, 'site.db'))).update(readFileSync(join(site.dir, 'site.db-wal'))).digest('hex');
  // The kiosk moves its log into the file once it is idle (every ten seconds it looks): after that nothing stirs.
  const fresh = hash();
  for (const end = Date.now() + 15000; hash() === fresh && Date.now() < end;) await new Promise(r => setTimeout(r, 200));
  const v = new Visitor(kiosk.url), before = hash();
  await v.get('/withdraw');
  await v.post('/withdraw?l=en', { words: 'xxxx yyyy zzzz wwww' });
  check('words that are none', v.page.body.includes('These words do not fit'));
  await v.post('/withdraw?l=en', { words: [...one].reverse().join(' ') });
  check('the right words in another order', v.page.body.includes('These words do not fit'));
  check('what was typed is not shown again', !v.page.body.includes(one[0]));
  equal('wrong words change no byte', hash(), before);
  await v.post('/withdraw?l=en', { words: `  ${one.join(', ').toUpperCase()}. ` });
  check('the right words take them back', v.page.body.includes('Your answers are taken back'), v.h1());
  const after = site.open();
  check('the first answer is gone', !after.includes('ZZFIRSTZZ') && after.includes('<erased/>') && after.includes('<withdrawal/>'), after);
  check('the second is not', after.includes('ZZSECONDZZ'));
  // Words of a Welsh visit are Welsh, and good on a page in either language: spelt by the list, not by its numbers.
  check('Welsh words are of the Welsh list', welsh.length === 4 && welsh.every(x => cy.includes(x)), welsh.join(' '));
  check('English words are of the English list', one.every(x => en.includes(x)), one.join(' '));
  check('the Welsh answer is there', after.includes('ZZTHIRDZZ'));
  await v.post('/withdraw?l=en', { words: welsh.map(x => x.slice(0, 4)).join(' ') });
  check('Welsh words take their answer back from an English page', v.page.body.includes('Your answers are taken back') && !site.open().includes('ZZTHIRDZZ'), v.h1());
  await v.post('/withdraw?l=cy', { words: one.join(' ') });
  check('once more: nothing to take back', v.page.body.includes('Nid yw’r geiriau hyn yn ffitio'), v.h1());
  await v.post('/withdraw', { words: two.join(' ') });
  check('a sixth try is not looked at', v.page.body.includes('try again in 10 minutes'), v.page.body.slice(-600));
  check('and nothing was taken back by it', site.open().includes('ZZSECONDZZ'));
  const verify = spawnSync(join(build, 'candour'), ['verify', join(site.dir, 'site.db')], { encoding: 'utf8' });
  if (!/no command/.test(verify.stderr)) check('the chain verifies', verify.status === 0, verify.stderr + verify.stdout);
});
