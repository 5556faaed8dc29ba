// HTTPS on the site's network: `candour site tls` makes certificates that a client which trusts the site's CA takes, and
// for no other name; another CA's are checked before they are used; a tablet joins by what the QR code says.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { Staff, add, browser, build, check, equal, folder, main, makeSite, packages, request, startKiosk, stopKiosk } from './lib.mjs';
import { serve } from './pages.mjs';
import { inspect } from './rules.mjs';

const NAME = 'kiosk.home.example', PIN = '161803';
const candour = (...args) => spawnSync(join(build, 'candour'), ['site', 'tls', ...args], { encoding: 'utf8' });
const openssl = (...args) => spawnSync('openssl', args, { encoding: 'utf8' });

function ask(port, ca, { name = NAME, path = '/', method = 'GET', cookie, body } = {}) {
  return new Promise(resolve => {
    const r = https.request({ host: '127.0.0.1', port, servername: name, ca, method, path, agent: false,
      headers: { Host: `${name}:${port}`, ...(cookie ? { Cookie: cookie } : {}), ...(body !== undefined ? { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': Buffer.byteLength(body) } : {}) } }, a => {
      const parts = [], cert = a.socket.getPeerCertificate();
      a.on('data', d => parts.push(d));
      a.on('end', () => resolve({ status: a.statusCode, headers: a.headers, body: Buffer.concat(parts).toString(), cert }));
    });
    r.on('error', e => resolve({ error: e.code || e.message }));
    r.end(body);
  });
}

await main(async () => {
  const site = makeSite(), d = site.dir, at = n => join(d, n);
  site.pin(PIN);

  // Usage and what cannot be.
  for (const bad of [[], ['make', d], ['make', d, '--name', '192.168.1.5'], ['make', d, '--name', 'a b'], ['make', d, '--name', '-x.y'], ['make', d, '--name', 'x'.repeat(300)], ['show'], ['frob', d]])
    equal(`site tls ${bad.join(' ').slice(0, 40)}: usage`, candour(...bad).status, 2);
  equal('a folder that is no site', candour('make', folder(), '--name', NAME).status, 1);
  equal('nothing to show yet', candour('show', d).status, 1);
  equal('nothing was asked for yet', candour('install', d, at('site.db')).status, 1);
  const before = readFileSync(site.conf, 'utf8');

  // A CA of the site's own.
  const made = candour('make', d, '--name', NAME);
  equal('made', made.status, 0);
  check('the key is for the site alone', (statSync(at('lan/lan.key')).mode & 0o007) === 0 && (statSync(at('keys/lan-ca.key')).mode & 0o077) === 0);
  check('the settings keep the rest', before.split('\n').filter(Boolean).every(l => readFileSync(site.conf, 'utf8').includes(l)));
  const text = openssl('x509', '-in', at('lan/tablets-ca.crt'), '-noout', '-text').stdout;
  check('the CA is good for one name only', /Name Constraints: critical\s+Permitted:\s+DNS:kiosk\.home\.example/.test(text), text);
  const crt = openssl('x509', '-in', at('lan/lan.crt'), '-noout', '-text').stdout;
  check('P-256, the name, servers only', /prime256v1/.test(crt) && crt.includes(`DNS:${NAME}`) && crt.includes('TLS Web Server Authentication'));
  equal('another implementation finds it right', openssl('verify', '-CAfile', at('lan/tablets-ca.crt'), '-verify_hostname', NAME, '-purpose', 'sslserver', at('lan/lan.crt')).status, 0);
  // What that CA would sign for another name is worth nothing.
  const evil = folder();
  openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=bank.example', '-keyout', join(evil, 'k'), '-out', join(evil, 'r'));
  writeFileSync(join(evil, 'x'), 'subjectAltName=DNS:bank.example\n');
  equal('(signed)', openssl('x509', '-req', '-in', join(evil, 'r'), '-CA', at('lan/tablets-ca.crt'), '-CAkey', at('keys/lan-ca.key'), '-days', '9', '-extfile', join(evil, 'x'), '-out', join(evil, 'c')).status, 0);
  check('a certificate for another name is refused', openssl('verify', '-CAfile', at('lan/tablets-ca.crt'), join(evil, 'c')).status !== 0);

  // Served.
  writeFileSync(site.conf, `${readFileSync(site.conf, 'utf8')}lan_listen = 127.0.0.1:0\n`);
  let kiosk = await startKiosk(site), port = Number(/lan_port=(\d+)/.exec(kiosk.log)[1]);
  let ca = readFileSync(at('lan/tablets-ca.crt'));
  const first = await ask(port, ca);
  equal('a client that trusts the CA gets an answer', first.status, 303);
  equal('and has to join', first.headers?.location, '/join');
  check('one that does not, none', !!(await ask(port, undefined)).error);
  check('nor under another name', !!(await ask(port, ca, { name: 'other.example' })).error);
  const old = spawnSync('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-tls1_1'], { input: '', encoding: 'utf8' });
  check('nor with TLS 1.1', !/Cipher is [A-Z]/.test(old.stdout) || /Cipher is \(NONE\)/.test(old.stdout));

  // The QR code of the staff page, pressed on a tablet.
  const s = new Staff(kiosk.url);
  await s.enter(PIN);
  check('staff see how many tablets there are', s.page.body.includes('Tablets that have joined') && s.page.body.includes('href="/staff/tablets"'));
  await s.get('/staff/tablets');
  const words = /in words: ([a-z ]+)</.exec(s.page.body)?.[1];
  check('the fingerprint in words is what the program said', words && made.stdout.includes(words) && words.split(' ').length === 6, words);
  await s.send('/staff/tablets', 'join');
  const page = s.page.body, code = /<p class="code">(\w{4}) (\w{4})</.exec(page)?.slice(1).join('');
  check('a code, an address, a QR code', !!code && page.includes(`https://${NAME}:${port}/join`) && page.includes('class="qr"'));
  const way = await ask(port, ca, { path: `/join?c=${code}` });
  check('the link shows the code', way.body.includes(`value="${code}"`));
  const joined = await ask(port, ca, { method: 'POST', path: '/join', body: `go=join&c=${code}` });
  const cookie = joined.headers['set-cookie']?.[0] ?? '';
  check('it stays for 400 days, with this name and encryption only', /^__Host-screen=[0-9a-f]{32}; Path=\/; HttpOnly; SameSite=Strict; Secure; Max-Age=34560000$/.test(cookie), cookie);
  const screen = cookie.split(';')[0];
  check('the start page', (await ask(port, ca, { cookie: screen })).body.includes('action="/start"'));
  equal('the code is used up', (await ask(port, ca, { method: 'POST', path: '/join', body: `go=join&c=${code}` })).status, 200);
  check('neither code nor cookie is in the log', !kiosk.log.includes(code) && !kiosk.log.includes(screen.split('=')[1]));
  await s.get('/staff/tablets');
  await s.send('/staff/tablets', 'join');
  const listed = s.page.body;
  await s.send('/staff/tablets', 'remove-1');
  equal('removed: out', (await ask(port, ca, { cookie: screen })).status, 303);

  // By the rules of a page.
  const b = await browser(), axe = readFileSync(packages().axe, 'utf8'), pages = new Map([['tablets', listed], ['join', way.body]]), served = await serve(kiosk.url, pages);
  for (const name of pages.keys()) {
    const { passed, failures } = await inspect(b, axe, `${served.url}/${name}`, ['layout', 'zoom']);
    add(passed, 0);
    for (const f of failures) check(`${name} ${f.rule}`, false, f.message);
  }
  if (process.env.SHOTS) for (const [n, w, h] of [['wide', 1280, 800], ['tall', 800, 1280]]) for (const name of pages.keys()) { const q = await b.newPage({ viewport: { width: w, height: h } }); await q.goto(`${served.url}/${name}`); await q.evaluate(() => document.fonts.ready); await q.screenshot({ path: join(process.env.SHOTS, `${name}-${n}.png`) }); }
  await served.close();
  await stopKiosk(kiosk);

  // The Wi-Fi's code beside it, for staff alone; its password is in no log line and on no other page.
  const tls = readFileSync(site.conf, 'utf8'), SECRET = 'sword;fish:1';
  writeFileSync(site.conf, `${tls}wifi_name = Oak House tablets\nwifi_key = ${SECRET}\n`);
  kiosk = await startKiosk(site);
  for (const l of ['en', 'cy']) {
    const w = new Staff(kiosk.url);
    await w.enter(PIN, l);
    await w.get('/staff/tablets');
    if (l === 'en') check('no code is open: no Wi-Fi', !w.page.body.includes('st-wifi'));
    await w.send('/staff/tablets', 'join');
    check(`${l}: two codes, and the password not in letters`, w.page.body.split('class="qr"').length === 3 && w.page.body.includes('Oak House tablets') && !w.page.body.includes('fish'));
    pages.clear();
    pages.set(`wifi-${l}`, w.page.body);
    const at = await serve(kiosk.url, pages), { passed, failures } = await inspect(b, axe, `${at.url}/wifi-${l}`, ['layout', 'zoom', 'modes']);
    add(passed, 0);
    for (const f of failures) check(`wifi-${l} ${f.rule}`, false, f.message);
    if (process.env.SHOTS) for (const [n, width, height] of [['wide', 1280, 800], ['tall', 800, 1280]]) { const q = await b.newPage({ viewport: { width, height } }); await q.goto(`${at.url}/wifi-${l}`); await q.evaluate(() => document.fonts.ready); await q.screenshot({ path: join(process.env.SHOTS, `wifi-${l}-${n}.png`) }); }
    await at.close();
  }
  check('nor is it in the log', !kiosk.log.includes('fish'));
  await stopKiosk(kiosk);

  // Without HTTPS: not unless the risk is written down word for word, and then it is said.
  const plain = `${before}\nlan = yes\nlan_name = ${NAME}\nlan_listen = 127.0.0.1:0\nlan_plain = yes\n`, RISK = 'anyone on this Wi-Fi may read answers as given';
  for (const [what, more] of [['nothing', ''], ['something else', 'lan_plain_risk = accepted\n']]) {
    writeFileSync(site.conf, plain + more);
    const r = spawnSync(join(build, 'candour-kiosk'), ['-c', site.conf], { encoding: 'utf8', timeout: 60000 });
    check(`${what} about the risk: it does not start, and says what to write`, r.status === 1 && r.stderr.includes(`lan_plain_risk = ${RISK}`), r.stderr);
  }
  writeFileSync(site.conf, `${plain}lan_plain_risk = ${RISK}\n`);
  equal('-n finds nothing wrong', spawnSync(join(build, 'candour-kiosk'), ['-n', '-c', site.conf]).status, 0);
  kiosk = await startKiosk(site);
  port = Number(/lan_port=(\d+)/.exec(kiosk.log)[1]);
  check('the log says how tablets are served', kiosk.log.includes(`lan=plain risk="${RISK}"`), kiosk.log);
  const clear = (path, host = `${NAME}:${port}`) => request(`http://127.0.0.1:${port}`, { path, headers: { Host: host } });
  equal('plain HTTP answers', (await clear('/join')).status, 200);
  equal('under its name only', (await clear('/join', `127.0.0.1:${port}`)).status, 421);
  const staffed = await clear('/staff');
  check('no staff pages there', staffed.status === 403 && !staffed.body.includes('name="pin"'));
  const told = new Staff(kiosk.url);
  await told.enter(PIN);
  check('and staff read of it on the screen', told.page.body.includes(RISK) && told.page.body.includes('Tablets without HTTPS'));
  const open = async path => (await request(kiosk.url, { path }));
  check('people are offered no tablet where staff let each in', !(await open('/about')).body.includes('Use a tablet') && (await open('/tablet')).status === 404);
  await stopKiosk(kiosk);

  // Where anybody's tablet may answer, the page about this screen leads to two codes; there, not on a tablet.
  writeFileSync(site.conf, `${plain}lan_plain_risk = ${RISK}\nlan_join = no\nwifi_name = Home\nwifi_key = fish and chips\n`);
  kiosk = await startKiosk(site);
  port = Number(/lan_port=(\d+)/.exec(kiosk.log)[1]);
  check('a tablet is offered', (await open('/about')).body.includes('href="/tablet?l=en"'));
  for (const l of ['en', 'cy']) {
    const body = (await open(`/tablet?l=${l}`)).body, s = await serve(kiosk.url, new Map([['tablet', body]]));
    check(`${l}: the address, and a code for the Wi-Fi`, body.includes(`http://${NAME}:${port}<`) && (body.match(/class="qr-ink"/g) || []).length === 2 && !body.includes('fish'));
    const { passed, failures } = await inspect(b, axe, `${s.url}/tablet`);
    add(passed, 0);
    for (const f of failures) check(`tablet-${l} ${f.rule}`, false, f.message);
    if (process.env.SHOTS) for (const [n, width, height] of [['wide', 1280, 800], ['tall', 800, 1280]]) { const q = await b.newPage({ viewport: { width, height } }); await q.goto(`${s.url}/tablet`); await q.evaluate(() => document.fonts.ready); await q.screenshot({ path: join(process.env.SHOTS, `tablet-${l}-${n}.png`) }); }
    await s.close();
  }
  equal('a tablet has none of it', (await clear('/tablet')).status, 404);
  check('it is there already', (await clear('/about')).status === 200 && !(await clear('/about')).body.includes('/tablet'));
  await stopKiosk(kiosk);
  writeFileSync(site.conf, tls);

  // Renewed: another certificate by the same CA, so tablets need nothing new.
  const serial = () => openssl('x509', '-in', at('lan/lan.crt'), '-noout', '-serial').stdout, was = serial();
  equal('renewed', candour('make', d, '--name', NAME).status, 0);
  check('another one', serial() !== was);
  kiosk = await startKiosk(site);
  port = Number(/lan_port=(\d+)/.exec(kiosk.log)[1]);
  equal('that tablets take as before', (await ask(port, ca)).status, 303);
  await stopKiosk(kiosk);
  const keep = readFileSync(at('lan/lan.crt'), 'utf8');
  equal('the CA of one name makes none for another', candour('make', d, '--name', 'else.example').status, 1);
  equal('and what was there stays', readFileSync(at('lan/lan.crt'), 'utf8'), keep);
  equal('unless a new CA is asked for', candour('make', d, '--name', 'else.example', '--new-ca').status, 0);

  // The organisation's CA.
  equal('a request', candour('request', d, '--name', NAME).status, 0);
  const org = folder(), p = n => join(org, n);
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '900', '-subj', '/CN=Org CA', '-keyout', p('ca.key'), '-out', p('ca.crt'));
  const sign = (out, days, ext) => {
    writeFileSync(p('ext'), ext);
    openssl('x509', '-req', '-in', at('lan/request.csr'), '-CA', p('ca.crt'), '-CAkey', p('ca.key'), '-days', String(days), '-extfile', p('ext'), '-out', p(out));
    return p(out);
  };
  const good = `subjectAltName=DNS:${NAME}\nextendedKeyUsage=serverAuth\n`;
  check('the request names the kiosk', openssl('req', '-in', at('lan/request.csr'), '-noout', '-text', '-verify').stdout.includes(`DNS:${NAME}`));
  const says = (file, what, word) => { const r = candour('install', d, file); check(`${what}: refused, and why`, r.status === 1 && r.stderr.includes(word), r.stderr); };
  const conf = readFileSync(site.conf, 'utf8');
  says(sign('a', 100, 'subjectAltName=DNS:other.example\nextendedKeyUsage=serverAuth\n'), 'another name', 'not for');
  says(sign('b', 900, good), '900 days', '825');
  says(sign('c', 100, `subjectAltName=DNS:${NAME}\nextendedKeyUsage=clientAuth\n`), 'not for servers', 'serverAuth');
  says(p('ca.crt'), 'the CA itself', 'key');
  says(site.conf, 'no certificate at all', 'certificates');
  writeFileSync(p('mixed'), readFileSync(sign('e', 100, good), 'utf8') + readFileSync(at('lan/tablets-ca.crt'), 'utf8'));
  says(p('mixed'), 'a chain that is none', 'signed by');
  equal('none of them changed the settings', readFileSync(site.conf, 'utf8'), conf);
  equal('the right one is taken', candour('install', d, sign('f', 100, good)).status, 0);
  check('the request is closed', !existsSync(at('lan/new.key')) && candour('install', d, p('f')).status === 1);
  check('and shown', candour('show', d).stdout.includes('Org CA'));
  kiosk = await startKiosk(site);
  port = Number(/lan_port=(\d+)/.exec(kiosk.log)[1]);
  ca = readFileSync(p('ca.crt'));
  equal('and served', (await ask(port, ca)).status, 303);
  check('nothing else lies about', readdirSync(at('lan')).every(n => ['lan.crt', 'lan.key', 'tablets-ca.crt', 'request.csr', 'name'].includes(n)), readdirSync(at('lan')).join(' '));
});
