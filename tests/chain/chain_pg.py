#!/usr/bin/env python3
"""Three boxes, two aggregators, one PostgreSQL: responses are kept at each box while any process is killed with
SIGKILL at random, a server process of PostgreSQL among them (the whole server then recovers from its log). Every
box talks to both aggregators in turn through a balancer, so that two of them work on one chain.

    chain_pg.py BUILD KILLS

Afterwards, read from PostgreSQL by SQL of our own: every record whose commit was seen is there exactly once with its
body; one that was cut off before is there once or not at all; each chain is whole; each box has a receipt for all it
kept. The last line is "N kept, M unknown, 0 lost, 0 doubled"."""
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
from stack import Daemon, free_ports, wait_for  # noqa: E402

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


class Giver(Daemon):
    """tool_give, with what it said in a file of its own: each line was written before the next step."""

    def start(self):
        with open(self.log, "ab") as said, open(self.log + ".err", "ab") as out:
            self.process = subprocess.Popen(self.command, stdout=said, stderr=out, stdin=subprocess.DEVNULL)

    def said(self):
        will, kept = set(), set()
        with open(self.log) as f:
            for line in f:
                if m := re.fullmatch(r"(will|kept) ([0-9a-f]{32})\n", line):
                    (will if m[1] == "will" else kept).add(m[2])
        return will, kept


