// make fg-walk: a focus group from set up to the paper summary in chromium, with and without JavaScript: 8 people, 5 topics,
// 60 notes, 2 polls, on a real stack: the record arrives at the centre, indicators holds its themes and votes as a
// group's, no other definition counts it, and its notes are in the reading room.
//   NOTES=60   how many notes (of 5 topics)
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { browser, build, check, equal, onExit, root } from './lib.mjs';
import { Desk, MARK, PASS, PIN } from './fg.mjs';

const THEMES = ['staffing', 'activities', 'food', 'choice', 'respect', 'safety', 'other'];

// One session by PAGE; whatever is pressed is pressed as a person would. Votes come from VOTERS browsers or are passed.
export async function walk(context, url, { notes = 60, js, tag }) {
  const page = await context.newPage(), press = go => Promise.all([page.waitForNavigation(), page.locator(`button[name=go][value="${go}"]:visible`).first().click()]);
  const h1 = () => page.locator('h1').first().innerText();
  await page.goto(`${url}/staff`);
  await page.fill('#field', PIN);
  await press('in');
  await page.goto(`${url}/group/new`);
  equal(`${tag}: 1 set up`, await h1(), 'Set up the session');
  await page.locator('label[for=place-0]').click();
  await page.locator('label[for=leader-1]').click();
  check(`${tag}: four words are offered`, (await page.inputValue('#pass')).split(' ').length === 4);
  await page.fill('#pass', PASS);
  await press('begin');
  equal(`${tag}: 2 who is here`, await h1(), 'Who is here?');
  for (const [role, n] of [[0, 4], [1, 2], [5, 2]]) for (let i = 0; i < n; i++) await press(`plus-${role}`);
  check(`${tag}: eight people`, (await page.locator('.sum').innerText()).includes('8'));
  await press('next');
  equal(`${tag}: 3 agree`, await h1(), 'What do we agree?');
  for (const i of [0, 1, 2]) await press(`all-${i}`);
  await press('next');
  let kept = 0;
  for (let topic = 0; topic < 5; topic++) {
    const share = Math.floor(notes * (topic + 1) / 5) - Math.floor(notes * topic / 5);
    for (let i = 0; i < share; i++, kept++) {
      await page.locator(`label[for=who-${kept % 8}]`).click();
      await page.fill('#words', `${MARK} ${tag} note ${kept}: what somebody said`);
      await page.locator(`label[for=theme-${kept % 6}]`).click();
      if (kept % 4 === 0) await page.locator('label[for=exact]').click();
      await press('save');
    }
    check(`${tag}: 4 talk, topic ${topic + 1}: its notes are counted`, share === 0 || (await page.locator('.last').innerText()).startsWith(`${share} note${share === 1 ? '' : 's'} here`), await page.locator('.last').innerText());
    if (topic < 4) await press('topic');
  }
  // A poll on tablets of their own, with and without a script; then one passed round.
  await press('ask');
  await press('ask-0');
  const code = (await page.locator('.code').last().innerText()).replace(/\s/g, ''), closed = [];
  for (let i = 0; i < 8; i++) {
    const c = await context.browser().newContext({ javaScriptEnabled: js }), p = await c.newPage();
    await p.goto(`${url}/g/${code}`);
    await p.locator(`label[for=o${i < 4 ? 0 : i < 7 ? 1 : 2}]`).click();
    await Promise.all([p.waitForNavigation(), p.locator('.go').click()]);
    closed.push((await p.locator('h1').innerText()).startsWith('Thank you'));
    await c.close();
  }
  check(`${tag}: 5 eight tablets voted`, closed.every(Boolean));
  check(`${tag}: nothing is shown before the poll closes`, (await page.locator('.bars').count()) === 0);
  if (js) await page.waitForFunction(() => document.querySelector('.sum')?.innerText.startsWith('8 of 8'), null, { timeout: 30000 });
  else await press('latest');
  check(`${tag}: 8 of 8 have voted`, (await page.locator('.sum').innerText()).startsWith('8 of 8'));
  await press('next');
  equal(`${tag}: bars with numbers`, (await page.locator('.bars dd span').allInnerTexts()).join(', '), '4 votes, 3 votes, 1 vote, 0 votes');
  await press('next');
  await press('ask-1');
  await press('pass');
  const number = /\b\d{4}\b/.exec(await page.locator('.lead').innerText())[0];
  await press('told');
  for (let i = 0; i < 8; i++) {
    await press('mine');
    await page.locator(`label[for=o${i % 2}]`).click();
    if (i < 3) await page.locator('label[for=o2]').click();
    await press('vote');
  }
  await press('leave');
  await page.fill('#number', number);
  await press('number');
  await press('next');
  equal(`${tag}: dots of the tablet passed round`, (await page.locator('.bars dd span').allInnerTexts()).join(', '), '4 votes, 4 votes, 3 votes, 0 votes, 0 votes');
  await press('next');
  await press('next');
  await press('read');
  for (let topic = 0; topic < 5; topic++) {
    if (topic === 0 && notes >= 5) await press('strike-1');
    await page.fill('#words', `${MARK} ${tag} we say of topic ${topic}`);
    if (topic === 0) await page.fill('#minority', `${MARK} one of us does not`);
    await page.fill('#agree', '7');
    await page.fill('#change', '1');
    await press('next');
  }
  equal(`${tag}: 7 close`, await h1(), 'This leaves the room');
  check(`${tag}: the preview has what was read back`, (await page.locator('.leaves').innerText()).includes('we say of topic 0'));
  await press('seal');
  check(`${tag}: sealed`, (await h1()).startsWith('Thank you'), await h1());
  equal(`${tag}: four words to take it back`, await page.locator('.four li').count(), 4);
  equal(`${tag}: five sentences on paper`, await page.locator('.leaves li').count(), 5);
  await page.emulateMedia({ media: 'print' });
  check(`${tag}: the summary prints, the words to take it back do not`, await page.locator('.leaves').isVisible() && !await page.locator('.four').isVisible());
  await page.emulateMedia({ media: 'screen' });
  await press('finished');
  equal(`${tag}: then the attract page`, page.url(), `${url}/`);
  await page.goBack();
  check(`${tag}: Back shows nothing of it`, !(await page.content()).includes(MARK));
  await page.close();
}

