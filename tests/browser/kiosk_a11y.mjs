// kiosk-a11y: every page by the rules (rules.mjs, axe included), and by ../shared/tools/a11y.mjs where that is there.
//   node kiosk_a11y.mjs [short]      short: three pages
//   KIOSK_URL   a kiosk that runs already
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { add, browser, check, here, main, makeSite, packages, root, startKiosk } from './lib.mjs';
import { groupSite } from './fg.mjs';
import { captureGroup } from './fg_pages.mjs';
import { capture, serve } from './pages.mjs';
import { inspect } from './rules.mjs';

const short = process.argv.includes('short'), only = process.env.PAGES;
const rtl = pages => new Map([...pages].map(([n, h]) => [n, h.replace('dir="ltr"', 'dir="rtl"')]));
const dark = pages => new Map([...pages].map(([n, h]) => [n, h.replace(/(<html [^>]*class=")/, '$1dark ')]));
const lib = n => `forms/library/${n}.csv`, easy = ['visit', 'satisfaction', 'satisfaction-easy', 'concern'].map(lib), kinds = ['tests/kiosk/widgets.csv', lib('concern')];
// name, how to walk, what to change on the pages
const sets = short ? [['en', { l: 'en' }]] : [['en', { l: 'en' }], ['cy', { l: 'cy' }], ['rtl', { l: 'en' }, rtl], ['dark', { look: ['dark-1'] }],
  ['words', { look: ['words-1'] }], ['larger', { look: ['size-1'] }], ['largest', { l: 'cy', look: ['size-2', 'dark-1'] }],
  ['start', { forms: easy }], ['start-cy', { forms: easy, l: 'cy', look: ['dark-1'] }], ['easy', { forms: easy, go: 'easy' }], ['easy-cy', { forms: easy, go: 'easy', l: 'cy', look: ['dark-1'] }], ['easy-words', { forms: easy, go: 'easy', look: ['words-1'] }],
  ['kinds', { forms: kinds }], ['kinds-cy', { forms: kinds, l: 'cy', look: ['dark-1'] }], ['kinds-rtl', { forms: kinds }, rtl], ['group', { group: true }], ['group-cy', { group: true, l: 'cy' }], ['group-rtl', { group: true }, rtl], ['group-dark', { group: true }, dark]];

await main(async () => {
  const axe = readFileSync(packages().axe, 'utf8');
  const site = makeSite({ extra: 'paper_key_in = yes\n' });
  site.pin('246810');
  const url = process.env.KIOSK_URL || (await startKiosk(site)).url;
  const began = Date.now(), all = new Map(), seen = new Set(), urls = new Map();
  for (const [set, options, change] of sets) {
    if (process.env.SETS && !process.env.SETS.split(',').includes(set)) continue;
    const key = options.group ? set : (options.forms || []).join(' ');
    if (options.group) urls.set(key, (await startKiosk(groupSite())).url);
    if (!urls.has(key)) urls.set(key, key ? (await startKiosk(makeSite({ forms: options.forms.map(f => join(root, f)) }))).url : url);
    let pages = options.group ? await captureGroup(urls.get(key), options) : await capture(urls.get(key), { ...options, pin: set === 'en' || set === 'cy' ? '246810' : undefined });
    if (change) pages = change(pages);
    // A page that looks the same in two sets is looked at once.
    for (const [name, html] of pages) {
      const same = html.replace(/(name="t" value=")[0-9a-f]*/g, '$1');
      if (short || !seen.has(same)) all.set(`${set}/${name}`, html);
      seen.add(same);
    }
  }
  if (short) for (const name of [...all.keys()]) if (!/attract|question-4-chosen|thanks/.test(name)) all.delete(name);
  if (only) for (const name of [...all.keys()]) if (!new RegExp(only).test(name)) all.delete(name);
  check('there are pages', all.size >= (short ? 3 : 1), all.size);
  const s = await serve([url, ...urls.values()], all), left = [...all.keys()];
  const worker = async () => {
    const b = await browser();
    for (let name = left.shift(); name; name = left.shift()) {
      const { passed, failures } = await inspect(b, axe, `${s.url}/${name}`);
      add(passed, 0);
      for (const f of failures) check(`${name} ${f.rule}`, false, f.message);
    }
  };
  await Promise.all(short ? [worker()] : [worker(), worker()]);
  console.log(`${all.size} pages, ${((Date.now() - began) / 1000 / all.size).toFixed(2)} s each`);
  // The checker that came with the design, where it is: another hand's eyes on the pages as they come. It counts what Tab
  // reaches from where the page begins, so errors do not take the focus in its copies.
  const other = join(root, '../shared/tools/a11y.mjs');
  if (!short && existsSync(other) && (!process.env.SETS || process.env.SHARED)) {
    const names = [...all.keys()].filter(n => /^(en|cy|easy|kinds|group)\//.test(n)), half = Math.ceil(names.length / 2), at = Date.now();
    for (const n of names) all.set(`shared/${n}`, all.get(n).replaceAll(' autofocus', ''));
    const run = part => new Promise(resolve => {
      const c = spawn('node', [other, ...part.map(n => `${s.url}/shared/${n}`)], { env: { ...process.env, NODE_PATH: join(here, 'node_modules') }, cwd: here });
      let text = '';
      for (const f of [c.stdout, c.stderr]) f.on('data', d => { text += d; });
      c.on('close', () => resolve(text));
    });
    for (const text of await Promise.all([run(names.slice(0, half)), run(names.slice(half))])) {
      const m = /(\d+) passed, (\d+) failed/.exec(text);
      process.stdout.write(text.replaceAll(s.url, '').replace(/^\d+ passed.*\n/m, ''));
      if (check('the shared checker ran', !!m, text)) add(Number(m[1]), Number(m[2]));
    }
    console.log(`the shared checker: ${names.length} pages, ${((Date.now() - at) / 1000 / names.length).toFixed(2)} s each`);
  } else if (!short) {
    console.log('SKIP: ../shared/tools/a11y.mjs is not here, or only some SETS were asked for');
  }
  await s.close();
});