class Centre:
    def __init__(self, top, build):
        self.top, self.build = top, build
        self.base = free_ports(8)
        self.log = os.path.join(top, "setup.log")
        self.pg = os.path.join(top, "pg")
        self.url = subprocess.run(["bash", "tests/aggregator/postgres.sh", "start", self.pg], check=True, text=True,
                                  stdout=subprocess.PIPE).stdout.strip()
        self.daemons = {}

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
            self.daemons[f"aggregator-{n}"].start()
        self.healthy()
        self.balancer = Balancer(base + 6, [base, base + 3], random.Random(1))
        self.balancer.start()
        self.givers = {}
        for site in SITES:
            self.enrol(site, centre)

    def supervise(self):
        """An aggregator that began while PostgreSQL recovered has ended with 1: started again, as a service manager does."""
        for n in (1, 2):
            d = self.daemons.get(f"aggregator-{n}")
            if d and d.process.poll() == 1:
                d.start()

    def healthy(self):
        """Until both aggregators answer."""
        def answers(port):
            self.supervise()
            return subprocess.run(["curl", "-fs", "-m", "2", f"http://127.0.0.1:{port}/healthz"], stdout=subprocess.DEVNULL).returncode == 0
        for port in (self.base + 2, self.base + 5):
            wait_for(f"healthz on {port}", 60, lambda: answers(port))

    def enrol(self, site, centre):
        folder = os.path.join(self.top, site)
        self.run("site", "init", folder, "--send-every", "1", "--concern-slot", "5")
        invitation = self.run("site", "invite", site, "--host", "localhost", "--port", str(self.base + 6), "--centre", centre, "--label", site).strip().splitlines()[-1]
        with open(f"{folder}/enrol.log", "w+b") as log:
            box = subprocess.Popen([os.path.join(self.build, "candour"), "site", "enrol", folder, invitation], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

            def fingerprint():
                with open(f"{folder}/enrol.log") as f:
                    return re.search(r"\b[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}\b", f.read())
            print_ = wait_for(f"the fingerprint of {site}", 30, fingerprint)[0]
            self.run("device", "approve", site, "--centre", centre, "--fingerprint", print_)
            assert box.wait(60) == 0, site
        self.daemons[f"sync-{site}"] = Daemon(f"sync-{site}", [os.path.join(self.build, "candour-sync"), "-c", f"{folder}/sync.conf"], {}, f"{folder}/sync.log")
        self.daemons[f"giver-{site}"] = self.givers[site] = Giver(f"giver-{site}", [os.path.join(self.build, "tests/chain/tool_give"), folder, "40"], {}, f"{folder}/given")

    def sql(self, text):
        out = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-F", " ", "-d", self.url, "-c", text], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if out.returncode != 0:
            raise OSError(out.stderr.strip())
        return [line.split(" ") for line in out.stdout.splitlines()]

    def kill_backend(self, rng):
        """SIGKILL a server process that works for an aggregator. False: there was none just now."""
        self.supervise()
        try:
            pids = [int(r[0]) for r in self.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'candour'")]
            os.kill(rng.choice(pids), signal.SIGKILL)
            return True
        except (OSError, IndexError):
            return False

    def stop(self):
        codes = {n: d.stop() for n, d in self.daemons.items() if not isinstance(d, Giver)}
        for d in self.givers.values():
            if d.process and d.process.poll() is None:
                d.process.kill()
                d.process.wait()
        return codes

    def close(self):
        self.stop()
        self.balancer.listener.close()


def kill_at_random(centre, kills, rng):
    """KILLS of them: the server in one of nine, else any daemon or giver. How often each was killed."""
    count = {}
    names = list(centre.daemons)
    while sum(count.values()) < kills:
        time.sleep(rng.uniform(0.05, 0.6))
        name = rng.choice(names + ["postgres"])
        if name == "postgres":
            wait_for("a server process to kill", 60, lambda: centre.kill_backend(rng))
        else:
            d = centre.daemons[name]
            centre.supervise()
            if d.process.poll() is not None and not (name.startswith("aggregator") and d.process.returncode == 1):
                raise AssertionError(f"{name} ended by itself with {d.process.returncode}: see {d.log}")
            d.kill()
            if rng.random() < 0.3:
                time.sleep(rng.uniform(0, 0.4))
            d.start()
        count[name] = count.get(name, 0) + 1
    return count


def all_received(centre):
    for site in SITES:
        db = sqlite3.connect(f"file:{centre.top}/{site}/site.db?mode=ro", uri=True, timeout=20)
        try:
            if db.execute("SELECT count(*) FROM record WHERE receipt_day IS NULL").fetchone()[0]:
                return False
        finally:
            db.close()
    return True


def judge(centre):
    """(lost, doubled), each with a line that says which."""
    lost = doubled = unknown = arrived = total = 0
    rows = {}
    for record, bodies in centre.sql("SELECT encode(r.id, 'hex'), count(b.id) FROM candour.record r LEFT JOIN candour.body b USING (device, id) "
                                     "WHERE r.kind = 0 GROUP BY r.device, r.id"):
        rows.setdefault(record, []).append(int(bodies))
    known = set()
    for site, giver in centre.givers.items():
        will, kept = giver.said()
        known |= will
        total += len(kept)
        for r in kept:
            if rows.get(r) != [1]:
                lost += r not in rows or rows[r] == [0]
                doubled += len(rows.get(r, [])) > 1
                print(f"{site} {r}: {rows.get(r)}")
        for r in will - kept:
            unknown += 1
            arrived += r in rows
            if len(rows.get(r, [])) > 1:
                doubled += 1
                print(f"DOUBLED {site} {r}")
    for r in set(rows) - known:
        doubled += 1
        print(f"nobody gave {r}")
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
        centre = Centre(top, build)
        centre.setup()
        for n, d in centre.daemons.items():
            if not n.startswith("aggregator"):
                d.start()
        set_up = time.monotonic()
        count = kill_at_random(centre, kills, random.Random(seed))
        for d in centre.givers.values():
            d.process.kill()
            d.process.wait()
        killed = time.monotonic()
        centre.healthy()
        for n, d in centre.daemons.items():  # fresh, without a long pause to sit out
            if n.startswith("sync"):
                d.kill()
                d.start()
        late = 0
        try:
            wait_for("everything has its receipt", 120, lambda: all_received(centre))
        except AssertionError as e:
            print(e)
            late = 1
        print(f"set up in {set_up - began:.0f} s, kills for {killed - set_up:.0f} s, delivered after {time.monotonic() - killed:.0f} s")
        kept, unknown, lost, doubled = judge(centre)
        print("killed: " + ", ".join(f"{n} {k}" for n, k in sorted(count.items())))
        print("connections: " + ", ".join(f"aggregator-{i + 1} {centre.balancer.used[p]}" for i, p in enumerate(centre.balancer.backends)))
        codes = centre.stop()
        lost += late
        if any(codes.values()):
            print(f"exit status after SIGTERM: {codes}")
            lost += 1
        if kept < 5 * len(SITES) or min(centre.balancer.used.values()) == 0:
            print("too little was kept, or one aggregator had nothing to do: nothing was shown")
            lost += 1
        print(f"{sum(count.values())} kills: {kept} kept, {unknown} unknown, {lost} lost, {doubled} doubled")
        return 0 if lost == doubled == 0 else 1
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
