#!/usr/bin/env python3
"""A box whose centre cannot be reached tries soon when a way to other machines comes up; one whose centre has an address
that leads nowhere takes the other; one behind a proxy with an IPv6 address. In a network of its own. route.py BUILD"""
import os
import shutil
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from place import Place, Score, wait_for  # noqa: E402
from proxy import Proxy, set_conf  # noqa: E402

IN_NAMESPACE = "CANDOUR_ROUTE_IN_NAMESPACE"


def nothing_comes_back():
    with socket.socket(socket.AF_INET6) as s:
        s.settimeout(1)
        try:
            s.connect(("2001:db8::7", 1))
        except TimeoutError:
            return True
        except OSError:
            pass
    return False


def two_addresses(score, place, top, elm, given):
    """The centre's name has an IPv6 address (RFC 3849) from which nothing comes back, and an IPv4 one that works."""
    place.stop("sync-elm")
    place.stop("aggregator")
    for add in (["addr", "add", "192.0.2.1/32", "dev", "lo"], ["-6", "addr", "add", "2001:db8::1/128", "dev", "lo", "nodad"], ["-6", "route", "add", "2001:db8::/64", "dev", "lo"]):
        subprocess.run(["ip", *add], check=True)
    with open(f"{top}/hosts", "w") as f:
        f.write("2001:db8::7 localhost\n192.0.2.1 localhost\n")
    subprocess.run(["mount", "--bind", f"{top}/hosts", "/etc/hosts"], check=True)
    wait_for("the one that leads nowhere comes first", 30, lambda: [a[4][0] for a in socket.getaddrinfo("localhost", 1, type=socket.SOCK_STREAM)] == ["2001:db8::7", "192.0.2.1"])
    wait_for("nothing comes back from it", 30, nothing_comes_back)
    conf = f"{place.centre}/aggregator.conf"
    with open(conf) as f:
        text = f.read()
    with open(conf, "w") as f:
        f.write(text.replace(f"127.0.0.1:{place.port}", f"0.0.0.0:{place.port}"))
    place.start_aggregator()
    given += place.put(elm, 2)
    place.start_sync(elm, "sync-elm")
    wait_for("all arrive by the other", 120, lambda: sorted(place.kept()) == sorted(given))
    score.check("an address that leads nowhere stops nothing", True)

    # A proxy that is named by its IPv6 address.
    place.stop("sync-elm")
    proxy = Proxy(top, "::1")
    set_conf(f"{elm}/sync.conf", proxy=f"http://[::1]:{proxy.port}")
    given += place.put(elm, 2)
    place.start_sync(elm, "sync-elm")
    wait_for("all arrive through the proxy", 120, lambda: sorted(place.kept()) == sorted(given))
    score.check("a proxy by its IPv6 address", proxy.tunnels > 0)


def main():
    score, top, place = Score(), tempfile.mkdtemp(prefix="candour-route-"), None
    try:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        place = Place(top, os.path.abspath(sys.argv[1]))
        place.start_aggregator()
        elm = place.site("elm")
        place.stop("aggregator")
        place.start_sync(elm, "sync-elm")
        given = place.put(elm, 3)
        wait_for("nobody is reached", 60, lambda: "lane=0" in place.log("sync-elm") and "result=unreachable" in place.log("sync-elm"))
        score.check("no route has come up so far", "route=up" not in place.log("sync-elm"))
        # A documentation network (RFC 5737): nothing goes there, it is the telling that counts.
        subprocess.run(["ip", "route", "add", "192.0.2.0/24", "dev", "lo"], check=True)
        wait_for("the box has heard of it", 60, lambda: "lane=0 route=up" in place.log("sync-elm"))
        line = next(x for x in place.log("sync-elm").splitlines() if "lane=0 route=up" in x)
        score.check(f"it tries soon, not at once: {line}", 0 <= int(line.split("retry_s=")[1].split()[0]) <= 60)
        place.start_aggregator()
        wait_for("all arrive", 120, lambda: sorted(place.kept()) == sorted(given))
        score.check("each once", sorted(place.kept()) == sorted(given))
        score.check("the box goes on", place.daemons["sync-elm"].poll() is None)
        two_addresses(score, place, top, elm, given)
    except Exception as e:  # noqa: BLE001
        score.check(f"{type(e).__name__}: {e}", False)
        if place:
            print("".join(f"\n--- {n}\n{place.log(n)[-1500:]}" for n in place.daemons))
    finally:
        if place:
            place.stop_all()
        shutil.rmtree(top, ignore_errors=True)
    return score.end()


if __name__ == "__main__":
    if IN_NAMESPACE not in os.environ:
        if subprocess.run(["unshare", "-Urnm", "ip", "link", "set", "lo", "up"], capture_output=True).returncode != 0:
            print("SKIP: this machine lets nobody make a network namespace\n0 passed, 0 failed, 1 skipped")
            sys.exit(0)
        os.execvpe("unshare", ["unshare", "-Urnm", sys.executable, *sys.argv], {**os.environ, IN_NAMESPACE: "1"})
    sys.exit(main())
