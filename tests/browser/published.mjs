// The commissioners' pages with the made-up publication of tests/aggregator/sample.h, and the reading room with made-up
// answers, for the browser tests.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build, folder, onExit } from './lib.mjs';

const PASSWORD = 'blue teapot on the hill';

async function serve(argv, name, paths, said) {
  const child = spawn(argv[0], argv.slice(1), { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, CK_FORK: 'no' } });
  const pages = { child, log: '', url: '', token: '', paths };
  onExit(() => new Promise(ok => { child.exitCode === null && child.signalCode === null ? child.once('exit', ok) : ok(); child.kill('SIGTERM'); }));
  child.stderr.on('data', d => { pages.log += d; });
  await new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', d => {
      const m = said.exec(text += d);
      if (m) { [, pages.url, pages.token] = m; resolve(); }
    });
    child.on('exit', code => reject(new Error(`the pages ended with ${code}: ${pages.log}`)));
  });
  // A page of B, signed in. Without script, as commissioners may have it.
  let state;
  pages.open = async (b, options = {}) => {
    const context = await b.newContext({ viewport: { width: 1280, height: 800 }, javaScriptEnabled: false, ...options, storageState: state });
    const page = await context.newPage();
    if (!state) {
      await page.goto(`${pages.url}/sign-in`);
      await page.locator('input[name=name]').fill(name);
      await page.locator('input[type=password]').fill(PASSWORD);
      await Promise.all([page.waitForNavigation(), page.locator('button[type=submit]').click()]);
      state = await context.storageState();
    }
    return page;
  };
  return pages;
}

export const startPages = () => serve([join(build, 'tests/aggregator/tool_pages'), folder(), '900'], 'viewer', ['/', '/indicator/sat-users', '/indicator/sat-users?area=cedar',
  '/indicator/sat-users?look=large', '/easy/sat-users', '/groups', '/publications', '/about', '/nowhere'], /(http:\/\/127\.0\.0\.1:\d+)\nreader ([0-9a-f]+)\n/);
export const startRoom = () => serve([join(build, 'tests/indicators/tool_room')], 'ann', ['/', '/indicator?id=sat-users&version=1', '/comments?site=elm', '/quarantine', '/quotes',
  `/quote?site=elm&record=01${'0'.repeat(30)}&question=comment`, '/nothing'],
  /(http:\/\/127\.0\.0\.1:\d+)\n/);
