#!/usr/bin/env python3
"""Garbage on every port of the running product: each service answers with a clear status or closes, says so in
its log without an answer in it, and goes on. The last line is "N passed, N failed".

    hostile.py BUILD"""
import os
import random
import shutil
import socket
import ssl
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from stack import Stack, wait_for  # noqa: E402
from visitor import Visitor  # noqa: E402

passed = failed = 0


def check(what, ok):
    global passed, failed
    if ok:
        passed += 1
    else:
        failed += 1
        print(f"FAIL {what}")


def raw(port, data, seconds=15):
    """Send DATA as it is; what comes back until the other side closes (or nothing more comes)."""
    s = socket.create_connection(("127.0.0.1", port), timeout=seconds)
    got = b""
    try:
        try:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        while True:
            piece = s.recv(65536)
            if not piece:
                break
            got += piece
            if len(got) > 1 << 20:
                break
    except (TimeoutError, OSError):
        pass
    finally:
        s.close()
    return got


def status(got):
    return int(got.split()[1]) if got.startswith(b"HTTP/1.") and len(got.split()) > 1 else 0


def main():
    build = os.path.abspath(sys.argv[1])
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 31)))
    print(f"seed {seed}", flush=True)
    rng = random.Random(seed)
    top = tempfile.mkdtemp(prefix="candour-hostile-")
    stack = None
    try:
        stack = Stack(os.path.join(top, "stack"), build)
        stack.start()
        plain = {"kiosk": stack.kiosk_port, "pages": stack.pages_port, "reading room": stack.room_port}
        host = {n: f"Host: 127.0.0.1:{p}\r\n".encode() for n, p in plain.items()}
        for name, port in plain.items():
            cases = {
                "random bytes": rng.randbytes(5000),
                "a TLS hello": bytes.fromhex("16030100c8010000c40303") + rng.randbytes(180),
                "half a request": b"GET / HT",
                "no such method": b"BREW / HTTP/1.1\r\n" + host[name] + b"\r\n",
                "100 MB announced": b"POST /s HTTP/1.1\r\n" + host[name] + b"Content-Length: 104857600\r\n\r\n" + b"x" * 1000,
                "endless header": b"GET / HTTP/1.1\r\n" + host[name] + b"X: " + b"y" * 200000,
                "many headers": b"GET / HTTP/1.1\r\n" + host[name] + b"".join(b"X%d: y\r\n" % i for i in range(3000)) + b"\r\n",
                "path tricks": b"GET /../../../../etc/passwd HTTP/1.1\r\n" + host[name] + b"Connection: close\r\n\r\n",
                "encoded path tricks": b"GET /static/%2e%2e/%2e%2e/etc/passwd%00.css HTTP/1.1\r\n" + host[name] + b"Connection: close\r\n\r\n",
                "bad UTF-8": b"POST /s HTTP/1.1\r\n" + host[name] + b"Connection: close\r\nContent-Length: 6\r\n\r\na=\xff\xfe\xc0",
                "foreign host": b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
                "NULs": b"GET /\0\0\0 HTTP/1.1\r\n\0\0\r\n\r\n",
            }
            for what, data in cases.items():
                got = raw(port, data)
                check(f"{name}: {what}: {got[:60]!r}", status(got) < 500 and b"root:x:" not in got)
            check(f"{name}: 100 MB is refused", status(raw(port, cases["100 MB announced"])) == 413)
            check(f"{name}: goes on", stack.healthy(port))
        for what, data in {
            "random bytes": rng.randbytes(5000),
            "HTTP in clear": b"GET /v1/time HTTP/1.1\r\nHost: a\r\n\r\n",
            "half a hello": bytes.fromhex("16030100c8010000c40303") + rng.randbytes(60),
            "nothing": b"",
        }.items():
            got = raw(stack.devices_port, data)
            check(f"devices: {what} gets no answer in clear", not got.startswith(b"HTTP/1.1 200"))
        context = ssl._create_unverified_context()
        try:
            with socket.create_connection(("127.0.0.1", stack.devices_port), timeout=15) as s, context.wrap_socket(s) as t:
                t.sendall(b"POST /v1/batch HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nConnection: close\r\n\r\nCBAT")
                got = t.recv(4096)
        except OSError as e:  # TLS 1.3 says it at the first read
            got = str(e).encode()
        check(f"devices: no client certificate, no service: {got[:60]!r}", not got.startswith(b"HTTP/1.1 2"))
        # Half-open connections do not keep others out.
        idle = [socket.create_connection(("127.0.0.1", p), timeout=5) for p in (stack.kiosk_port, stack.devices_port) for _ in range(30)]
        check("the kiosk serves beside 30 silent connections", Visitor("127.0.0.1", stack.kiosk_port).get("/").status == 200)
        for s in idle:
            s.close()
        # And the product still works: a response arrives.
        from chain import give
        ok, why = give(stack, 1, rng)
        check(f"a response is thanked afterwards: {why}", ok)
        check("and arrives", wait_for("arrival", 60, lambda: "ZZ000001ZZ" in stack.opened().values()))
        for d in stack.daemons.values():
            check(f"{d.name} never stopped", d.process.poll() is None)
            with open(d.log, "rb") as f:
                log = f.read()
            check(f"{d.name}: its log holds no answer", b"ZZ000001ZZ" not in log)
            check(f"{d.name}: its log is lines of text", b"\0" not in log and b"ERROR: " not in log and b"runtime error" not in log)
        codes = stack.stop()
        check(f"all stop with 0: {codes}", not any(codes.values()))
    except Exception as e:
        check(f"{type(e).__name__}: {e}", False)
        if stack:
            for d in stack.daemons.values():
                if os.path.exists(d.log):
                    print(d.name, open(d.log, errors="replace").read()[-1500:])
    finally:
        if stack:
            stack.stop()
        shutil.rmtree(top, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
