#!/usr/bin/env python3
"""What many devices cost the aggregator: N of them reconnecting by full mutual TLS, each with a request, against
GnuTLS handshakes alone (the same certificates, in turns in one run, CPU of the server); one stalled ClientHello; 500
idle connections.    reconnect.py BUILD N"""
import os
import re
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from place import Place  # noqa: E402
from watch import watch  # noqa: E402

ROUNDS, IDLE, STALL_S = 10, 500, 5
GOAL_RATIO, GOAL_STALL_MS, GOAL_RSS_MB = 1.3, 50, 64


def cpu_ms(pid):
    """CPU of all threads that are there, finer than a tick."""
    total = 0
    for t in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{t}/schedstat") as f:
                total += int(f.read().split()[0])
        except OSError:
            pass
    return total / 1e6


def rss_mb(pid):
    with open(f"/proc/{pid}/status") as f:
        return next(int(x.split()[1]) for x in f if x.startswith("VmRSS:")) / 1024


def reconnecting(place, pid, n):
    """Medians over the rounds of the CPU a device costs, in ms: (ours, the limit line, their ratio)."""
    tool, devices = f"{place.build}/tests/sync/tool_reconnect", f"{place.top}/devices"
    subprocess.run([tool, "make", place.centre, str(n), devices], check=True)
    ours, bare = [], []
    each = n // ROUNDS
    for r in range(ROUNDS):
        server = watch.began(subprocess.Popen([tool, "bare", place.centre, str(each)], stdout=subprocess.PIPE, text=True))
        port = server.stdout.readline().strip()
        subprocess.run([tool, "shake", devices, port, str(r * each), str(each)], check=True)
        bare.append(float(re.match(r"cpu_ms=([0-9.]+)", server.stdout.readline())[1]) / each)
        server.wait(30)
        watch.ended(server)
        before = cpu_ms(pid)
        subprocess.run([tool, "load", devices, str(place.port), str(r * each), str(each)], check=True)
        ours.append((cpu_ms(pid) - before) / each)
    return statistics.median(ours), statistics.median(bare), statistics.median(x / y for x, y in zip(ours, bare))


def stalled(place, pid):
    """CPU in ms that one half-sent ClientHello costs in STALL_S seconds, and what a window without it does."""
    windows = []
    for stall in (False, True):
        s = socket.create_connection(("127.0.0.1", place.port)) if stall else None
        if s:
            s.sendall(bytes.fromhex("16030100c8010000c40303") + os.urandom(60))
        before = cpu_ms(pid)
        time.sleep(STALL_S)  # the window that is measured
        windows.append(cpu_ms(pid) - before)
        if s:
            s.close()
    return windows


def idle(place, pid, site):
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ctx.load_verify_locations(f"{place.centre}/keys/ca.pem")
    ctx.load_cert_chain(f"{site}/keys/tls.pem", f"{site}/keys/tls.key")
    kept = []
    try:
        for _ in range(IDLE):
            s = ctx.wrap_socket(socket.create_connection(("127.0.0.1", place.port), timeout=20), server_hostname="localhost")
            kept.append(s)
        # All are served: each has an answer before the memory is read.
        for s in kept:
            s.sendall(b"GET /v1/time?nonce=" + b"ab" * 16 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
            if not s.recv(4096).startswith(b"HTTP/1.1 200"):
                raise AssertionError("an idle connection is not served")
        return rss_mb(pid)
    finally:
        for s in kept:
            s.close()


def main():
    # All on one processor: waking a sleeping one costs more than what is measured, and meets now one side, now the other.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    n, top = int(sys.argv[2]), tempfile.mkdtemp(prefix="candour-reconnect-")
    place, bad = None, 0
    try:
        place = Place(top, os.path.abspath(sys.argv[1]))
        conf = f"{place.centre}/aggregator.conf"
        with open(conf) as f:
            text = f.read()
        text = re.sub(r"(?m)^per_address *=.*\n", "", text)
        with open(conf, "w") as f:
            f.write(re.sub(r"(?m)^\[devices\]\n", "[devices]\nper_address = 1000\n", text, count=1))
        place.start_aggregator()
        pid = place.daemons["aggregator"].pid
        ours, bare, ratio = reconnecting(place, pid, n)
        print(f"bench reconnect ratio={ratio:.2f} devices={n} aggregator_ms={ours:.3f} gnutls_handshake_ms={bare:.3f} goal={GOAL_RATIO} (CPU of the server, each with a request)")
        bad += ratio > GOAL_RATIO
        without, stall = stalled(place, pid)
        print(f"bench stalled_hello cpu_ms={stall:.1f} without_it_ms={without:.1f} window_s={STALL_S} goal={GOAL_STALL_MS}")
        bad += stall > GOAL_STALL_MS
        rss = idle(place, pid, place.site("elm"))
        print(f"bench connections={IDLE} rss_mb={rss:.1f} ratio={rss / GOAL_RSS_MB:.2f} goal_mb={GOAL_RSS_MB}")
        bad += rss > GOAL_RSS_MB
        return 1 if bad else 0
    finally:
        if place:
            place.close()
        shutil.rmtree(top, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
