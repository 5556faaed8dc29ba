// kiosk-media: what forms bring along. Pictures beside words (not for who wants words only), the form's own sound before
// a voice, films in sign language; from a folder and from a signed bundle; what is not what it says is refused; a page
// is kept as sound only where nobody's own words are in it, and never where it would tell of a concern.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { deflateSync, crc32 as nodeCrc } from 'node:zlib';
import { Visitor, browser, check, equal, folder, main, makeSite, request, root, startKiosk, until } from './lib.mjs';

// CRC-32 of ISO 3309, for nodes without their own.
const crc = nodeCrc ?? (b => { let c = ~0; for (const x of b) { c ^= x; for (let k = 0; k < 8; k++) c = (c >>> 1) ^ (0xedb88320 & -(c & 1)); } return ~c >>> 0; });
const be = n => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; };
const chunk = (name, data) => { const body = Buffer.concat([Buffer.from(name), data]); return Buffer.concat([be(data.length), body, be(crc(body))]); };

// A picture of one colour.
function png(w, h, colour) {
  const rows = Buffer.alloc(h * (1 + 3 * w));
  for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) rows.set(colour, y * (1 + 3 * w) + 1 + 3 * x);
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', Buffer.concat([be(w), be(h), Buffer.from([8, 2, 0, 0, 0])])), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

// SECONDS of a tone: 16 bits, RATE samples a second.
function tone(hertz, seconds, rate = 16000) {
  const n = Math.round(seconds * rate), b = Buffer.alloc(44 + 2 * n);
  b.write('RIFF', 0); b.writeUInt32LE(36 + 2 * n, 4); b.write('WAVEfmt ', 8); b.writeUInt32LE(16, 16); b.writeUInt16LE(1, 20); b.writeUInt16LE(1, 22);
  b.writeUInt32LE(rate, 24); b.writeUInt32LE(2 * rate, 28); b.writeUInt16LE(2, 32); b.writeUInt16LE(16, 34); b.write('data', 36); b.writeUInt32LE(2 * n, 40);
  for (let i = 0; i < n; i++) b.writeInt16LE(Math.round(12000 * Math.sin(2 * Math.PI * hertz * i / rate)), 44 + 2 * i);
  return b;
}

const raw = (url, path, headers = {}) => new Promise((resolve, reject) => {
  const u = new URL(url);
  http.get({ host: u.hostname, port: u.port, path, agent: false, headers: { Host: u.host, ...headers } }, a => {
    const parts = [];
    a.on('data', d => parts.push(d));
    a.on('end', () => resolve({ status: a.statusCode, type: a.headers['content-type'], cache: a.headers['cache-control'], body: Buffer.concat(parts) }));
  }).on('error', reject);
});

// The pitch of a second of WAV from AT seconds on, by counting how often it rises through zero; and how loud it is.
function pitch(wav, at) {
  const rate = wav.readUInt32LE(24), from = 44 + 2 * Math.round(at * rate);
  let up = 0, last = 0, loud = 0;
  for (let i = from; i + 2 <= Math.min(wav.length, from + rate); i += 2) {
    const s = wav.readInt16LE(i);
    if (last < 0 && s >= 0) up++;
    loud = Math.max(loud, s);
    last = s;
  }
  return { hertz: 2 * up, loud };
}

