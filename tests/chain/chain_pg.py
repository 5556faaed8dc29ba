#!/usr/bin/env python3
"""Three boxes, two aggregators, one PostgreSQL: people answer at each box's kiosk, page by page, while any process is
killed with SIGKILL at random: kiosks, sync daemons, aggregators, and of PostgreSQL a server process (the whole server
then recovers from its log) or the postmaster itself. Every box talks to both aggregators in turn through a balancer,
so that two of them work on one chain.

    chain_pg.py BUILD KILLS

Afterwards everything at the centre is opened with the response key: each text for which "Thank you" was seen is there
in exactly one record with its body; one that was sent without an answer seen is there once or not at all. Read by SQL
of our own: each chain is whole, each box has a receipt for all it kept, the centre has what the boxes have.
The last line is "N kills: N thanked, M unknown, 0 lost, 0 doubled"."""
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "sync"))
from chain import sensible  # noqa: E402
from stack import Daemon, Stack, free_ports, wait_for  # noqa: E402
from visitor import Lost, Visitor  # noqa: E402
from watch import watch  # noqa: E402

SITES = ("elm-house", "oak-lodge", "ash-court")


class Balancer(threading.Thread):
    """A TCP balancer before the aggregators: a random one that answers, for each connection."""

    def __init__(self, port, backends, rng):
        super().__init__(daemon=True)
        self.backends, self.rng = backends, rng
        self.used = {b: 0 for b in backends}
        self.listener = socket.create_server(("127.0.0.1", port), backlog=64)

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(client,), daemon=True).start()

    def one(self, client):
        for port in self.rng.sample(self.backends, len(self.backends)):
            try:
                server = socket.create_connection(("127.0.0.1", port), timeout=5)
            except OSError:
                continue
            server.settimeout(None)
            self.used[port] += 1
            threading.Thread(target=self.pump, args=(client, server), daemon=True).start()
            self.pump(server, client)
            return
        client.close()

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


class People(threading.Thread):
    """People who answer at one box's kiosk, one after the other, by its pages. Each text is said by one person only;
    THANKED were shown "Thank you", UNKNOWN pressed "Send" and did not see what came of it, the others did not get so far."""

    def __init__(self, site, port, seed):
        super().__init__(daemon=True)
        self.site, self.port, self.rng, self.over = site, port, random.Random(seed), threading.Event()
        self.thanked, self.unknown, self.left, self.failed = set(), set(), set(), None

    def text(self, i):
        return f"ZZ{self.site}{i:06d}ZZ"

    def run(self):
        try:
            for i in range(1_000_000):
                if self.over.is_set():
                    return
                self.one(self.text(i))
        except Exception as e:
            self.failed = f"{type(e).__name__}: {e}"

    def one(self, text):
        try:
            Visitor("127.0.0.1", self.port, timeout=60).visit(text, self.rng, sensible)
            self.thanked.add(text)
        except Lost as e:
            (self.unknown if getattr(e, "sent", False) else self.left).add(text)
            wait_for(f"the kiosk of {self.site} answers again ({e})", 120, lambda: Stack.healthy(self.port) or self.over.is_set())


