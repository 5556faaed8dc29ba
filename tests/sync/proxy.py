#!/usr/bin/env python3
"""A box behind an HTTP proxy, as councils have them: what the proxy does, what the box makes of it, and that all is
delivered once it behaves. proxy.py BUILD"""
import base64
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from place import Place, Score, free_port, wait_for  # noqa: E402


class Proxy(threading.Thread):
    """CONNECT and nothing else; MODE says how it behaves. SEEN are the heads of the requests."""

    def __init__(self, top, address="127.0.0.1"):
        super().__init__(daemon=True)
        self.port, self.mode, self.seen, self.tunnels, self.top = free_port(), "good", [], 0, top
        self.listener = socket.create_server((address, self.port), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
        self.start()

    def run(self):
        while True:
            c, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def serve(self, c):
        try:
            with c:
                self.one(c)
        except OSError:
            pass

    def one(self, c):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            piece = c.recv(1)
            if not piece:
                return
            head += piece
        self.seen.append(head.decode())
        mode = self.mode
        if mode == "407" and b"Proxy-Authorization: Basic " + base64.b64encode(b"box:secret") not in head:
            c.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n")
        elif mode == "502":
            c.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nno\n")
        elif mode == "403":
            c.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")
        elif mode == "closing":
            c.sendall(b"HTTP/1.1 200 Conn")
        elif mode == "garbage":
            c.sendall(b"220 mail.example ESMTP\r\n\r\n")
        elif mode == "long":
            c.sendall(b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"y" * 20000)
        elif mode == "silent":
            c.recv(1)  # until the box gives up
        elif mode == "portal":
            c.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            c.recv(1)
            c.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://sign-in.example/\r\nContent-Length: 0\r\n\r\n")
            c.recv(65536)
        elif mode == "intercepting":
            c.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            ctx.load_cert_chain(f"{self.top}/mitm.pem", f"{self.top}/mitm.key")
            ctx.wrap_socket(c, server_side=True).recv(1)
        else:
            m = re.match(r"CONNECT localhost:(\d+) HTTP/1\.1\r\n", head.decode())
            s = socket.create_connection(("127.0.0.1", int(m[1])))
            answer = b"HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n"
            for i in range(len(answer)) if mode == "dripping" else (0,):
                c.sendall(answer[i:i + 1] if mode == "dripping" else answer)
            self.tunnels += 1
            threading.Thread(target=self.pump, args=(s, c), daemon=True).start()
            self.pump(c, s)

    @staticmethod
    def pump(a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def set_conf(path, **keys):
    with open(path) as f:
        text = f.read()
    for k in keys:
        text = re.sub(rf"(?m)^{k} *=.*\n", "", text)
    text = re.sub(r"(?m)^\[centre\]\n", "[centre]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items()), text, count=1)
    with open(path, "w") as f:
        f.write(text)


def main():
    score, top, place = Score(), tempfile.mkdtemp(prefix="candour-proxy-"), None
    try:
        place = Place(top, os.path.abspath(sys.argv[1]))
        place.start_aggregator()
        elm = place.site("elm")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9", "-subj", "/CN=localhost",
                        "-keyout", f"{top}/mitm.key", "-out", f"{top}/mitm.pem"], check=True, capture_output=True)
        proxy = Proxy(top)
        for wrong in ("https://proxy:3128", "proxy:3128", "http://proxy", "http://:3128", "http://proxy:0", "http://proxy:3128/path"):
            set_conf(f"{elm}/sync.conf", proxy=wrong)
            r = subprocess.run([f"{place.build}/candour-sync", "-n", "-c", f"{elm}/sync.conf"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
            score.check(f"-n refuses {wrong}: {r.stdout}{r.stderr}", r.returncode == 1 and "expected http://HOST:PORT" in r.stderr)
        set_conf(f"{elm}/sync.conf", proxy=f"http://127.0.0.1:{proxy.port}")
        given = place.put(elm, 3)

        def lines(word):
            return place.log("sync-elm").count(word) if os.path.exists(f"{top}/sync-elm.log") else 0

        def bad(mode, why, status):
            """With the proxy in MODE a try fails, the log says WHY and so does `candour status`."""
            # Started anew, so that a pause after the refusal before is not sat out.
            if "sync-elm" in place.daemons:
                place.stop("sync-elm")
            proxy.mode, before, connected = mode, lines(why), len(proxy.seen)
            place.start_sync(elm, "sync-elm")
            try:
                wait_for(f"{mode}: {why}", 60, lambda: lines(why) > before)
            except AssertionError as e:
                score.check(f"{e}; {place.log('sync-elm')[-400:]}", False)
                return
            score.check(f"{mode}: the proxy was asked", len(proxy.seen) > connected)
            said = place.candour("status", elm)
            score.check(f"{mode}: status says why: {said!r}", status in said)

        bad("502", "the proxy refuses the connection (502)", "proxy")
        bad("407", "the proxy wants a user name and password (407)", "for the proxy's user name and password")
        bad("403", "the proxy refuses the connection (403)", "proxy")
        bad("closing", "the proxy ended the connection", "proxy")
        bad("garbage", "the proxy's answer is not HTTP", "proxy")
        bad("long", "the proxy's answer is over 8 KiB", "proxy")
        bad("intercepting", "an intercepting proxy?", "let the centre's name and")
        bad("portal", "a network where somebody must sign in first?", "nobody has to sign in")
        score.check("nothing was kept through all that", place.kept() == [])
        place.stop("sync-elm")
        proxy.mode = "dripping"
        place.start_sync(elm, "sync-elm")
        wait_for("delivery through a slow proxy", 90, lambda: sorted(place.kept()) == sorted(given))
        score.check("a slow proxy delivers", True)
        score.check("no credentials are sent where none are set", not any("Authorization" in h for h in proxy.seen))

        # --- with user name and password, from a file of its own
        place.stop("sync-elm")
        with open(f"{top}/credentials", "w") as f:
            f.write("box:secret\n")
        os.chmod(f"{top}/credentials", 0o600)
        set_conf(f"{elm}/sync.conf", proxy_credentials=f"{top}/credentials")
        proxy.mode, proxy.seen, before = "407", [], proxy.tunnels
        given += place.put(elm, 2)
        place.start_sync(elm, "sync-elm")
        wait_for("delivery with credentials", 60, lambda: sorted(place.kept()) == sorted(given))
        score.check("all went through the proxy", proxy.tunnels > before and all(h.startswith("CONNECT localhost:") for h in proxy.seen))
        log = place.log("sync-elm")
        score.check("the password is in no log", "secret" not in log and base64.b64encode(b"box:secret").decode() not in log)

        # --- one that never answers is given up in time for SIGTERM
        proxy.mode, n = "silent", len(proxy.seen)
        place.stop("sync-elm")
        given += place.put(elm, 1)
        place.start_sync(elm, "sync-elm")
        wait_for("the silent proxy is asked", 60, lambda: len(proxy.seen) > n)
        score.check("SIGTERM ends the wait for it", place.stop("sync-elm") == 0)
        proxy.mode = "407"
        place.start_sync(elm, "sync-elm")
        wait_for("delivery after all", 60, lambda: sorted(place.kept()) == sorted(given))
        score.check("each answer is there once", len(place.kept()) == len(set(place.kept())) == len(given))
        codes = place.stop_all()
        score.check(f"both stop with 0: {codes}", not any(codes.values()))
    except Exception as e:
        score.check(f"{type(e).__name__}: {e}", False)
        if place and os.path.exists(f"{top}/sync-elm.log"):
            print(place.log("sync-elm")[-2000:])
    finally:
        if place:
            place.close()
        shutil.rmtree(top, ignore_errors=True)
    return score.end()


if __name__ == "__main__":
    sys.exit(main())
