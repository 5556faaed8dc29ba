#!/usr/bin/python3
"""Hostile files for `candour form convert`, and what each must be told.
usage: hostile.py make DIR | run CANDOUR DIR | seconds CANDOUR DIR
make writes them; run asserts exit 1 with the sentence, nothing on standard output and at most 64 MB of memory;
seconds asserts one second of processor time each. Both print the figures. run also converts a file that another
process keeps writing anew: what comes out is the one form, the other form, well-formed XML of a moment between two
writes (.csv only: a .zip that is not whole is none), or an error. Last line: N passed, N failed."""
import os, random, signal, struct, subprocess, sys, tempfile, zlib
import xml.etree.ElementTree

MEMORY_KB, SECONDS = 64 * 1024, 1.0
RELS = ('<Relationships><Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
        'officeDocument" Target="xl/workbook.xml"/></Relationships>')
BOOK = '<workbook xmlns:r="r"><sheets><sheet name="survey" sheetId="1" r:id="rId1"/></sheets></workbook>'
BOOK_RELS = ('<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.xml"/>'
             '<Relationship Id="rId2" Type="x/sharedStrings" Target="sharedStrings.xml"/></Relationships>')
HEAD = ('<worksheet><sheetData><row r="1"><c t="inlineStr"><is><t>type</t></is></c><c t="inlineStr"><is><t>name</t></is></c>'
        '<c t="inlineStr"><is><t>label</t></is></c></row>')
TAIL = '</sheetData></worksheet>'
LAUGHS = ('<!DOCTYPE lolz [<!ENTITY lol "lol">' + ''.join('<!ENTITY lol%d "%s">' % (i, ('&lol%s;' % (i - 1 if i > 1 else '')) * 10)
          for i in range(1, 10)) + ']>')


def packed(chunks):
    """Raw deflate of chunks: data, checksum, length."""
    z, crc, size, out = zlib.compressobj(6, zlib.DEFLATED, -15), 0, 0, []
    for c in chunks:
        crc, size = zlib.crc32(c, crc), size + len(c)
        out.append(z.compress(c))
    return b''.join(out) + z.flush(), crc, size


def repeated(head, block, times):
    """The same for HEAD and then BLOCK many times, without compressing it more than once."""
    z = zlib.compressobj(6, zlib.DEFLATED, -15)
    out, crc = z.compress(head) + z.flush(zlib.Z_FULL_FLUSH), zlib.crc32(head)
    one = z.compress(block) + z.flush(zlib.Z_FULL_FLUSH)
    for _ in range(times):
        crc = zlib.crc32(block, crc)
    return out + one * times + z.flush(), crc, len(head) + len(block) * times


def workbook(path, sheet, strings=b'<sst/>'):
    parts = [('_rels/.rels', packed([RELS.encode()])), ('xl/workbook.xml', packed([BOOK.encode()])),
             ('xl/_rels/workbook.xml.rels', packed([BOOK_RELS.encode()])),
             ('xl/sharedStrings.xml', strings if isinstance(strings, tuple) else packed([strings])),
             ('xl/worksheets/sheet1.xml', sheet if isinstance(sheet, tuple) else packed([sheet]))]
    with open(path, 'wb') as f:
        central = b''
        for name, (data, crc, size) in parts:
            at = f.tell()
            fields = struct.pack('<HHHHHIIIHH', 20, 0, 8, 0, 33, crc, len(data), size, len(name), 0)
            f.write(b'PK\3\4' + fields + name.encode() + data)
            central += b'PK\1\2' + struct.pack('<H', 20) + fields + struct.pack('<HHHII', 0, 0, 0, 0, at) + name.encode()
        at = f.tell()
        f.write(central + b'PK\5\6' + struct.pack('<HHHHIIH', 0, 0, len(parts), len(parts), len(central), at, 0))


def rows_of(limit, row):
    """Rows of an endless sheet, until they are LIMIT bytes."""
    yield HEAD.encode()
    n, i = 0, 2
    while n < limit:
        s = row(i).encode()
        n, i = n + len(s), i + 1
        yield s
    yield TAIL.encode()


def refs(path, rows, per, depth, long, columns, name=None):
    q = 'q' * long
    with open(path, 'w') as f:
        f.write('survey\n,type,name,label,%s\n' % ','.join(columns))
        for i in range(depth):
            f.write(',begin repeat,r%s%d,R%s\n' % ('r' * long, i, ',' * len(columns)))
        for i in range(rows):
            text = ' '.join('${%s%d}' % (name or 'q' + q, (i * 7 + k) % rows) for k in range(per))
            f.write(',text,q%s%d,"%s"%s\n' % (q, i, text, (',"%s"' % text) * len(columns)))
        for i in range(depth):
            f.write(',end repeat,,%s\n' % (',' * len(columns)))


