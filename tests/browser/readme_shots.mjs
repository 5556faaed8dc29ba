// The two pictures of the README: a question on the kiosk of a running demo, and an indicator with its chart.
//   node readme_shots.mjs DEMO_DIR OUT_DIR
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { browser, check, main } from './lib.mjs';

const [, , demo, out] = process.argv;
await main(async () => {
  const about = JSON.parse(readFileSync(join(demo, 'stack.json'), 'utf8'));
  const b = await browser(), page = await b.newPage({ viewport: { width: 1280, height: 800 }, javaScriptEnabled: false });
  const go = () => Promise.all([page.waitForNavigation(), page.locator('.go').first().click()]);
  await page.goto(`http://127.0.0.1:${about.kiosk_port}/`);
  await go();
  for (let i = 0; i < 8 && !/^Question 1 /.test(await page.title()); i++) {
    const radio = page.locator('input[type=radio]').first();
    if (await radio.count()) await radio.check({ force: true });
    await go();
  }
  check('the first question is there', /^Question 1 /.test(await page.title()), await page.title());
  await page.screenshot({ path: join(out, 'question.png') });
  await Promise.all([page.waitForNavigation(), page.locator('button[value=stop]').first().click()]);
  await page.goto(`http://127.0.0.1:${about.pages_port}/`);
  await page.locator('input[name=name]').fill('commissioner');
  await page.locator('input[type=password]').fill(about.commissioner);
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  await page.goto(`http://127.0.0.1:${about.pages_port}/indicator/sat-users`);
  check('the chart is there', await page.locator('svg[role=img]').count() > 0);
  await page.setViewportSize({ width: 1600, height: 1000 }); // as wide to high as the other, and the whole chart
  await page.screenshot({ path: join(out, 'indicator.png') });
});
