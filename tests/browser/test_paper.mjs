// Sheets of paper: a printed sheet has every question and every choice of its form, in each language, as the
// questionnaire's own table (CSV) has them; what staff type in from a sheet is sealed like any other answer, says that it
// came from paper, and cannot be read back.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Staff, browser, check, equal, main, makeSite, root, startKiosk, stopKiosk } from './lib.mjs';

const PIN = '314159', lib = n => join(root, `forms/library/${n}.csv`);
const NAMES = ['visit', 'satisfaction', 'satisfaction-easy', 'concern'], LANGUAGES = { en: 'English (en)', cy: 'Cymraeg (cy)' };

// RFC 4180, and the table as this file reads it: the sheets "survey" and "choices" one under another.
function table(file) {
  const rows = [[]];
  let field = '', quoted = false;
  for (const c of `${readFileSync(file, 'utf8').replace(/\r/g, '')}\n`) {
    if (quoted && c === '"') quoted = 'maybe';
    else if (quoted === 'maybe' && c === '"') { field += '"'; quoted = true; }
    else if (quoted === true) field += c;
    else if (!quoted && c === '"') quoted = true;
    else if (c === ',') { rows.at(-1).push(field); field = ''; quoted = false; }
    else if (c === '\n') { rows.at(-1).push(field); field = ''; quoted = false; rows.push([]); }
    else field += c;
  }
  const sheets = {};
  let name, head;
  for (const row of rows) {
    if (row[0]) { name = row[0]; head = null; sheets[name] = []; } else if (name && row.length > 1 && !head) head = row;
    else if (head && row.length > 1) sheets[name].push(Object.fromEntries(head.map((h, i) => [h, row[i] ?? ''])));
  }
  return sheets;
}
const html = s => s.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;').replace(/'/g, '&#39;');
const plain = s => s.replace(/<[^>]*>/g, '').replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&#39;|&apos;/g, "'").replace(/&amp;/g, '&');
const codes = body => [...body.matchAll(/<p class="code">([^<]*)</g)].map(m => m[1]);
const all = (re, s) => [...s.matchAll(re)].map(m => plain(m[1]).trim());

// What has to stand on a sheet of FORM, in order: questions, and under each its choices.
function wanted(form, l) {
  const { survey, choices } = table(lib(form)), label = `label::${LANGUAGES[l]}`, out = [];
  for (const row of survey) {
    const [type, list] = row.type.split(' ');
    if (['begin_group', 'end_group', 'note', 'calculate', 'hidden', 'start', 'end', 'today'].includes(type)) continue;
    out.push({ label: row[label], choices: type.startsWith('select') ? choices.filter(c => c.list_name === list).map(c => c[label]) : [], condition: row.relevant ?? '' });
  }
  return out;
}