await main(async () => {
  const b = await browser(), dir = folder();
  // A film of half a second, as the browser itself writes it.
  const studio = await b.newPage();
  const film = Buffer.from(await studio.evaluate(async () => {
    const c = document.createElement('canvas'), g = c.getContext('2d'), parts = [];
    c.width = c.height = 64;
    const r = new MediaRecorder(c.captureStream(20), { mimeType: 'video/webm;codecs=vp8' });
    r.ondataavailable = e => parts.push(e.data);
    const over = new Promise(done => { r.onstop = done; });
    r.start();
    for (let i = 0; i < 12; i++) { g.fillStyle = i % 2 ? '#5c2751' : '#eef1e6'; g.fillRect(0, 0, 64, 64); await new Promise(done => setTimeout(done, 50)); }
    r.stop();
    await over;
    return [...new Uint8Array(await new Blob(parts).arrayBuffer())];
  }));
  await studio.close();
  const files = { 'cup.png': png(64, 48, [92, 39, 81]), 'tea.png': png(40, 40, [217, 164, 65]), 'coffee.png': png(40, 40, [77, 107, 79]), 'drink.wav': tone(440, 1.5), 'tea.wav': tone(660, 1), 'drink.webm': film };
  const site = makeSite({ forms: [join(root, 'tests/kiosk/media.csv'), join(root, 'forms/library/concern.csv')], extra: 'look_s = 1\n' });
  mkdirSync(join(site.dir, 'forms/media-media'));
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(site.dir, 'forms/media-media', name), bytes);
  writeFileSync(join(site.dir, 'forms/media-media/bad.png'), '<svg onload="alert(1)"/>');
  const kiosk = await startKiosk(site), v = new Visitor(kiosk.url);
  const pictures = () => [...v.page.body.matchAll(/<img class="([^"]*)" src="(\/m\/[0-9a-f]{32})" width="(\d+)" height="(\d+)" alt="">/g)];
  check('what is no picture is told by name', /bad\.png/.test(kiosk.log), kiosk.log);
  check('what is missing is told by name', /missing=gone\.png/.test(kiosk.log), kiosk.log);

  await v.start();
  await v.press('next');
  equal('at the question', v.h1(), 'What do you like to drink?');
  equal('pictures: the question, two answers', pictures().map(m => `${m[1]} ${m[3]}x${m[4]}`).join(', '), 'shown 64x48, pic photo 40x40, pic photo 40x40');
  const cupAt = pictures()[0][2], cup = await raw(kiosk.url, cupAt);
  check('the picture is the form’s, byte by byte', cup.body.equals(files['cup.png']));
  equal('its type is that of its bytes, and nothing is kept', `${cup.status} ${cup.type} ${cup.cache}`, '200 image/png no-store');
  for (const bad of ['/m/', '/m/../site.db', `/m/${'0'.repeat(32)}`, '/m/cup.png', `${pictures()[0][2]}0`]) equal(`${bad} is not there`, (await raw(kiosk.url, bad)).status, 404);
  await v.press('look');
  await v.press('words-1');
  await v.press('next');
  equal('words only', pictures().length, 0);
  check('and the words are still there', v.page.body.includes('Coffee'));
  await v.press('look');
  await v.press('words-0');
  await v.press('next');

  const hear = async () => {
    await v.press('listen');
    return (await raw(kiosk.url, /<audio autoplay src="([^"]*)"/.exec(v.page.body)[1], v.headers())).body;
  };
  const speech = () => { const d = join(site.dir, 'cache/speech'); return existsSync(d) ? readdirSync(d).length : 0; };
  const en = await hear();
  check('the form’s own sound comes first', Math.abs(pitch(en, 0).hertz - 440) < 6, pitch(en, 0).hertz);
  check('then the answers, those with sound by their sound', Math.abs(pitch(en, 1.85).hertz - 660) < 10, pitch(en, 1.85).hertz);
  check('a voice reads the others', en.length > 44 + 44100 * 4, en.length / 44100);
  const loud = pitch(en, 0).loud;
  await v.press('look');
  await v.press('volume-0');
  await v.press('next');
  const quiet = pitch(await hear(), 0).loud;
  check('quieter', Math.abs(quiet / loud - 0.5) < 0.05, `${quiet} ${loud}`);
  const kept = speech();
  check('words of the form are kept as sound', kept >= 4, kept);
  await hear();
  equal('and not made twice', speech(), kept);
  await v.press('look');
  await v.press('lang-cy');
  await v.press('next');
  const cy = await hear();
  check('Welsh has no sound of its own: a voice', Math.abs(pitch(cy, 0).hertz - 440) > 20);
  await v.press('look');
  await v.press('lang-en');
  await v.press('next');

  check('there is a film', /value="sign"/.test(v.page.body));
  const page = await (await b.newContext({ javaScriptEnabled: true, viewport: { width: 1280, height: 800 } })).newPage();
  await page.goto(kiosk.url);
  equal('this screen is in use', await page.locator('.go').count(), 0);
  await v.press('sign', { a0: 'tea' });
  const src = /<video class="film" src="([^"]*)" autoplay muted/.exec(v.page.body)?.[1];
  const got = await raw(kiosk.url, src ?? '/m/');
  check('the film is the form’s', got.body.equals(film) && got.type === 'video/webm', `${src} ${got.type}`);
  await v.press('again');
  check('again', /<video/.test(v.page.body));
  await v.press('next');
  check('back at the question, what was chosen stays', /value="tea" checked/.test(v.page.body));
  await v.press('next', { a0: 'tea' });
  check('no film, no button', !/value="sign"/.test(v.page.body));
  equal('a missing picture leaves no gap', pictures().length, 0);
  await hear();
  const before = speech();
  await v.press('look', { a0: 'ZZMARKERZZ reminds me of home' });
  await v.press('next');
  await hear();
  equal('somebody’s own words are in no file', speech(), before);
  await v.press('wrong');
  await hear();
  await v.press('complaint');
  await hear();
  equal('nor that a concern was heard', speech(), before);
  await v.press('back');
  await v.press('next');
  await v.press('stop');

  // The browser shows all of it.
  await page.goto(kiosk.url);
  const go = x => Promise.all([page.waitForNavigation(), page.click(`button[name=go][value="${x}"]:not([hidden])`)]);
  await go('start');
  await go('next');
  check('the browser shows the pictures', await page.evaluate(() => [...document.images].length === 3 && [...document.images].every(i => i.complete && i.naturalWidth > 0)));
  await go('sign');
  check('the film plays by itself', await page.waitForFunction(() => document.querySelector('video').currentTime > 0.1, null, { timeout: 30000 }).then(() => true, e => e.message) === true);
  await go('stop').catch(() => go('next'));
  if (page.url().endsWith('/s')) await go('stop');
  await page.close();

  // From a signed bundle; what is not what it says refuses all of it.
  const put = (name, bytes) => { writeFileSync(join(dir, name), bytes); return join(dir, name); };
  const xml = put('drinks.xml', readFileSync(join(site.dir, 'forms/media.xml')));
  const two = Object.entries(files).filter(([n]) => n !== 'cup.png').map(([n, x]) => put(n, x));
  site.bundle('forms', 2, [xml, ...two, put('cup.png', png(20, 20, [0, 0, 0]))]);
  await until('the bundle is taken up', () => /bundle=2/.test(kiosk.log));
  const w = new Visitor(kiosk.url);
  await w.start();
  await w.press('next');
  check('with its own pictures', /width="20" height="20"/.test(w.page.body), w.h1());
  equal('what is not needed any more is gone', (await raw(kiosk.url, cupAt)).status, 404);
  equal('the folder holds what is in force', readdirSync(join(site.dir, 'cache/media')).length, 6);
  await w.press('stop');
  site.bundle('forms', 3, [xml, put('cup.png', '%PDF-1.7')]);
  await until('a bundle with something else is refused, and says which', () => /cup\.png: neither PNG/.test(kiosk.log));
  await w.start();
  await w.press('next');
  check('what was in force stays', /width="20" height="20"/.test(w.page.body));
  await w.press('stop');
  // A file changed on the disk is not shown.
  const name = readdirSync(join(site.dir, 'cache/media')).find(n => readFileSync(join(site.dir, 'cache/media', n)).equals(png(20, 20, [0, 0, 0])));
  writeFileSync(join(site.dir, 'cache/media', name), files['tea.png']);
  equal('a file changed on the disk is not shown', (await raw(kiosk.url, `/m/${name}`)).status, 404);
  equal('the kiosk is well', (await request(kiosk.url, { path: '/healthz' })).status, 200);
});
