// make fg-power: SIGKILL at each note. The kiosk is killed at a random moment while note n is on its way; after starting
// again the passphrase shows n or n-1 notes (never fewer, never others), another passphrase shows none and is refused
// politely; no file of the site ever holds a word of a note; after closing there is no draft row and no key.
//   NOTES=60   how many notes, one kill each        SEED=..
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { build, check, equal, startKiosk, stopKiosk } from './lib.mjs';
import { Desk, groupSite, isInFiles, MARK, noteCount, PASS, siteBytes } from './fg.mjs';

const SQL = 'import sqlite3,sys\ndb=sqlite3.connect("file:%s?mode=ro"%sys.argv[1],uri=True)\nfor r in db.execute(sys.argv[2]): print("|".join(x.hex() if isinstance(x,bytes) else str(x) for x in r))';
export const sql = (site, query) => {
  const r = spawnSync('python3', ['-c', SQL, join(site.dir, 'site.db'), query], { encoding: 'utf8' });
  if (r.status !== 0) throw new Error(r.stderr);
  return r.stdout.trim();
};

// Sign in, open the only draft with PASS; how many notes there are.
export async function resume(url, pass) {
  const d = new Desk(url);
  await d.signIn();
  await d.get('/group');
  const id = /name="go" value="([0-9a-f]{32})"/.exec(d.page.body)?.[1];
  if (!id) throw new Error(`no draft at the door: ${d.page.body.slice(0, 3000)}`);
  await d.press(id);
  await d.press('open', { d: id, pass });
  return d;
}

export async function power(notes, seed = Number(process.env.SEED || Date.now() % 1e9)) {
  console.log(`fg-power: seed ${seed}, ${notes} notes`);
  let state = seed >>> 0;
  const random = n => { state = (Math.imul(state, 1664525) + 1013904223) >>> 0; return state / 2 ** 32 * n; };
  const site = groupSite();
  let kiosk = await startKiosk(site), d = new Desk(kiosk.url), n = 0, lost = 0, foreign = 0, refused = 0, extra = 0;
  await d.signIn();
  await d.setUp();
  await d.people();
  await d.agree();
  const wrap = Buffer.from(sql(site, 'SELECT wrap_pass FROM draft'), 'hex');
  check('the key stands in the file under the passphrase alone', wrap.length === 72 && siteBytes(site).some(b => b.includes(wrap)));
  for (let i = 0; i < notes; i++) {
    // The note goes off; the kill comes at any moment of its way, or right after the answer.
    const sent = d.note(`${MARK} note ${i} of the test`, { who: String(i % 8) }).then(() => true, () => false);
    const pause = i % 3 === 0 ? 1e9 : random(i % 2 ? 12 : 4);
    const seen = await Promise.race([sent.then(ok => ok), new Promise(r => setTimeout(r, Math.min(pause, 30000), 'cut'))]);
    await stopKiosk(kiosk, 'SIGKILL');
    const answered = seen === true || await sent;
    if (isInFiles(site, MARK)) foreign++;
    kiosk = await startKiosk(site);
    // A wrong passphrase costs a wait: tried where it does not slow all others down.
    if (i % 20 === 0) {
      const w = await resume(kiosk.url, 'lemon bridge anchor velvet');
      if (/not the passphrase/.test(w.error()) && !w.page.body.includes(MARK) && w.page.status === 200) refused++;
      else check('another passphrase is refused politely', false, w.page.body.slice(0, 2000));
    }
    const until = Date.now() + 60000;
    do {
      d = await resume(kiosk.url, PASS);
      if (!/action="\/group\/s"/.test(d.page.body)) await new Promise(r => setTimeout(r, 250));
    } while (!/action="\/group\/s"/.test(d.page.body) && Date.now() < until);
    const there = noteCount(d.page.body);
    if (there !== n + 1 && !(there === n && !answered)) { lost++; console.log(`note ${i}: ${n} before, answered ${answered}, ${there} there`); }
    extra += there === n;
    // What did not arrive is written again, so that each n is met.
    if (there === n) await d.note(`${MARK} note ${i} of the test`, { who: String(i % 8) });
    n = noteCount(d.page.body);
    if (n !== i + 1) { lost++; console.log(`note ${i}: ${n} there after writing it again`); break; }
  }
  equal(`after ${notes} kills: notes lost, doubled or made up`, lost, 0);
  equal('times a file held a word of a note', foreign, 0);
  check('another passphrase showed nothing and was refused politely', refused >= 1, refused);
  console.log(`${extra} of ${notes} notes had not arrived when the power went, all others had`);
  check('the page shows what was said last', d.page.body.includes(`${MARK} note ${notes - 1}`));
  await d.press('read');
  for (let i = 0; i < 5; i++) await d.press('next', { words: `${MARK} sentence ${i}`, agree: '8', change: '0', not: '0' });
  await d.press('seal');
  check('sealed', d.h1().startsWith('Thank you'), d.h1() + d.error());
  equal('no row of a draft is left', sql(site, 'SELECT (SELECT count(*) FROM draft) + (SELECT count(*) FROM draft_line) + (SELECT count(*) FROM draft_wrap)'), '0');
  check('no key of it is left in any file', !siteBytes(site).some(b => b.includes(wrap)));
  equal('no file holds a word of a note', isInFiles(site, MARK), false);
  const opened = site.open();
  for (let i = 0; i < notes; i++) if (!opened.includes(`${MARK} note ${i} of the test<`)) check(`note ${i} is in the record`, false);
  equal('each note is in the record once', opened.split(`${MARK} note `).length - 1, notes);
  equal('one record', site.count(), 1);
  check('the log of the kiosk says no word of it', !kiosk.log.includes(MARK) && !kiosk.log.includes('velvet'));
  check('site.db is there', statSync(join(site.dir, 'site.db')).size > 0);
  await stopKiosk(kiosk);
}
