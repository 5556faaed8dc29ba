#!/usr/bin/env python3
"""qr.py PAGE...: the text of the code in each page's SVG, read by libzbar (another implementation than the one that drew it)
from an image of its squares. Exit 77 where there is no libzbar."""
import ctypes
import ctypes.util
import re
import sys

SCALE = 5


def squares(page):
    with open(page) as f:
        text = f.read()
    size = int(re.search(r'viewBox="0 0 (\d+) \1"', text).group(1))
    path = re.findall(r' d="([^"]*)"', text)[-1]
    rows = [bytearray(b"\xff" * size * SCALE) for _ in range(size)]
    for x, y, run in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", path):
        a, b = int(x) * SCALE, (int(x) + int(run)) * SCALE
        rows[int(y)][a:b] = bytes(b - a)
    return size * SCALE, b"".join(bytes(r) * SCALE for r in rows)


def read(lib, width, data):
    def f(name, result, *args):
        fn = getattr(lib, name)
        fn.restype, fn.argtypes = result, args
        return fn
    p, i = ctypes.c_void_p, ctypes.c_int
    scanner, image = f("zbar_image_scanner_create", p)(), f("zbar_image_create", p)()
    f("zbar_image_set_format", None, p, ctypes.c_ulong)(image, int.from_bytes(b"Y800", "little"))
    f("zbar_image_set_size", None, p, ctypes.c_uint, ctypes.c_uint)(image, width, width)
    hold = ctypes.create_string_buffer(data, len(data))
    f("zbar_image_set_data", None, p, p, ctypes.c_ulong, p)(image, ctypes.cast(hold, p), len(data), None)
    f("zbar_scan_image", i, p, p)(scanner, image)
    symbol = f("zbar_image_first_symbol", p, p)(image)
    return None if not symbol else f("zbar_symbol_get_data", ctypes.c_char_p, p)(symbol).decode()


name = ctypes.util.find_library("zbar")
if name is None:
    sys.exit(77)
for one in sys.argv[1:]:
    print(read(ctypes.CDLL(name), *squares(one)))
