// kiosk-wipe: after Finished, Stop and idle, Back shows nothing; the marker typed is in no file of site, browser or
// log, nor in the kiosk's memory once the visit is over.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { chromiumPath, check, equal, flags, folder, main, makeSite, packages, startKiosk, stopKiosk } from './lib.mjs';

const MARK = 'ZZMARKERZZ', WIDE = Buffer.from(MARK, 'utf16le');

function* files(dir) {
  for (const e of readdirSync(dir, { withFileTypes: true })) {
    const p = join(dir, e.name);
    if (e.isDirectory()) yield* files(p);
    else if (e.isFile()) yield p;
  }
}
const hits = dir => [...files(dir)].filter(p => { const b = readFileSync(p); return b.includes(MARK) || b.includes(WIDE); });

// The kiosk's own memory, read through a core of it; null where that is not allowed.
function memory(pid, dir) {
  const r = spawnSync('gcore', ['-o', join(dir, 'core'), String(pid)], { encoding: 'utf8' });
  const core = join(dir, `core.${pid}`);
  if (r.error || !existsSync(core)) return null;
  const b = readFileSync(core);
  let n = 0;
  for (let i = b.indexOf(MARK); i >= 0; i = b.indexOf(MARK, i + 1)) n++;
  return { n, size: statSync(core).size };
}

await main(async () => {
  const site = makeSite(), kiosk = await startKiosk(site), { playwright } = packages();
  const profile = folder(), cores = folder();
  // A profile on disk and the back-forward cache on, as the kiosk's browser has them.
  const context = await playwright.chromium.launchPersistentContext(profile, { executablePath: chromiumPath(),
    ignoreDefaultArgs: ['--disable-back-forward-cache'], args: [...flags, '--enable-features=BackForwardCache'], javaScriptEnabled: false, viewport: { width: 1280, height: 800 } });
  const page = context.pages()[0] || await context.newPage();
  const go = v => Promise.all([page.waitForNavigation(), page.click(`button[name=go][value="${v}"]:not([hidden])`)]);

  async function toText() {
    await page.goto(kiosk.url);
    await go('start');
    for (let i = 0; i < 30 && !(await page.$('textarea')); i++) {
      const r = await page.$('.page input[type=radio][value=individual], .page input[type=radio]');
      if (r) await page.click(`label[for="${await r.getAttribute('id')}"]`);
      if (await page.$('.number')) await page.fill('.number', '3');
      await go('next');
    }
    await page.fill('textarea', `${MARK} and more`);
  }
  for (const way of ['finished', 'stop', 'review then stop']) {
    await toText();
    if (way === 'stop') {
      await go('stop');
    } else {
      for (let i = 0; i < 9 && !(await page.$('button.go[value=send]')); i++) await go('next');
      check(`${way}: the words are in the review`, (await page.content()).includes(MARK));
      if (way === 'finished') { await go('send'); check('thanked', !!(await page.$('main.thanks'))); await go('next'); } else { await go('stop'); }
    }
    equal(`${way}: at the attract page`, page.url(), `${kiosk.url}/`);
    equal(`${way}: no cookie`, (await context.cookies()).length, 0);
    for (let i = 0; i < 3; i++) {
      await page.goBack({ timeout: 5000 }).catch(() => {});
      const html = await page.content().catch(() => '');
      check(`${way}: Back ${i + 1} shows nothing of it`, !html.includes(MARK) && !(await page.$('main.thanks')) && !(await page.$('textarea')), page.url());
    }
  }
  equal('one answer was sent', site.count(), 1);
  check('and it holds the words, for the holder of the key', site.open().includes(MARK));
  const m = process.env.BUILD?.includes('asan') ? null : memory(kiosk.child.pid, cores);
  if (m) equal(`the kiosk's memory (${m.size >> 20} MiB) holds the marker`, m.n, 0);
  await context.close();
  await stopKiosk(kiosk);
  check('no file of the site holds the marker', !hits(site.dir).length, hits(site.dir).join(' '));
  check('no file of the browser holds the marker', !hits(profile).length, hits(profile).map(p => p.slice(profile.length)).join(' '));
  check('no log line does', !kiosk.log.includes(MARK));
});
