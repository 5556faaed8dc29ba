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
  await w.press('next', { a0: 'standard', read: 'yes' });
  check('each page is read', /name="page"/.test(w.page.body) && /<audio autoplay/.test(w.page.body));
  await w.press('back');
  await w.press('next', { a0: 'standard' });
  check('unticked again: nothing sounds by itself', /name="page"/.test(w.page.body) && !/<audio/.test(w.page.body));
});
