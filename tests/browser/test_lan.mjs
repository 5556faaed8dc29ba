// kiosk-lan: twenty visitors at once over HTTPS on the site's network, each page of a visit holding a marker of its
// own; no page ever shows another's. Prints the times of the pages.   PAGES=10000 for the long run
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { check, equal, main, makeSite, request, startKiosk } from './lib.mjs';

const VISITORS = 20, PAGES = Number(process.env.PAGES || 600), NAME = 'kiosk.test';

class Tablet {
  constructor(port, n) { this.port = port; this.n = n; this.mark = `ZZ${String(n).padStart(3, '0')}ZZ`; this.cookie = ''; this.times = []; this.agent = new https.Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false }); }
  send(method, path, body) {
    return new Promise((resolve, reject) => {
      const began = process.hrtime.bigint();
      const r = https.request({ host: '127.0.0.1', port: this.port, servername: NAME, method, path, agent: this.agent,
        headers: { Host: `${NAME}:${this.port}`, ...(this.cookie ? { Cookie: this.cookie } : {}), ...(body !== undefined ? { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': Buffer.byteLength(body) } : {}) } }, a => {
        const parts = [];
        a.on('data', d => parts.push(d));
        a.on('end', () => {
          if (method === 'GET') this.times.push(Number(process.hrtime.bigint() - began) / 1e6);
          for (const line of a.headers['set-cookie'] || []) { this.line = line; this.cookie = /Max-Age=0/.test(line) ? '' : line.split(';')[0]; }
          resolve({ status: a.statusCode, location: a.headers.location, body: Buffer.concat(parts).toString() });
        });
      });
      r.on('error', reject);
      r.end(body);
    });
  }
  async get(path) {
    this.page = await this.send('GET', path);
    this.token = /name="t" value="([0-9a-f]*)"/.exec(this.page.body)?.[1] ?? '';
  }
  async press(go, fields = {}) {
    const a = await this.send('POST', '/s', new URLSearchParams({ ...fields, t: this.token, go }).toString());
    await this.get(a.location ?? '/s');
  }
  // To the text question, then back and forth with the marker in it, N pages.
  async visit(n) {
    await this.send('POST', '/start', 'go=start&l=en');
    await this.get('/s');
    for (let i = 0; i < 30 && !/<textarea/.test(this.page.body); i++) {
      const radio = /type="radio" name="(a\d+)" id="[^"]*" value="([^"]*)"/.exec(this.page.body), number = /class="field number" id="[^"]*" name="(a\d+)"/.exec(this.page.body);
      await this.press('next', radio ? { [radio[1]]: radio[2] } : number ? { [number[1]]: '3' } : {});
    }
    let foreign = 0, own = 0;
    for (let i = 0; i < n; i++) {
      if (i % 3 === 0) await this.press('look', { a0: this.mark });
      else if (i % 3 === 1) await this.press('next');
      else { await this.get('/s'); if (this.page.body.includes(this.mark)) own++; }
      for (const m of this.page.body.matchAll(/ZZ\d\d\dZZ/g)) if (m[0] !== this.mark) foreign++;
    }
    await this.press('stop');
    this.agent.destroy();
    return { foreign, own };
  }
}

await main(async () => {
  const site = makeSite({ extra: '' });
  const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', `/CN=${NAME}`, '-addext', `subjectAltName=DNS:${NAME}`,
    '-keyout', join(site.dir, 'lan.key'), '-out', join(site.dir, 'lan.crt')], { encoding: 'utf8' });
  equal('a certificate for the test', made.status, 0);
  const { appendFileSync } = await import('node:fs');
  appendFileSync(site.conf, `lan = yes\nlan_listen = 127.0.0.1:0\nlan_name = ${NAME}\nlan_cert = ${join(site.dir, 'lan.crt')}\nlan_key = ${join(site.dir, 'lan.key')}\n`);
  const kiosk = await startKiosk(site), port = Number(/lan_port=(\d+)/.exec(kiosk.log)[1]);
  const tablets = Array.from({ length: VISITORS }, (_, n) => new Tablet(port, n));
  const first = new Tablet(port, 99);
  await first.send('POST', '/start', 'go=start&l=en');
  check('the cookie is bound to this name and to encryption', /^__Host-v=/.test(first.line) && /; Secure/.test(first.line), first.line);
  const stolen = await request(kiosk.url, { path: '/s', headers: { Cookie: first.cookie.replace('__Host-', '') } });
  equal('and worth nothing on the screen itself', stolen.status, 303);
  equal('another name is refused', (await new Promise((resolve, reject) => https.get({ host: '127.0.0.1', port, path: '/', agent: false, rejectUnauthorized: false, headers: { Host: `evil.example:${port}` } }, a => { a.resume(); resolve(a.statusCode); }).on('error', reject))), 421);
  const results = await Promise.all(tablets.map(t => t.visit(Math.ceil(PAGES / VISITORS))));
  equal('pages that show another visitor’s words', results.reduce((s, r) => s + r.foreign, 0), 0);
  check('each saw its own', results.every(r => r.own > 0), JSON.stringify(results));
  const times = tablets.flatMap(t => t.times).sort((a, b) => a - b), p = q => times[Math.floor(times.length * q)];
  console.log(`${times.length} pages for ${VISITORS} visitors at once: median ${p(0.5).toFixed(1)} ms, p99 ${p(0.99).toFixed(1)} ms, load ${readFileSync('/proc/loadavg', 'utf8').split(' ')[0]}`);
  check('nothing was sent', site.count() === 0);
});
