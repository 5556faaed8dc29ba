// Focus groups in short: the seven screens in chromium once, three kills, eight tablets; a session without notes; a
// session sent unopened. The whole of it: make fg-walk, fg-power, fg-lan.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { browser, build, check, equal, main, startKiosk, stopKiosk } from './lib.mjs';
import { Desk, groupSite, isInFiles, MARK, PASS } from './fg.mjs';
import { lan } from './fg_lan.mjs';
import { power, sql } from './fg_power.mjs';
import { walk } from './fg_walk.mjs';

async function screens() {
  const site = groupSite(), kiosk = await startKiosk(site), b = await browser();
  const context = await b.newContext({ javaScriptEnabled: false, viewport: { width: 1280, height: 800 } });
  await walk(context, kiosk.url, { notes: 5, js: false, tag: 'walk' });
  const xml = site.open();
  check('the record is a group’s', /candour:mode>group</.test(xml) && /candour:answered_by>group</.test(xml) && /n_present>8</.test(xml), xml.slice(0, 400));
  equal('the note that was struck out stays here', xml.split('<note_words>').length - 1, 4);
  check('what it says is what was said', xml.includes(`${MARK} walk note 4: what somebody said`) && xml.includes(`${MARK} one of us does not`));
}

// One no to notes: counts and votes only. A role with one person: "other". One no to quoting: no exact words.
async function consent() {
  const site = groupSite(), kiosk = await startKiosk(site), d = new Desk(kiosk.url);
  await d.get('/group/new');
  check('without signing in nobody begins a session', !d.page.body.includes('name="pass"'));
  await d.signIn();
  await d.setUp('short');
  check('a short passphrase is refused, with the way out', d.error().includes('10 to 200'), d.error());
  await d.setUp();
  await d.people({ 0: 3, 3: 1, 5: 2 });
  await d.agree({ 2: 1 });
  await d.note(`${MARK} of the advocate`, { who: '3', exact: true });
  check('a note of nobody is not kept, and not lost', (await d.press('save', { words: `${MARK} typed` }), d.error() !== '' && d.page.body.includes(`${MARK} typed`)), d.error());
  await d.press('back', { words: `${MARK} typed` }); // to what was agreed; what was typed stays
  await d.press('next');
  check('what was typed is still there', d.page.body.includes(`${MARK} typed`));
  await d.press('wrong', { words: `${MARK} typed`, who: '0' });
  check('something is wrong: the numbers to call', d.page.body.includes('999'));
  await d.press('next');
  check('and back to the session', d.path === '/group/s', d.path);
  await d.press('save', [['words', `${MARK} typed`], ['who', '0']]);
  // a double press is one note
  const raw = new URLSearchParams({ words: `${MARK} twice`, who: '0', t: d.token, go: 'save' }).toString();
  await d.send('POST', '/group/s', raw);
  await d.send('POST', '/group/s', raw);
  await d.get('/group/s');
  check('a button pressed twice is one note', d.page.body.includes('3 notes here'), /class="last"[^<]*<?/.exec(d.page.body)?.[0]);
  await d.press('read');
  for (let i = 0; i < 5; i++) await d.press('next', {});
  await d.press('seal');
  const xml = site.open();
  check('one person of a role says "other"', xml.includes('<note_role>other</note_role>') && !xml.includes('<note_role>advocate'), xml);
  check('no quotes after one no', !xml.includes('<note_exact>yes'));
  await d.press('finished');
  await d.signIn();
  await d.setUp();
  await d.people({ 0: 3 });
  await d.agree({ 0: 1 });
  check('one no to notes: no note can be written', !d.page.body.includes('name="words"'));
  await d.post('/group/s', { t: d.token, go: 'save', words: `${MARK} forbidden`, who: '0' });
  await d.get('/group/s');
  await d.press('read');
  for (let i = 0; i < 5; i++) await d.press('next', {});
  await d.press('seal');
  check('and none leaves', !site.open().includes('forbidden'));
  await stopKiosk(kiosk);
}

// The passphrase is lost: the session goes unopened, and the draft is gone.
async function lost() {
  const site = groupSite(), kiosk = await startKiosk(site), d = new Desk(kiosk.url);
  await d.signIn();
  await d.setUp();
  await d.people();
  await d.agree();
  await d.note(`${MARK} unread`);
  await d.press('lock');
  check('locked: no note on the page', !d.page.body.includes(MARK) && d.page.body.includes('type="password"'));
  await d.post('/group/open', { go: 'open', pass: PASS });
  check('the passphrase opens it where it was', d.page.body.includes(`${MARK} unread`), d.page.body.slice(0, 300));
  await d.press('lock');
  const staff = new Desk(kiosk.url);
  await staff.signIn();
  await staff.get('/group');
  const id = /name="go" value="([0-9a-f]{32})"/.exec(staff.page.body)[1];
  await staff.press(id);
  await staff.press('lost', { d: id });
  const recovered = spawnSync(join(build, 'candour'), ['draft', 'recover', '--key', join(site.dir, 'response'), join(site.dir, 'site.db')], { encoding: 'utf8' });
  check('the organisation’s key reads what the passphrase would', recovered.status === 0 && recovered.stdout.includes(`${MARK} unread`), recovered.stderr);
  const foreign = spawnSync(join(build, 'candour'), ['draft', 'recover', '--key', join(site.dir, 'concern'), join(site.dir, 'site.db')], { encoding: 'utf8' });
  check('a key of another use does not', foreign.status === 1 && foreign.stdout === '' && /response or the escrow key/.test(foreign.stderr), foreign.stderr);
  await staff.press('send', { d: id });
  equal('no draft is left', sql(site, 'SELECT count(*) FROM draft'), '0');
  equal('a record is there that counts as no answer', `${sql(site, "SELECT count(*) FROM record WHERE lane = 0 AND substr(header, 7, 1) = x'00'")} ${site.count()}`, '1 0');
  check('and no word of it', !isInFiles(site, MARK));
  await stopKiosk(kiosk);
}

await main(async () => {
  await screens();
  await consent();
  await lost();
  await power(3);
  await lan({ short: true });
});