def lines(path, head, line, size=None, n=None):
    with open(path, 'w') as f:
        f.write(head)
        i = 0
        while (size is not None and f.tell() < size) or (n is not None and i < n):
            f.write(line(i))
            i += 1


def make(d):
    r = random.Random(20261122)
    os.makedirs(d, exist_ok=True)
    p = lambda name: os.path.join(d, name)
    row = '<row><c t="inlineStr"><is><t>text</t></is></c><c t="inlineStr"><is><t>a</t></is></c></row>'
    workbook(p('bomb.xlsx'), repeated(HEAD.encode(), b' ' * (1 << 20), 40))
    workbook(p('gigabyte.xlsx'), repeated(HEAD.encode(), row.encode() * 10000, (1 << 30) // (len(row) * 10000) + 1))
    workbook(p('distinct.xlsx'), packed(rows_of(34 << 20, lambda i: '<row r="%d">' % i + ''.join(
        '<c t="inlineStr"><is><t>%012x</t></is></c>' % r.getrandbits(48) for _ in range(3)) + '</row>')))
    workbook(p('shared.xlsx'), (HEAD + ''.join('<row r="%d"><c t="s"><v>%d</v></c><c t="s"><v>%d</v></c></row>' % (i, i, 7 * i)
             for i in range(2, 19000)) + TAIL).encode(),
             packed([b'<sst>'] + [b'<si><t>%x</t></si>' % r.getrandbits(40) for _ in range(700000)] + [b'</sst>']))
    workbook(p('laughs.xlsx'), (LAUGHS + '<worksheet>&lol9;</worksheet>').encode())
    workbook(p('whole.xlsx'), (HEAD + row + TAIL).encode())
    with open(p('whole.xlsx'), 'rb') as f, open(p('cut.xlsx'), 'wb') as out:
        out.write(f.read()[:-300])
    open(p('laughs.xml'), 'w').write('<?xml version="1.0"?>' + LAUGHS + '<h:html xmlns:h="http://www.w3.org/1999/xhtml">&lol9;</h:html>')
    open(p('attributes.xml'), 'w').write('<h:html xmlns:h="http://www.w3.org/1999/xhtml" ' + ' '.join('a%d=""' % i for i in range(400000))
        + '><h:head/></h:html>')
    open(p('zeros.xlsx'), 'wb').write(bytes(1 << 20))
    with open(p('sparse.xlsx'), 'wb') as f:
        f.truncate(1 << 30)
    head = 'survey\n,type,name,label\n'
    lines(p('large.csv'), head, lambda i: ',text,q%d,"word %x "\n' % (i, r.getrandbits(64)), size=15 << 20)
    lines(p('columns.csv'), 'survey\n,' + ','.join('c%d' % i for i in range(1023)) + '\n', lambda i: ',a' + ',' * 1022 + 'b\n', size=15 << 20)
    lines(p('lists.csv'), head + ',select_one l1,a,A\nchoices\n,list_name,name,label\n', lambda i: ',l%d,c,L\n' % i, n=300000)
    lines(p('nested.csv'), head, lambda i: ',begin group,g%d,G\n' % i, n=9000)
    lines(p('languages.csv'), 'survey\n,type,name,' + ','.join('label::L%d (en)' % i for i in range(60)) + '\n',
          lambda i: ',text,q%d%s\n' % (i, ',x' * 60), n=4000)
    texts = ['hint', 'constraint_message', 'required_message', 'label::en (en)', 'label::cy (cy)', 'hint::cy (cy)']
    refs(p('references.csv'), 120, 3000, 0, 0, [])
    refs(p('deep-references.csv'), 120, 1000, 40, 8, texts)
    refs(p('expressions.csv'), 120, 3000, 50, 0, ['relevant', 'constraint', 'calculation', 'choice_filter'])
    refs(p('unknown.csv'), 120, 5000, 0, 0, ['relevant', 'hint'], name='x')
    lines(p('triggers.csv'), 'survey\n,type,name,label,trigger,calculation\n', lambda i: ',text,q%d,L,,\n' % i if i < 300
          else ',calculate,c%d,,"%s",1\n' % (i, ','.join('${q%d}' % k for k in range(300))), n=900)


SAID = {
    'bomb.xlsx': 'swells', 'gigabyte.xlsx': 'at most 67108864 are read', 'distinct.xlsx': 'at most 20000 make a form',
    'shared.xlsx': 'no question type', 'laughs.xlsx': 'document type', 'laughs.xml': 'document type', 'attributes.xml': 'attributes',
    'cut.xlsx': 'damaged or cut short', 'zeros.xlsx': 'neither an .xlsx workbook nor text', 'sparse.xlsx': 'longer than 16777216 bytes',
    'large.csv': 'MiB of text', 'columns.csv': 'MiB of text', 'lists.csv': 'MiB', 'nested.csv': 'nested more than 59 deep',
    'languages.csv': 'more than 8 MiB', 'references.csv': 'more than 8 MiB', 'deep-references.csv': 'more than 8 MiB',
    'expressions.csv': 'more than 8 MiB', 'unknown.csv': 'no question is called', 'triggers.csv': 'more than 8 MiB',
}


def one(candour, path):
    """Exit status, output's length, what was said, seconds of processor time, KB."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as said:
        child = subprocess.Popen([candour, 'form', 'convert', path], stdout=out, stderr=said)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        return (child.returncode, out.seek(0, 2), said.read(1 << 20).decode(errors='replace'), usage.ru_utime + usage.ru_stime,
                usage.ru_maxrss)


def keep_writing(path, forms):
    """Until killed: the one, the other; in place in pieces, cut off in between, or moved over the old one."""
    r = random.Random(os.getpid())
    while True:
        data = forms[r.randrange(2)]
        if r.randrange(4) == 0:
            with open(path + '.new', 'wb') as f:
                f.write(data)
            os.rename(path + '.new', path)
            continue
        with open(path, 'r+b') as f:
            if r.randrange(2):
                f.truncate(r.randrange(len(data)))
            at = 0
            while at < len(data):
                n = r.randrange(1, len(data))
                f.write(data[at:at + n])
                f.flush()
                at += n
            f.truncate(len(data))


def changing(candour, d, kind, forms):
    """What is wrong with 30 conversions of a file that changes all the time."""
    path = os.path.join(d, 'changing.' + kind)
    right = []
    for data in forms:
        open(path, 'wb').write(data)
        right.append(subprocess.run([candour, 'form', 'convert', path], stdout=subprocess.PIPE, check=True).stdout)
    writer = os.fork()
    if writer == 0:
        try:
            keep_writing(path, forms)
        finally:
            os._exit(1)
    counts, bad = [0, 0, 0, 0], []
    try:
        for _ in range(30):
            p = subprocess.run([candour, 'form', 'convert', path], capture_output=True)
            if p.returncode == 0 and p.stdout in right:
                counts[right.index(p.stdout)] += 1
            elif p.returncode == 0 and kind == 'csv':
                xml.etree.ElementTree.fromstring(p.stdout)
                counts[3] += 1
            elif p.returncode == 1 and p.stdout == b'' and path.encode() + b': ' in p.stderr:
                counts[2] += 1
            else:
                bad.append('exit %d, %d bytes, said %r' % (p.returncode, len(p.stdout), p.stderr[:200]))
    finally:
        os.kill(writer, signal.SIGKILL)
        os.waitpid(writer, 0)
    print('changing .%-12s %d and %d times as written, %d times refused, %d times in between%s' % (kind, *counts, '  FAIL: ' + bad[0] if bad else ''))
    return bad


def two_forms(d, kind):
    out = []
    for k, n in (('one', 2000), ('two', 2500)):
        rows = [('text', '%s_%d' % (k, i), 'Label %s %d' % (k, i)) for i in range(n)]
        if kind == 'csv':
            out.append(('survey\n,type,name,label\n' + ''.join(',%s\n' % ','.join(r) for r in rows)).encode())
        else:
            path = os.path.join(d, k + '.xlsx')
            workbook(path, (HEAD + ''.join('<row>' + ''.join('<c t="inlineStr"><is><t>%s</t></is></c>' % c for c in r) + '</row>'
                     for r in rows) + TAIL).encode())
            out.append(open(path, 'rb').read())
    return out


def run(candour, d, seconds):
    passed = failed = 0
    for name, sentence in SAID.items():
        code, size, said, cpu, kb = one(candour, os.path.join(d, name))
        bad = []
        if code != 1 or size != 0:
            bad.append('exit %d with %d bytes' % (code, size))
        if sentence not in said:
            bad.append('said %r' % said[:200])
        if kb > MEMORY_KB:
            bad.append('%d KB' % kb)
        if seconds and cpu > SECONDS:
            bad.append('%.2f s' % cpu)
        print('%-22s %5.2f s %6.1f MB%s' % (name, cpu, kb / 1024, '  FAIL: ' + '; '.join(bad) if bad else ''))
        passed, failed = passed + (not bad), failed + bool(bad)
    for kind in () if seconds else ('csv', 'xlsx'):
        bad = changing(candour, d, kind, two_forms(d, kind))
        passed, failed = passed + (not bad), failed + bool(bad)
    print('%d passed, %d failed' % (passed, failed))
    return failed != 0


if sys.argv[1] == 'make':
    make(sys.argv[2])
else:
    sys.exit(run(sys.argv[2], sys.argv[3], sys.argv[1] == 'seconds'))
