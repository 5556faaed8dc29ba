"""Open sealed records without libsodium: X25519 (RFC 7748), Salsa20 and XSalsa20 (Bernstein), ChaCha20 and Poly1305
(RFC 8439), XChaCha20 (draft-irtf-cfrg-xchacha-03), written here from their specifications; BLAKE2b from hashlib.
Reads what tool_record prints; ends with "N passed, N failed"."""
import hashlib
import struct
import subprocess
import sys

P = 2**255 - 19
MASK = 0xFFFFFFFF


def x25519(k, u):
    k = bytearray(k)
    k[0] &= 248
    k[31] = k[31] & 127 | 64
    k = int.from_bytes(k, "little")
    u = int.from_bytes(u, "little") & (1 << 255) - 1
    x1, x2, z2, x3, z3, swap = u, 1, 0, u, 1, 0
    for t in reversed(range(255)):
        bit = k >> t & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a, b * b, d * a, c * b
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


def rot(v, n):
    return (v << n | v >> 32 - n) & MASK


SIGMA = struct.unpack("<4I", b"expand 32-byte k")


def salsa_rounds(x):
    def quarter(a, b, c, d):
        x[b] ^= rot((x[a] + x[d]) & MASK, 7)
        x[c] ^= rot((x[b] + x[a]) & MASK, 9)
        x[d] ^= rot((x[c] + x[b]) & MASK, 13)
        x[a] ^= rot((x[d] + x[c]) & MASK, 18)
    for _ in range(10):
        quarter(0, 4, 8, 12), quarter(5, 9, 13, 1), quarter(10, 14, 2, 6), quarter(15, 3, 7, 11)
        quarter(0, 1, 2, 3), quarter(5, 6, 7, 4), quarter(10, 11, 8, 9), quarter(15, 12, 13, 14)


def salsa_state(key, block16):
    k, n = struct.unpack("<8I", key), struct.unpack("<4I", block16)
    return [SIGMA[0], *k[:4], SIGMA[1], *n, SIGMA[2], *k[4:], SIGMA[3]]


def hsalsa(key, n):
    x = salsa_state(key, n)
    salsa_rounds(x)
    return struct.pack("<8I", x[0], x[5], x[10], x[15], x[6], x[7], x[8], x[9])


def xsalsa(key, nonce, length):
    sub, out, i = hsalsa(key, nonce[:16]), b"", 0
    while len(out) < length:
        start = salsa_state(sub, nonce[16:] + struct.pack("<Q", i))
        x = list(start)
        salsa_rounds(x)
        out += struct.pack("<16I", *[(a + b) & MASK for a, b in zip(x, start)])
        i += 1
    return out[:length]


def chacha_rounds(x):
    def quarter(a, b, c, d):
        x[a] = (x[a] + x[b]) & MASK; x[d] = rot(x[d] ^ x[a], 16)
        x[c] = (x[c] + x[d]) & MASK; x[b] = rot(x[b] ^ x[c], 12)
        x[a] = (x[a] + x[b]) & MASK; x[d] = rot(x[d] ^ x[a], 8)
        x[c] = (x[c] + x[d]) & MASK; x[b] = rot(x[b] ^ x[c], 7)
    for _ in range(10):
        quarter(0, 4, 8, 12), quarter(1, 5, 9, 13), quarter(2, 6, 10, 14), quarter(3, 7, 11, 15)
        quarter(0, 5, 10, 15), quarter(1, 6, 11, 12), quarter(2, 7, 8, 13), quarter(3, 4, 9, 14)


def chacha(key, counter, nonce12, length):
    out = bytearray()
    while len(out) < length:
        start = [*SIGMA, *struct.unpack("<8I", key), counter, *struct.unpack("<3I", nonce12)]
        x = list(start)
        chacha_rounds(x)
        out += struct.pack("<16I", *[(a + b) & MASK for a, b in zip(x, start)])
        counter += 1
    return bytes(out[:length])


def hchacha(key, n):
    x = [*SIGMA, *struct.unpack("<8I", key), *struct.unpack("<4I", n)]
    chacha_rounds(x)
    return struct.pack("<8I", *x[:4], *x[12:])


