// The commissioners' pages with the made-up publication of tests/aggregator/sample.h, for the browser tests.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build, folder, onExit } from './lib.mjs';

const NAME = 'viewer', PASSWORD = 'blue teapot on the hill';

export async function startPages() {
  const child = spawn(join(build, 'tests/aggregator/tool_pages'), [folder(), '900'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const pages = { child, log: '', url: '', token: '', paths: ['/', '/indicator/sat-users', '/indicator/sat-users?area=cedar', '/indicator/sat-users?look=large', '/easy/sat-users',
    '/groups', '/publications', '/about', '/nowhere'] };
  onExit(() => new Promise(ok => { child.exitCode === null ? child.once('exit', ok) : ok(); child.kill('SIGTERM'); }));
  child.stderr.on('data', d => { pages.log += d; });
  await new Promise((resolve, reject) => {
    let said = '';
    child.stdout.on('data', d => {
      said += d;
      const m = /(http:\/\/127\.0\.0\.1:\d+)\nreader ([0-9a-f]+)\n/.exec(said);
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
      await page.locator('input[name=name]').fill(NAME);
      await page.locator('input[type=password]').fill(PASSWORD);
      await Promise.all([page.waitForNavigation(), page.locator('button[type=submit]').click()]);
      state = await context.storageState();
    }
    return page;
  };
  return pages;
}
