// make fg-hostile: a session meets what it should not: every field of every page with what no browser sends, two tablets on
// one page, a full disk at a note, guesses of the passphrase, the power gone while it is sealed. It goes on, says what is the
// matter, and loses nothing.
//   KILLS=20   power cuts while sealing        SEED=..
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { check, equal, root, startKiosk, stopKiosk, until } from './lib.mjs';
import { Desk, FORMS, groupSite, isInFiles, MARK, noteCount, PASS } from './fg.mjs';
import { resume, sql } from './fg_power.mjs';

const FIELDS = ['go', 't', 'who', 'words', 'theme', 'exact', 'topic', 'kind', 'question', 'o1', 'o2', 'h0', 'h1', 'agree', 'change', 'not', 'minority', 'out',
  'number', 'vote', 'at', 'code', 'pass', 'place', 'leader', 'guide', 'd', 'pin'];
const BAD = ['a'.repeat(100000), '%ff%fe%c0%80', 'x%00y', '-1', '99999999999999999999', '%ef%bf%bf%1f', '0', '../../etc', '%f0%9f%98%80'.repeat(600)];
const ROUTES = ['/group', '/group/new', '/group/open', '/group/lost', '/group/s', '/group/live', '/group/sound', '/g', '/g/sound', '/g/sound?p=%ff&l=..', '/g/aaaaaaaa/sound', '/g/aaaaaaaa', '/g/%ff', `/g/${'a'.repeat(2000)}`, '/j', '/j/aaaaaaaa',
  '/group/none', '/groups'];

async function ready(url, { no = {}, people } = {}) {
  const d = new Desk(url);
  await d.signIn();
  await d.setUp();
  await d.people(people);
  await d.agree(no);
  return d;
}

async function joined(url, d) {
  const s = new Desk(url);
  await d.press('people');
  await s.post('/j', { go: 'join', code: d.code() });
  await d.press('next');
  return s;
}

// On every route as a stranger, at every screen with the page's own token.
async function bytes(short) {
  const site = groupSite(), kiosk = await startKiosk(site), d = await ready(kiosk.url);
  const seen = new Map(), count = a => seen.set(a.status, (seen.get(a.status) || 0) + 1);
  await d.note(`${MARK} the first`);
  for (const path of ROUTES) {
    count(await new Desk(kiosk.url).send('GET', path));
    for (const f of short ? FIELDS.slice(0, 3) : FIELDS) count(await new Desk(kiosk.url).send('POST', path, `go=next&${f}=${BAD[0]}&${f}=%ff`));
  }
  const stolen = new Desk(kiosk.url);
  count(await stolen.send('POST', '/group/s', `t=${d.token}&go=seal`));
  check('a stranger with the page’s token does nothing', !stolen.jar.has('g') && site.count() === 0);
  // From each screen; where a press leads elsewhere the way back is walked again.
  const screens = { talk: [], people: ['people'], leave: ['people', 'leaves'], ask: ['ask'], own: ['ask', 'own'], read: ['read'] };
  for (const [name, way] of Object.entries(screens)) {
    for (const f of short ? FIELDS.filter((_, i) => i % 9 === name.length % 9) : FIELDS) {
      const value = BAD[(FIELDS.indexOf(f) + name.length) % BAD.length];
      await d.get('/group/s');
      for (let i = 0; i < 12 && !d.page.body.includes('name="topic"'); i++) await d.press(d.page.body.includes('value="back"') ? 'back' : 'next');
      for (const go of way) await d.press(go);
      count(await d.send('POST', '/group/s', `${f}=${value}&t=${d.token}&go=${name === 'talk' ? 'save' : 'next'}`));
      for (const v of name === 'talk' ? BAD : []) {
        await d.get('/group/s');
        count(await d.send('POST', '/group/s', `t=${d.token}&go=save&who=0&${f}=${v}`));
      }
    }
    await d.get('/group/s');
    check(`the session goes on after bad fields at ${name}`, d.page.status === 200 && d.path === '/group/s', `${d.path} ${d.page.status}`);
  }
  check('no 5xx', [...seen.keys()].every(s => s < 500), JSON.stringify([...seen]));
  check('and no error of the program', !/code=broken|Sanitizer|runtime error/.test(kiosk.log), kiosk.log.slice(-2000));
  // A question of 100,000 letters is no question.
  for (let i = 0; i < 12 && !d.page.body.includes('name="topic"'); i++) await d.press(d.page.body.includes('value="back"') ? 'back' : 'next');
  await d.press('ask');
  await d.press('own');
  await d.press('next', { question: 'q'.repeat(20000), o1: 'a', o2: 'b', kind: 'poll' });
  check('a question as long as a book is refused with the way out', d.error().includes('too long'), d.error());
  await d.press('back');
  await d.press('next');
  await d.note('x'.repeat(3000));
  check('so is a note', d.error().includes('too long') && d.page.body.includes('x'.repeat(3000)), d.error());
  await d.press('save', { words: '', who: '' });
  await d.press('read');
  for (let i = 0; i < 5; i++) await d.press('next', {});
  await d.press('seal');
  check('it is sealed like any other', d.h1().startsWith('Thank you') && site.open().includes(`${MARK} the first`), d.h1() + d.error());
  await stopKiosk(kiosk);
}

