// Pictures of every published page and of the reading room's, to look at: light, dark, 1280 and 400 px wide, on paper.
//   node pages_shots.mjs OUT_DIR [PATH...]
import { join } from 'node:path';
import { browser, main } from './lib.mjs';
import { startPages, startRoom } from './published.mjs';

const [, , out, ...only] = process.argv;
await main(async () => {
  const b = await browser();
  for (const pages of [await startPages(), await startRoom()])
  for (const path of only.length ? only.filter(p => pages.paths.includes(p)) : pages.paths)
    for (const [name, options] of [['light', {}], ['dark', { colorScheme: 'dark' }], ['narrow', { viewport: { width: 400, height: 800 } }], ['print', {}]]) {
      const page = await pages.open(b, options);
      await page.goto(pages.url + path);
      if (name === 'print') await page.emulateMedia({ media: 'print' });
      if (name === 'print') await page.setViewportSize({ width: 760, height: 1100 });
      await page.screenshot({ path: join(out, `${pages.token ? 'pages' : 'room'}${path.replace(/\W+/g, '_')}-${name}.png`), fullPage: true });
      await page.context().close();
    }
});
