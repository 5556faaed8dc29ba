// The screen of a box as installed: weston reads our weston.ini and starts our browser on the kiosk's first page, over the
// whole screen; when the browser ends so does weston, for systemd to start both again. Without a graphics card: weston's
// headless backend.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, check, chromiumPath, flags, folder, main, makeSite, onExit, packages, skip, startKiosk, until } from './lib.mjs';

if (spawnSync('weston', ['--version']).status !== 0) skip('no weston here');
await main(async () => {
  const { playwright } = packages(), top = folder(), prefix = join(top, 'own'), profile = join(top, 'profile'), run = join(top, 'run');
  const made = spawnSync('make', ['-s', `V=${build.split('/').pop()}`, 'install', `PREFIX=${prefix}`], { encoding: 'utf8' });
  check('make install', made.status === 0, made.stderr);
  const kiosk = await startKiosk(makeSite());
  const wrapper = join(top, 'chromium');
  writeFileSync(wrapper, `#!/bin/sh\necho $$ > ${top}/pid\nexec ${chromiumPath()} ${flags.join(' ')} --user-data-dir=${profile} --remote-debugging-port=0 "$@"\n`);
  chmodSync(wrapper, 0o755);
  mkdirSync(run, { mode: 0o700 });
  const unit = readFileSync(join(prefix, 'lib/systemd/system/candour-browser.service'), 'utf8');
  const command = /^ExecStart=(.*)$/m.exec(unit)[1].split(' ');
  const weston = spawn(command[0], [...command.slice(1), '--backend=headless-backend.so', '--width=1280', '--height=800'],
    { env: { ...process.env, XDG_RUNTIME_DIR: run, CHROMIUM: wrapper, KIOSK: `${kiosk.url}/` }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '', code = null;
  for (const s of [weston.stdout, weston.stderr]) s.on('data', d => { said += d; });
  weston.on('exit', (c, sig) => { code = c ?? sig; });
  onExit(() => { weston.kill('SIGKILL'); });
  const port = join(profile, 'DevToolsActivePort');
  await until('the browser runs', () => code !== null || existsSync(port), 60000);
  check('weston goes on', code === null, said.slice(-600));
  if (code === null) {
    const b = await playwright.chromium.connectOverCDP(`http://127.0.0.1:${readFileSync(port, 'utf8').split('\n')[0]}`);
    const page = () => b.contexts()[0]?.pages().find(p => p.url().startsWith(kiosk.url));
    await until('it opens the first page', () => page() !== undefined, 60000);
    await page().waitForLoadState();
    check('the first page is shown', (await page().locator('h1').count()) === 1, page().url());
    await until('it fills the screen', async () => JSON.stringify(await page().evaluate(() => [innerWidth, innerHeight])) === '[1280,800]', 30000);
    check('nothing around it', JSON.stringify(await page().evaluate(() => [innerWidth, innerHeight, screen.width, screen.height])) === '[1280,800,1280,800]');
    await b.close().catch(() => {});
    process.kill(Number(readFileSync(join(top, 'pid'), 'utf8')), 'SIGKILL');
    await until('weston ends with the browser', () => code !== null, 60000);
    check('weston ended with the browser', code !== null);
  }
});
