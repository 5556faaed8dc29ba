"""Methods of official statistics reached as people reach them: a definition, a CSV of answers, candour indicator evaluate.
Each vector (shared with vectors-statistics: published implementations' own figures) is a site of its own.
official.py CANDOUR DEFINITIONS VECTORS"""
import csv, io, json, math, os, shutil, subprocess, sys, tempfile

candour, definitions, vectors = sys.argv[1:4]
ROWS = 4000  # of answers to one definition: enough vectors in a second or two
passed = failed = 0


def cases(fn):
    for name in sorted(os.listdir(vectors)):
        if name.endswith('.jsonl'):
            for line in open(os.path.join(vectors, name), encoding='utf-8'):
                v = json.loads(line)
                if v['fn'] == fn:
                    yield v


def check(what, got, want):
    """WANT None: no value."""
    global passed, failed
    good = got is None if want is None else got is not None and abs(got - want) <= 1e-8 * max(1, abs(got), abs(want))
    passed, failed = passed + good, failed + (not good)
    if not good:
        print(f'FAIL {what}: got {got}, wanted {want}')


def evaluate(name, header, rows, sizes=None):
    """Points by site, variant and answer: (value, lower, upper)."""
    with tempfile.TemporaryDirectory(prefix='candour-official-') as d:
        shutil.copy(os.path.join(definitions, name + '.ind'), d)
        shutil.copy(os.path.join(definitions, 'esp2013.csv'), d)
        with open(os.path.join(d, 'people.csv'), 'w', encoding='utf-8') as f:
            f.write('area,stratum,n\n' + ''.join(f'{a},{s},{n}\n' for a, s, n in sizes or [('none', 's0', 1)]))
        with open(os.path.join(d, 'answers.csv'), 'w', newline='', encoding='utf-8') as f:
            out = csv.writer(f)
            out.writerow(['_day', '_site'] + header)
            out.writerows([['2026-05-01'] + r for r in rows])
        made = subprocess.run([candour, 'indicator', 'evaluate', '--by', 'site', '--forms', os.path.join(definitions, 'forms'),
            os.path.join(d, name + '.ind'), os.path.join(d, 'answers.csv')], capture_output=True, text=True)
        if made.returncode != 0:
            sys.exit(f'{name}: {made.stderr}')
    number = lambda t: float(t) if t else None
    return {(r['site'], r['variant'], r['answer']): (number(r['value']), number(r['lower95']), number(r['upper95']))
        for r in csv.DictReader(io.StringIO(made.stdout), delimiter='\t')}


def point(points, site, answer='', variant=''):
    return points.get((site, variant, answer), (None, None, None))


def code(v):
    return '' if v is None else str(int(v))


