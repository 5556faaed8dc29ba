// Listen: every page can be heard in its language, stopped, repeated; the sound belongs to the visit alone.
import { join } from 'node:path';
import { Visitor, check, equal, main, makeSite, request, root, startKiosk } from './lib.mjs';

// Seconds of a WAV file, from its header.
const seconds = b => b.subarray(0, 4).toString() === 'RIFF' ? (b.length - 44) / b.readUInt32LE(28) : 0;

function sound(url, path, headers) {
  return new Promise((resolve, reject) => import('node:http').then(({ default: http }) => {
    const u = new URL(url);
    http.get({ host: u.hostname, port: u.port, path, agent: false, headers: { Host: u.host, ...headers } }, a => {
      const parts = [];
      a.on('data', d => parts.push(d));
      a.on('end', () => resolve({ status: a.statusCode, type: a.headers['content-type'], cache: a.headers['cache-control'], body: Buffer.concat(parts) }));
    }).on('error', reject);
  }));
}

await main(async () => {
  const site = makeSite(), kiosk = await startKiosk(site), v = new Visitor(kiosk.url);
  await v.toQuestions();
  if (!/value="listen"/.test(v.page.body)) { check('there is a voice here', false, 'espeak-ng is missing'); return; }
  check('nothing sounds by itself', !/<audio/.test(v.page.body));
  const asked = v.h1();
  await v.press('listen', { a0: '2' });
  const src = /<audio autoplay src="([^"]*)"/.exec(v.page.body)?.[1];
  equal('the same question', v.h1(), asked);
  check('what was chosen stays', /value="2" checked/.test(v.page.body));
  check('the page brings its sound, and a way to stop it', !!src && /value="hush"/.test(v.page.body), src);
  const en = await sound(kiosk.url, src, v.headers());
  equal('it is sound', `${en.status} ${en.type} ${en.cache}`, '200 audio/wav no-store');
  check('it lasts as long as the question and seven answers', seconds(en.body) > 4 && seconds(en.body) < 60, seconds(en.body));
  equal('not for anybody else', (await sound(kiosk.url, src, {})).status, 404);
  await v.press('hush');
  check('stopped', !/<audio/.test(v.page.body) && /value="listen"/.test(v.page.body));
  await v.press('look');
  await v.press('speed-0');
  await v.press('next');
  await v.press('listen');
  const slow = await sound(kiosk.url, /<audio autoplay src="([^"]*)"/.exec(v.page.body)[1], v.headers());
  check('slower is longer', seconds(slow.body) > seconds(en.body) * 1.1, `${seconds(slow.body)} ${seconds(en.body)}`);
  await v.press('look');
  await v.press('lang-cy');
  await v.press('read-1');
  await v.press('next');
  check('each page is read from now on', /<audio autoplay/.test(v.page.body) && /lang="cy"/.test(v.page.body));
  const cy = await sound(kiosk.url, /<audio autoplay src="([^"]*)"/.exec(v.page.body)[1], v.headers());
  check('in the language of the page', seconds(cy.body) > 4 && !cy.body.equals(slow.body));
  await v.press('next', { a0: '1' });
  check('also the next page', /<audio autoplay/.test(v.page.body) && v.h1() !== asked);
  await v.press('stop');
  const over = await request(kiosk.url, { path: '/s/sound?n=1' });
  check('no sound after the visit', over.status === 404, over.status);
  // The start page, where a form has an Easy Read variant, asks whether to be read to.
  const easy = await startKiosk(makeSite({ forms: ['visit', 'satisfaction', 'satisfaction-easy', 'concern'].map(n => join(root, `forms/library/${n}.csv`)) })), w = new Visitor(easy.url);
  await w.start();
  check('it offers to read each page, unticked', /name="read" id="read" value="yes">/.test(w.page.body) && !/<audio/.test(w.page.body));
  await w.press('look', { read: 'yes' });
  await w.press('next');
  check('ticked, and kept while text size was open', /name="read" id="read" value="yes" checked>/.test(w.page.body) && /<audio autoplay/.test(w.page.body));
  // What is ticked there stays too, whatever was pressed, and is there on the way back; nothing is at first.
  check('no way is chosen beforehand', !/value="(?:standard|easy|words)" checked/.test(w.page.body));
  for (const [go, back] of [['listen'], ['hush'], ['look', 'next'], ['wrong', 'next']]) {
    await w.press(go, { a0: go === 'listen' ? 'easy' : 'words', read: 'yes' });
    if (back) await w.press(back);
    check(`${go}: what is ticked stays`, new RegExp(`value="${go === 'listen' ? 'easy' : 'words'}" checked`).test(w.page.body) && w.page.body.split(' checked').length === 3);
  }
  await w.press('listen', { a0: '"><script>', read: 'yes' });
  check('what is no choice is none', !/value="(?:standard|easy|words)" checked/.test(w.page.body) && !w.page.body.includes('<script>'));
  await w.press('next', { a0: 'standard', read: 'yes' });
  check('each page is read', /name="page"/.test(w.page.body) && /<audio autoplay/.test(w.page.body));
  await w.press('back');
  await w.press('next', { a0: 'standard' });
  check('unticked again: nothing sounds by itself', /name="page"/.test(w.page.body) && !/<audio/.test(w.page.body));
  await w.press('back');
  check('on the way back it is ticked', /value="standard" checked/.test(w.page.body));
  // Easy Read's question to try, and at the end whether words may be quoted.
  await w.press('stop');
  const e = new Visitor(easy.url);
  await e.start('easy');
  for (let i = 0; i < 6 && !/value="tea"/.test(e.page.body); i++) await e.press('next', { a0: /type="radio" name="a0" id="[^"]*" value="([^"]*)"/.exec(e.page.body)?.[1] ?? '' });
  check('a question to try', /value="tea">/.test(e.page.body), e.h1());
  await e.press('listen', { a0: 'coffee' });
  check('it stays ticked', /value="coffee" checked/.test(e.page.body) && /<audio autoplay/.test(e.page.body));
  const q = new Visitor(kiosk.url);
  await q.toQuestions();
  for (let i = 0; i < 60 && !/name="quote"/.test(q.page.body); i++) {
    const b = q.page.body, fields = {}, radio = /type="radio" name="(a\d+)" id="[^"]*" value="([^"]*)"/.exec(b), area = /<textarea[^>]*name="(a\d+)"/.exec(b);
    if (radio) fields[radio[1]] = radio[2];
    if (area) fields[area[1]] = 'Something to quote';
    await q.press(/<button hidden name="go" value="([^"]*)"/.exec(b)[1], fields);
  }
  check('may we quote: nothing is chosen', /name="quote"/.test(q.page.body) && !/name="quote"[^>]* checked/.test(q.page.body));
  await q.press('listen', { quote: 'no' });
  check('no stays no while it is read', /name="quote"[^>]* value="no"[^>]* checked/.test(q.page.body));
});
