// Voters' pages: size of words, colours and Listen as on visitors' pages, without script; what is ticked stays meanwhile,
// the choice is in a cookie that holds nothing else, and nothing of a poll is kept as sound. On a tablet that is passed
// round all of it goes with the ballot. New pages by the rules.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { add, browser, check, equal, main, packages, startKiosk } from './lib.mjs';
import { Desk as Plain, groupSite } from './fg.mjs';
import { serve } from './pages.mjs';
import { inspect } from './rules.mjs';

// As a browser does: with the page's hidden field.
class Desk extends Plain {
  async press(go, fields = {}) {
    const at = /type="hidden" name="at" value="([^"]*)"/.exec(this.page.body)?.[1];
    return super.press(go, [...(Array.isArray(fields) ? fields : Object.entries(fields)), ...(at === undefined ? [] : [['at', at]])]);
  }
}
const fetchSound = (url, path, desk) => new Promise((resolve, reject) => http.get(`${url}${path}`, { agent: false, headers: desk ? desk.headers() : {} }, a => {
  const parts = [];
  a.on('data', d => parts.push(d));
  a.on('end', () => { const b = Buffer.concat(parts); resolve({ status: a.statusCode, type: a.headers['content-type'], cache: a.headers['cache-control'], seconds: b.subarray(0, 4).toString() === 'RIFF' ? (b.length - 44) / b.readUInt32LE(28) : 0 }); });
}).on('error', reject));
const ticked = b => [...b.matchAll(/name="vote" id="[^"]*" value="(\d)" checked/g)].map(m => m[1]).join();
const carried = b => [...b.matchAll(/type="hidden" name="vote" value="(\d)"/g)].map(m => m[1]).join();
const look = b => /<html [^>]*class="([^"]*)"/.exec(b)?.[1];
const audio = b => /<audio autoplay src="([^"]*)"/.exec(b)?.[1].replace(/&amp;/g, '&');

const plain = b => look(b) === '' && !audio(b) && ticked(b) === '';

// One tablet goes from hand to hand.
async function passed(kiosk, d, pages) {
  await d.press('pass');
  const number = /\b(\d{4})\b/.exec(d.page.body)?.[1], shown = () => d.page.body.includes(number);
  check('the lead reads the number on a page of its own', !!number && /value="told"/.test(d.page.body) && !/value="mine"|value="look"/.test(d.page.body), d.h1());
  equal('which makes no sound', (await fetchSound(kiosk.url, '/group/sound', d)).status, 404);
  for (const go of ['mine', 'vote', 'number', 'look', 'leave', 'listen']) await d.press(go, { number });
  check('and which only Continue leaves', shown() && /value="told"/.test(d.page.body), d.h1());
  await d.press('told');
  check('the first to have the tablet does not see it', !shown() && d.h1().startsWith('Please pass'), d.h1());

  // The first needs large words in the dark, listens, and votes.
  await d.press('look');
  await d.press('size-2');
  pages.set('pass-look', d.page.body);
  await d.press('seen');
  check('larger, before it is one’s turn', look(d.page.body).includes('largest') && d.h1().startsWith('Please pass'));
  await d.press('mine');
  check('and on the ballot', look(d.page.body).includes('largest') && d.page.body.includes('id="o0"'));
  await d.press('vote');
  const wrong = d.error();
  check('nothing chosen: said under the question', wrong !== '' && look(d.page.body).includes('largest'));
  await d.press('dark-1');
  await d.press('seen');
  check('it is said in the dark too', d.error() === wrong && look(d.page.body) === 'dark larger largest', d.error());
  await d.press('listen', [['vote', '0'], ['vote', '2']]);
  check('and aloud, and what is ticked stays', audio(d.page.body) === '/group/sound' && ticked(d.page.body) === '0,2' && d.error() === wrong, d.error());
  pages.set('pass-ballot-largest-dark', d.page.body);
  const with_ = await fetchSound(kiosk.url, '/group/sound', d);
  await d.press('look', [['vote', '0'], ['vote', '2']]);
  check('Text size stops it and carries what is ticked', !audio(d.page.body) && carried(d.page.body) === '0,2');
  for (const go of ['size-9', 'size-', 'dark-7', 'look-1', '../look', 'x'.repeat(5000)]) {
    await d.press(go, [['vote', '0'], ['vote', '99'], ['vote', '/'], ['vote', 'x'.repeat(5000)]]);
    check(`${go.slice(0, 10)} changes nothing`, d.page.status === 200 && look(d.page.body) === 'dark larger largest' && (ticked(d.page.body) || carried(d.page.body)) === '0', `${d.page.status} ${look(d.page.body)}`);
  }
  await d.press('vote', [['vote', '0'], ['vote', '1'], ['vote', '2'], ['vote', '3']]);
  check('too many: they stay ticked, to be made fewer', d.error() !== '' && ticked(d.page.body) === '0,1,2,3', ticked(d.page.body));
  await d.press('vote', { vote: '0' });
  check('voted: the tablet is as it was', d.h1().startsWith('Please pass') && plain(d.page.body), look(d.page.body));
  await d.press('mine');
  check('the next sees nothing of them', plain(d.page.body) && d.error() === '', look(d.page.body) + d.error());
  const without = await fetchSound(kiosk.url, '/group/sound', d);
  check('and hears nothing of them', with_.status === 200 && without.status === 200 && without.seconds < with_.seconds, `${without.seconds} ${with_.seconds}`);

  // The second ticks, looks, and would rather not.
  await d.press('look', { vote: '1' });
  await d.press('size-1', { vote: '1' });
  await d.press('dark-1', { vote: '1' });
  await d.press('seen', { vote: '1' });
  equal('their tick', ticked(d.page.body), '1');
  await d.press('stay');
  check('not voting: passed on, as it was', d.h1().startsWith('Please pass') && plain(d.page.body), look(d.page.body));
  await d.press('mine');
  check('the third sees nothing of the second', plain(d.page.body), look(d.page.body) + ticked(d.page.body));
  // What the tablet remembers is no cookie that a reload or Back could send.
  equal('no cookie tells how anybody liked it', [...d.jar.keys()].sort().join(), 'g,staff');
  await d.press('size-1', { vote: '2' });
  await d.get('/group/s');
  equal('a page that is loaded again is the same', carried(d.page.body), '2');
  await d.press('vote', { vote: '2' });
  await d.press('size-2');
  await d.press('leave');
  check('the number is asked for on a plain page', /id="number"/.test(d.page.body) && plain(d.page.body) && !/value="look"/.test(d.page.body));
  equal('in silence', (await fetchSound(kiosk.url, '/group/sound', d)).status, 404);
  await d.press('number', { number });
  check('two votes of three people', /class="sum"[^>]*>2 of 8/.test(d.page.body), d.h1());
  equal('nobody else hears the lead’s pages', (await fetchSound(kiosk.url, '/group/sound', d)).status, 404);
  equal('nor a stranger', (await fetchSound(kiosk.url, '/group/sound')).status, 404);
  await d.press('pass');
  await d.press('told');
  check('passed round again, it is as it was', plain(d.page.body), look(d.page.body));
  await d.press('mine');
  await d.press('size-2', { vote: '1' });
  await d.press('leave');
  for (let i = 0; i < 5; i++) await d.press('number', { number: 'none' });
  check('five wrong numbers lock', /type="password"/.test(d.page.body), d.h1());
  equal('and there is nothing to hear', (await fetchSound(kiosk.url, '/group/sound', d)).status, 404);
}