// Two tablets on one page: nobody's words are overwritten unseen, one press is one turn, what leaves was looked at.
async function two() {
  const site = groupSite(), kiosk = await startKiosk(site), d = await ready(kiosk.url), s = await joined(kiosk.url, d);
  const topic = desk => Number(/Topic (\d) of/.exec(desk.page.body)?.[1]);
  await s.get('/group/s');
  const old = s.token, shown = s.page.body.match(/name="topic" value="(\d)"/)[1];
  await d.press('topic', { topic: '0' });
  await s.post('/group/s', { t: old, go: 'topic', topic: shown });
  equal('Next topic on both at once is one turn', topic(s), 2);
  await d.press('topic', { topic: '1' });
  await s.press('save', { words: `${MARK} typed under topic two`, who: '0', topic: '1' });
  await d.get('/group/s');
  equal('a note belongs to the topic it was typed under', `${topic(d)} ${noteCount(d.page.body)}`, '3 0');
  await d.press('read');
  await s.press('read');
  await s.press('next', { words: 'said by the second', agree: '6', change: '0', not: '0' });
  await d.press('next', { words: 'said by the first', agree: '5', change: '1', not: '0' });
  check('what the other tablet read back is shown, not overwritten', d.error().includes('Another tablet') && d.page.body.includes('said by the second')
    && d.page.body.includes('said by the first'), d.error());
  await d.press('next', { words: 'said by both', agree: '7', change: '1', not: '0' });
  await d.press('back', {});
  check('once compared it is kept', d.page.body.includes('said by both'));
  await s.press('back', { words: '', minority: '', agree: '0', change: '0', not: '0' });
  check('the other tablet sees it', s.page.body.includes('said by both'), s.page.body.slice(-3000));
  for (let i = 0; i < 5; i++) await d.press('next', i === 0 ? { words: 'said by both', agree: '7', change: '1', not: '0' } : {});
  check('the preview', d.page.body.includes('said by both'), d.h1());
  await s.press('next', { words: 'said by both', agree: '7', change: '1', not: '0', minority: 'one of us does not' });
  await d.press('seal');
  check('what was written after the preview is looked at before it leaves', d.error().includes('Something new') && d.page.body.includes('one of us does not') && site.count() === 0, d.error());
  await d.press('seal');
  const words = [...(/<ul class="four">(.*?)<\/ul>/s.exec(d.page.body)?.[1] ?? '').matchAll(/<li>([^<]*)/g)].map(m => m[1]);
  check('then it leaves', site.count() === 1 && words.length === 4, d.h1());
  await s.get('/group/s');
  check('the second tablet sees that it is over, without the four words', s.h1().startsWith('Thank you') && !words.every(x => s.page.body.includes(x)), s.h1());
  await d.press('finished');
  const taker = new Desk(kiosk.url);
  await taker.post('/withdraw', { words: words.join(' '), go: 'withdraw' });
  equal('the four words take the session back', site.count(), 0);
  await stopKiosk(kiosk);
}