class Centre:
    def __init__(self, top, build, seed):
        self.top, self.build, self.rng = top, build, random.Random(seed + 1)
        self.base = free_ports(7 + len(SITES))
        self.log = os.path.join(top, "setup.log")
        self.pg = os.path.join(top, "pg")
        self.daemons = {}
        self.start_server()

    def start_server(self):
        self.url = subprocess.run(["bash", "tests/aggregator/postgres.sh", "start", self.pg, str(os.getpid())], check=True, text=True,
                                  stdout=subprocess.PIPE).stdout.strip()

    def start(self, d):
        d.start()
        watch.began(d.process)

    def run(self, *args, **more):
        with open(self.log, "ab") as log:
            return subprocess.run([os.path.join(self.build, "candour"), *args], check=True, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=log, text=True, **more).stdout

    def setup(self):
        lead, centre, base = os.path.join(self.top, "lead"), os.path.join(self.top, "centre"), self.base
        os.mkdir(lead, 0o700)
        for use in ("root", "response", "escrow", "concern", "publish"):
            self.run("key", "new", "--use", use, "--credential", f"{lead}/{use}.key")
        self.run("centre", "init", centre, "--root", f"{lead}/root.key", "--host", "localhost", "--organisation", "Made-up County",
                 "--devices", f"127.0.0.1:{base}", "--pages", f"127.0.0.1:{base + 1}", "--status", f"127.0.0.1:{base + 2}",
                 "--store", self.url, "--batches-a-minute", "0")
        self.run("key", "ring", "--root", f"{lead}/root.key", "--out", f"{lead}/ring", *(f"{lead}/{u}.key" for u in ("response", "escrow", "concern", "publish")),
                 f"{centre}/keys/receipt.key", f"{centre}/keys/ca.pem")
        self.run("centre", "ring", centre, f"{lead}/ring")
        os.mkdir(f"{self.top}/forms")
        for form in ("visit", "satisfaction", "concern"):
            with open(f"{self.top}/forms/{form}.xml", "w") as f:
                f.write(self.run("form", "convert", f"forms/library/{form}.xlsx"))
        # The second aggregator: the same centre, a log of its own, other ports.
        with open(f"{centre}/aggregator.conf") as f:
            conf = f.read()
        conf = re.sub(r"(?m)^log_id = .*$", "log_id = " + os.urandom(16).hex(), conf)
        for i in range(3):
            conf = conf.replace(f"127.0.0.1:{base + i}\n", f"127.0.0.1:{base + 3 + i}\n")
        conf = conf.replace("/pages.db", "/pages-2.db")
        with open(f"{centre}/aggregator-2.conf", "w") as f:
            f.write(conf)
        for n, name in ((1, "aggregator.conf"), (2, "aggregator-2.conf")):
            self.daemons[f"aggregator-{n}"] = Daemon(f"aggregator-{n}", [os.path.join(self.build, "candour-aggregator"), "-c", f"{centre}/{name}"], {},
                                                     os.path.join(self.top, f"aggregator-{n}.log"))
            self.start(self.daemons[f"aggregator-{n}"])
        self.healthy()
        self.balancer = Balancer(base + 6, [base, base + 3], random.Random(1))
        self.balancer.start()
        self.people = {}
        for i, site in enumerate(SITES):
            self.enrol(site, centre, base + 7 + i)

    def healthy(self):
        """Until both aggregators answer."""
        def answers(port):
            return subprocess.run(["curl", "-fs", "-m", "2", f"http://127.0.0.1:{port}/healthz"], stdout=subprocess.DEVNULL).returncode == 0
        for port in (self.base + 2, self.base + 5):
            wait_for(f"healthz on {port}", 120, lambda: answers(port))

    def enrol(self, site, centre, port):
        folder = os.path.join(self.top, site)
        self.run("site", "init", folder, "--kiosk", f"127.0.0.1:{port}", "--forms", f"{self.top}/forms", "--send-every", "1", "--concern-slot", "5")
        invitation = self.run("site", "invite", site, "--host", "localhost", "--port", str(self.base + 6), "--centre", centre, "--label", site).strip().splitlines()[-1]
        with open(f"{folder}/enrol.log", "w+b") as log:
            box = subprocess.Popen([os.path.join(self.build, "candour"), "site", "enrol", folder, invitation], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

            def fingerprint():
                with open(f"{folder}/enrol.log") as f:
                    return re.search(r"\b[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}\b", f.read())
            print_ = wait_for(f"the fingerprint of {site}", 60, fingerprint)[0]
            self.run("device", "approve", site, "--centre", centre, "--fingerprint", print_)
            assert box.wait(60) == 0, site
        self.daemons[f"sync-{site}"] = Daemon(f"sync-{site}", [os.path.join(self.build, "candour-sync"), "-c", f"{folder}/sync.conf"], {}, f"{folder}/sync.log")
        self.daemons[f"kiosk-{site}"] = Daemon(f"kiosk-{site}", [os.path.join(self.build, "candour-kiosk"), "-c", f"{folder}/kiosk.conf"], {}, f"{folder}/kiosk.log")
        self.people[site] = People(site, port, self.rng.random())

    def sql(self, text):
        out = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-F", " ", "-d", self.url, "-c", text], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if out.returncode != 0:
            raise OSError(out.stderr.strip())
        return [line.split(" ") for line in out.stdout.splitlines()]

    def kill_backend(self, rng):
        """SIGKILL a server process that works for an aggregator. False: there was none just now."""
        try:
            pids = [int(r[0]) for r in self.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'candour'")]
            os.kill(rng.choice(pids), signal.SIGKILL)
            return True
        except (OSError, IndexError):
            return False

    @staticmethod
    def began(p):
        """When the process P began; None: it has ended. Its number alone may be another's by now."""
        try:
            with open(f"/proc/{p}/stat") as f:
                field = f.read().rsplit(")", 1)[1].split()
        except OSError:
            return None
        return None if field[0] == "Z" else field[19]

    def kill_server(self):
        """SIGKILL the postmaster; started again once its children have noticed."""
        with open(f"{self.pg}/data/postmaster.pid") as f:
            pid = f.readline().strip()
        children = subprocess.run(["pgrep", "-P", pid], text=True, stdout=subprocess.PIPE).stdout.split()
        began = {p: self.began(p) for p in [pid, *children]}
        os.kill(int(pid), signal.SIGKILL)

        def left():
            return [p for p, at in began.items() if at is not None and self.began(p) == at]
        try:
            wait_for("the end of the server", 10, lambda: not left())
        except AssertionError:  # one that recovers its log does not look for its parent: its unit would end it as well
            for p in left():
                os.kill(int(p), signal.SIGKILL)
            wait_for("the end of the server", 60, lambda: not left())
        self.start_server()

    def stop(self):
        codes = {n: d.stop() for n, d in self.daemons.items()}
        for d in self.daemons.values():
            if d.process:
                watch.ended(d.process)
        return codes

    def close(self):
        for p in getattr(self, "people", {}).values():
            p.over.set()
        self.stop()
        if hasattr(self, "balancer"):
            self.balancer.listener.close()


def kill_at_random(centre, kills, rng):
    """KILLS of them: PostgreSQL in one of nine, else any daemon. How often each was killed."""
    count = {}
    names = list(centre.daemons)
    while sum(count.values()) < kills:
        time.sleep(rng.uniform(0.05, 0.8))
        name = rng.choice(names + ["postgres"])
        if name == "postgres" and rng.random() < 0.3:
            name = "postmaster"
            centre.kill_server()
        elif name == "postgres":
            wait_for("a server process to kill", 120, lambda: centre.kill_backend(rng))
        else:
            d = centre.daemons[name]
            if d.process.poll() is not None:
                raise AssertionError(f"{name} ended by itself with {d.process.returncode}: see {d.log}")
            d.kill()
            watch.ended(d.process)
            if rng.random() < 0.3:
                time.sleep(rng.uniform(0, 0.4))
            centre.start(d)
        count[name] = count.get(name, 0) + 1
    return count


def here(centre, site, query):
    db = sqlite3.connect(f"file:{centre.top}/{site}/site.db?mode=ro", uri=True, timeout=20)
    try:
        return db.execute(query).fetchone()[0]
    finally:
        db.close()


def all_received(centre):
    return all(here(centre, site, "SELECT count(*) FROM record WHERE receipt_day IS NULL") == 0 for site in SITES)


def opened(centre):
    """{text: {record id}} of what is at the centre, opened with the response key."""
    out = subprocess.run([f"{centre.build}/tests/chain/tool_open", centre.url, f"{centre.top}/lead/response.key", f"{centre.top}/forms/satisfaction.xml", "comment"],
                         check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    texts = {}
    for line in out.splitlines():
        record, text = line.split(" ", 1)
        texts.setdefault(text, set()).add(record)
    return texts


def judge(centre):
    """(thanked, unknown, lost, doubled), each fault with a line that says which."""
    lost = doubled = unknown = arrived = total = 0
    texts, known = opened(centre), {""}
    for site, p in centre.people.items():
        total += len(p.thanked)
        unknown += len(p.unknown)
        known |= p.thanked | p.unknown
        for t in p.thanked | p.unknown | p.left:
            n = len(texts.get(t, ()))
            lost += t in p.thanked and n == 0
            doubled += n > 1
            arrived += t in p.unknown and n == 1
            if n > 1 or (t in p.thanked and n == 0):
                print(f"{site} {t}: in {n} records")
    # What was never sent has not arrived; nobody else's text is there.
    for t in set(texts) - known:
        doubled += 1
        print(f"nobody sent {t!r}")
    # Lane 0 stands still now; lane 1 goes on by its slots.
    kept = sum(here(centre, site, "SELECT count(*) FROM record WHERE lane = 0 AND substr(header, 7, 1) = x'00'") for site in SITES)
    for what, n in (("records", "SELECT count(*) FROM candour.record WHERE kind = 0 AND lane = 0"),
                    ("bodies", "SELECT count(*) FROM candour.body JOIN candour.record USING (device, id) WHERE kind = 0 AND lane = 0")):
        n = int(centre.sql(n)[0][0])
        if n != kept:
            lost += max(kept - n, 0)
            doubled += max(n - kept, 0)
            print(f"{kept} records at the boxes, {n} {what} at the centre")
    # Chains: each sequence once up to the head, the head's link that of its last entry, a receipt that covers it.
    for device, lane, n, low, high, hw, same, covered in centre.sql(
            "SELECT encode(e.device, 'hex'), e.lane, count(*), min(t.seq), max(t.seq), e.hw, bool_or(t.seq = e.hw AND t.link = e.hw_link), "
            "(SELECT max(b) FROM candour.receipt r WHERE r.device = e.device AND r.lane = e.lane AND r.epoch = e.epoch) "
            "FROM candour.epoch e JOIN candour.entry t ON t.device = e.device AND t.lane = e.lane AND t.epoch = e.epoch "
            "GROUP BY e.device, e.lane, e.epoch, e.hw"):
        if not (n == high == hw == covered and low == "1" and same == "t"):
            lost += 1
            print(f"chain of {device} lane {lane}: {n} entries, {low} to {high}, head {hw} (link {same}), receipts to {covered}")
    repeats = centre.sql("SELECT count(*) FROM (SELECT 1 FROM candour.entry GROUP BY device, lane, epoch, record_id HAVING count(*) > 1) x")
    if repeats != [["0"]]:
        doubled += int(repeats[0][0])
        print(f"{repeats[0][0]} records stand twice in one epoch")
    epochs = centre.sql("SELECT count(*) FROM candour.epoch WHERE lane = 0")[0][0]
    print(f"unknown that arrived all the same: {arrived} of {unknown}; epochs of lane 0: {epochs} of 3 boxes")
    return total, unknown, lost, doubled


def main():
    build, kills = os.path.abspath(sys.argv[1]), int(sys.argv[2])
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 31)))
    print(f"seed {seed}", flush=True)
    began = time.monotonic()
    top = tempfile.mkdtemp(prefix="candour-chain-pg-")
    os.chmod(top, 0o755)  # the database's user must get through
    centre = None
    try:
        centre = Centre(top, build, seed)
        centre.setup()
        for n, d in centre.daemons.items():
            if not n.startswith("aggregator"):
                centre.start(d)
        for p in centre.people.values():
            wait_for(f"the kiosk of {p.site}", 60, lambda: Stack.healthy(p.port))
            p.start()
        set_up = time.monotonic()
        count = kill_at_random(centre, kills, random.Random(seed))
        for p in centre.people.values():
            wait_for("a few answers more", 120, lambda: len(p.thanked) >= 5 or p.failed)
            p.over.set()
        for p in centre.people.values():
            p.join(180)
            if p.failed or p.is_alive():
                raise AssertionError(f"the people of {p.site}: {p.failed or 'still there'}")
        killed = time.monotonic()
        codes = {n: d.stop() for n, d in centre.daemons.items() if n.startswith("kiosk")}
        centre.healthy()
        for n, d in centre.daemons.items():  # fresh, without a long pause to sit out
            if n.startswith("sync"):
                d.kill()
                watch.ended(d.process)
                centre.start(d)
        late = 0
        try:
            wait_for("everything has its receipt", 180, lambda: all_received(centre))
        except AssertionError as e:
            print(e)
            late = 1
        print(f"set up in {set_up - began:.0f} s, kills for {killed - set_up:.0f} s, delivered after {time.monotonic() - killed:.0f} s")
        kept, unknown, lost, doubled = judge(centre)
        print("killed: " + ", ".join(f"{n} {k}" for n, k in sorted(count.items())))
        print("connections: " + ", ".join(f"aggregator-{i + 1} {centre.balancer.used[p]}" for i, p in enumerate(centre.balancer.backends)))
        codes |= centre.stop()
        lost += late
        wrong = any(codes.values())
        if wrong:
            print(f"FAIL exit status after SIGTERM: {codes}")
        if kept < 5 * len(SITES) or sum(count.values()) < kills or min(centre.balancer.used.values()) == 0:
            print("too little was sent, or one aggregator had nothing to do: nothing was shown")
            lost += 1
        print(f"{sum(count.values())} kills: {kept} thanked, {unknown} unknown, {lost} lost, {doubled} doubled")
        return 0 if lost == doubled == 0 and not wrong else 1
    finally:
        if centre:
            centre.close()
        subprocess.run(["bash", "tests/aggregator/postgres.sh", "stop", os.path.join(top, "pg")])
        if os.environ.get("KEEP"):
            print(f"kept {top}")
        else:
            shutil.rmtree(top, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
