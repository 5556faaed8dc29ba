// What the browser tests share: a care site of their own with a running kiosk, chromium, and counting.
//   BUILD   build/asan or build/release (default: whichever is there)
//   CHROMIUM   another chromium
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const here = dirname(fileURLToPath(import.meta.url));
export const root = join(here, '..', '..');
export const build = join(root, process.env.BUILD || (existsSync(join(root, 'build/asan/candour-kiosk')) ? 'build/asan' : 'build/release'));
const require = createRequire(import.meta.url);

let passed = 0, failed = 0;
const cleanups = [];

export function check(name, ok, more = '') {
  if (ok) { passed++; return true; }
  failed++;
  console.log(`FAIL ${name}${more === '' ? '' : `: ${more}`}`);
  return false;
}
export const equal = (name, got, want) => check(name, got === want, `got ${JSON.stringify(got)}, wanted ${JSON.stringify(want)}`);

export function skip(reason) {
  console.log(`SKIP: ${reason}`);
  console.log('0 passed, 0 failed, 1 skipped');
  process.exit(0);
}

export function counts() { return { passed, failed }; }
export function add(p, f) { passed += p; failed += f; }

export function onExit(f) { cleanups.push(f); }

export async function cleanup() {
  for (const f of cleanups.splice(0).reverse()) await f();
}

export async function done() {
  await cleanup();
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
}

export async function main(body) {
  try { await body(); } catch (e) { check('ran to its end', false, e.stack); }
  await done();
}
process.on('SIGTERM', async () => { await cleanup(); process.exit(1); });

// The packages of package-lock.json, installed once, by the tests alone.
export function packages() {
  if (!existsSync(join(here, 'node_modules/playwright-core')) || !existsSync(join(here, 'node_modules/axe-core'))) {
    const r = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: here, encoding: 'utf8' });
    if (r.status !== 0) skip('playwright-core and axe-core are not there and npm ci did not bring them');
  }
  return { playwright: require('playwright-core'), axe: require.resolve('axe-core/axe.min.js') };
}

export function chromiumPath() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  for (const name of ['chromium', 'chromium-browser', 'google-chrome'])
    for (const dir of (process.env.PATH || '').split(delimiter))
      try { accessSync(join(dir, name), constants.X_OK); return join(dir, name); } catch { /* next */ }
  return skip('no chromium on PATH');
}

// Without what a browser does on its own: nothing may leave 127.0.0.1.
export const flags = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync', '--disable-default-apps', '--disable-extensions', '--metrics-recording-only', '--hide-scrollbars'];

export async function browser(more = []) {
  const { playwright } = packages();
  const b = await playwright.chromium.launch({ executablePath: chromiumPath(), args: [...flags, ...more] });
  cleanups.push(() => b.close());
  return b;
}

export function folder() {
  const dir = mkdtempSync(join(tmpdir(), 'candour-'));
  cleanups.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function run(program, args, input, env = {}) {
  const r = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 26, input, env: { ...process.env, ...env } });
  if (r.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${r.status} ${r.stderr}`);
  return r.stdout;
}

// A site with the forms of FORMS (XLSForm files), made in a fresh folder. EXTRA: more lines for kiosk.conf.
export function makeSite({ forms = ['visit', 'satisfaction', 'concern'].map(n => join(root, `forms/library/${n}.csv`)), extra = '' } = {}) {
  const dir = folder(), xml = join(dir, 'xml');
  mkdirSync(xml);
  const files = forms.map(f => {
    const to = join(xml, `${f.split('/').pop().replace(/\.[^.]*$/, '')}.xml`);
    writeFileSync(to, f.endsWith('.xml') ? run('cat', [f]) : run(join(build, 'candour'), ['form', 'convert', f]));
    return to;
  });
  run(join(build, 'tests/kiosk/tool_site'), ['make', join(dir, 'site'), ...files]);
  // The pictures that forms name, where they lie beside them.
  files.forEach((f, i) => {
    for (const [, name] of readFileSync(f, 'utf8').matchAll(/jr:\/\/images\/([^<]*)/g)) if (existsSync(join(dirname(forms[i]), name))) copyFileSync(join(dirname(forms[i]), name), join(dir, 'site/forms', name));
  });
  const conf = join(dir, 'site/kiosk.conf');
  if (extra) writeFileSync(conf, run('cat', [conf]) + extra);
  const tool = what => run(join(build, 'tests/kiosk/tool_site'), [what, join(dir, 'site')]);
  return { dir: join(dir, 'site'), conf, count: () => Number(tool('count')), open: () => tool('open'), concerns: () => tool('concerns'),
    pin: pin => run(join(build, 'candour'), ['site', 'pin', join(dir, 'site')], `${pin}\n`),
    at: name => run(join(build, 'tests/kiosk/tool_site'), ['at', join(dir, 'site'), name]),
    bundle: (kind, serial, files, place) => run(join(build, 'tests/kiosk/tool_site'), [kind, join(dir, 'site'), String(serial), ...files], undefined, place ? { BUNDLE_SITE: place } : {}) };
}

// Start the kiosk of SITE; resolves with its address once it listens.
export async function startKiosk(site, { wrapper = [], env = {} } = {}) {
  const argv = [...wrapper, join(build, 'candour-kiosk'), '-c', site.conf];
  const child = spawn(argv[0], argv.slice(1), { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } });
  const kiosk = { child, log: '', url: '', port: 0 };
  cleanups.push(() => stopKiosk(kiosk));
  await new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`the kiosk did not start: ${kiosk.log}`)), 30000);
    child.stderr.on('data', d => {
      kiosk.log += d;
      const m = /listening=\S+ port=(\d+)/.exec(kiosk.log);
      if (m && !kiosk.port) { kiosk.port = Number(m[1]); kiosk.url = `http://127.0.0.1:${m[1]}`; clearTimeout(late); resolve(); }
    });
    child.on('exit', code => { clearTimeout(late); reject(new Error(`the kiosk ended with ${code}: ${kiosk.log}`)); });
  });
  return kiosk;
}

