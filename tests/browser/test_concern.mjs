// kiosk-concern: one press from every page; sealed to concern keys in lane 1 alone; no count, log line or metric
// tells that there was one; then the same question.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Visitor, check, equal, main, makeSite, request, startKiosk } from './lib.mjs';

const TEXT = 'Somebody shouts at night ZZCONCERNZZ';
const stop = body => /name="go" value="stop"/.test(body);
const metrics = async k => (await request(k.url, { path: '/metrics' })).body;

async function raise(v, kind, text) {
  await v.press('wrong');
  check('the numbers come first', v.page.body.includes('999'));
  await v.press(kind);
  for (let i = 0; i < 8 && /<(textarea|input class="field line")/.test(v.page.body); i++)
    await v.press('next', { a0: i === 0 ? text : 'room 4' });
  check(`${kind}: said that it is locked`, v.page.body.includes('We have your message'), v.h1());
  await v.press('next');
}

await main(async () => {
  // A slot of one second, so that what is in a slot is chained while the test looks.
  const site = makeSite({ extra: 'concern_slot_s = 1\n' }), kiosk = await startKiosk(site);
  const v = new Visitor(kiosk.url);

  // One press from every page of a visit.
  await v.get('/');
  check('on the attract page', /value="wrong"/.test(v.page.body));
  await v.start();
  for (let i = 0; i < 30 && !/class="thanks"/.test(v.page.body); i++) {
    const b = v.page.body;
    check(`one press from "${v.h1()}"`, /name="go" value="wrong"/.test(b));
    const radio = /type="radio" name="(a\d+)" id="[^"]*" value="([^"]*)"/.exec(b), number = /class="field number" id="[^"]*" name="(a\d+)"/.exec(b);
    await v.press(/<button hidden name="go" value="([^"]*)"/.exec(b)[1], radio ? { [radio[1]]: radio[2] } : number ? { [number[1]]: '3' } : {});
  }
  check('on the thanks', /value="wrong"/.test(v.page.body) && !stop(v.page.body), v.h1());
  check('where nobody is told that nothing was sent', v.page.body.includes('What you sent is safe.') && !v.page.body.includes('not sent yet'));
  const thanks = v.h1(), four = /class="four">(.*?)<\/ul>/s.exec(v.page.body)?.[1], counted = await metrics(kiosk);
  await raise(v, 'complaint', 'ZZLATERZZ');
  check('then the thanks again, with the same words', v.h1() === thanks && v.page.body.includes(four), v.h1());
  await v.press('wrong');
  check('nothing can be stopped that was sent', !stop(v.page.body));
  await v.press('next');
  equal('no metric differs after the thanks', await metrics(kiosk), counted);
  await v.press('next');
  // .. and of those outside a visit.
  for (const p of ['/about', '/privacy', '/notices', '/withdraw']) {
    const o = new Visitor(kiosk.url);
    await o.get(`${p}?l=cy`);
    const to = /formaction="([^"]*)"/.exec(o.page.body)?.[1] ?? /class="foot" id="foot" method="post" action="([^"]*)"/.exec(o.page.body)?.[1];
    check(`one press from ${p}`, /name="go" value="wrong"/.test(o.page.body) && to === '/start?l=cy', to);
    await o.post(to, { go: 'wrong' });
    check(`${p}: the numbers, in its language`, o.page.body.includes('999') && /lang="cy"/.test(o.page.body), o.h1());
    await o.press('next');
    check(`${p}: and back to the start`, /class="attract"/.test(o.page.body), o.h1());
  }

  // From inside a question: what was chosen is there afterwards, and nothing else has changed.
  const w = new Visitor(kiosk.url);
  await w.toQuestions();
  const heading = w.h1(), before = await metrics(kiosk), log = kiosk.log, size = statSync(join(site.dir, 'site.db')).size;
  await w.press('wrong', { a0: '2' });
  await w.press('next');
  check('going back keeps what was chosen', /value="2" checked/.test(w.page.body), w.page.body.slice(0, 200));
  await raise(w, 'not_safe', TEXT);
  equal('then the same question', w.h1(), heading);
  check('with its answer', /value="2" checked/.test(w.page.body));
  equal('no metric differs', await metrics(kiosk), before);
  equal('no log line', kiosk.log, log);
  equal('the file has not grown', statSync(join(site.dir, 'site.db')).size, size);
  equal('no lane 0 record', site.count(), 1);
  await w.press('stop');

  // From the attract page, without a visit: it ends where it began.
  const x = new Visitor(kiosk.url);
  const begun = await metrics(kiosk);
  await x.get('/');
  await x.start('wrong');
  await x.press('complaint');
  for (let i = 0; i < 8 && /<(textarea|input class="field line")/.test(x.page.body); i++) await x.press('next', { a0: 'ZZCOMPLAINTZZ' });
  await x.press('next');
  check('back at the attract page', /action="\/start"/.test(x.page.body), x.h1());
  equal('not even a visit is counted', await metrics(kiosk), begun);

  // What the holder of the concern key sees, once their slots are over.
  let opened = '';
  for (const until = Date.now() + 60000; Date.now() < until && !(opened.includes('ZZCONCERNZZ') && opened.includes('ZZCOMPLAINTZZ'));) {
    await new Promise(r => setTimeout(r, 500));
    opened = site.concerns();
  }
  check('the concern is there for the holder of its key', opened.includes(TEXT), opened.slice(0, 300));
  check('with its kind', /concern_kind>not_safe</.test(opened) && /concern_kind>complaint</.test(opened));
  check('and not in lane 0', !site.open().includes('ZZCONCERNZZ'));
});
