// Every page of the kiosk as it is served, walked through over HTTP and kept; and a server of 127.0.0.1 that shows
// them again under addresses of their own, so that a checker can open each page as often as it likes.
import http from 'node:http';
import { Staff, Visitor } from './lib.mjs';

// LOOK: buttons of the page "Text size" pressed first ("dark-1", "size-2", "words-1").
// GO: the button that starts: "start" or "easy".
// PIN: the pages behind it too.
export async function capture(url, { l = 'en', look = [], go: first = 'start', pin } = {}) {
  const pages = new Map();
  const v = new Visitor(url);
  const keep = name => { if (v.page.status === 200 || /^(lost|refused|missing)/.test(name)) pages.set(name, v.page.body); };
  const q = l === 'en' ? '' : `?l=${l}`;

  await v.get(`/${q}`); keep('attract');
  for (const p of ['about', 'privacy', 'withdraw', 'notices']) { await v.get(`/${p}${q}`); keep(p); }
  await v.post(`/withdraw${q}`, { words: 'zzzz zzzz zzzz zzzz' }); keep('withdraw-error');
  await v.get('/staff'); keep('staff-door');
  if (pin) for (const [n, html] of await staffPages(url, l, pin)) pages.set(n, html);
  await v.get('/nowhere'); keep('missing');
  await v.start(first, l);
  if (look.length) {
    await v.press('look');
    for (const b of look) await v.press(b);
    await v.press('next');
  }
  if (/name="read"/.test(v.page.body)) { // how the questions should be, and whether to be read to
    keep('start');
    await v.press('next', { read: 'yes' }); keep('start-error');
    await v.press('next', { a0: 'standard' });
  }
  let n = 0;
  const seen = new Set();
  for (let i = 0; i < 60 && !/class="thanks"/.test(v.page.body); i++) {
    const b = v.page.body, go = /<button hidden name="go" value="([^"]*)"/.exec(b)[1];
    const name = /class="given"/.test(b) ? `review-${++n}` : /name="page" value="(\d+)"/.test(b) ? `question-${++n}` : `page-${++n}`;
    keep(name);
    const fields = {}, radios = [...b.matchAll(/type="radio" name="(a\d+)" id="[^"]*" value="([^"]*)"/g)];
    const box = /type="checkbox" name="(a\d+)" id="[^"]*" value="([^"]*)"/.exec(b), area = /<textarea[^>]*name="(a\d+)"/.exec(b);
    const number = /class="field number" id="[^"]*" name="(a\d+)"/.exec(b);
    if (radios.length) {
      // The way with the most questions: the worst of a scale that asks for more.
      const pick = radios.find(r => r[2] === 'individual') || radios.find(r => r[2] === 'self_helped') || radios.find(r => r[2] === 'staff_here')
        || radios.filter(r => !['dk', 'pns'].includes(r[2])).pop();
      fields[pick[1]] = pick[2];
    }
    if (box) fields[box[1]] = box[2];
    if (area) fields[area[1]] = 'The garden is lovely.\nMore trips, please.';
    if (number) fields[number[1]] = '3';
    const line = /<input class="field line"[^>]* name="(a\d+)"/.exec(b), reveal = /value="(reveal-a\d+)"/.exec(b);
    if (line) fields[line[1]] = '3';
    if (reveal && !seen.has(reveal[1] + name)) { // masked: what it looks like when it is shown
      seen.add(reveal[1] + name);
      await v.press(reveal[1], fields); keep(`${name}-shown`);
      await v.press(reveal[1], fields);
    }
    for (const [, f, part] of b.matchAll(/name="(a\d+)([dmyhn])" value=/g)) fields[f + part] = { d: '9', m: '2', y: '2020', h: '7', n: '05' }[part];
    if (!seen.has(name) && go === 'next' && /name="page"/.test(b)) { // as it looks in error, then chosen
      seen.add(name);
      await v.press('next', number ? { [number[1]]: 'many' } : {});
      if (/role="alert"/.test(v.page.body)) {
        keep(`${name}-error`);
      } else if (v.page.body !== b) {
        await v.press('back');
      }
      await v.press('look', fields);
      if (!pages.has('look')) keep('look');
      await v.press('next');
      keep(`${name}-chosen`);
      if (!pages.has('wrong')) {
        await v.press('wrong', fields); keep('wrong');
        await v.press('complaint');
        for (let c = 0; c < 8 && /name="page"/.test(v.page.body); c++) { keep(`concern-${c + 1}`); await v.press('next', { a0: 'Please come and look.' }); }
        keep('concern-sent');
        await v.press('next');
        await v.get('/s/still'); keep('still');
        await v.press('next');
      }
    }
    await v.press(go, fields);
  }
  keep('thanks');
  await v.press('next');
  return pages;
}

export async function staffPages(url, l, pin) {
  const pages = new Map(), s = new Staff(url), keep = name => pages.set(name, s.page.body);
  await s.enter('000000', l); keep('staff-door-error');
  const late = Date.now() + 60000;
  do await s.enter(pin, l); while (!s.jar.staff && Date.now() < late);
  keep('staff');
  await s.get('/staff/setup'); keep('staff-setup');
  await s.send('/staff/setup', 'clock', { d: '31', m: '2', y: '2026', h: '1', n: '1' }); keep('staff-setup-error');
  for (const p of ['sound', 'signed']) { await s.get(`/staff/${p}`); keep(`staff-${p}`); }
  await s.get('/staff/paper'); keep('staff-paper');
  await s.send('/staff/paper', /value="(print-\d+-\w+)"/.exec(s.page.body)[1], { n: '99' }); keep('staff-paper-error');
  await s.get('/staff/key');
  if (s.page.status === 200) {
    keep('staff-key');
    await s.send('/staff/key', 'key', { sheet: 'AAAA-AAAA-AAAA', d: '1', m: '2', y: '2026' }); keep('staff-key-error');
  }
  await s.get('/staff');
  await s.send('/staff', 'out');
  return pages;
}

// Serve PAGES (Map of name to HTML; names that end in .css and .js are that) and pass everything else on to the kiosk at URL,
// or to the first of several that has it.
export function serve(url, pages) {
  return new Promise(resolve => {
    const s = http.createServer(async (req, res) => {
      const page = pages.get(decodeURIComponent(req.url.slice(1)));
      if (page !== undefined) {
        const type = /\.css$/.test(req.url) ? 'text/css' : /\.js$/.test(req.url) ? 'text/javascript' : 'text/html; charset=utf-8';
        res.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(page);
        return;
      }
      const ask = left => {
        const u = new URL(left[0]);
        http.get({ host: u.hostname, port: u.port, path: req.url, agent: false, headers: { Host: u.host } }, a => {
          if (a.statusCode === 404 && left.length > 1) { a.resume(); ask(left.slice(1)); return; }
          res.writeHead(a.statusCode, a.headers);
          a.pipe(res);
        }).on('error', () => res.writeHead(502).end());
      };
      ask([url].flat());
    });
    s.listen(0, '127.0.0.1', () => resolve({ url: `http://127.0.0.1:${s.address().port}`, close: () => new Promise(r => { s.closeAllConnections(); s.close(r); }) }));
  });
}