export async function stopKiosk(kiosk, signal = 'SIGTERM') {
  if (kiosk.child.exitCode !== null || kiosk.child.signalCode !== null) return kiosk.child.exitCode;
  const gone = new Promise(r => kiosk.child.once('exit', (code, sig) => r(code ?? sig)));
  kiosk.child.kill(signal);
  return gone;
}

// Wait until TEST() (may be async) holds, and count that it did: no longer than a slow machine needs.
export async function until(what, test, ms = 90000) {
  for (const end = Date.now() + ms; Date.now() < end; await new Promise(r => setTimeout(r, 100))) if (await test()) return check(what, true);
  return check(what, false, `not within ${ms / 1000} s`);
}

// One plain request, as a program would make it.
export function request(url, { method = 'GET', path = '/', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const u = new URL(url);
    const r = http.request({ host: u.hostname, port: u.port, method, path, agent: false,
      headers: { Host: u.host, ...(body !== undefined ? { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': Buffer.byteLength(body) } : {}), ...headers } },
    a => {
      const parts = [];
      a.on('data', d => parts.push(d));
      a.on('end', () => resolve({ status: a.statusCode, headers: a.headers, body: Buffer.concat(parts).toString('utf8') }));
    });
    r.on('error', reject);
    r.setTimeout(30000, () => r.destroy(new Error('timeout')));
    r.end(body);
  });
}

// A visitor without a browser: keeps its cookie and the token of the page it last saw.
export class Visitor {
  constructor(url) { this.url = url; this.cookie = ''; this.page = null; }
  async follow(a) {
    for (const line of a.headers['set-cookie'] || []) {
      const [pair] = line.split(';');
      this.cookie = /Max-Age=0/i.test(line) ? '' : pair;
    }
    if (a.status === 303) return this.get(a.headers.location);
    this.page = a;
    this.token = /name="t" value="([0-9a-f]*)"/.exec(a.body)?.[1] ?? '';
    return a;
  }
  headers() { return this.cookie ? { Cookie: this.cookie } : {}; }
  async get(path) { return this.follow(await request(this.url, { path, headers: this.headers() })); }
  async raw(path, fields, headers = {}) {
    return request(this.url, { method: 'POST', path, body: new URLSearchParams(fields).toString(), headers: { ...this.headers(), ...headers } });
  }
  async post(path, fields) { return this.follow(await this.raw(path, fields)); }
  async start(go = 'start', l = 'en') { return this.post('/start', { go, l }); }
  async press(go, fields = {}) { return this.post('/s', { ...fields, t: this.token, go }); }
  h1() { return /<h1[^>]*>(?:<label[^>]*>)?([^<]*)/.exec(this.page.body)?.[1] ?? ''; }
  // To the first question, as somebody who gets care and answers alone.
  async toQuestions(language = 'en') {
    await this.start('start', language);
    await this.press('next', { a0: 'individual' });
    await this.press('next', { a0: 'self' });
    await this.press('next');
  }
  // Any way through to the thanks page; TEXT goes into every text field.
  async finish(text = '') {
    for (let i = 0; i < 60 && !/<main id="main" class="thanks"/.test(this.page.body); i++) {
      const fields = {}, b = this.page.body;
      const radio = /type="radio" name="(a\d+)" id="[^"]*" value="([^"]*)"/.exec(b);
      const box = /type="checkbox" name="(a\d+)" id="[^"]*" value="([^"]*)"/.exec(b);
      const area = /<textarea[^>]*name="(a\d+)"/.exec(b);
      const number = /inputmode="(?:numeric|decimal)"/.test(b) && /class="field number" id="[^"]*" name="(a\d+)"/.exec(b);
      if (radio) fields[radio[1]] = radio[2];
      if (box) fields[box[1]] = box[2];
      if (area) fields[area[1]] = text;
      if (number) fields[number[1]] = '3';
      await this.press(/<button hidden name="go" value="([^"]*)"/.exec(b)[1], fields);
    }
    return this.page;
  }
}

// Staff: two cookies (their own, and a visit's while a sheet is typed in), the token of the page they last saw.
export class Staff extends Visitor {
  constructor(url) { super(url); this.jar = {}; }
  async follow(a) {
    for (const line of a.headers['set-cookie'] || []) {
      const [, name, value] = /^([^=]*)=([^;]*)/.exec(line);
      if (/Max-Age=0/i.test(line)) delete this.jar[name]; else this.jar[name] = value;
    }
    if (a.status === 303) return this.get(a.headers.location);
    this.page = a;
    this.token = /name="t" value="([0-9a-f]*)"/.exec(a.body)?.[1] ?? '';
    return a;
  }
  headers() { const c = Object.entries(this.jar).map(([n, v]) => `${n}=${v}`).join('; '); return c ? { Cookie: c } : {}; }
  async enter(pin, l = 'en') { return this.post(`/staff?l=${l}`, { go: 'in', pin }); }
  async send(path, go, fields = {}) { return this.post(path, { ...fields, t: this.token, go }); }
}