def poly1305(key, message):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    acc = 0
    for i in range(0, len(message), 16):
        acc = (acc + int.from_bytes(message[i:i + 16] + b"\1", "little")) * r % (2**130 - 5)
    return ((acc + int.from_bytes(key[16:], "little")) % 2**128).to_bytes(16, "little")


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def pad16(b):
    return b + bytes(-len(b) % 16)


def xchacha_open(key, nonce, ad, box):
    sub, n = hchacha(key, nonce[:16]), bytes(4) + nonce[16:]
    body, tag = box[:-16], box[-16:]
    mac = poly1305(chacha(sub, 0, n, 32), pad16(ad) + pad16(body) + struct.pack("<QQ", len(ad), len(body)))
    assert mac == tag, "body not authentic"
    return xor(body, chacha(sub, 1, n, len(body)))


def seal_open(secret, box):
    public = x25519(secret, b"\x09" + bytes(31))
    nonce = hashlib.blake2b(box[:32] + public, digest_size=24).digest()
    key = hsalsa(x25519(secret, box[:32]), bytes(16))
    stream = xsalsa(key, nonce, 32 + len(box) - 48)
    assert poly1305(stream[:32], box[48:]) == box[32:48], "wrap not authentic"
    return xor(box[48:], stream[32:])


def h(name, *fields):
    return hashlib.blake2b(b"candour/1 " + name.encode() + b"\0" + b"".join(fields), digest_size=32).digest()


def open_record(secret, use, wire):
    header, n = wire[1:129], wire[81]
    assert wire[0] == 1 and header[:4] == b"CREC"
    public = x25519(secret, b"\x09" + bytes(31))
    key_id = h("key", bytes([use]), public)[:8]
    ids = [header[84 + 8 * i:92 + 8 * i] for i in range(n)]
    slot = ids.index(key_id)
    dek = seal_open(secret, wire[129 + 80 * slot:129 + 80 * (slot + 1)])
    at = 129 + 80 * n
    nonce, body = wire[at:at + 24], wire[at + 24:]
    assert nonce == h("nonce", dek, header)[:24], "nonce"
    assert len(body) == int.from_bytes(header[60:64], "big")
    text = xchacha_open(dek, nonce, header, body).rstrip(b"\0")
    assert text[-1] == 0x80, "padding"
    return text[:-1]


def main():
    # The primitives first, each against its specification's own example.
    checks = [
        (x25519(bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"), b"\x09" + bytes(31)).hex(),
         "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"),
        (poly1305(bytes.fromhex("85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b"),
                  b"Cryptographic Forum Research Group").hex(), "a8061dc1305136c6c22b8baf0c0127a9"),
        (hchacha(bytes(range(32)), bytes.fromhex("000000090000004a0000000031415927")).hex(),
         "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc"),
    ]
    passed = sum(a == b for a, b in checks)
    failed = len(checks) - passed
    secrets, content, link, seq, got = {}, None, None, 0, {}
    for line in subprocess.run([sys.argv[1]], capture_output=True, check=True, text=True).stdout.splitlines():
        name, _, value = line.partition(" ")
        value = bytes.fromhex(value)
        got[name] = value
        try:
            if name == "content":
                content = value
            elif name == "wire":
                seq += 1
                for use, secret in ((2, got["secret-response"]), (3, got["secret-escrow"])):
                    text = open_record(secret, use, value)
                    head = bytes([1, 1, 2, 0]) + b"\x66" * 16 + struct.pack(">I", 40000 + seq - 1) + b"\x55" * 8
                    assert text == head + struct.pack(">I", seq - 1) + content
                    passed += 1
                n, at = value[81], 129 + 80 * value[81]
                leaf = h("leaf", value[1:129], h("wraps", value[129:at]), h("body", value[at:]))
                if link is None:
                    link = h("genesis", got["device"], got["epoch"], b"\0")
                link = h("link", link, struct.pack(">Q", seq), leaf)
            elif name == "link":
                assert value == link
                passed += 1
            elif name == "tag":
                assert value == h("withdraw tag", got["w"])[:16]
                passed += 1
        except (AssertionError, ValueError) as why:
            print("FAIL", name, seq, why)
            failed += 1
    if seq != 3:
        print("FAIL", seq, "records")
        failed += 1
    print(f"{passed} passed, {failed} failed")
    return failed != 0


sys.exit(main())
