// make shots: pictures of the kiosk's pages, to look at and for the documents.
//   node kiosk_shots.mjs DIR [all]     a dozen into DIR; all: every page at three sizes
//   PAGES   only pages whose name matches, at three sizes
//   SETS   only these sets of pages, say group,group-dark
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { browser, check, main, makeSite, root, startKiosk } from './lib.mjs';
import { groupSite } from './fg.mjs';
import { captureGroup } from './fg_pages.mjs';
import { capture, serve } from './pages.mjs';

const dir = process.argv[2], all = process.argv.includes('all');
const sizes = { wide: { width: 1280, height: 800 }, tall: { width: 800, height: 1280 }, zoom: { width: 320, height: 256 } };
// name of the picture, set, page, size
const dozen = [['attract', 'en', 'attract', 'wide'], ['question', 'en', 'question-6', 'wide'], ['question-chosen', 'en', 'question-6-chosen', 'wide'], ['question-error', 'en', 'question-6-error', 'wide'],
  ['question-tall', 'en', 'question-6-chosen', 'tall'], ['welsh-tall', 'cy', 'attract', 'tall'], ['dark', 'dark', 'question-6-chosen', 'wide'], ['text-size', 'en', 'look', 'wide'],
  ['wrong', 'en', 'wrong', 'wide'], ['review', 'en', 'review', 'wide'], ['thanks', 'en', 'thanks', 'wide'], ['easy-read', 'easy', 'easy', 'wide'],
  ...['2-who', '4-talk-notes', '5-hands-closed', '6-read-struck', '7-close'].map(n => [`group-${n}`, 'group', `group-${n}`, 'wide'])];

await main(async () => {
  mkdirSync(dir, { recursive: true });
  const lib = n => join(root, `forms/library/${n}.csv`);
  const plain = (await startKiosk(makeSite())).url;
  const easy = (await startKiosk(makeSite({ forms: ['visit', 'satisfaction', 'satisfaction-easy', 'concern'].map(lib) }))).url;
  const sets = { en: [plain, {}], cy: [plain, { l: 'cy' }], dark: [plain, { look: ['dark-1'] }], easy: [easy, { go: 'easy' }],
    group: [(await startKiosk(groupSite())).url, { group: true }], 'group-cy': [(await startKiosk(groupSite())).url, { group: true, l: 'cy' }] };
  if (all) Object.assign(sets, { words: [plain, { look: ['words-1'] }], larger: [plain, { look: ['size-1'] }], largest: [plain, { look: ['size-2'] }] });
  const b = await browser(), asked = process.env.SETS?.split(',');
  for (const [set, [url, options]] of Object.entries(sets)) {
    if (asked && !asked.includes(set)) continue;
    const pages = options.group ? await captureGroup(url, options) : await capture(url, options), names = [...pages.keys()], s = await serve(url, pages);
    const find = want => names.find(n => n === want) || names.find(n => n.startsWith(want))
      || names.find(n => want === 'easy' && /^question-\d+$/.test(n) && /href="#f4"/.test(pages.get(n)));
    const wanted = all || process.env.PAGES ? names.filter(n => new RegExp(process.env.PAGES || '.').test(n)).flatMap(n => Object.keys(sizes).map(z => [`${set}-${n}-${z}`, set, n, z])) : dozen.filter(d => d[1] === set);
    for (const [name, , want, size] of wanted) {
      const page = await b.newPage({ viewport: sizes[size] }), found = find(want);
      if (!check(`${name}: there is a page ${want}`, !!found, names.join(' '))) continue;
      await page.goto(`${s.url}/${found}`);
      await page.evaluate(() => document.fonts.ready);
      writeFileSync(join(dir, `${name}.png`), await page.screenshot({ fullPage: size === 'zoom' }));
      check(name, true);
      await page.close();
    }
    await s.close();
  }
});
