// What the tests of focus groups share: a facilitator and a voter without a browser, and a site whose staff can sign in.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { build, makeSite, request, root } from './lib.mjs';

export const PIN = '246810';
export const PASS = 'anchor velvet lemon bridge';
export const MARK = 'ZQXJ';   // in every note: found nowhere but in the record
export const FORMS = ['visit', 'satisfaction', 'concern', 'focus-group'].map(n => join(root, `forms/library/${n}.csv`));

// Keeps cookies by name and the token of the page last seen, as a browser does.
export class Desk {
  constructor(url, { ca = false } = {}) { this.url = url; this.jar = new Map(); this.page = null; this.ca = ca; this.path = '/'; }
  headers() { return this.jar.size ? { Cookie: [...this.jar].map(([k, v]) => `${k}=${v}`).join('; ') } : {}; }
  take(a) {
    for (const line of a.headers['set-cookie'] || []) {
      const [name, value] = line.split(';')[0].split('=');
      if (/Max-Age=0/i.test(line)) this.jar.delete(name); else this.jar.set(name, value);
    }
    return a;
  }
  async send(method, path, body) { return this.take(await request(this.url, { method, path, body, headers: this.headers() })); }
  async follow(a, path) {
    for (let i = 0; i < 6 && a.status === 303; i++) { path = a.headers.location; a = await this.send('GET', path); }
    this.page = a;
    this.path = path;
    this.token = /name="t" value="([0-9a-f]*)"/.exec(a.body)?.[1] ?? '';
    return a;
  }
  async get(path) { return this.follow(await this.send('GET', path), path); }
  async post(path, fields) { return this.follow(await this.send('POST', path, new URLSearchParams(fields).toString()), path); }
  // Press GO on the page that is shown.
  async press(go, fields = {}) {
    const list = Array.isArray(fields) ? fields : Object.entries(fields);
    return this.post(/action="([^"]*)"/.exec(this.page.body)[1], [...list, ['t', this.token], ['go', go]]);
  }
  h1() { return (/<h1[^>]*>([^<]*)/.exec(this.page.body)?.[1] ?? '').replace(/&#39;/g, "'"); }
  error() { return /role="alert"[^>]*>.*?<span>([^<]*)/s.exec(this.page.body)?.[1] ?? ''; }
  async signIn() { await this.get('/staff'); return this.post('/staff', { pin: PIN, go: 'in' }); }
  async setUp(pass = PASS) {
    await this.get('/group/new');
    return this.press('begin', { guide: '0', place: 'care_home', leader: 'outside', pass });
  }
  async people(list = { 0: 4, 1: 2, 5: 2 }) {
    for (const [role, n] of Object.entries(list)) for (let i = 0; i < n; i++) await this.press(`plus-${role}`);
    return this.press('next');
  }
  async agree(no = {}) {
    for (const what of [0, 1, 2]) {
      await this.press(`all-${what}`);
      for (let i = 0; i < (no[what] || 0); i++) await this.press(`plus-${what}`);
    }
    return this.press('next');
  }
  async note(words, { who = '0', theme = ['food'], exact = false } = {}) {
    return this.press('save', [['words', words], ['who', who], ...theme.map(t => ['theme', t]), ...(exact ? [['exact', 'yes']] : [])]);
  }
  code() { return /class="code">([a-z]{8})</.exec(this.page.body)?.[1] ?? ''; }
}

// Words and number of what a page says of notes: "12 notes here. The last: .."
export const noteCount = body => Number(/class="last"[^>]*>(\d+) notes? here/.exec(body)?.[1] ?? 0);

// A site with the guide and a PIN for its staff.
export function groupSite(options = {}) {
  const site = makeSite({ forms: FORMS, ...options });
  const hash = spawnSync(join(build, 'candour'), ['site', 'pin', site.dir], { input: `${PIN}\n`, encoding: 'utf8' });
  if (hash.status !== 0) throw new Error(hash.stderr);
  return site;
}

// Everything in the files of site.db.
export const siteBytes = site => ['', '-wal', '-shm'].map(e => { try { return readFileSync(join(site.dir, `site.db${e}`)); } catch { return Buffer.alloc(0); } });
export const isInFiles = (site, text) => siteBytes(site).some(b => b.includes(text));