// Somebody goes, by letter; what they said goes with them.
async function leaving() {
  const site = groupSite(), kiosk = await startKiosk(site), d = await ready(kiosk.url);
  await d.note(`${MARK} of B`, { who: '1' });
  await d.note(`${MARK} of C`, { who: '2' });
  await d.press('people');
  await d.press('minus-0');
  check('one fewer of those who spoke: who is it?', d.h1() === 'Somebody leaves' && /value="1"/.test(d.page.body), d.h1());
  await d.press('next', {});
  check('nobody chosen: said so', d.error().includes('choose who'), d.error());
  await d.press('next', { who: '1', out: 'yes' });
  await d.press('next');
  check('back in the talk, without their letter', d.page.body.includes('id="who-0"') && !d.page.body.includes('id="who-1"') && d.page.body.includes('id="who-2"'), d.h1());
  await d.press('people');
  await d.press('plus-1');
  await d.press('next');
  equal('who comes late is asked what the others were', d.h1(), 'What do we agree?');
  await d.press('next');
  await d.press('read');
  for (let i = 0; i < 5; i++) await d.press('next', {});
  check('the preview is without them', d.page.body.includes(`${MARK} of C`) && !d.page.body.includes(`${MARK} of B`));
  await d.press('seal');
  check('and what leaves', site.open().includes(`${MARK} of C`) && !site.open().includes(`${MARK} of B`));
  await stopKiosk(kiosk);
}

// Guesses wait, and a restart does not forget them; the right words open in the end.
async function guesses() {
  const site = groupSite();
  let kiosk = await startKiosk(site), d = await ready(kiosk.url);
  await d.note(`${MARK} kept`);
  await stopKiosk(kiosk, 'SIGKILL');
  kiosk = await startKiosk(site);
  const tried = () => (kiosk.log.match(/group=refused/g) || []).length;
  // 1, 2, 4, 8, 16 s: until five were tried, most are told to wait.
  await until('five guesses are tried in half a minute or more', async () => {
    d = await resume(kiosk.url, 'one guess more of many');
    if (d.page.body.includes(MARK)) check('a guess opens nothing', false);
    return tried() >= 5;
  });
  d = await resume(kiosk.url, PASS);
  check('right after a wrong one even the right one waits', /wait \d+ seconds?\b/.test(d.error()) && !d.page.body.includes(MARK), d.error());
  await stopKiosk(kiosk);
  kiosk = await startKiosk(site);
  d = await resume(kiosk.url, 'guess after starting again');
  check('a restart does not forget', /wait \d+ seconds?\b/.test(d.error()) && !kiosk.log.includes('group=refused'), d.error());
  await until('then the right words open it', async () => (d = await resume(kiosk.url, PASS)).page.body.includes(`${MARK} kept`));
  await stopKiosk(kiosk);
}

