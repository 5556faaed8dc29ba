#!/usr/bin/env python3
"""Hostile devices against a real aggregator: each ends in a clear status and one log line, and the service goes
on. hostile.py BUILD"""
import os
import random
import re
import shutil
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import warnings

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from place import Place, Score, wait_for  # noqa: E402

DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32


def context(place, cert=None, key=None, ca=None, version=None):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.load_verify_locations(ca or f"{place.centre}/keys/ca.pem")
    if cert:
        c.load_cert_chain(cert, key)
    if version:
        c.minimum_version = c.maximum_version = version
    return c


def request(place, ctx, method, path, body=b"", headers="", session=None, length=None):
    """(status, body, session) or (0, reason, None) where TLS or TCP ended it."""
    try:
        with socket.create_connection(("127.0.0.1", place.port), timeout=30) as s, ctx.wrap_socket(s, server_hostname="localhost", session=session) as t:
            n = len(body) if length is None else length
            head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}" + (f"Content-Length: {n}\r\n" if method == "POST" else "")
            try:
                t.sendall(head.encode() + b"\r\n" + body)
            except OSError:
                pass
            got = b""
            while True:
                piece = t.recv(65536)
                if not piece:
                    break
                got += piece
            keep = t.session
            reused = t.session_reused
        head, _, rest = got.partition(b"\r\n\r\n")
        return (int(head.split()[1]) if head else 0), rest, (keep, reused)
    except (OSError, ValueError) as e:
        return 0, str(e).encode(), None


class Drip(threading.Thread):
    """Sends a batch of 100,000 bytes ten bytes at a time; after: seconds until the server had enough."""

    def __init__(self, place, ctx):
        super().__init__(daemon=True)
        self.place, self.ctx, self.after = place, ctx, 0

    def run(self):
        with socket.create_connection(("127.0.0.1", self.place.port), timeout=90) as s, self.ctx.wrap_socket(s, server_hostname="localhost") as t:
            t.sendall(b"POST /v1/batch HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n")
            began = time.monotonic()
            try:
                while time.monotonic() - began < 80:
                    t.sendall(b"x" * 10)
                    time.sleep(0.25)
            except OSError:
                self.after = time.monotonic() - began


