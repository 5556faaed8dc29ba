// Hostile input on every route: a clear page or a 4xx, and the visit of the person at the kiosk goes on.
import net from 'node:net';
import { Staff, Visitor, check, equal, main, makeSite, request, startKiosk, stopKiosk } from './lib.mjs';

const TYPE = { 'Content-Type': 'application/x-www-form-urlencoded' };

// Raw bytes to the kiosk; what came back until it closed or MS passed.
function raw(port, bytes, ms = 3000) {
  return new Promise(resolve => {
    let got = '';
    const s = net.connect(port, '127.0.0.1', () => s.write(bytes));
    const end = () => { s.destroy(); resolve(got); };
    const late = setTimeout(end, ms);
    s.on('data', d => { got += d.toString('latin1'); });
    s.on('close', () => { clearTimeout(late); resolve(got); });
    s.on('error', () => { clearTimeout(late); resolve(got); });
  });
}
const status = text => Number(/^HTTP\/1\.[01] (\d+)/.exec(text)?.[1] ?? 0);

await main(async () => {
  const site = makeSite(), kiosk = await startKiosk(site), url = kiosk.url, host = `127.0.0.1:${kiosk.port}`;
  const v = new Visitor(url);
  await v.toQuestions();
  const heading = v.h1();
  check('the person stands at a question', heading.length > 5, v.page.body.slice(0, 500));
  const goesOn = async what => {
    await v.get('/s');
    equal(`the visit goes on after ${what}`, v.h1(), heading);
  };

  // Tokens and cookies of others.
  const foreign = await v.raw('/s', { go: 'next', a0: '1', t: '00'.repeat(24) });
  equal('a foreign token is refused', foreign.status, 403);
  equal('no token is refused', (await v.raw('/s', { go: 'next' })).status, 403);
  equal('a long token is refused', (await v.raw('/s', { go: 'next', t: 'a'.repeat(5000) })).status, 403);
  equal('two tokens: the first counts', (await v.raw('/s', `t=${'0'.repeat(48)}&t=${v.token}&go=next`)).status, 403);
  await goesOn('foreign tokens');
  const stranger = await request(url, { method: 'POST', path: '/s', body: `go=stop&t=${v.token}`, headers: { Cookie: `v=${'ab'.repeat(16)}` } });
  equal('a made-up cookie leads to the start', [stranger.status, stranger.headers.location].join(' '), '303 /');
  for (const c of ['v=', 'v=zz', `v=${'a'.repeat(3000)}`, 'v="%00"', 'v=../../etc/passwd', `v=${'f'.repeat(32)}; v=${'0'.repeat(32)}`])
    check(`cookie ${c.slice(0, 20)}: no page of the visit`, !(await request(url, { path: '/s', headers: { Cookie: c } })).body.includes(heading));
  equal('a second Start on the screen says so', (await request(url, { method: 'POST', path: '/start', body: 'go=start&l=en' })).body.includes('Somebody is answering'), true);
  await goesOn('foreign cookies');

  // Another site, another name, another method.
  equal('another Host (DNS rebinding)', (await request(url, { headers: { Host: `evil.example:${kiosk.port}` } })).status, 421);
  equal('another port in Host', (await request(url, { headers: { Host: '127.0.0.1:1' } })).status, 421);
  check('no Host', [400, 421].includes(status(await raw(kiosk.port, 'GET / HTTP/1.0\r\n\r\n'))));
  equal('sent by another site', (await v.raw('/s', { go: 'stop', t: v.token }, { 'Sec-Fetch-Site': 'cross-site' })).status, 403);
  equal('a page of another site asks', (await request(url, { headers: { 'Sec-Fetch-Site': 'cross-site' } })).status, 403);
  equal('another origin', (await v.raw('/s', { go: 'stop', t: v.token }, { Origin: 'http://evil.example' })).status, 403);
  equal('JSON instead of a form', (await v.raw('/s', { go: 'stop', t: v.token }, { 'Content-Type': 'application/json' })).status, 415);
  for (const m of ['PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'BREW'])
    check(`${m} is not answered`, [400, 405, 501].includes(status(await raw(kiosk.port, `${m} /s HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`))), m);
  await goesOn('another site');

  // Paths.
  for (const p of ['/../../../etc/passwd', '/static/../kiosk.conf', '/static/%2e%2e/%2e%2e/etc/passwd', '/static//etc/passwd', '/static/x/kiosk.css', '/s/../staff/x',
    '/%00', '/s%00', '/s/', '/s/sound/../..', '/start/x', '/s;jsessionid=1', `/${'a'.repeat(4000)}`, '/%ff%fe', '/s/stillness', '/favicon.ico', '/.git/config']) {
    const a = await raw(kiosk.port, `GET ${p} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    check(`path ${p.slice(0, 40)} is not served`, [p === '/%00' ? 200 : p === '/favicon.ico' ? 204 : 303, 303, 400, 404, 414, 431].includes(status(a)) && !a.includes('root:'), a.slice(0, 60));
  }
  await goesOn('paths');

  // Fields: too long, not UTF-8, NUL, too many, names that are none.
  const odd = [`t=${v.token}&go=look&a0=%ff%fe%c0`, `t=${v.token}&go=look&a0=%00`, `t=${v.token}&go=look&a0=${'x'.repeat(100000)}`,
    `t=${v.token}&go=look&${'a0=1&'.repeat(20000)}`, `t=${v.token}&go=${'n'.repeat(9000)}`, `t=${v.token}&go=%00next`, `t=${v.token}&go=change-4294967296`,
    `t=${v.token}&go=plus-a99`, `t=${v.token}&go=up-a0-<script>`, `t=${v.token}&go=lang-../../x`, `t=${v.token}&go=size-9999999999999`, `t=${v.token}&go=minus-a-1`,
    `t=${v.token}&&&==&=&go`, `t=${v.token}&%=%&a%=1`, `t=${v.token}`];
  for (const body of odd) {
    await v.get('/s');
    const a = await request(url, { method: 'POST', path: '/s', body: body.replace(/t=[0-9a-f]*/, `t=${v.token}`), headers: v.headers() });
    check(`odd field ${body.slice(50, 80)}`, [200, 303, 403].includes(a.status), a.status);
    await v.get('/s');
    if (/value="size-0"/.test(v.page.body)) await v.press('next');
  }
  await goesOn('odd fields');
  equal('100 MB announced', status(await raw(kiosk.port, `POST /s HTTP/1.1\r\nHost: ${host}\r\nContent-Type: ${TYPE['Content-Type']}\r\nContent-Length: 104857600\r\n\r\nxx`)), 413);
  const big = await v.raw('/s', `t=${v.token}&go=next&a0=${'y'.repeat(300000)}`).catch(e => ({ status: e.code }));
  check('300 KB sent', big.status === 413 || big.status === 'ECONNRESET' || big.status === 'EPIPE', big.status);
  check('chunked without end', [0, 400, 413].includes(status(await raw(kiosk.port, `POST /s HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc`, 500))));
  check('two lengths', [0, 400, 413, 415].includes(status(await raw(kiosk.port, `POST /s HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabc`, 1500))));
  check('a header flood', [0, 400, 413, 431].includes(status(await raw(kiosk.port, `GET / HTTP/1.1\r\nHost: ${host}\r\n${'X: y\r\n'.repeat(20000)}\r\n`))));
  check('one header of 1 MB', [0, 400, 413, 431].includes(status(await raw(kiosk.port, `GET / HTTP/1.1\r\nHost: ${host}\r\nX: ${'y'.repeat(1 << 20)}\r\n\r\n`))));
  check('garbage', [0, 400].includes(status(await raw(kiosk.port, Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]), 1000))));
  await goesOn('floods');

  // Behind the PIN: without the cookie nothing, with it odd fields, while somebody answers over the screen. (Staff who
  // come in end the visit of the screen, so they are a second kiosk's.)
  const area = ['/staff', '/staff/setup', '/staff/paper', '/staff/key', '/staff/tablets', '/staff/../staff', '/staff/%2e%2e/s', '/staffx', '/staff/key/', '/join'];
  for (const p of area) {
    for (const [method, body] of [['GET'], ['POST', ''], ['POST', `go=key&t=${v.token}&sheet=x`], ['POST', 'pin=%00%ff&go=in'], ['POST', `pin=${'1'.repeat(60000)}`], ['POST', `${'a=b&'.repeat(30000)}`]]) {
      const a = await request(url, { method, path: p, body, headers: { Cookie: `staff=${'ab'.repeat(16)}; v=${'cd'.repeat(16)}` } });
      check(`${method} ${p} ${(body ?? '').slice(0, 12)}: the door, or no such page`, [303, 404, 200, 413].includes(a.status) && !/class="facts"|class="code"|name="sheet"/.test(a.body), `${a.status}`);
      if (/Please wait (\d+)/.test(a.body)) check('a guess waits', true);
    }
  }
  await goesOn('the staff area without a PIN');
  const second = makeSite({ extra: 'paper_key_in = yes\n' });
  second.pin('141421');
  const two = await startKiosk(second), st = new Staff(two.url), guest = new Visitor(two.url);
  await st.enter('141421');
  check('staff are in', /class="facts"/.test(st.page.body));
  await guest.toQuestions();
  const asked = guest.h1(), bad = ['%ff%fe', '%00', 'x'.repeat(60000), '<script>alert(1)</script>', '../../etc/passwd', '-1', '99999999999999999999', "'; DROP TABLE record; --"];
  for (const p of area.slice(0, 5)) {
    for (const b of bad) {
      await st.get('/staff');
      const t = st.token, go = p === '/staff/paper' ? 'print-1-en' : p === '/staff/key' ? 'key' : p === '/staff/tablets' ? `remove-${b}` : p === '/staff' ? b : 'clock';
      const a = await request(two.url, { method: 'POST', path: p, headers: st.headers(), body: `t=${t}&go=${go}&sheet=${b}&n=${b}&d=${b}&m=${b}&y=${b}&h=${b}&pin=${b}` });
      check(`${p} with ${b.slice(0, 12)}`, [200, 303, 403, 413].includes(a.status) && !a.body.includes('<script>alert') && !a.body.includes('root:'), a.status);
    }
    for (const t of ['', '00'.repeat(16), 'zz', 'a'.repeat(5000), guest.token]) {
      const a = await request(two.url, { method: 'POST', path: p, headers: st.headers(), body: `t=${t}&go=out&n=1` });
      equal(`${p}: another token`, a.status, 403);
    }
    equal(`${p}: sent by another site`, (await request(two.url, { method: 'POST', path: p, headers: { ...st.headers(), 'Sec-Fetch-Site': 'cross-site' }, body: `t=${st.token}&go=out` })).status, 403);
  }
  await guest.get('/s');
  equal('the person at that screen goes on', guest.h1(), asked);
  check('and staff are still in', /class="facts"/.test((await st.get('/staff')).body));
  equal('it stops when asked', await stopKiosk(two), 0);
  equal('nothing was kept by it', second.count(), 0);

  // Forty that never finish their request.
  const slow = Array.from({ length: 40 }, () => { const s = net.connect(kiosk.port, '127.0.0.1'); s.on('error', () => {}); s.write(`POST /s HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1000\r\n`); return s; });
  const before = Date.now();
  await goesOn('40 slow requests');
  check('and is answered within a second', Date.now() - before < 1000, Date.now() - before);
  slow.forEach(s => s.destroy());

  // Nothing of a person's words can become markup.
  const words = '</textarea><script>alert(1)</script>"\'&amp;<b>';
  for (let i = 0; i < 12 && !/<textarea/.test(v.page.body); i++) {
    const b = v.page.body, radio = /type="radio" name="(a\d+)" id="[^"]*" value="([^"]*)"/.exec(b), number = /class="field number" id="[^"]*" name="(a\d+)"/.exec(b), box = /type="checkbox" name="(a\d+)" id="[^"]*" value="([^"]*)"/.exec(b);
    await v.press('next', radio ? { [radio[1]]: radio[2] } : number ? { [number[1]]: '3' } : box ? { [box[1]]: box[2] } : {});
  }
  check('there is a text question', /<textarea/.test(v.page.body), v.h1());
  await v.press('look', { a0: words });
  await v.press('next');
  check('what was typed is shown as typed, escaped', v.page.body.includes('&lt;script&gt;alert(1)') && !v.page.body.includes('<script>alert'), v.page.body.slice(-900));
  await v.press('next', { a0: words });
  check('also in the review', !v.page.body.includes('<script>alert') && !v.page.body.includes('<b>'));

  // Every answer says how it may be used.
  for (const p of ['/', '/s', '/about', '/privacy', '/withdraw', '/notices', '/staff', '/nowhere', '/healthz', '/metrics', '/s/still']) {
    const a = await request(url, { path: p, headers: v.headers() });
    equal(`${p} is not stored`, a.headers['cache-control'], 'no-store');
    check(`${p} has the policy`, a.headers['content-security-policy'] === "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'");
  }
  equal('nothing was sent by all this', site.count(), 0);
  check('no answer and no token is in the log', !kiosk.log.includes('alert(1)') && !kiosk.log.includes(v.token));
  equal('and it stops when asked', await stopKiosk(kiosk), 0);
});
