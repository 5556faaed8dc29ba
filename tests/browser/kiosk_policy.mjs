// kiosk-policy: with the packaged browser policy in force (in a mount namespace of its own) our address opens, another
// port and file: are blocked; without the policy they open, so that the check can fail.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { check, chromiumPath, flags, folder, main, root, skip } from './lib.mjs';

const ETC = '/etc/chromium';

if (!process.env.CANDOUR_INSIDE) {
  if (spawnSync('unshare', ['-m', 'true']).status !== 0 || !existsSync(ETC)) skip('no mount namespace can be made here, or chromium has no folder in /etc');
  const r = spawnSync('unshare', ['-m', process.execPath, fileURLToPath(import.meta.url)], { stdio: 'inherit', env: { ...process.env, CANDOUR_INSIDE: '1' } });
  process.exit(r.status ?? 1);
}

// Developer tools are off by policy, so nothing can look inside the browser: what it asks our servers for tells.
// Opens URL and waits until SEEN() or MS have passed.
async function opens(url, seen, ms) {
  const c = spawn(chromiumPath(), ['--headless', ...flags, `--user-data-dir=${folder()}`, url], { stdio: 'ignore', detached: true });
  const gone = new Promise(r => c.on('close', r)), until = Date.now() + ms;
  while (!seen() && Date.now() < until) await new Promise(r => setTimeout(r, 50));
  try { process.kill(-c.pid, 'SIGKILL'); } catch { /* ended by itself */ }
  await gone;
  return seen();
}

await main(async () => {
  const asked = new Set();
  const serve = async name => {
    const s = http.createServer((q, res) => { asked.add(name + q.url); res.setHeader('Content-Type', 'text/html').end('<p>here</p>'); });
    await new Promise(r => s.listen(0, '127.0.0.1', r));
    return s;
  };
  const ours = await serve('ours'), other = await serve('other'), port = ours.address().port;
  const dir = folder(), file = join(dir, 'x.html');
  writeFileSync(file, `<img src="http://127.0.0.1:${port}/from-file" alt="">`);
  const tries = [['another port', `http://127.0.0.1:${other.address().port}/`, 'other/'], ['file:', `file://${file}`, 'ours/from-file']];
  for (const [what, url, want] of tries) check(`without the policy ${what} opens`, await opens(url, () => asked.has(want), 30000));
  asked.clear();
  cpSync(ETC, join(dir, 'etc'), { recursive: true });
  mkdirSync(join(dir, 'etc/policies/managed'), { recursive: true });
  writeFileSync(join(dir, 'etc/policies/managed/candour-kiosk.json'), readFileSync(join(root, 'deploy/chromium/candour-kiosk.json'), 'utf8').replace('127.0.0.1:8080', `127.0.0.1:${port}`));
  check('the policy is laid over the real one', spawnSync('mount', ['--bind', join(dir, 'etc'), ETC]).status === 0);
  check('our own address opens', await opens(`http://127.0.0.1:${port}/own`, () => asked.has('ours/own'), 30000));
  for (const [what, url, want] of tries) check(`with it ${what} is blocked`, !(await opens(url, () => asked.has(want), 5000)));
  ours.closeAllConnections(); other.closeAllConnections();
  ours.close(); other.close();
});
