// kiosk-walk: people answer with Tab, Space, arrows and Enter only, script off, from the attract page to the
// receipt; one sealed row, also if the last page is posted twice. Then with Tab and Space alone, as a switch does.
import { browser, check, equal, main, makeSite, request, startKiosk } from './lib.mjs';

const MARK = 'The garden is lovely.';

// Move by Tab until the focused element fits; that it is reached at all is part of the claim.
async function tabTo(page, what, test) {
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab');
    if (await page.evaluate(test)) return true;
  }
  return check(`Tab reaches ${what} on "${await page.title()}"`, false);
}
const onRadio = () => document.activeElement.type === 'radio' || document.activeElement.type === 'checkbox';
const onText = () => document.activeElement.matches('textarea, input.field');
const onGo = () => document.activeElement.matches('.go');

async function answer(page, keys) {
  const kind = await page.evaluate(() => document.querySelector('.page input[type=radio]') ? 'radio'
    : document.querySelector('.page input[type=checkbox]') ? 'box' : document.querySelector('textarea') ? 'text'
      : document.querySelector('.number') ? 'number' : 'none');
  if (kind === 'radio' || kind === 'box') {
    await tabTo(page, 'an answer', onRadio);
    await page.keyboard.press('Space');
  } else if (kind === 'text' || kind === 'number') {
    await tabTo(page, 'the field', onText);
    if (keys !== 'switch') await page.keyboard.type(kind === 'text' ? MARK : '3');
  }
  // Enter means Continue on any field but a text of several lines; a switch goes on to the button.
  if (keys === 'switch' || kind === 'text' || kind === 'none') {
    await tabTo(page, 'the main button', onGo);
    await Promise.all([page.waitForNavigation(), page.keyboard.press(keys === 'switch' ? 'Space' : 'Enter')]);
  } else {
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  }
}

await main(async () => {
  const site = makeSite(), kiosk = await startKiosk(site), b = await browser();
  let kept = 0;
  for (const keys of ['keyboard', 'switch']) {
    const context = await b.newContext({ javaScriptEnabled: false, viewport: { width: 1280, height: 800 } });
    const page = await context.newPage();
    let last = null, seen = 0;
    page.on('request', r => { if (r.method() === 'POST' && r.url().endsWith('/s')) last = r; });
    await page.goto(kiosk.url);
    await tabTo(page, 'Start', onGo);
    await Promise.all([page.waitForNavigation(), page.keyboard.press(keys === 'switch' ? 'Space' : 'Enter')]);
    check(`${keys}: a visit has one address`, page.url() === `${kiosk.url}/s`, page.url());
    while (seen < 40 && !(await page.evaluate(() => document.querySelector('main.thanks')))) {
      seen++;
      equal(`${keys}: nothing was sent before the review (page ${seen})`, site.count(), kept);
      check(`${keys}: nothing is chosen beforehand on "${await page.title()}"`, !(await page.evaluate(() => document.querySelector('input:checked'))));
      await answer(page, keys);
    }
    kept++;
    check(`${keys}: the receipt has four words`, (await page.locator('.four li').count()) === 4);
    equal(`${keys}: one sealed row`, site.count(), kept);
    // The same POST again, as a shaking hand sends it.
    const again = await request(kiosk.url, { method: 'POST', path: '/s', body: last.postData(), headers: { Cookie: (await context.cookies()).map(c => `${c.name}=${c.value}`).join('; ') } });
    equal(`${keys}: posted twice leads to where the visit stands`, again.status, 303);
    equal(`${keys}: posted twice is one row`, site.count(), kept);
    await tabTo(page, 'Finished', onGo);
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Space')]);
    equal(`${keys}: then the attract page`, page.url(), `${kiosk.url}/`);
    equal(`${keys}: and no cookie`, (await context.cookies()).length, 0);
    await context.close();
  }
  const opened = site.open();
  check('the words typed are in the record', opened.includes(MARK), opened.slice(0, 300));
  check('who answered is in the record', /role>individual</.test(opened) && /answered_by>self</.test(opened), opened.slice(0, 2000));
});
