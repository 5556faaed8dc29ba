// A client that others wrote (@odata/client) reads the published figures: metadata, sets, filters, order, paging, keys;
// and a walk along nextLink holds every row once.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url)), root = join(here, '..', '..'), build = join(root, process.env.BUILD || 'build/asan');
const MONTHS = 100, ROWS = 7 * MONTHS;
let passed = 0, failed = 0;
const check = (name, ok, more = '') => { if (ok) passed++; else { failed++; console.log(`FAIL ${name}: ${more}`); } };
const equal = (name, got, want) => check(name, got === want, `got ${JSON.stringify(got)}, wanted ${JSON.stringify(want)}`);

if (!existsSync(join(here, 'node_modules/@odata/client'))
    && spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: here, encoding: 'utf8' }).status !== 0) {
  console.log('SKIP: @odata/client is not there and npm ci did not bring it\n0 passed, 0 failed, 1 skipped');
  process.exit(0);
}
const { OData } = createRequire(import.meta.url)('@odata/client');

const dir = mkdtempSync(join(tmpdir(), 'candour-odata-'));
const child = spawn(join(build, 'tests/aggregator/tool_pages'), [dir, '600', String(MONTHS)], { stdio: ['ignore', 'pipe', 'inherit'] });
const [url, token] = await new Promise((resolve, reject) => {
  let said = '';
  child.stdout.on('data', d => {
    const m = /(http:\/\/127\.0\.0\.1:\d+)\nreader ([0-9a-f]+)\n/.exec(said += d);
    if (m) resolve([m[1], m[2]]);
  });
  child.on('exit', code => reject(new Error(`the pages ended with ${code}`)));
});

try {
  const client = OData.New4({ serviceEndpoint: `${url}/odata/`, credential: { username: 'reader', password: token } });
  const ask = (collection, params, id) => client.newRequest({ collection, params, id, method: 'GET' });
  const P = () => client.newParam(), F = () => client.newFilter();

  const elm = await ask('Results', P().filter(F().property('area_code').eqString('elm')).orderby('period_start', 'desc').top(5));
  equal('five rows of one site', elm.value.length, 5);
  check('all of that site', elm.value.every(r => r.area_code === 'elm'));
  check('newest first', elm.value.every((r, i) => i === 0 || r.period_start < elm.value[i - 1].period_start), JSON.stringify(elm.value.map(r => r.period_start)));
  const hidden = await ask('Results', P().filter("suppressed eq true").select(['id', 'value', 'numerator', 'flag']));
  check('hidden values are null with a flag, never 0', hidden.value.length > 0 && hidden.value.every(r => r.value === null && r.numerator === null && r.flag === '[c]'));
  equal('and nothing but what was selected', Object.keys(hidden.value[0]).sort().join(' '), 'flag id numerator value');
  const low = await ask('Results', P().filter("value lt 60 and area_level eq 'site'").count(true).top(1));
  check('a count beside the page', low['@odata.count'] > 1 && low.value.length === 1, JSON.stringify(low).slice(0, 200));
  const year = await ask('Results', P().filter("year(period_start) eq 2026 and month(period_start) ge 11"));
  equal('year() and month()', year.value.length, 2 * 7);
  const indicators = await ask('Indicators', P());
  equal('the indicators', indicators.value.map(i => i.id).join(), 'sat-users@3');
  const one = await ask('Indicators', P(), 'sat-users@3');
  equal('one by its key', one.title, 'People satisfied with their care and support');

  // The walk, as the standard says it: the link as it stands, until there is none.
  const headers = { Authorization: `Basic ${Buffer.from(`reader:${token}`).toString('base64')}` };
  const seen = new Set();
  let next = `${url}/odata/Results?$select=id&$orderby=period_start`, pages = 0;
  for (; next && pages < 10; pages++) {
    const a = await fetch(next, { headers }), page = await a.json();
    equal(`page ${pages + 1}`, a.status, 200);
    page.value.forEach(r => seen.add(r.id));
    next = page['@odata.nextLink'];
  }
  equal('every row once', seen.size, ROWS);
  equal('in two pages', pages, 2);
  const etag = (await fetch(`${url}/odata/Results?$top=1`, { headers })).headers.get('etag');
  equal('nothing new is 304', (await fetch(`${url}/odata/Results?$top=1`, { headers: { ...headers, 'If-None-Match': etag } })).status, 304);
  const metadata = await (await fetch(`${url}/odata/$metadata`, { headers })).text();
  check('the metadata names every field of a row', Object.keys(elm.value[0]).every(k => metadata.includes(`<Property Name="${k}" `)), metadata.slice(0, 300));
  equal('a wrong token', (await fetch(`${url}/odata/Results`, { headers: { Authorization: 'Basic cmVhZGVyOng=' } })).status, 401);
} catch (e) {
  check('ran to its end', false, e.stack);
} finally {
  child.removeAllListeners('exit');
  child.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