// The disk is full at a note: said, nothing lost, and with room again the same press keeps it.
async function full() {
  const site = groupSite(), script = 'cp -a "$0" "$0.copy" && mount -t tmpfs -o size=6m tmpfs "$0" && cp -a "$0.copy/." "$0" && exec "$@"';
  if (spawnSync('unshare', ['-Urm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status !== 0) { console.log('SKIP: no mount namespaces here: the full disk is not tried'); return; }
  const kiosk = await startKiosk(site, { wrapper: ['unshare', '-Urm', 'sh', '-c', script, site.dir] }), filler = `/proc/${kiosk.child.pid}/root${site.dir}/filler`;
  const d = await ready(kiosk.url);
  await d.note(`${MARK} before`);
  try { writeFileSync(filler, Buffer.alloc(8 << 20)); } catch { /* full: that is wanted */ }
  let at = 0;
  for (; at < 40 && d.error() === ''; at++) await d.note(`${MARK} ${at} ${'long '.repeat(300)}`);
  check('a full disk is said, and what was typed is still there', d.error().includes('could not be kept') && d.page.body.includes(`${MARK} ${at - 1} long`), `${at} ${d.error()} ${d.h1()}`);
  const there = noteCount(d.page.body);
  equal('all before it are there', there, at);
  rmSync(filler);
  await d.note(`${MARK} ${at - 1} again`);
  equal('with room again it is kept', `${noteCount(d.page.body)} ${d.error()}`, `${there + 1} `);
  await d.press('lock');
  await d.post('/group/open', { go: 'open', pass: PASS });
  equal('and all are there after opening it again', noteCount(d.page.body), there + 1);
  await stopKiosk(kiosk);
  rmSync(`${site.dir}.copy`, { recursive: true, force: true });
}

// The power goes while it is sealed: the draft or the record, never both, never neither, and never two.
async function cuts(kills, seed) {
  console.log(`fg-hostile: seed ${seed}, ${kills} power cuts while sealing`);
  let state = seed >>> 0, wrong = 0, drafts = 0;
  const random = n => { state = (Math.imul(state, 1664525) + 1013904223) >>> 0; return state / 2 ** 32 * n; };
  const site = groupSite();
  let kiosk = await startKiosk(site);
  for (let i = 0; i < kills; i++) {
    const before = site.count();
    let d = await ready(kiosk.url, { people: { 0: 3 } });
    await d.note(`${MARK} sealed ${i}`);
    await d.press('read');
    for (let t = 0; t < 5; t++) await d.press('next', {});
    if (!/This leaves the room/.test(d.h1())) throw new Error(`cut ${i}: not at the preview: ${d.h1()} ${d.error()}`);
    const sent = d.press('seal').then(() => true, () => false);
    await Promise.race([sent, new Promise(r => setTimeout(r, random(i % 2 ? 15 : 150)))]);
    await stopKiosk(kiosk, 'SIGKILL');
    await sent;
    kiosk = await startKiosk(site);
    const left = Number(sql(site, 'SELECT count(*) FROM draft')), lines = Number(sql(site, 'SELECT (SELECT count(*) FROM draft_line) + (SELECT count(*) FROM draft_wrap)'));
    if (site.count() - before + left !== 1 || (left === 0 && lines !== 0)) { wrong++; console.log(`cut ${i}: ${left} drafts, ${lines} lines, ${site.count() - before} records`); }
    drafts += left;
    if (left) {
      await until(`cut ${i}: the draft opens`, async () => /action="\/group\/s"/.test((d = await resume(kiosk.url, PASS)).page.body));
      await d.press('read');
      for (let t = 0; t < 5; t++) await d.press('next', {});
      await d.press('seal');
      // not Finished: the next session begins all the same
      if (site.count() !== before + 1) { wrong++; console.log(`cut ${i}: sealed again: ${site.count() - before} records`); }
    }
  }
  equal(`after ${kills} power cuts while sealing: sessions lost or doubled`, wrong, 0);
  console.log(`${drafts} of ${kills} were drafts still, the others records`);
  equal('no file holds a word of a note', isInFiles(site, MARK), false);
  await stopKiosk(kiosk);
}

// Guides of our own: one that cannot be used does not hide the others; each asks its own places.
async function guides() {
  const site = groupSite({ forms: [...FORMS, join(root, 'tests/browser/guide-ours.csv'), join(root, 'tests/browser/guide-bad.csv')] });
  const kiosk = await startKiosk(site), d = new Desk(kiosk.url);
  await d.signIn();
  await d.get('/group/new');
  check('several guides: which one, and how long it takes', d.h1() === 'What will you talk about?' && d.page.body.includes('2 topics, 35 minutes') && d.page.body.includes('5 topics, 60 minutes'), d.page.body.slice(-2500));
  check('the one without topics is not offered', !d.page.body.includes('Nothing to talk about'));
  await until('and the log says why', () => /guide-bad.*no topics/.test(kiosk.log));
  const id = /name="go" value="([0-9a-f]{32})">[^<]*<span class="vh">: Garden/.exec(d.page.body)?.[1];
  await d.post('/group/new', { go: id });
  check('its own places are asked', d.page.body.includes('value="allotment"') && !d.page.body.includes('value="care_home"'), d.page.body.slice(-3000));
  await d.press('begin', { guide: id, place: 'allotment', leader: 'staff', pass: PASS });
  await d.people({ 0: 3 });
  await d.agree();
  equal('and its topics', d.h1().replace('&amp;', '&'), 'Beds & paths — ممر');
  await d.press('ask');
  await d.press('ask-0', { kind: 'dots' });
  await d.press('cancel');
  await stopKiosk(kiosk);
}

// SHORT: what fits into make test.
export async function hostile({ short = false, kills = Number(process.env.KILLS || 20), seed = Number(process.env.SEED || Date.now() % 1e9) } = {}) {
  await guides();
  await bytes(short);
  await two();
  await leaving();
  await full();
  if (!short) await guesses();
  await cuts(kills, seed);
}