// A whole stack beside us (tests/chain/fg_stack.py), spoken to by lines.
export async function bringUp() {
  const child = spawn('python3', ['tests/chain/fg_stack.py', build], { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator](), gone = new Promise(r => child.once('exit', r));
  onExit(async () => { child.stdin.end(); await gone; });
  const read = async () => { const { value, done } = await lines.next(); if (done) throw new Error('the stack ended'); return JSON.parse(value); };
  const about = await read();
  return { ...about, ask: async line => { child.stdin.write(`${line}\n`); return read(); } };
}

export async function wholeWalk(notes) {
  const stack = await bringUp(), url = `http://127.0.0.1:${stack.port}`, b = await browser();
  const pin = spawnSync(join(build, 'candour'), ['site', 'pin', stack.site], { input: `${PIN}\n`, encoding: 'utf8' });
  equal('a PIN for staff', pin.status, 0);
  let struck = 0;
  for (const js of [true, false]) {
    const context = await b.newContext({ javaScriptEnabled: js, viewport: { width: 1280, height: 800 } });
    await walk(context, url, { notes, js, tag: js ? 'script' : 'no script' });
    await context.close();
    if (notes >= 5) struck++;
  }
  const until = Date.now() + 120000;
  let facts = [], cells = [];
  do {
    ({ facts, cells } = await stack.ask('facts all'));
    if (facts.filter(f => f[0] === 'group-themes').length >= 12) break;
    await new Promise(r => setTimeout(r, 500));
  } while (Date.now() < until);
  const of = (d, item) => facts.filter(f => f[0] === d && f[1] === item);
  for (const t of THEMES.slice(0, 6)) {
    const rows = of('group-themes', t), want = notes >= 12 ? 8 : null;
    check(`indicators holds the theme ${t} of both sessions`, rows.length === 2 && (want === null || rows.every(r => r[3] === want)), JSON.stringify(rows));
  }
  for (const [d, item, n] of [['group-compared', 'better', 4], ['group-compared', 'same', 3], ['group-compared', 'worse', 1], ['group-compared', 'dk', 0],
    ['group-first', 'trips', 4], ['group-first', 'food', 4], ['group-first', 'evenings', 3]]) {
    const rows = of(d, item);
    check(`indicators holds the votes ${d} ${item}`, rows.length === 2 && rows.every(r => r[3] === n && r[4] === 8), JSON.stringify(rows));
  }
  check('every fact of a group says mode=group', facts.length > 0 && facts.every(f => /(^|;)mode=group(;|$)/.test(f[2])), JSON.stringify(facts.find(f => !/mode=group/.test(f[2]))));
  check('no definition of individuals counts a group', facts.every(f => f[0].startsWith('group-')) && cells.every(c => c[0].startsWith('group-')), JSON.stringify(cells));
  const room = await stack.ask(`room ${MARK}`);
  equal('notes and sentences are in the reading room', room.found, 2 * (notes - (notes >= 5 ? 1 : 0) + 5 + 1));
}