def main():
    score = Score()
    rng = random.Random(score.seed)
    top = tempfile.mkdtemp(prefix="candour-hostile-")
    place = None
    try:
        place = Place(top, os.path.abspath(sys.argv[1]))
        place.start_aggregator()
        elm, oak = place.site("elm"), place.site("oak")
        mine = context(place, f"{elm}/keys/tls.pem", f"{elm}/keys/tls.key")
        ids = place.put(elm, 5)
        batch = place.run("tests/sync/tool_batch", elm)

        def log():
            """The aggregator's lines but for those about the dripping body, which come when they come."""
            return [x for x in place.log("aggregator").splitlines() if "bytes a second" not in x and "Application reported" not in x]

        def lines():
            return len(log())

        def hostile(what, want_status, ctx, method="GET", path="/v1/state?lane=0", body=b"", want_word=b"", line=None, **kw):
            before = lines()
            status, got, _ = request(place, ctx, method, path, body, **kw)
            score.check(f"{what}: status {status} {got[:80]!r}, wanted {want_status}", status == want_status and want_word in got)
            try:
                wait_for("a log line", 10, lambda: lines() > before)
            except AssertionError:
                pass
            new = log()[before:]
            score.check(f"{what}: one log line, got {new}", len(new) == 1 and (line is None or line in new[0]))

        # --- a body that drips: begun now, looked at in the end
        dripper = Drip(place, mine)
        dripper.start()

        # --- who may come in
        score.check("an enrolled device has a state", request(place, mine, "GET", "/v1/state?lane=0")[0] == 204)
        hostile("no client certificate", 0, context(place), line="no client certificate")
        for v in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9", "-subj", "/CN=Rogue CA",
                            "-keyout", f"{top}/rca.key", "-out", f"{top}/rca.pem"], check=True, capture_output=True)
            subprocess.run(["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=device", "-keyout", f"{top}/rogue.key", "-out", f"{top}/rogue.csr"], check=True, capture_output=True)
            subprocess.run(["openssl", "x509", "-req", "-in", f"{top}/rogue.csr", "-CA", f"{top}/rca.pem", "-CAkey", f"{top}/rca.key", "-CAcreateserial", "-days", "9", "-out", f"{top}/rogue.pem"], check=True, capture_output=True)
            hostile(f"certificate of a rogue CA, {v.name}", 0, context(place, f"{top}/rogue.pem", f"{top}/rogue.key", version=v), line="not of our CA")
        for name, a, b, word in (("expired", -9000, -100, "expired"), ("future", 9000, 90000, "not valid yet")):
            with open(f"{top}/{name}.pem", "wb") as f:
                f.write(place.run("tests/sync/tool_cert", place.centre, f"{elm}/keys/tls.key", str(a), str(b)))
            hostile(f"{name} certificate of our CA", 0, context(place, f"{top}/{name}.pem", f"{elm}/keys/tls.key"), line=word)
        with open(f"{top}/other.pem", "wb") as f:
            f.write(place.run("tests/sync/tool_cert", place.centre, f"{elm}/keys/tls.key", "-9000", "90000"))
        hostile("certificate of our CA that is not in the registry", 403, context(place, f"{top}/other.pem", f"{elm}/keys/tls.key"), want_word=b"code=unknown")
        provisional = context(place, f"{elm}/keys/provisional.pem", f"{elm}/keys/tls.key")
        hostile("a provisional certificate may not send", 403, provisional, "POST", "/v1/batch", batch, want_word=b"code=provisional")
        hostile("nor ask for the state", 403, provisional, want_word=b"code=provisional")
        score.check("it may ask for the time", request(place, provisional, "GET", "/v1/time?nonce=" + "ab" * 16)[0] == 200)
        hostile("a server certificate used as client's", 0, context(place, f"{place.centre}/keys/devices.pem", f"{place.centre}/keys/devices.key"), line="not for clients")
        try:
            context(place, ca=f"{top}/rca.pem").wrap_socket(socket.create_connection(("127.0.0.1", place.port)), server_hostname="localhost")
            score.check("a client that trusts another CA goes away", False)
        except ssl.SSLError:
            score.check("a client that trusts another CA goes away", True)
        warnings.simplefilter("ignore", DeprecationWarning)
        for v in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            try:
                old = context(place, f"{elm}/keys/tls.pem", f"{elm}/keys/tls.key")
                old.set_ciphers("ALL:@SECLEVEL=0")
                old.minimum_version = old.maximum_version = v
                score.check(f"{v.name} is not spoken", request(place, old, "GET", "/v1/state?lane=0")[0] == 0)
            except ValueError:
                score.check(f"{v.name} is not spoken", True)

        # --- what may come in
        for i in sorted(rng.sample(range(len(batch)), 40)):
            bad = bytearray(batch)
            bad[i] ^= 1 << rng.randrange(8)
            before = lines()
            status, got, _ = request(place, mine, "POST", "/v1/batch", bytes(bad))
            score.check(f"byte {i} flipped: {status} {got[:60]!r}", status in (400, 413, 422))
            score.check(f"byte {i} flipped: one log line", lines() == before + 1)
        for cut in (0, 1, 100, 243, 244, len(batch) // 2, len(batch) - 1):
            hostile(f"batch cut to {cut} bytes", 422 if cut >= 244 else 400, mine, "POST", "/v1/batch", batch[:cut])
        hostile("batch with a tail", 422, mine, "POST", "/v1/batch", batch + b"x")
        hostile("100 MB announced", 413, mine, "POST", "/v1/batch", b"x" * 1000, length=100 << 20)
        hostile("random bytes as a batch", 400, mine, "POST", "/v1/batch", rng.randbytes(5000))
        other = context(place, f"{oak}/keys/tls.pem", f"{oak}/keys/tls.key")
        hostile("another device's batch", 422, other, "POST", "/v1/batch", batch, want_word=b"code=device")
        hostile("no such path", 404, mine, path="/etc/passwd")
        hostile("no such method", 405, mine, method="DELETE", path="/v1/batch")
        hostile("no such lane", 400, mine, path="/v1/state?lane=2")
        hostile("a wrong code", 400, provisional, "POST", "/v1/enrol", b"CENR" + rng.randbytes(300))
        score.check("nothing of all that was kept", place.kept() == [])

        # --- bytes that are not TLS
        for what, data in {"random bytes": rng.randbytes(5000), "HTTP in clear": b"GET /v1/time HTTP/1.1\r\nHost: a\r\n\r\n"}.items():
            with socket.create_connection(("127.0.0.1", place.port), timeout=20) as s:
                s.sendall(data)
                try:
                    got = s.recv(4096)
                except OSError:
                    got = b""
                score.check(f"{what} on the port gets nothing but an alert", not got.startswith(b"HTTP"))
            score.check(f"{what} on the port is one log line", wait_for("it", 10, lambda: "not TLS" in log()[-1]))
        hello = bytes.fromhex("16030100c8010000c40303") + rng.randbytes(60)
        half = [socket.create_connection(("127.0.0.1", place.port), timeout=20) for _ in range(20)]
        for s in half:
            s.sendall(hello)
        pid = place.daemons["aggregator"].pid

        def cpu():
            with open(f"/proc/{pid}/stat") as f:
                x = f.read().rsplit(")", 1)[1].split()
            return int(x[11]) + int(x[12])

        ticks, began = cpu(), time.monotonic()
        time.sleep(3)
        share = (cpu() - ticks) / os.sysconf("SC_CLK_TCK") / (time.monotonic() - began)
        score.check(f"20 half-sent ClientHellos cost no CPU: {100 * share:.1f} % of a core", share < 0.02)
        score.check("and others are served meanwhile", request(place, mine, "GET", "/v1/state?lane=0")[0] == 204)
        for s in half:
            s.close()

        # --- the good batch, twice
        first, second = (request(place, mine, "POST", "/v1/batch", batch) for _ in range(2))
        score.check("a good batch gets its receipt", first[0] == 200 and len(first[1]) == 200)
        score.check("the same batch again gets the same receipt, byte for byte", first[:2] == second[:2])
        score.check("and is kept once", sorted(place.kept()) == sorted(ids))

        # --- revoked, with a session that was good
        for v in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            folder = place.site(f"fir{v.value}")
            fir = context(place, f"{folder}/keys/tls.pem", f"{folder}/keys/tls.key", version=v)
            status, _, kept = request(place, fir, "GET", "/v1/state?lane=0")
            again = request(place, fir, "GET", "/v1/state?lane=0", session=kept[0])
            score.check(f"{v.name}: a session is resumed", status == again[0] == 204 and again[2][1])
            place.put(folder, 3)
            theirs = place.run("tests/sync/tool_batch", folder)
            place.candour("device", "revoke", place.device_id(f"fir{v.value}"), "--centre", place.centre, "--publish-key", f"{place.keys}/publish.key")
            hostile(f"{v.name}: revoked, session resumed: state", 403, fir, session=again[2][0], want_word=b"CBND")
            status, got, _ = request(place, fir, "POST", "/v1/batch", theirs, session=again[2][0])
            score.check(f"{v.name}: revoked, session resumed: batch {status}", status == 403 and got.startswith(b"CBND"))
            score.check("its batch is put aside, not kept", sorted(place.kept()) == sorted(ids) and
                        place.ask("SELECT count(*) FROM quarantine WHERE why = 'revoked'")[0][0] >= 1)

        # --- and what it sent can be looked at and let in
        listed = place.candour("quarantine", "list", "--centre", place.centre).splitlines()
        score.check(f"what is aside is listed: {listed}", sum(" revoked " in x for x in listed) >= 2)
        name = next(x.split()[0] for x in listed if f"fir{ssl.TLSVersion.TLSv1_2.value} " in x and " revoked " in x)
        shown = place.candour("quarantine", "show", name, "--centre", place.centre)
        score.check(f"and shown: {shown!r}", "sent by a device after it was revoked" in shown and "a batch of 4 records" in shown)
        score.check("and released", "Released" in place.candour("quarantine", "release", name, "--centre", place.centre))
        r = place.candour("quarantine", "release", "00000000-1", "--centre", place.centre, ok=False)
        score.check(f"nothing else is: {r.stderr.strip()}", r.returncode == 1 and "nothing of the name" in r.stderr)
        other = next(x.split()[0] for x in listed if f"fir{ssl.TLSVersion.TLSv1_3.value} " in x and " revoked " in x)
        for args, want in (((), 2), (("--reason", ""), 1), (("--reason", "two\nlines"), 1), (("--reason", "x" * 301), 1), (("--reason", "forged: the keys were stolen"), 0)):
            r = place.candour("quarantine", "discard", other, *args, "--centre", place.centre, ok=False)
            score.check(f"discarded only with a reason: {args} {r.stderr.strip()!r}", r.returncode == want)
        score.check("what was discarded is gone", other not in place.candour("quarantine", "list", "--centre", place.centre))
        said = place.ask("SELECT detail FROM event WHERE what = 'discarded'")
        score.check(f"and why is kept: {said}", len(said) == 1 and said[0][0].startswith(f"{other}, revoked, put aside at ") and said[0][0].endswith("forged: the keys were stolen"))

        # --- enrolment
        cedar = f"{top}/cedar"
        place.candour("site", "init", cedar)
        text = place.invite("cedar")
        wrong = text[:-len("0000000000:cedar")] + "0000000000:cedar"
        for i in range(5):
            r = place.candour("site", "enrol", cedar, wrong, "--no-wait", ok=False)
            score.check(f"wrong code {i + 1}: {r.stderr.strip()}", r.returncode == 1 and "code is wrong" in r.stderr)
        r = place.candour("site", "enrol", cedar, text, "--no-wait", ok=False)
        score.check(f"after five tries the right one is over too: {r.stderr.strip()}", r.returncode == 1 and "five times" in r.stderr)
        r = place.candour("site", "enrol", cedar, place.invite("cedar"), "--no-wait", ok=False)
        score.check(f"a new invitation is not hurt by it: {r.stderr.strip()}", r.returncode == 0)
        # An invitation is found by two of its characters: of 1,024 such tags a site has, the free ones are found.
        tags = [a + b for a in DIGITS for b in DIGITS]
        with sqlite3.connect(f"{place.centre}/aggregator.db") as db:
            db.executemany("INSERT OR REPLACE INTO invite (site, tag, code_hash, expires) VALUES ('cedar', ?, zeroblob(32), 1 << 40)",
                           [(t,) for t in tags[24:]])
        db.close()
        score.check("with 1,000 invitations open there is a place for one more", place.invite("cedar") != "")
        with sqlite3.connect(f"{place.centre}/aggregator.db") as db:
            db.executemany("INSERT OR REPLACE INTO invite (site, tag, code_hash, expires) VALUES ('cedar', ?, zeroblob(32), 1 << 40)",
                           [(t,) for t in tags[:24]])
        db.close()
        r = place.candour("site", "invite", "cedar", "--host", "localhost", "--port", "1", "--centre", place.centre, ok=False)
        score.check(f"with all taken: {r.stderr.strip()}", r.returncode == 1 and "open invitations" in r.stderr)
        with sqlite3.connect(f"{place.centre}/aggregator.db") as db:
            db.execute("DELETE FROM invite WHERE expires = 1 << 40")
        db.close()
        r = place.candour("device", "approve", "cedar", "--fingerprint", "0000-0000-0000-0000", "--centre", place.centre, ok=False)
        score.check(f"another fingerprint is not approved: {r.stderr.strip()}", r.returncode == 1 and "not this device's" in r.stderr)
        other_root = re.sub(r":[0-9A-Z]{52}:", ":" + "A" * 51 + "0:", place.invite("cedar"))
        # The same box may give its invitation again; another box may not, nor the same one another site's.
        used = place.invite("cedar")
        for what, ok in (("a box that waits gives a new one", True), ("and again", True)):
            r = place.candour("site", "enrol", cedar, used, "--no-wait", ok=False)
            score.check(f"{what}: {r.stderr.strip()}", (r.returncode == 0) == ok)
        r = place.candour("site", "enrol", cedar, place.invite("oak"), "--no-wait", ok=False)
        score.check(f"a box that waits as another site: {r.stderr!r}", r.returncode == 1 and r.stderr.strip().endswith("this box is known here as cedar: as another site it needs new keys"))
        fir = f"{top}/fir"
        place.site("fir")
        r = place.candour("site", "enrol", fir, ok=False)
        score.check(f"one that is enrolled has nothing to do: {r.stderr.strip()}", r.returncode == 1 and "enrolled already, as fir" in r.stderr)
        beech = f"{top}/beech"
        place.candour("site", "init", beech)
        r = place.candour("site", "enrol", beech, other_root, "--no-wait", ok=False)
        score.check(f"an invitation of another organisation's root is refused: {r.stderr.strip()}", r.returncode == 1 and not os.path.exists(f"{beech}/keys/sync.pin"))

        wait_for("the released batch to be kept", 90, lambda: len(place.kept()) == len(ids) + 3)
        listed = place.candour("quarantine", "list", "--centre", place.centre)
        score.check(f"what was released is kept and no longer aside: {listed}", name not in listed and "released" not in listed)
        dripper.join(60)
        score.check(f"a dripping body is cut off: after {dripper.after:.0f} s", 9 < dripper.after < 40)
        score.check("and that is said", "under 1024 bytes a second" in place.log("aggregator"))
        score.check("the aggregator never stopped", place.daemons["aggregator"].poll() is None)
        score.check("its log has no sanitizer's report", "ERROR: " not in place.log("aggregator") and "runtime error" not in place.log("aggregator"))
        codes = place.stop_all()
        score.check(f"it stops with 0: {codes}", not any(codes.values()))
    except Exception as e:
        score.check(f"{type(e).__name__}: {e}", False)
        if place and os.path.exists(f"{top}/aggregator.log"):
            print(place.log("aggregator")[-3000:])
    finally:
        if place:
            place.close()
        shutil.rmtree(top, ignore_errors=True)
    return score.end()


if __name__ == "__main__":
    sys.exit(main())
