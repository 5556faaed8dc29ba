// kiosk-a11y: every page by the rules (rules.mjs, axe included), and by ../shared/tools/a11y.mjs where that is there.
//   node kiosk_a11y.mjs [short]      short: three pages
//   KIOSK_URL   a kiosk that runs already
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { add, browser, check, here, main, makeSite, packages, root, startKiosk } from './lib.mjs';
import { capture, serve } from './pages.mjs';
import { inspect } from './rules.mjs';

const short = process.argv.includes('short'), only = process.env.PAGES;
const rtl = pages => new Map([...pages].map(([n, h]) => [n, h.replace('dir="ltr"', 'dir="rtl"')]));
const sets = short ? [['en', { l: 'en' }]] : [['en', { l: 'en', pin: '246810' }], ['cy', { l: 'cy', pin: '246810' }], ['rtl', { l: 'en', pin: '246810' }, rtl], ['dark', { look: ['dark-1'] }],
  ['words', { look: ['words-1'] }], ['widgets', { form: 'tests/kiosk/widgets.csv' }], ['larger', { look: ['size-1'] }], ['largest', { l: 'cy', look: ['size-2', 'dark-1'] }]];

await main(async () => {
  const axe = readFileSync(packages().axe, 'utf8');
  const site = makeSite({ extra: 'paper_key_in = yes\n' });
  site.pin('246810');
  const url = process.env.KIOSK_URL || (await startKiosk(site)).url;
  const b = await browser(), all = new Map();
  for (const [set, options, change] of sets) {
    if (process.env.SETS && !process.env.SETS.split(',').includes(set)) continue;
    const at = options.form ? (await startKiosk(makeSite({ forms: [options.form, 'forms/library/concern.csv'].map(f => join(root, f)) }))).url : url;
    let pages = await capture(at, options);
    if (change) pages = change(pages);
    for (const [name, html] of pages) all.set(`${set}/${name}`, html);
  }
  if (short) for (const name of [...all.keys()]) if (!/attract|question-4-chosen|thanks/.test(name)) all.delete(name);
  if (only) for (const name of [...all.keys()]) if (!new RegExp(only).test(name)) all.delete(name);
  check('there are pages', all.size >= (short ? 3 : 1), all.size);
  const s = await serve(url, all);
  for (const name of all.keys()) {
    const { passed, failures } = await inspect(b, axe, `${s.url}/${name}`);
    add(passed, 0);
    for (const f of failures) check(`${name} ${f.rule}`, false, f.message);
  }
  const other = join(root, '../shared/tools/a11y.mjs');
  if (!short && existsSync(other) && !process.env.SETS) {
    const r = spawnSync('node', [other, ...[...all.keys()].filter(n => /^(en|cy)\//.test(n)).map(n => `${s.url}/${n}`)], { encoding: 'utf8', env: { ...process.env, NODE_PATH: join(here, 'node_modules') }, cwd: here, maxBuffer: 1 << 26 });
    process.stdout.write(r.stdout.replaceAll(s.url, ''));
    const m = /(\d+) passed, (\d+) failed/.exec(r.stdout);
    if (check('the shared checker ran', !!m, r.stderr)) add(Number(m[1]), Number(m[2]));
  }
  await s.close();
});
