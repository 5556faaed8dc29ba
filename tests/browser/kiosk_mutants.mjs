// kiosk-mutants: sixteen faults planted in a page that has none; each must be caught by its own check.
import { readFileSync } from 'node:fs';
import { browser, check, main, makeSite, packages, startKiosk } from './lib.mjs';
import { capture, serve } from './pages.mjs';
import { inspect } from './rules.mjs';

const css = text => ({ css: text });
const swap = (from, to) => ({ swap: [from, to] });
const long = 'When you think of all the days that you have spent in this place since you came here how do you feel now';

// name, what is planted, the part of the checker and the rule that must see it
const mutants = [
  ['label', swap(/<label for="a0-0">/, '<label>'), 'layout', /^(label|axe label)/],
  ['contrast', css('.other .a label{color:#9aa59f}'), 'layout', /^axe color-contrast/],
  ['small', css('.other .a label{min-height:0!important;height:9mm;padding:0}'), 'layout', /^small/],
  ['focus', css('*,.a input:focus-visible+label{outline:0!important}.a input:focus-visible+label,button:focus-visible,a:focus-visible{box-shadow:none!important;border-color:var(--line)!important}.skip{opacity:0}'), 'keyboard', /^focus/],
  ['sideways', css('h1{white-space:nowrap;min-width:110vw}'), 'layout', /^sideways/],
  ['tall', css('.answers{margin-top:30vh!important}'), 'layout', /^tall/],
  ['outside', swap('</head>', '<link rel="icon" href="data:,"></head><img src="http://127.0.0.2:9/x.png" alt="">'), 'layout', /^outside/],
  ['script', swap('</body>', '<script src="/mutant.js"></script></body>'), 'modes', /^script/],
  ['motion', css('.go{transition:transform 2s!important}'), 'modes', /^motion/],
  ['forced colours', css('@media(forced-colors:active){.a input:checked+label{border:4px solid CanvasText!important;background:Canvas!important}.a label{border:4px solid CanvasText!important;background:Canvas!important}}'), 'modes', /^forced/],
  ['long sentence', swap(/<h1>[^<]*<\/h1>/, `<h1>${long}</h1>`), 'layout', /^sentence/],
  ['tabindex', swap('class="ctl go"', 'class="ctl go" tabindex="3"'), 'layout', /^tabindex/],
  ['clipped', css('.ctl{height:86px;overflow:hidden;width:120px!important;flex:none!important;white-space:nowrap}'), 'zoom', /^clipped/],
  ['lang', swap('<html lang="en-GB"', '<html lang=""'), 'layout', /^(lang|axe html-has-lang)/],
  ['title', swap(/<title>[^<]*<\/title>/, '<title>Candour</title>'), 'layout', /^title/],
  ['Enter', swap(/ {2}<button hidden name="go" value="next"><\/button>\n/, ''), 'layout', /^enter/],
];

await main(async () => {
  const axe = readFileSync(packages().axe, 'utf8'), kiosk = await startKiosk(makeSite()), b = await browser();
  const all = await capture(kiosk.url), name = [...all.keys()].find(k => /^question-\d+-chosen$/.test(k) && /id="f5"/.test(all.get(k)) && /href="#f4"/.test(all.get(k)));
  const good = all.get(name), pages = new Map([['good', good], ['mutant.js', "document.querySelector('h1').textContent = 'Hello';"]]);
  if (!check('there is a page to plant faults in', !!good, [...all.keys()].join(' '))) return;
  for (const [fault, how] of mutants) {
    let html = good;
    if (how.css) {
      pages.set(`${fault}.css`, how.css);
      html = html.replace('</head>', `<link rel="stylesheet" href="/${encodeURIComponent(fault)}.css"></head>`);
    } else {
      html = html.replace(...how.swap);
    }
    check(`${fault}: planted`, html !== good);
    pages.set(fault, html);
  }
  const s = await serve(kiosk.url, pages);
  const clean = await inspect(b, axe, `${s.url}/good`);
  check('the page as it is has no fault', !clean.failures.length, clean.failures.map(f => `${f.rule}: ${f.message}`).join('; '));
  let caught = 0;
  for (const [fault, , part, rule] of mutants) {
    const { failures } = await inspect(b, axe, `${s.url}/${encodeURIComponent(fault)}`, [part]);
    if (check(`${fault}: caught by its own check`, failures.some(f => rule.test(f.rule)), failures.map(f => f.rule).join(' ') || 'nothing was')) caught++;
  }
  console.log(`${caught} of ${mutants.length} mutants caught`);
  await s.close();
});
