// kiosk-power: the kiosk is killed at random while people answer. No thanked answer is lost or doubled, the chain is
// whole, and the attract page is back unasked.   KILLS=200 for the long run; SEED prints and repeats one
import { check, equal, main, makeSite, startKiosk, stopKiosk, Visitor } from './lib.mjs';

const KILLS = Number(process.env.KILLS || 12);
let seed = Number(process.env.SEED || Date.now() % 1000000);
const rnd = n => { seed = (seed * 1103515245 + 12345) % 2147483648; return seed % n; };

await main(async () => {
  console.log(`seed ${seed}`);
  const site = makeSite();
  let kiosk = await startKiosk(site);
  const thanked = [], unknown = [];
  let n = 0, kills = 0;
  while (kills < KILLS) {
    let killed = false;
    const k = kiosk, late = setTimeout(() => { killed = true; stopKiosk(k, 'SIGKILL'); }, 30 + rnd(900));
    while (!killed) {
      const mark = `ZZ${String(++n).padStart(5, '0')}ZZ`, v = new Visitor(k.url);
      let sent = false;
      const press = v.press.bind(v);
      v.press = (go, fields) => { sent ||= go === 'send'; return press(go, fields); };
      try {
        await v.toQuestions();
        const page = await v.finish(mark);
        if (/class="thanks"/.test(page.body)) { thanked.push(mark); await v.press('next'); }
      } catch {
        if (sent) unknown.push(mark);
        break;
      }
    }
    clearTimeout(late);
    await stopKiosk(k, 'SIGKILL');
    kills++;
    kiosk = await startKiosk(site);
    const v = new Visitor(kiosk.url);
    if (!/action="\/start"/.test((await v.get('/')).body)) check(`after kill ${kills}: the attract page`, false);
  }
  equal('it stops when asked', await stopKiosk(kiosk), 0);
  const all = [...site.open().matchAll(/ZZ\d{5}ZZ/g)].map(m => m[0]), count = m => all.filter(x => x === m).length;
  const words = thanked.length ? Math.max(1, count(thanked[0])) : 1;	// text questions of the form that hold the marker
  const lost = thanked.filter(m => count(m) === 0), doubled = [...thanked, ...unknown].filter(m => count(m) > words);
  check('answers were given', thanked.length > KILLS / 4, thanked.length);
  equal('thanked and lost', lost.join(' '), '');
  equal('doubled', doubled.join(' '), '');
  const sealed = site.count();
  check('nothing else is there', sealed >= thanked.length && sealed <= thanked.length + unknown.length, `${sealed} sealed, ${thanked.length} thanked, ${unknown.length} unknown`);
  console.log(`${n} begun, ${thanked.length} thanked, ${unknown.length} unknown, ${lost.length} lost, ${doubled.length} doubled, ${kills} kills`);
});