await main(async () => {
  const site = makeSite({ forms: NAMES.map(lib), extra: 'paper_key_in = yes\npaper_return = Freepost CARE SURVEY\n' });
  site.pin(PIN);
  const kiosk = await startKiosk(site), s = new Staff(kiosk.url);
  await s.enter(PIN);
  await s.get('/staff/paper');
  const buttons = all(/name="go" value="(print-[^"]*)"/g, s.page.body);
  equal('a button for each form and language, without the one that only asks who answers', buttons.length, 3 * 2);
  const titles = l => new Map(NAMES.slice(1).map(n => [table(lib(n)).settings[0][l === 'cy' ? 'kiosk::title::Cymraeg (cy)' : 'form_title'], n])), sheets = {};
  for (const b of buttons) {
    await s.get('/staff/paper');
    await s.send('/staff/paper', b, { n: '2' });
    const body = s.page.body, l = b.split('-')[2], title = plain(/<h1>([^<]*)/.exec(body)[1]), form = titles(l).get(title);
    if (!check(`${b}: a sheet of a form we know`, form !== undefined, title)) continue;
    const [a, c] = codes(body);
    check(`${form} ${l}: two sheets, two numbers`, codes(body).length === 2 && /^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$/.test(a) && a !== c, codes(body).join(' '));
    sheets[`${form} ${l}`] = [a, c];
    check(`${form} ${l}: its version and number at the foot of each page`, plain(body).includes(`${a} · ${title} · ${table(lib(form)).settings[0].version}`));
    const one = body.split('<table class="sheet"')[1], want = [...(form === 'concern' ? [] : wanted('visit', l)), ...wanted(form, l)];
    const asked = all(/<h3><span class="no">\d+<\/span> ([^<]*)/g, one);
    equal(`${form} ${l}: every question, in order`, asked.slice(0, want.length).join('|'), want.map(q => q.label).join('|'));
    const parts = one.split('<section class="q">').slice(1);
    want.forEach((q, i) => {
      equal(`${form} ${l} question ${i + 1}: every choice`, all(/<li><span class="box"><\/span>(.*?)<\/li>/g, parts[i]).join('|'), q.choices.join('|'));
      equal(`${form} ${l} question ${i + 1}: says when it is to be answered`, /class="when"/.test(parts[i]), q.condition !== '');
      if (!q.choices.length) check(`${form} ${l} question ${i + 1}: has room to write`, /class="(line|write)"/.test(parts[i]));
    });
    check(`${form} ${l}: who reads it, and how to give it back`, form === 'concern' ? one.includes('Freepost CARE SURVEY') : plain(one).includes(l === 'en' ? 'Staff here type in this sheet.' : 'Mae staff yma yn teipio’r daflen hon.'));
  }
  await s.get('/staff/paper');
  for (const n of ['0', '21', '-1', 'x', '', '99999999999999999999'])
    check(`${n} sheets are not printed`, (await s.send('/staff/paper', buttons[0], { n })).body.includes('Please write a number from 1 to 20.'));
  for (const go of ['print-99-en', 'print-0-xx', 'print--en', 'print-0', 'print-', `print-${'9'.repeat(5000)}-en`])
    check(`${go.slice(0, 20)} prints nothing`, !(await s.send('/staff/paper', go, { n: '1' })).body.includes('class="code"'));

  // In the browser: Ctrl+P prints a sheet and no other page; the letters are large.
  const b = await browser(), context = await b.newContext({ javaScriptEnabled: false }), page = await context.newPage();
  await context.addCookies([{ name: 'staff', value: s.jar.staff, url: kiosk.url }]);
  await page.goto(`${kiosk.url}/staff/paper`);
  await page.click(`button[value="${buttons[1]}"]`);
  await page.emulateMedia({ media: 'print' });
  check('nothing but the sheet is printed', await page.evaluate(() => getComputedStyle(document.querySelector('.bar')).display === 'none' && document.querySelector('.sheet').getClientRects().length > 0));
  const points = await page.evaluate(() => Math.min(...[...document.querySelectorAll('.sheet h1,.sheet h2,.sheet h3,.sheet li,.sheet .give')].map(e => parseFloat(getComputedStyle(e).fontSize) * 0.75)));
  check('large print: at least 16 points', points > 15.99, points);
  await page.setViewportSize({ width: 672, height: 1000 });
  check('it fits the width of A4', await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), await page.evaluate(() => document.documentElement.scrollWidth));

  // Typed in: mistakes first.
  const [sheet, second] = sheets['satisfaction en'];
  const begin = async (number, more = {}) => { await s.get('/staff/key'); return s.send('/staff/key', 'key', { sheet: number, d: '', m: '', y: '', ...more }); };
  const wrong = [...sheet].map((c, i) => (c === '-' ? null : sheet.slice(0, i) + (c === '7' ? '8' : '7') + sheet.slice(i + 1))).filter(Boolean);
  for (const n of [...wrong, '', 'x', sheet + '0', sheet.slice(0, 13), sheets['concern en'][0], '\u0000', '<script>', 'A'.repeat(60)])
    check(`${JSON.stringify(n).slice(0, 30)} is no sheet of these questions`, (await begin(n)).body.includes('This number does not fit'));
  for (const [d, m, y] of [['31', '2', '2026'], ['1', '13', '2026'], ['1', '1', '2099'], ['1', '1', '2001'], ['1', '', ''], ['x', '1', '2026']])
    check(`the date ${d}.${m}.${y} is refused`, (await begin(sheet, { d, m, y })).body.includes('Please write the date on the sheet'));
  equal('none of these kept anything', site.count(), 0);

  // A whole sheet, with the number as somebody may write it, and the date.
  const mark = 'ZZPAPERZZ', today = new Date(Date.now() - 86400000);
  const date = { d: String(today.getUTCDate()), m: String(today.getUTCMonth() + 1), y: String(today.getUTCFullYear()) };
  await begin(` candour:sheet:${sheet.toLowerCase().replace('0', 'o')} `, date);
  equal('the first question of the sheet', s.h1(), wanted('visit', 'en')[0].label);
  check('its number stands on the page', s.page.body.includes(sheet));
  const stranger = new Staff(kiosk.url);
  stranger.jar.v = s.jar.v;
  check('the visit’s cookie is worth nothing without that of staff', !(await stranger.get('/s')).body.includes(sheet));
  for (let i = 0; i < 30 && !/class="given"/.test(s.page.body); i++) {
    const body = s.page.body, radio = /type="radio" name="(a\d+)" id="[^"]*" value="([^"]*)"/.exec(body), area = /<textarea[^>]*name="(a\d+)"/.exec(body);
    // The first question of the form, which is required on the screen, is left empty, as on the sheet.
    await s.press('next', s.h1() === wanted('satisfaction', 'en')[0].label ? {} : radio ? { [radio[1]]: radio[2] } : area ? { [area[1]]: mark } : {});
  }
  check('a review before it is kept', /class="given"/.test(s.page.body), s.h1());
  for (let i = 0; i < 9 && !s.page.body.includes('Keep this sheet'); i++) await s.press('next');
  check('the words are there to be checked', s.page.body.includes(mark));
  await s.press('send', { quote: 'no' });
  check('kept, and ready for the next', s.page.body.includes(`Sheet ${sheet} is kept.`), s.page.body.slice(0, 300));
  equal('one sealed record', site.count(), 1);
  const xml = site.open(), meta = n => new RegExp(`<(?:\\w+:)?${n}(?: [^>]*)?>([^<]*)<`).exec(xml)?.[1];
  equal('it says that it came from paper', meta('mode'), 'paper_keyed');
  equal('and from which sheet', meta('sheet'), sheet);
  equal('and the date on it', meta('given_on'), `${date.y}-${date.m.padStart(2, '0')}-${date.d.padStart(2, '0')}`);
  equal('and who answered', [meta('role'), meta('answered_by'), meta('quote_ok'), meta('language')].join(' '), 'individual self no en');
  equal('what was empty on the sheet is empty', /<q1\s*\/>|<q1><\/q1>/.test(xml), true);
  check('what was written is there', xml.includes(mark));
  for (const p of ['/staff', '/staff/key', '/staff/paper', '/staff/setup', '/s', '/metrics', '/']) {
    await s.get(p);
    check(`${p} shows nothing of it afterwards`, !s.page.body.includes(mark) && !s.page.body.includes('ZZ'));
    if (p === '/s' || p === '/') await s.enter(PIN);
  }

  // Stopped half way; staff who leave; a person at the screen.
  await begin(second);
  await s.press('next', { a0: 'individual' });
  await s.press('stop');
  check('a sheet that is stopped is not kept, and that is said', s.page.body.includes('Nothing of that sheet was kept.'));
  await begin(second);
  const typing = { ...s.jar };
  await s.get('/staff');
  await s.send('/staff', 'out');
  s.jar = typing;
  check('leaving ends the sheet that is typed in', !(await s.get('/s')).body.includes(second));
  equal('still one record', site.count(), 1);
  s.jar = {};
  await s.enter(PIN);
  const person = new Staff(kiosk.url);
  await person.start();
  check('somebody who answers at the screen is not disturbed', (await begin(second)).body.includes('Somebody is answering'));
  check('and goes on', /class="page"/.test((await person.get('/s')).body));
  await person.press('stop');

  // Without paper_key_in nothing of it is there.
  await stopKiosk(kiosk);
  const plainSite = makeSite({ forms: NAMES.map(lib) });
  plainSite.pin(PIN);
  const other = await startKiosk(plainSite), o = new Staff(other.url);
  await o.enter(PIN);
  check('no door', !o.page.body.includes('/staff/key'));
  await o.get('/staff/key');
  equal('no page', o.page.status, 404);
  await o.get('/staff');
  equal('no typing in', (await o.send('/staff/key', 'key', { sheet, d: '', m: '', y: '' })).status, 404);
  await o.get('/staff/paper');
  await o.send('/staff/paper', 'print-2-en', { n: '1' });
  check('the sheet says that nobody here opens it', o.page.body.includes('Nobody here opens it.'));
  check('no number of a sheet is in the log', !kiosk.log.includes(sheet) && !other.log.includes(codes(o.page.body)[0]));
});
