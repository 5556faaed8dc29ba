// The whole product in a browser: twelve people answer by keyboard with script off, a publication is made, and the
// published table changes. What they typed is in no file of the site, the centre or the browser; the reading
// room shows it to an analyst who asks, and then it is still in no file.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { build, check, chromiumPath, equal, flags, folder, main, onExit, packages, request, root } from './lib.mjs';

const MARK = 'ZZMARKERZZ', PEOPLE = 12;

function run(program, args) {
  const r = spawnSync(program, args, { encoding: 'utf8', cwd: root, maxBuffer: 1 << 26 });
  if (r.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${r.status} ${r.stdout} ${r.stderr}`);
  return r.stdout;
}

// A row of ports that nobody uses now.
async function freePorts(n) {
  for (;;) {
    const base = 15000 + Math.floor(Math.random() * 16000);
    const all = await Promise.all([...Array(n).keys()].map(i => new Promise(ok => {
      const s = net.createServer().once('error', () => ok(false)).listen(base + i, '127.0.0.1', () => s.close(() => ok(true)));
    })));
    if (all.every(Boolean)) return base;
  }
}

async function until(what, test) {
  for (const end = Date.now() + 90000; ;) {
    if (await test()) return;
    if (Date.now() > end) throw new Error(`not within 90 s: ${what}`);
    await new Promise(ok => setTimeout(ok, 100));
  }
}

// Every file below DIR that holds MARK, as UTF-8 or UTF-16.
function holding(dir) {
  const found = [], wide = Buffer.from(MARK, 'utf16le');
  for (const e of readdirSync(dir, { withFileTypes: true, recursive: true })) {
    if (!e.isFile()) continue;
    let bytes;
    try { bytes = readFileSync(join(e.parentPath ?? e.path, e.name)); } catch { continue; }
    if (bytes.includes(MARK) || bytes.includes(wide)) found.push(join(e.parentPath ?? e.path, e.name));
  }
  return found;
}

async function tabTo(page, test, arg) {
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab');
    if (await page.evaluate(test, arg)) return;
  }
  throw new Error(`Tab does not lead there on "${await page.title()}"`);
}
const go = page => Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);

// One visit with Tab, arrows, Space and Enter. HAPPY: the answer to the first question.
async function visit(page, url, happy) {
  await page.goto(url);
  await tabTo(page, () => document.activeElement.matches('.go'));
  await go(page);
  for (let i = 0; i < 40 && !(await page.evaluate(() => document.querySelector('main.thanks'))); i++) {
    const kind = await page.evaluate(() => document.querySelector('.page input[type=radio]') ? 'radio'
      : document.querySelector('.page input[type=checkbox]') ? 'box' : document.querySelector('textarea') ? 'text'
        : document.querySelector('.number') ? 'number' : 'none');
    if (kind === 'radio') {
      await tabTo(page, () => document.activeElement.type === 'radio');
      await page.keyboard.press('Space');
      if (/Question 1 /.test(await page.title()))
        for (let k = 0; k < 8 && (await page.evaluate(() => document.activeElement.value)) !== happy; k++) await page.keyboard.press('ArrowDown');
    } else if (kind === 'box') {
      await tabTo(page, () => document.activeElement.type === 'checkbox');
      await page.keyboard.press('Space');
    } else if (kind === 'number') {
      await tabTo(page, () => document.activeElement.matches('input.field'));
      await page.keyboard.type('3');
    } else if (kind === 'text') {
      await tabTo(page, () => document.activeElement.matches('textarea'));
      await page.keyboard.type(`${MARK} is nice.`);
    }
    if (kind === 'text' || kind === 'none') await tabTo(page, () => document.activeElement.matches('.go'));
    await go(page);
  }
  check('"Thank you" is shown', await page.evaluate(() => document.querySelector('main.thanks') !== null));
  await tabTo(page, () => document.activeElement.matches('.go'));
  await go(page);
}

async function signIn(page, url, name, password) {
  await page.goto(url);
  if (await page.locator('input[type=password]').count() === 0) return;
  await page.locator('input[name=name]').fill(name);
  await page.locator('input[type=password]').fill(password);
  await go(page);
}

await main(async () => {
  const dir = folder(), place = join(dir, 'stack'), base = await freePorts(16);
  run('bash', ['tools/stack.sh', 'setup', place, String(base), build, '1']);
  const about = JSON.parse(readFileSync(join(place, 'stack.json'), 'utf8'));
  const logs = [];
  const daemons = {}, stop = child => new Promise(ok => { child.exitCode === null ? child.once('exit', ok) : ok(); child.kill('SIGTERM'); });
  const start = d => {
    const child = daemons[d.name] = spawn(d.command[0], d.command.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.on('data', t => logs.push(t));
    onExit(() => stop(child));
  };
  about.daemons.forEach(start);
  const at = port => `http://127.0.0.1:${port}`;
  const kiosk = at(about.kiosk_port), pages = at(about.pages_port), room = at(about.room_port);
  for (const url of [kiosk, pages, room])
    await until(`${url} answers`, () => request(url, { path: '/healthz' }).then(a => a.status === 200, () => false));
  const opened = async () => Number(/^candour_records_opened_total (\d+)/m.exec((await request(room, { path: '/metrics' })).body)?.[1]);
  const publish = more => run(join(build, 'candour'), ['indicator', 'publish', '-c', join(place, 'indicators/indicators.conf'),
    '--key', about.publish_key, '--to', pages, '--drafts', ...more]);

  run(join(build, 'candour'), ['demo', 'fill', '--months', '3', '--rate', '25', '--form', about.form, about.sites[0]]);
  await until('the made-up months are counted', async () => (await opened()) >= 75);
  publish([]);

  const profile = join(dir, 'profile');
  mkdirSync(profile);
  const { playwright } = packages();
  const browser = await playwright.chromium.launchPersistentContext(profile, { executablePath: chromiumPath(), args: flags,
    javaScriptEnabled: false, viewport: { width: 1280, height: 800 } });
  onExit(() => browser.close());
  const page = await browser.newPage();
  await signIn(page, pages, 'commissioner', about.commissioner);
  const table = async () => { await page.goto(`${pages}/indicator/sat-users`); return page.locator('[aria-labelledby=numbers] table').innerText(); };
  const before = await table();
  const month = new Date().toLocaleString('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' });
  check('this month is not published yet', !before.includes(month), before.slice(0, 300));

  for (let i = 0; i < PEOPLE; i++) await visit(page, kiosk, i < PEOPLE / 2 ? '1' : '5');
  await until('the answers are counted', async () => (await opened()) >= 75 + PEOPLE);
  equal('before publishing the table is as it was', await table(), before);
  publish(['--until', new Date().toISOString().slice(0, 7)]);
  const after = await table();
  check('this month is published', after.includes(month), after.slice(0, 400));
  check('half of them are happy', new RegExp(`${month}\\s+10\\s+10\\s+50\\b`).test(after), after.slice(0, 400));

  const open = run(join(build, 'tests/chain/tool_open'), [about.store, about.response_key, about.form, 'comment']);
  equal('the records hold the words', open.split('\n').filter(l => l.includes(MARK)).length, PEOPLE);
  await signIn(page, room, 'analyst', about.analyst);
  await page.goto(`${room}/comments?site=${about.sites[0].split('/').pop()}`);
  for (let i = 0; i < 5 && !(await page.content()).includes(MARK); i++) {
    const show = page.locator('main form button, main a[href*="comment"]').first();
    if (await show.count() === 0) break;
    await Promise.all([page.waitForNavigation(), show.click()]);
  }
  check('the reading room shows them to who asks', (await page.content()).includes(MARK), page.url());
  await page.goto('about:blank');

  // Who did what can be proved, also against the head in the publication; and a cell that is wrong stops everything.
  const candour = join(build, 'candour'), conf = join(place, 'indicators/indicators.conf'), token = join(dir, 'token');
  writeFileSync(token, run(candour, ['user', 'reader', 'puller', '--db', join(place, 'centre/pages.db')]));
  run(candour, ['pull', 'publication', '--from', pages, '--reader', 'puller', '--token-file', token, '--ring', join(place, 'lead/ring'), '--into', join(dir, 'pulled')]);
  const files = readdirSync(join(dir, 'pulled')).sort().map(f => join(dir, 'pulled', f));
  equal('two publications', files.length, 2);
  const proof = run(candour, ['verify', 'audit', '--list', about.facts, ...files]);
  check('the audit is proved against both', /publication 1: its head, entry \d+, is in the chain\npublication 2: its head, entry \d+, is in the chain\nproved: \d+ audit entries/.test(proof), proof);
  check('it says who published and who opened comments', /publish +publication 2 /.test(proof) && /analyst +analyst +open_comments +site /.test(proof), proof);
  check('the users of the pages have theirs', /proved: \d+ audit entries/.test(run(candour, ['verify', 'audit', join(place, 'centre/pages.db')])));
  const health = run(candour, ['indicator', 'health', '-c', conf]);
  check('health counts', health.includes(`opened ${75 + PEOPLE} answers of 1 sites`) && health.includes('quarantine 0\n') && /add up to: 0\n/.test(health), health);

  await stop(daemons.indicators);
  const sql = what => run('python3', ['-c', `import sqlite3; d = sqlite3.connect(${JSON.stringify(about.facts)}); d.execute(${JSON.stringify(what)}); d.commit()`]);
  sql('UPDATE cell SET num = num + 1 WHERE n = (SELECT max(n) FROM cell)');
  start(about.daemons.find(d => d.name === 'indicators'));
  await until('the nightly check raises the alarm', () => request(room, { path: '/healthz' }).then(a => a.status === 503 && a.body.includes('differs'), () => false));
  equal('health says so', spawnSync(candour, ['indicator', 'health', '-c', conf]).status, 1);
  const refused = spawnSync(candour, ['indicator', 'publish', '-c', conf, '--key', about.publish_key, '--to', pages, '--drafts'], { encoding: 'utf8' });
  check('and nothing is published', refused.status === 1 && refused.stderr.includes('nothing is published until that is explained'), refused.stderr);
  check('the alarm is in the audit', run(candour, ['verify', 'audit', '--list', about.facts]).includes('nightly_differs'));

  const found = holding(dir);
  check('the words typed are in no file of site, centre and browser', found.length === 0, found.join(' '));
  check('and in no log', !Buffer.concat(logs).includes(MARK));
  check('no sanitizer spoke', !/ERROR: |runtime error/.test(Buffer.concat(logs).toString()));
});
