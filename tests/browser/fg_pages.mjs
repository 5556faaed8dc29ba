// The pages of a focus group, walked through over HTTP and kept, like capture() in pages.mjs. SITE needs a PIN (fg.mjs).
import { Desk, PASS } from './fg.mjs';

const SAID = ['I like the mornings, when the sun comes into the garden room.', 'We would go out more often if somebody came with us.',
  'My mother waits a long time in the evening.', 'The bus trip was lovely.'];

export async function captureGroup(url, { l = 'en', look = [] } = {}) {
  const pages = new Map(), d = new Desk(url), q = l === 'en' ? '' : `?l=${l}`;
  const keep = (name, desk = d) => pages.set(`group-${name}`, desk.page.body);

  await d.get(`/group${q}`); keep('need-staff');
  await d.signIn();
  await d.get(`/group${q}`); keep('door');
  await d.get(`/group/new${q}`); keep('1-setup');
  const action = `/group/new${q}`;
  await d.post(action, { go: 'begin', t: d.token, pass: 'short', place: 'care_home', guide: '0', leader: 'outside' }); keep('1-setup-error');
  await d.post(action, { go: 'begin', t: d.token, pass: PASS, place: 'care_home', guide: '0', leader: 'outside' });
  await d.press('next'); keep('2-who-error');
  for (const [role, n] of [[0, 4], [1, 2], [5, 2]]) for (let i = 0; i < n; i++) await d.press(`plus-${role}`);
  keep('2-who');
  const join = d.code();
  await d.press('next'); keep('3-agree');
  await d.press('next'); keep('3-agree-error');
  await d.press('all-0'); await d.press('plus-1'); await d.press('all-2'); keep('3-agree-said');
  await d.press('next'); keep('4-talk');
  for (const [i, words] of SAID.entries()) await d.note(words, { who: String(i * 2), theme: i ? ['activities', 'staffing'] : ['activities'], exact: i === 1 });
  await d.press('save', [['words', 'More trips in the evening'], ['theme', 'activities'], ['theme', 'choice'], ['exact', 'yes']]); keep('4-talk-error');
  await d.press('save', [['words', 'More trips in the evening'], ['who', '5'], ['theme', 'activities']]); keep('4-talk-notes');
  await d.press('people'); keep('4-people');
  await d.press('leaves'); keep('4-leave');
  await d.press('next'); keep('4-leave-error');
  await d.press('back');
  await d.press('next');
  await d.press('ask'); keep('5-ask');
  await d.press('own'); keep('5-own');
  await d.press('next', { question: '' }); keep('5-own-error');
  await d.press('back');
  await d.press('ask-0', { kind: 'hands' }); keep('5-hands');
  await d.press('next', { h0: '3', h1: '4', h2: '1', h3: '0' }); keep('5-hands-closed');
  await d.press('next');
  await d.press('ask-1', { kind: 'dots' }); keep('5-poll');
  const code = d.code();
  const v = new Desk(url);
  await v.get(`/g${q}`); keep('ballot-code', v);
  await v.get(`/g/${code}${q}`); keep('ballot', v);
  await v.press('look', { vote: '1' }); keep('ballot-look', v);
  await v.press('size-2'); await v.press('dark-1', { vote: '1' }); keep('ballot-look-dark', v);
  await v.press('seen', { vote: '1' }); keep('ballot-largest-dark', v);
  await v.press('listen', { vote: '1' }); keep('ballot-listening', v);
  await v.press('look'); await v.press('size-0'); await v.press('dark-0'); await v.press('seen');
  await v.press('vote'); keep('ballot-error', v);
  await v.press('vote', { vote: '1' }); keep('ballot-thanks', v);
  await d.press('pass'); keep('pass-told');
  const number = />[^<]*\b(\d{4})\b[^<]*</.exec(d.page.body)?.[1];
  await d.press('told'); keep('pass');
  await d.press('look'); await d.press('size-2'); keep('pass-look-largest');
  await d.press('dark-1'); await d.press('seen'); keep('pass-largest-dark');
  await d.press('mine'); keep('pass-ballot-largest-dark');
  await d.press('stay');
  await d.press('mine'); keep('pass-ballot');
  await d.press('vote'); keep('pass-ballot-error');
  await d.press('listen', { vote: '0' }); keep('pass-ballot-listening');
  await d.press('vote', { vote: '0' });
  await d.press('leave'); keep('pass-number');
  await d.press('number', { number });
  await d.press('next'); keep('5-few');
  await d.get('/g/' + code); // no matter: the desk's own token is asked for anew
  await d.get('/group/s');
  await d.press('next'); await d.press('next');
  await d.press('read'); keep('6-read');
  const two = new Desk(url);
  await two.post(`/j${q}`, { go: 'join', code: join });
  await two.press('read');
  await two.press('next', { words: 'We like to go out, in the evening too.', agree: '5', change: '2', not: '1' });
  await d.press('next', { words: 'We want to go out more.', agree: '7', change: '1', not: '0' }); keep('6-read-two');
  await d.press('next', { words: 'We want to go out more.', agree: '7', change: '1', not: '0' });
  await d.press('back', {});
  await d.press('strike-1', { words: 'We want to go out more, and somebody should come with us.', agree: '7', change: '1', not: '0' }); keep('6-read-struck');
  await d.press('next', { words: 'We want to go out more, and somebody should come with us.', agree: '9', change: '1', not: '0' }); keep('6-read-error');
  await d.press('next', { words: 'We want to go out more, and somebody should come with us.', minority: 'One of us likes it as it is.', agree: '7', change: '1', not: '0' });
  for (let i = 1; i < 5; i++) await d.press('next', i === 1 ? { words: 'Lunch is good. Supper comes too early.', agree: '8', change: '0', not: '0' } : {});
  keep('7-close');
  const s = new Desk(url);
  await s.get(`/j${q}`); keep('join', s);
  await s.post(`/j${q}`, { go: 'join', code: 'zzzzzzzz' }); keep('join-error', s);
  await s.post(`/j${q}`, { go: 'join', code: join });
  const carry = () => ({ words: /name="words"[^>]*>([^<]*)/.exec(d.page.body)?.[1] ?? '', minority: /name="minority"[^>]*>([^<]*)/.exec(d.page.body)?.[1] ?? '',
    ...Object.fromEntries(['agree', 'change', 'not'].map(n => [n, new RegExp(`name="${n}" value="(\\d*)"`).exec(d.page.body)?.[1] ?? '0'])) });
  for (let i = 0; i < 6; i++) await d.press('back', carry());
  await d.press('lock'); keep('locked');
  await d.post('/group/open', { go: 'open', pass: 'not the right words' }); keep('locked-error');
  const late = Date.now() + 60000;
  do {
    await new Promise(r => setTimeout(r, 300));
    await d.post('/group/open', { go: 'open', pass: PASS });
  } while (!/action="\/group\/s"/.test(d.page.body) && Date.now() < late);
  await d.press('read');
  for (let i = 0; i < 5; i++) await d.press('next', carry());
  await two.get('/group/s');
  await two.press('next', { words: 'We like to go out, in the evening too.', agree: '6', change: '2', not: '0' });
  await d.press('seal'); keep('7-close-changed');
  await d.press('seal'); keep('7-done');
  await d.press('finished');
  return pages;
}
