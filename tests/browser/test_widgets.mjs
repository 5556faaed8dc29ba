// Every kind of question: shown, filled in as people do, kept wrong until mended, stored as ODK writes it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Visitor, check, equal, folder, main, makeSite, root, startKiosk } from './lib.mjs';

await main(async () => {
  const lib = n => join(root, `forms/library/${n}.csv`);
  const site = makeSite({ forms: [join(root, 'tests/kiosk/widgets.csv'), lib('concern')] }), kiosk = await startKiosk(site);
  const v = new Visitor(kiosk.url), on = text => check(`at "${text}"`, v.page.body.includes(text), v.h1());
  const alert = () => /role="alert"[^>]*>.*?<span>([^<]*)/s.exec(v.page.body)?.[1] ?? '';
  const value = name => new RegExp(`name="${name}" value="([^"]*)"`).exec(v.page.body)?.[1];

  await v.start();
  await v.press('next'); // no form asks who answers: privacy
  on('How good was your day?');
  equal('a short range is tiles', (v.page.body.match(/type="radio"/g) || []).length, 11);
  await v.press('next', { a0: '7' });
  on('How many minutes do you wait?');
  await v.press('plus-a0');
  await v.press('plus-a0', { a0: value('a0') });
  equal('plus goes by the step', value('a0'), '5');
  await v.press('minus-a0', { a0: '120' });
  equal('minus from what was typed', value('a0'), '115');
  await v.press('plus-a0', { a0: '120' });
  equal('and not past the end', value('a0'), '120');
  await v.press('next', { a0: '115' });

  on('How much do you weigh?');
  await v.press('next', { a0: 'about <70>' });
  equal('words are no number', alert(), 'Please write a number, for example 3.5.');
  check('what was typed stays', v.page.body.includes('value="about &lt;70&gt;"'));
  check('the title says it', /<title>Error: How much/.test(v.page.body));
  check('and it has the focus', /role="alert" tabindex="-1" autofocus/.test(v.page.body));
  await v.press('next', { a0: '301' });
  equal('the form’s own message', alert(), 'Please give a number under 300.');
  check('a number that does not fit stays', v.page.body.includes('value="301"'));
  await v.press('look', { a0: '70,5' });
  await v.press('lang-cy');
  await v.press('next');
  on('Faint ydych chi&#39;n ei bwyso?');
  equal('either decimal mark is taken', value('a0'), '70.5');
  await v.press('look', { a0: '70,5' });
  await v.press('lang-en');
  await v.press('next');
  await v.press('next', { a0: '70,5' });

  on('Which month were you born in?');
  const fields = () => [...v.page.body.matchAll(/<input class="field[^>]* name="(a0[a-z]?)"/g)].map(m => m[1]).join(' ');
  equal('a month is asked as month and year', fields(), 'a0m a0y');
  await v.press('next', { a0m: '13', a0y: '1940' });
  equal('month 13', alert(), 'Please write a month and a year.');
  equal('month stays as typed', `${value('a0m')} ${value('a0y')}`, '13 1940');
  await v.press('next', { a0m: '3', a0y: '2999' });
  equal('a month that has not come', alert(), 'This month has not come yet.');
  await v.press('next', { a0m: '03', a0y: '1940' });
  on('Which year did you come here?');
  equal('a year is asked as a year', fields(), 'a0y');
  await v.press('next', { a0y: 'x' });
  equal('x is no year', alert(), 'Please write a year, for example 1995.');
  await v.press('next', { a0y: '2019' });

  // Masked: dots until a button says otherwise, which needs no script; not read aloud either.
  on('What is your secret?');
  const kind = () => /<input class="field line( masked)?" type="text" id="a0-f"/.exec(v.page.body)?.[1] ?? '';
  equal('masked text is dots', kind(), ' masked');
  await v.press('reveal-a0', { a0: 'no' });
  equal('shown when asked', kind(), '');
  check('as typed, with a way back', value('a0') === 'no' && v.page.body.includes('Hide what I typed'));
  await v.press('reveal-a0', { a0: 'no' });
  equal('and hidden again', kind(), ' masked');
  await v.press('next', { a0: 'no' });
  equal('a message of its own', alert(), 'Please write something else.');
  check('and dots stay dots', kind() === ' masked');
  await v.press('next', { a0: 'ZZSECRETZZ' });
  on('What is your number?');
  check('a masked number has dots, digits to type, no steps', kind() === ' masked' && /inputmode="numeric"/.test(v.page.body) && !/minus-a0/.test(v.page.body));
  await v.press('next', { a0: 'x' });
  equal('a masked number is a number', alert(), 'Please write a number, for example 3.');
  await v.press('next', { a0: '4711' });

  on('When did you come here?');
  await v.press('next');
  equal('nothing in a required date', alert() !== '', true);
  await v.press('next', { a0d: '31', a0m: '2', a0y: '2020' });
  equal('31 February', alert(), 'Please write a day, a month and a year.');
  equal('stays as typed', `${value('a0d')} ${value('a0m')} ${value('a0y')}`, '31 2 2020');
  await v.press('next', { a0d: '1', a0m: '1', a0y: '2999' });
  equal('a day that has not come', alert(), 'This day has not come yet.');
  await v.press('next', { a0d: ' 09', a0m: '02', a0y: '2020' });
  on('When do you get up?');
  await v.press('back');
  equal('Back shows it as parts', `${value('a0d')} ${value('a0m')} ${value('a0y')}`, '9 2 2020');
  await v.press('next', { a0d: '9', a0m: '2', a0y: '2020' });
  await v.press('next', { a0h: '25', a0n: '00' });
  equal('25 o’clock', alert(), 'Please write hours and minutes.');
  await v.press('next', { a0h: '7', a0n: '05' });
  on('When was the last visit?');
  await v.press('next', { a0d: '1', a0m: '3', a0y: '2025', a0h: '14', a0n: '30' });

  on('What matters most to you?');
  const order = () => [...v.page.body.matchAll(/class="what">([^<]*)/g)].map(m => m[1]).join(', ');
  equal('as the form has them', order(), 'Good food, Going out, Quiet');
  await v.press('up-a0-quiet');
  equal('up by one', order(), 'Good food, Quiet, Going out');
  await v.press('down-a0-food');
  equal('down by one', order(), 'Quiet, Good food, Going out');
  check('the first cannot go up', !/value="up-a0-quiet"/.test(v.page.body));
  await v.press('up-a0-nobody');
  equal('a stranger moves nothing', order(), 'Quiet, Good food, Going out');
  await v.press('next');

  on('Where were you born?');
  const shown = () => [...v.page.body.matchAll(/<span>([A-Z][^<]*)<\/span><svg class="tick"/g)].map(m => m[1]).join(', ');
  equal('a long list comes in pages', shown(), 'Bangor, Barry, Brecon, Cardiff, Cardigan, Chepstow');
  await v.press('more');
  equal('the next page of it', shown(), 'Conwy, Denbigh, Flint, Holyhead, Llanelli, Neath');
  await v.press('find', { find: 'car' });
  equal('search', shown(), 'Cardiff, Cardigan');
  await v.press('find', { find: 'zzz' });
  check('nothing fits', v.page.body.includes('Nothing fits'));
  await v.press('find', { find: '' });
  await v.press('more', { a0: 'barry' });
  check('what was chosen on another page stays', /type="hidden" name="a0" value="barry"/.test(v.page.body));
  await v.press('next', { a0: 'barry' });

  on('Where did you live?');
  await v.press('more', { a0: 'barry' });
  await v.post('/s', `a0=barry&a0=conwy&t=${v.token}&go=more`);
  await v.post('/s', `a0=barry&a0=conwy&a0=swansea&a0=atlantis&t=${v.token}&go=next`);

  on('We will come back on Monday.');
  await v.press('next', { a0: 'OK' });
  on('Is it warm or cold?');
  check('two questions on one page', v.page.body.includes('Which colour is it?') && (v.page.body.match(/<h1/g) || []).length === 1);
  await v.press('next', { a1: 'kept' });
  check('what is missing says so and has the focus, the rest stays', /<p class="err" id="a0-error" role="alert" tabindex="-1" autofocus>/.test(v.page.body) && v.page.body.includes('value="kept"'));
  await v.press('next', { a0: 'warm', a1: 'green & "blue"' });
  for (let i = 0; i < 3 && !/value="add"/.test(v.page.body); i++) await v.press('next', { a0: `friend ${i}` });
  check('a repeat asks for more', /value="add"/.test(v.page.body), v.h1());
  await v.press('add');
  on('What do you call this friend?');
  await v.press('next', { a0: 'Mair' });
  check('and again', /value="add"/.test(v.page.body), v.h1());
  await v.press('next');

  on('Please look at your answers');
  let reviewed = v.page.body;
  for (let i = 0; i < 8 && !/value="send">Send/.test(v.page.body); i++) { await v.press('next'); reviewed += v.page.body; }
  check('the review does not show what is masked', !reviewed.includes('ZZSECRETZZ') && !reviewed.includes('4711') && reviewed.includes('Not shown here'));
  for (let i = 0; i < 8 && !v.page.body.includes('What is your secret?'); i++) await v.press('back');
  await v.press('reveal');
  check('until it is asked to', v.page.body.includes('ZZSECRETZZ') && v.page.body.includes('Hide what I typed'));
  await v.press('next');
  await v.press('back');
  check('on that page only', !v.page.body.includes('ZZSECRETZZ'));
  for (let i = 0; i < 8 && !/value="send">Send/.test(v.page.body); i++) await v.press('next');
  for (const t of ['March 1940', '<p>2019</p>', '9 February 2020', 'Barry', 'Warm', 'green &amp; &quot;blue&quot;', 'Mair', '70.5', '07:05', '1 March 2025, 14:30', 'Yes, I have read this']) check(`the review shows ${t}`, reviewed.includes(t));
  const change = /<h2>How much do you weigh\?.*?value="(change-\d+)"/s.exec(reviewed)[1];
  await v.press(change);
  on('How much do you weigh?');
  await v.press('next', { a0: '71' });
  on('Please look at your answers');
  for (let i = 0; i < 8 && !/value="send">Send/.test(v.page.body); i++) await v.press('next');
  await v.press('send', { quote: 'yes' });
  on('Your four words are:');
  const xml = site.open();
  const is = (name, want) => equal(`stored: ${name}`, new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1], want);
  is('stars', '7'); is('minutes', '115'); is('weight', '71'); is('born', '1940-03-01'); is('moved', '2019-01-01'); is('secret', 'ZZSECRETZZ'); is('code', '4711'); is('since', '2020-02-09'); is('wishes', 'quiet food out');
  is('town', 'barry'); is('towns', 'barry conwy swansea'); is('seen', 'OK'); is('warm', 'warm');
  check('stored: time', /<wake>07:05:00/.test(xml), /<wake>[^<]*/.exec(xml)?.[0]);
  check('stored: date and time', /<visit>2025-03-01T14:30:00/.test(xml), /<visit>[^<]*/.exec(xml)?.[0]);
  check('stored: markup as text', xml.includes('<colour>green &amp; "blue"</colour>') || xml.includes('<colour>green &amp; &quot;blue&quot;</colour>'), /<colour>[^<]*/.exec(xml)?.[0]);
  check('stored: both friends', /<nick>friend \d<\/nick>/.test(xml) && xml.includes('<nick>Mair</nick>'), xml.slice(-900));
  check('stored: may be quoted', /quote_ok>yes</.test(xml));

  // What authors mark up, a table of questions, and text that has no hint of its own.
  const marked = join(folder(), 'marked.csv');
  writeFileSync(marked, 'survey\n,type,name,label,hint,required,appearance\n,note,n,"**Hello** <b>you</b>, under <70",,,\n,text,t,Say *it*,,,multiline\n,text,r,And why?,,yes,\n,text,u,Which?,[Any](http://a.example),,\n'
    + ',begin_group,g,"# How good?",,,table-list\n,select_one l,a,The food,,,\n,select_one l,b,The rooms,,,\n,end_group,,,,,\n,rank six,k,In order,,,\nchoices\n,list_name,name,label\n,l,x,_Good_\n,l,y,Bad\n'
    + 'abcdef'.split('').map(c => `,six,${c},${c}${c}\n`).join('') + 'settings\n,form_title,form_id,version,namespaces,kiosk::anonymous\n,Marked,marked,1,"candour=""urn:candour:form:1""",yes\n');
  const m = new Visitor((await startKiosk(makeSite({ forms: [marked] }))).url), hint = () => /class="hint"[^>]*>([^<]*)/.exec(m.page.body)?.[1];
  await m.start();
  await m.press('next');
  equal('marks are taken off, words and "<" stay', m.h1(), 'Hello you, under &lt;70');
  await m.press('next');
  equal('an emphasis in a label', m.h1(), 'Say it');
  equal('text without a hint says so: it may stay empty, no names', hint(), 'You can leave this empty. Please do not write names.');
  await m.press('next');
  await m.press('next', { a0: 'x' });
  equal('the form’s own hint comes first, without its link', hint(), 'Any');
  await m.press('next');
  equal('a table has its label as the heading', m.h1(), 'How good?');
  equal('its questions, each with all answers, and nothing else', [...m.page.body.matchAll(/<span class="sub">([^<]*)|<span>([A-Z][^<]*)<\/span><svg class="tick"/g)].map(x => x[1] ?? x[2]).join(', '), 'The food, Good, Bad, The rooms, Good, Bad');
  check('nothing to write on', !/class="field/.test(m.page.body));
  await m.press('next');
  check('more than five places stand in two columns', /class="answers rows two"/.test(m.page.body));
  await m.press('next');
  const first = m.page.body;
  await m.press('next');
  equal('the review has what was asked', [...(first + m.page.body).matchAll(/<h2>([^<]*)<\/h2><p/g)].map(x => x[1]).join(', '), 'Say it, And why?, Which?, The food, The rooms, In order');

  // Three questions on a page: a summary leads to what is missing.
  const three = join(folder(), 'three.csv');
  writeFileSync(three, 'survey\n,type,name,label,required,appearance\n,begin_group,g,Your day,,field-list\n,text,one,First?,yes,\n,text,two,Second?,,\n,integer,three,Third?,yes,\n,end_group,,,,\nsettings\n,form_title,form_id,version,namespaces,kiosk::anonymous\n,Three,three,1,"candour=""urn:candour:form:1""",yes\n');
  const w = new Visitor((await startKiosk(makeSite({ forms: [three] }))).url);
  await w.start();
  await w.press('next');
  await w.press('next', { a1: 'kept', a2: 'many' });
  const links = [...w.page.body.matchAll(/<a class="ctl" href="(#[^"]*)">([^<]*)<\/a><\/li>/g)].map(m => `${m[1]} ${m[2]}`).join(', ');
  equal('a summary leads to what is missing', links, '#a0-f First?, #a2-f Third?');
  check('it alone has the focus and is told', (w.page.body.match(/autofocus/g) || []).length - (w.page.body.match(/value="yes" autofocus/g) || []).length === 1 && /class="summary" role="alert" tabindex="-1" autofocus/.test(w.page.body));
  check('each field says it too', /id="a0-error">/.test(w.page.body) && /id="a2-error">/.test(w.page.body) && w.page.body.includes('value="kept"') && w.page.body.includes('value="many"'));
});