def some(fn, size):
    """As many cases as make ROWS rows, spread over all."""
    every = list(cases(fn))
    step, total, taken = max(1, sum(map(size, every)) // ROWS), 0, []
    for i, v in enumerate(every):
        if i % step == 0 or size(v) < 60:
            taken.append(v)
    print(f'{fn}: {len(taken)} of {len(every)} vectors')
    return taken


def scores():
    items = ['q3a', 'q4a', 'q5a', 'q6a', 'q7a', 'q8a', 'q9a', 'q11']
    got = some('ascof_1A', lambda v: 1)
    p = evaluate('quality-of-life', items, [[f'v{i}'] + [code(v['in'][k]) for k in items] for i, v in enumerate(got)])
    for i, v in enumerate(got):
        check(f'1A {v["in"]}', point(p, f'v{i}')[0], v['out'])
    more = items + ['q13', 'q15a', 'q15b', 'q15c', 'q15d', 'q16a', 'q16b', 'q16c', 'q17', 'q18']
    got = some('ascof_1J', lambda v: 1)
    p = evaluate('impact', more + ['over64', 'consent'], [[f'v{i}'] + [code(v['in'][k]) for k in more]
        + ['no' if v['in']['age_1864'] else 'yes', 'yes' if v['in']['can_answer_2c'] else 'no'] for i, v in enumerate(got)])
    for i, v in enumerate(got):
        check(f'1J {v["in"]}', point(p, f'v{i}')[0], v['out'])


def rates():
    # the multiplier is the definition's: each has its own
    for per in sorted({v['in']['multiplier'] for v in cases('dsr')}):
        name = 'standardised-rate'
        text = open(os.path.join(definitions, name + '.ind'), encoding='utf-8').read()
        with tempfile.TemporaryDirectory(prefix='candour-official-') as d:
            got = [v for v in cases('dsr') if v['in']['multiplier'] == per]
            esp = [float(r['n']) for r in csv.DictReader(open(os.path.join(definitions, 'esp2013.csv'), encoding='utf-8'))]
            got = [v for v in got if v['in']['stdpop'] == esp]
            print(f'dsr per {per}: {len(got)} vectors')
            shutil.copytree(os.path.join(definitions, 'forms'), os.path.join(d, 'forms'))
            shutil.copy(os.path.join(definitions, 'esp2013.csv'), d)
            with open(os.path.join(d, name + '.ind'), 'w', encoding='utf-8') as f:
                f.write(text.replace('per = 1000', f'per = {per}'))
            p = evaluate_in(d, name, ['stratum', 'number'],
                [[f'v{i}', f'b{b}', str(n)] for i, v in enumerate(got) for b, n in enumerate(v['in']['count']) if n],
                [(f'v{i}', f'b{b}', n) for i, v in enumerate(got) for b, n in enumerate(v['in']['pop'])])
        for i, v in enumerate(got):
            for k, field in enumerate(('value', 'lower95', 'upper95')):
                check(f'dsr {i} {field}', point(p, f'v{i}')[k], v['out'][field])


def evaluate_in(folder, *args):
    global definitions
    before, definitions = definitions, folder
    try:
        return evaluate(*args)
    finally:
        definitions = before


def strata():
    got = some('stratified_proportion_fpc', lambda v: sum(v['in']['n']))
    p = evaluate('share-of-strata', ['stratum', 'answered_yes'], [[f'v{i}', f's{s}', 'yes' if k < v['in']['x'][s] else 'no']
        for i, v in enumerate(got) for s, n in enumerate(v['in']['n']) for k in range(n)],
        [(f'v{i}', f's{s}', n) for i, v in enumerate(got) for s, n in enumerate(v['in']['N'])])
    for i, v in enumerate(got):
        for k, field in enumerate(('value', 'lower95', 'upper95')):
            check(f'share {i} {field}', point(p, f'v{i}')[k], v['out'][field])
    got = some('stratified_mean_fpc', lambda v: sum(map(len, v['in']['values'])))
    p = evaluate('mean-of-strata', ['stratum', 'number'], [[f'v{i}', f's{s}', str(x)]
        for i, v in enumerate(got) for s, values in enumerate(v['in']['values']) for x in values],
        [(f'v{i}', f's{s}', n) for i, v in enumerate(got) for s, n in enumerate(v['in']['N'])])
    for i, v in enumerate(got):
        value, lower, upper = point(p, f'v{i}')
        check(f'mean {i}', value, v['out']['value'])
        check(f'mean {i} se', None if lower is None else (upper - lower) / 2 / 1.959963984540054, v['out']['se'])
    got = some('stratified_question', lambda v: sum(sum(s['counts'].values()) for s in v['in']['strata']))
    p = evaluate('answers-of-strata', ['stratum', 'happy'], [[f'v{i}', f's{s}', a]
        for i, v in enumerate(got) for s, t in enumerate(v['in']['strata']) for a, n in t['counts'].items() for _ in range(n)],
        [(f'v{i}', f's{s}', t['N']) for i, v in enumerate(got) for s, t in enumerate(v['in']['strata'])])
    for i, v in enumerate(got):
        for a, want in v['out'].items():
            value, lower, upper = point(p, f'v{i}', a)
            check(f'answers {i} {a} percent', None if value is None else value * 100, want['percentage'])
            # the survey's margin is 1.96 standard errors, our limits are at 1.959963984540054
            check(f'answers {i} {a} margin', None if lower is None else (upper - lower) * 50 * 1.96 / 1.959963984540054,
                want['margin_of_error'])


def both():
    got = list(cases('easy_read_combine'))
    print(f'easy_read_combine: {len(got)} vectors')
    p = evaluate('satisfied', ['_variant', 'happy'], [[f'v{i}', 'easy_read' if v['in']['easy_read'] else 'standard',
        code(v['in']['answer'])] for i, v in enumerate(got)])
    for i, v in enumerate(got):
        own = v['out']['satisfied']
        check(f'easy read {i}', point(p, f'v{i}')[0], own)
        check(f'easy read {i} Std', point(p, f'v{i}', '', 'standard')[0], None if v['in']['easy_read'] else own)
        check(f'easy read {i} ER', point(p, f'v{i}', '', 'easy_read')[0], own if v['in']['easy_read'] else None)
    got = list(cases('fft'))
    print(f'fft: {len(got)} vectors')
    for side in ('positive', 'negative'):
        p = evaluate('fft-' + side, ['fft'], [[f'v{i}', a] for i, v in enumerate(got) for a, n in v['in'].items() for _ in range(n)])
        for i, v in enumerate(got):
            value = point(p, f'v{i}')[0]
            check(f'fft {i} {side}', None if value is None else value * 100, v['out'][side + '_pct'])


def kappa():
    """Two coders' sheets, one code a comment: R vcd's kappa and its standard error."""
    got = list(cases('cohen_kappa'))
    print(f'cohen_kappa: {len(got)} vectors')
    for i, v in enumerate(got):
        table = v['in']['table']
        pairs = [(r, c) for r, row in enumerate(table) for c, n in enumerate(row) for _ in range(int(n))]
        with tempfile.TemporaryDirectory(prefix='candour-official-') as d:
            for which in (0, 1):
                with open(os.path.join(d, f'{which}.csv'), 'w', encoding='utf-8') as f:
                    f.write('record,themes\n' + ''.join(f'r{k},t{p[which]:02d}\n' for k, p in enumerate(pairs)))
            made = subprocess.run([candour, 'indicator', 'kappa', os.path.join(d, '0.csv'), os.path.join(d, '1.csv')],
                capture_output=True, text=True)
        rows = {r['theme']: r for r in csv.DictReader(io.StringIO(made.stdout), delimiter='\t')}
        number = lambda t: float(t) if t else None
        check(f'kappa {i}', number(rows['(all)']['kappa']), v['out']['kappa'])
        check(f'kappa {i} ase', number(rows['(all)']['ase']), v['out']['ase'])


kappa()
scores()
rates()
strata()
both()
print(f'{passed} passed, {failed} failed')
sys.exit(failed > 0)