await main(async () => {
  const site = groupSite(), kiosk = await startKiosk(site), d = new Desk(kiosk.url), v = new Desk(kiosk.url), pages = new Map();
  await d.signIn();
  await d.setUp();
  await d.people();
  await d.agree();
  check('the talk has begun, and its pages have no such buttons', /class="page group talk"/.test(d.page.body) && !/value="look"|value="listen"/.test(d.page.body), d.h1());
  await d.press('ask');
  await d.press('ask-1', { kind: 'dots' });
  const code = d.code(), asked = d.h1();

  await v.get('/g');
  check('where the code is typed', /value="look"/.test(v.page.body) && look(v.page.body) === '');
  await v.press('look', { code: 'half' });
  check('the page of choices keeps what was typed', /name="code" value="half"/.test(v.page.body) && /aria-pressed="true">Usual/.test(v.page.body));
  await v.press('size-1', { code: 'half' });
  check('larger at once', look(v.page.body).includes('larger') && /aria-pressed="true">Larger/.test(v.page.body));
  await v.press('seen', { code: 'half' });
  check('and back, larger, with what was typed', /id="code"/.test(v.page.body) && look(v.page.body).includes('larger') && v.error() === '', v.error());
  equal('the cookie says that and no more', v.jar.get('look'), '10');
  await v.press('code', { code });
  equal('the ballot', v.h1(), asked);
  check('is larger too, and nothing is ticked', look(v.page.body).includes('larger') && ticked(v.page.body) === '');

  await v.press('look', [['vote', '0'], ['vote', '2']]);
  equal('two answers are carried through', carried(v.page.body), '0,2');
  pages.set('look', v.page.body);
  const post = (go, votes) => v.press(go, votes.map(n => ['vote', n]));
  await post('dark-1', ['0', '2']);
  await post('size-2', ['0', '2']);
  pages.set('look-dark', v.page.body);
  await post('seen', ['0', '2']);
  equal('.. and are ticked again', ticked(v.page.body), '0,2');
  equal('the page', look(v.page.body), 'dark larger largest');
  pages.set('ballot-largest-dark', v.page.body);
  await post('seen', []);
  await post('vote', []);
  const wrong = v.error();
  check('nothing chosen', wrong !== '' && /<title>Error/.test(v.page.body), wrong);
  const heard = async () => (await fetchSound(kiosk.url, audio(v.page.body))).seconds;
  await post('listen', []);
  check('the error stays while it is heard', v.error() === wrong, v.error());
  const long = await heard();
  await post('look', []);
  await post('seen', []);
  equal('and after Text size', v.error(), wrong);
  await v.get(`/g/${code}`);
  await post('listen', ['1']);
  check('it is heard too', await heard() < long, long);
  await post('look', ['0']);
  for (const bad of ['size-9', 'size-', 'dark-2', 'size-1x']) { await post(bad, ['0']); equal(`${bad} changes nothing`, v.jar.get('look'), '21'); }
  for (const [cookie, want] of [['99', ''], ['1', ''], ['2112', ''], ['20', ' larger largest'], ['01', 'dark']]) {
    v.jar.set('look', cookie);
    await v.get(`/g/${code}`);
    equal(`the cookie ${cookie}`, look(v.page.body), want);
  }
  v.jar.set('look', '00');
  await v.get(`/g/${code}`);
  equal('nobody has voted by that', ticked(v.page.body), '');

  if (/value="listen"/.test(v.page.body)) {
    const files = () => existsSync(join(site.dir, 'cache/speech')) ? readdirSync(join(site.dir, 'cache/speech')).length : 0;
    await v.press('listen', { vote: '1' });
    const src = audio(v.page.body);
    check('Listen: the page brings its sound, a way to stop it, and the tick stays', !!src && /value="hush"/.test(v.page.body) && ticked(v.page.body) === '1', src);
    pages.set('ballot-listening', v.page.body);
    const said = await fetchSound(kiosk.url, src);
    equal('it is sound, and not kept by the browser', `${said.status} ${said.type} ${said.cache}`, '200 audio/wav no-store');
    check('as long as the question and its answers', said.seconds > 4 && said.seconds < 60, said.seconds);
    equal('nothing of a poll is in a file: two sentences of the kiosk’s own are', files(), 2);
    await v.press('hush', { vote: '1' });
    check('stopped', !audio(v.page.body) && /value="listen"/.test(v.page.body) && ticked(v.page.body) === '1');
    await v.press('vote', { vote: '1' });
    check('the thanks', v.h1().startsWith('Thank you'), v.h1());
    await v.press('listen');
    check('are heard on the same page', v.h1().startsWith('Thank you') && (await fetchSound(kiosk.url, audio(v.page.body))).seconds > 2);
    for (const path of ['/g/zzzzzzzz/sound', '/g/x/sound', `/g/${code}${code}/sound`, '/g/sound?p=../x', '/g/sound', '/g//sound']) equal(`${path}: nothing`, (await fetchSound(kiosk.url, path)).status, 404);
  } else {
    check('there is a voice here', false, 'espeak-ng is missing');
  }
  await v.press('look');
  await v.press('dark-1');
  await v.press('seen');
  check('Text size on the thanks leads back to them', v.h1().startsWith('Thank you') && look(v.page.body) === 'dark', v.h1());
  await v.press('change');
  equal('Change leads to the ballot', v.h1(), asked);
  await v.press('look', { vote: '2' });
  await v.press('seen', { vote: '2' });
  equal('and looking does not lead away from it', ticked(v.page.body), '2');
  await d.get('/group/s');
  check('one vote in all of this', /class="sum"[^>]*>1 of 8/.test(d.page.body));
  await d.press('next');
  await v.get(`/g/${code}`);
  check('closed: said in the same colours, and Text size leads back to it', v.h1().includes('closed') && look(v.page.body) === 'dark');
  await v.press('look');
  await v.press('seen');
  check('.. not to the page of codes', v.h1().includes('closed'), v.h1());
  await d.press('next');
  await d.press('ask-0', { kind: 'dots' });
  await passed(kiosk, d, pages);
  check('no error of the program', !/code=broken|Sanitizer|runtime error/.test(kiosk.log), kiosk.log.slice(-2000));

  const b = await browser(), axe = readFileSync(packages().axe, 'utf8'), s = await serve(kiosk.url, pages);
  for (const name of process.env.SHOTS ? pages.keys() : ['look-dark', 'ballot-largest-dark', 'pass-look', 'pass-ballot-largest-dark']) {
    const { passed, failures } = await inspect(b, axe, `${s.url}/${name}`, ['layout', 'zoom']);
    add(passed, 0);
    for (const f of failures) check(`${name} ${f.rule}`, false, f.message);
    if (process.env.SHOTS) for (const [n, width, height] of [['wide', 1280, 800], ['tall', 800, 1280], ['zoom', 320, 256]]) { const q = await b.newPage({ viewport: { width, height } }); await q.goto(`${s.url}/${name}`); await q.evaluate(() => document.fonts.ready); await q.screenshot({ path: join(process.env.SHOTS, `${name}-${n}.png`), fullPage: n === 'zoom' }); }
  }
  await s.close();
});
