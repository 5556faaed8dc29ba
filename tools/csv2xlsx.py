#!/usr/bin/python3
"""csv2xlsx.py IN.csv OUT.xlsx: write a multi-sheet XLSForm .csv as an .xlsx workbook, with python3's
standard library only. The same input gives the same bytes, so forms/library can hold both."""
import csv
import sys
import zipfile
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PKG = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "application/vnd.openxmlformats-officedocument.spreadsheetml."
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def sheets_of(path):
    """[(name, rows)]: a row whose first cell is filled starts a sheet."""
    sheets = []
    with open(path, encoding="utf-8-sig", newline="") as file:
        for row in csv.reader(file):
            if row and row[0]:
                sheets.append((row[0], []))
            elif any(row):
                sheets[-1][1].append(row[1:])
    return sheets


def column(n):
    name = ""
    while n >= 0:
        name = chr(65 + n % 26) + name
        n = n // 26 - 1
    return name


def sheet_xml(rows, strings):
    out = [HEAD, f'<worksheet xmlns="{MAIN}"><sheetData>']
    for r, row in enumerate(rows, 1):
        out.append(f'<row r="{r}">')
        for c, text in enumerate(row):
            if text == "":
                continue
            if text.isdigit() and (text == "0" or text[0] != "0") and r > 1:
                out.append(f'<c r="{column(c)}{r}"><v>{text}</v></c>')
            else:
                index = strings.setdefault(text, len(strings))
                out.append(f'<c r="{column(c)}{r}" t="s"><v>{index}</v></c>')
        out.append("</row>")
    out.append("</sheetData></worksheet>")
    return "".join(out)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sheets = sheets_of(sys.argv[1])
    strings = {}
    parts = {}
    for i, (_, rows) in enumerate(sheets, 1):
        parts[f"xl/worksheets/sheet{i}.xml"] = sheet_xml(rows, strings)
    parts["xl/sharedStrings.xml"] = (
        HEAD + f'<sst xmlns="{MAIN}" uniqueCount="{len(strings)}">'
        + "".join(f'<si><t xml:space="preserve">{escape(s)}</t></si>' for s in strings) + "</sst>")
    parts["xl/workbook.xml"] = (
        HEAD + f'<workbook xmlns="{MAIN}" xmlns:r="{REL}"><sheets>'
        + "".join(f'<sheet name="{escape(n)}" sheetId="{i}" r:id="rId{i}"/>' for i, (n, _) in enumerate(sheets, 1))
        + "</sheets></workbook>")
    n = len(sheets)
    parts["xl/_rels/workbook.xml.rels"] = (
        HEAD + f'<Relationships xmlns="{PKG}/relationships">'
        + "".join(f'<Relationship Id="rId{i}" Type="{REL}/worksheet" Target="worksheets/sheet{i}.xml"/>'
                  for i in range(1, n + 1))
        + f'<Relationship Id="rId{n + 1}" Type="{REL}/sharedStrings" Target="sharedStrings.xml"/></Relationships>')
    parts["_rels/.rels"] = (
        HEAD + f'<Relationships xmlns="{PKG}/relationships"><Relationship Id="rId1" '
        f'Type="{REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>')
    parts["[Content_Types].xml"] = (
        HEAD + f'<Types xmlns="{PKG}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{OFFICE}sheet.main+xml"/>'
        + "".join(f'<Override PartName="/xl/worksheets/sheet{i}.xml" ContentType="{OFFICE}worksheet+xml"/>'
                  for i in range(1, n + 1))
        + f'<Override PartName="/xl/sharedStrings.xml" ContentType="{OFFICE}sharedStrings+xml"/></Types>')
    with zipfile.ZipFile(sys.argv[2], "w", zipfile.ZIP_DEFLATED) as out:
        for name in sorted(parts, key=lambda p: (p != "[Content_Types].xml", p)):
            info = zipfile.ZipInfo(name, date_time=(2026, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            out.writestr(info, parts[name].encode())


main()
