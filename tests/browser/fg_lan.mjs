// make fg-lan: eight tablets vote at once over HTTPS on the site's network, one votes twice, one loses its connection in
// the middle and comes again: eight votes, each once. A tablet that is passed round shows nothing of the person before,
// in chromium with Back. Two facilitators write in one session; what one wrote shows on the other's tablet.
import { spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { browser, check, equal, startKiosk } from './lib.mjs';
import { Desk, groupSite, MARK, noteCount, PASS } from './fg.mjs';

const NAME = 'kiosk.test';

// A desk over the site's network.
class Tablet extends Desk {
  constructor(port) { super(`https://${NAME}:${port}`); this.port = port; }
  async send(method, path, body, { cut = false } = {}) {
    const a = await new Promise((resolve, reject) => {
      const r = https.request({ host: '127.0.0.1', port: this.port, servername: NAME, method, path, agent: false, rejectUnauthorized: false,
        headers: { Host: `${NAME}:${this.port}`, ...this.headers(), ...(body !== undefined ? { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': Buffer.byteLength(body) } : {}) } }, a => {
        const parts = [];
        a.on('data', d => parts.push(d));
        a.on('end', () => resolve({ status: a.statusCode, headers: a.headers, body: Buffer.concat(parts).toString() }));
        a.on('error', reject);
      });
      r.on('error', reject);
      r.setTimeout(60000, () => r.destroy(new Error('timeout')));
      if (cut) {
        // Half of the vote, then the connection is gone.
        r.flushHeaders();
        r.write(body.slice(0, Math.floor(body.length / 2)), () => setTimeout(() => r.destroy(new Error('cut')), 50));
      } else {
        r.end(body);
      }
    });
    return this.take(a);
  }
}

function lanSite() {
  const site = groupSite(), made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', `/CN=${NAME}`,
    '-addext', `subjectAltName=DNS:${NAME}`, '-keyout', join(site.dir, 'lan.key'), '-out', join(site.dir, 'lan.crt')], { encoding: 'utf8' });
  equal('a certificate for the test', made.status, 0);
  appendFileSync(site.conf, `lan = yes\nlan_listen = 127.0.0.1:0\nlan_name = ${NAME}\nlan_cert = ${join(site.dir, 'lan.crt')}\nlan_key = ${join(site.dir, 'lan.key')}\n`);
  return site;
}

const sum = body => /class="sum"[^>]*>([^<]*)/.exec(body)?.[1] ?? '';
const votes = body => [...body.matchAll(/<dd>.*?<span>(\d+) votes?</gs)].map(m => Number(m[1]));

async function atOnce(port, d) {
  await d.press('ask');
  await d.press('ask-0');
  const code = d.code();
  check('the poll shows its address as a QR code', d.page.body.includes('class="qr-ink"') && d.page.body.includes(`${NAME}:${port}/g`));
  const tablets = Array.from({ length: 8 }, () => new Tablet(port));
  await Promise.all(tablets.map(t => t.get(`/g/${code}`)));
  const body = t => new URLSearchParams({ t: t.token, go: 'vote', vote: '0' }).toString();
  const done = await Promise.all(tablets.map(async (t, i) => {
    if (i === 7) { // loses its connection in the middle, and comes again
      const cut = await t.send('POST', `/g/${code}`, body(t), { cut: true }).then(() => false, () => true);
      check('the connection was lost in the middle of the vote', cut);
      await t.get(`/g/${code}`);
    }
    await t.press('vote', { vote: String(i % 2) });
    if (i === 3) await t.press('vote', { vote: '1' }); // again, at once: pressed twice
    return t.h1();
  }));
  check('each is thanked', done.every(h => h.startsWith('Thank you') || h.startsWith('Is life')), done.join(' | '));
  await tablets[3].get(`/g/${code}`);
  await tablets[3].press('change');
  await tablets[3].press('vote', { vote: '2' });
  await d.get('/group/s');
  check('eight have voted', sum(d.page.body).startsWith('8 of 8'), sum(d.page.body));
  check('nothing is shown before the poll is closed', votes(d.page.body).length === 0);
  await d.press('next');
  equal('eight votes, the changed one as it was changed', votes(d.page.body).join(' '), '4 3 1 0');
  await tablets[0].get(`/g/${code}`);
  check('a closed poll takes nothing', tablets[0].h1().includes('closed'), tablets[0].h1());
  check('and the tablet keeps no cookie of it', ![...tablets[0].jar.keys()].some(k => k.endsWith('p')));
  const none = new Tablet(port);
  await none.post(`/g/${code}`, { go: 'vote', vote: '0' });
  await d.get('/group/s');
  equal('a vote without a cookie, or after the end, counts nothing', votes(d.page.body).join(' '), '4 3 1 0');
  await d.press('next');
}

async function passed(url, code, modes) {
  const b = await browser();
  for (const javaScriptEnabled of modes) {
    const context = await b.newContext({ javaScriptEnabled, viewport: { width: 800, height: 1280 } }), page = await context.newPage();
    const press = go => Promise.all([page.waitForNavigation(), page.locator(`button[name=go][value="${go}"]:visible`).first().click()]), how = javaScriptEnabled ? 'script' : 'no script';
    await page.goto(`${url}/j/${code}`);
    await press('join');
    await press('ask');
    await page.locator('[name=go][value^=ask-]').first().click();
    await page.waitForSelector('.code');
    await press('pass');
    const number = /\b\d{4}\b/.exec(await page.locator('.lead').innerText())[0];
    await press('told');
    let shown = 0;
    for (let person = 0; person < 3; person++) {
      await press('mine');
      if (await page.locator('input:checked').count()) shown++;
      await page.locator(`label[for=o${person}]`).click();
      await press('vote');
      for (let i = 0; i < 4; i++) {
        await page.goBack().catch(() => {});
        if (await page.locator('input:checked').count()) shown++;
        if (await page.locator('[name=vote]').count() && !(await page.locator('button[value=vote]').count())) shown++;
        if (/\b(note|anchor)\b/i.test(await page.locator('main').innerText().catch(() => ''))) shown++;
      }
      await page.goto(`${url}/group/s`);
      check(`${how}: after a vote the page says pass it on`, (await page.locator('h1').innerText()).startsWith('Please pass'), await page.locator('h1').innerText());
    }
    equal(`${how}: Back shows nothing of the person before`, shown, 0);
    for (const path of ['/group', '/group/new', '/group/s', '/']) {
      await page.goto(`${url}${path}`);
      check(`${how}: ${path} shows no note while the tablet goes round`, !(await page.content()).includes(MARK));
    }
    await page.goto(`${url}/group/s`);
    await press('leave');
    await page.fill('#number', number === '0000' ? '0001' : '0000');
    await press('number');
    check(`${how}: another number does not lead back`, (await page.locator('.err').count()) === 1);
    await page.fill('#number', number);
    await press('number');
    check(`${how}: ballots are as many as passes`, (await page.locator('.sum').first().innerText()).startsWith('3 of 8'), await page.locator('.sum').first().innerText());
    await press('cancel');
    await context.close();
  }
}

// Two lead one session; one of them at the screen with a script sees what the other writes, without a press.
async function two(url, d, port) {
  const second = new Tablet(port), wrong = new Tablet(port);
  await d.get('/group/s');
  while (!/Who is here/.test(d.h1())) await d.press('back');
  const code = d.code();
  await d.press('next');
  await d.press('next');
  await wrong.post('/j', { go: 'join', code: 'aaaaaaaa' });
  check('another code joins nothing', wrong.error() !== '' && ![...wrong.jar.keys()].some(k => k.endsWith('g')));
  await second.post('/j', { go: 'join', code });
  check('a second tablet joins with the code', second.path === '/group/s', second.path);
  const before = noteCount(d.page.body);
  for (let i = 0; i < 6; i++) await Promise.all([d.note(`${MARK} first ${i}`), second.note(`${MARK} second ${i}`, { who: '1' })]);
  await d.get('/group/s');
  equal('twelve notes of two tablets, none lost', noteCount(d.page.body) - before, 12);
  const b = await browser(), context = await b.newContext(), page = await context.newPage();
  await page.goto(`${url}/j/${code}`);
  await Promise.all([page.waitForNavigation(), page.locator('.go').click()]);
  await second.note(`${MARK} shows by itself`, { who: '2' });
  const came = await page.waitForFunction(m => document.querySelector('.last')?.innerText.includes(m), `${MARK} shows by itself`, { timeout: 30000 }).then(() => true, () => false);
  check('with a script a note of the other tablet shows by itself', came);
  await page.fill('#words', 'half a sentence');
  await second.note(`${MARK} another`, { who: '2' });
  await page.waitForTimeout(4500); // longer than two looks
  equal('what is being typed is never taken away', await page.inputValue('#words'), 'half a sentence');
  await second.press('lock');
  const hidden = await page.waitForSelector('input[type=password]', { timeout: 60000 }).then(() => true, () => false);
  check('locked elsewhere: the notes leave this screen too', hidden && !(await page.content()).includes(MARK));
  await second.post('/group/open', { go: 'open', pass: PASS });
  await page.goto(`${url}/group/s`);
  equal('and what was typed is there again', await page.inputValue('#words'), 'half a sentence');
  await context.close();
  const tag = (await d.send('GET', '/group/live')).headers.etag;
  equal('nothing new is 304', await new Promise((resolve, reject) => http.get({ host: '127.0.0.1', port: new URL(url).port, path: '/group/live', agent: false,
    headers: { Host: new URL(url).host, ...d.headers(), 'If-None-Match': tag } }, a => { a.resume(); resolve(a.statusCode); }).on('error', reject)), 304);
  await second.press('read');
  for (let i = 0; i < 5; i++) await second.press('next', {});
  check('only the lead can close', !second.page.body.includes('value="seal"'));
  await second.press('seal');
  await d.get('/group/s');
  check('not even by hand', !d.h1().startsWith('Thank you'), d.h1());
  return code;
}

export async function lan({ short = false } = {}) {
  const site = lanSite(), kiosk = await startKiosk(site), port = Number(/lan_port=(\d+)/.exec(kiosk.log)[1]), d = new Desk(kiosk.url);
  await d.signIn();
  await d.setUp();
  await d.people();
  await d.agree();
  await d.note(`${MARK} one note`);
  await atOnce(port, d);
  const code = await two(kiosk.url, d, port);
  await passed(kiosk.url, code, short ? [false] : [true, false]);
  check('nothing was sent', site.count() === 0);
  check('no log line says who voted what', !/ballot|vote/.test(kiosk.log), kiosk.log);
  check('no file says it either', !readFileSync(join(site.dir, 'site.db')).includes(MARK));
}
