// kiosk-offline: the whole walk in a network namespace without any network but loopback, where that can be made;
// no request leaves 127.0.0.1; the policy and no-store stand on every page.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { browser, check, equal, main, makeSite, startKiosk } from './lib.mjs';

const CSP = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

// Once more inside, with nothing but lo.
if (!process.env.CANDOUR_INSIDE && spawnSync('unshare', ['-n', 'true']).status === 0) {
  const r = spawnSync('unshare', ['-n', 'sh', '-c', 'ip link set lo up 2>/dev/null || ifconfig lo up; exec "$0" "$1"', process.execPath, fileURLToPath(import.meta.url)],
    { stdio: 'inherit', env: { ...process.env, CANDOUR_INSIDE: '1' } });
  process.exit(r.status ?? 1);
}

await main(async () => {
  const site = makeSite(), kiosk = await startKiosk(site), b = await browser();
  for (const javaScriptEnabled of [true, false]) {
    const context = await b.newContext({ javaScriptEnabled, viewport: { width: 1280, height: 800 } }), page = await context.newPage();
    const outside = [], bad = [];
    let n = 0, waiting = [];
    page.on('request', r => { if (new URL(r.url()).hostname !== '127.0.0.1') outside.push(r.url()); });
    page.on('response', r => {
      const h = r.headers(), path = new URL(r.url()).pathname;
      n++;
      if (h['content-security-policy'] !== CSP) bad.push(`${path}: policy`);
      if (!path.startsWith('/static/') && h['cache-control'] !== 'no-store') bad.push(`${path}: ${h['cache-control']}`);
      if (path.startsWith('/static/') && !/immutable/.test(h['cache-control'])) bad.push(`${path}: ${h['cache-control']}`);
    });
    const go = v => Promise.all([page.waitForNavigation(), page.click(`button[name=go][value="${v}"]:not([hidden])`)]);
    for (const p of ['/about', '/privacy', '/withdraw', '/notices', '/staff']) await page.goto(kiosk.url + p);
    await page.goto(kiosk.url);
    await go('start');
    for (let i = 0; i < 30 && !(await page.$('main.thanks')); i++) {
      const r = await page.$('.page input[type=radio][value=individual], .page input[type=radio]');
      if (r && !(await page.$('.given'))) await page.click(`label[for="${await r.getAttribute('id')}"]`);
      if (await page.$('.number')) await page.fill('.number', '3');
      await go(await page.$eval('.go', e => e.value));
    }
    await go('next');
    check('the walk ends', page.url() === `${kiosk.url}/`, page.url());
    check(`script ${javaScriptEnabled}: ${n} answers`, n > 20);
    equal(`script ${javaScriptEnabled}: no request off 127.0.0.1`, outside.join(' '), '');
    equal(`script ${javaScriptEnabled}: policy and no-store on every answer`, bad.join(' '), '');
    await context.close();
  }
  equal('two answers', site.count(), 2);
  if (!process.env.CANDOUR_INSIDE) console.log('SKIP: no network namespace can be made here: the walk ran beside the network');
});
