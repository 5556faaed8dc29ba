#!/usr/bin/env python3
"""A centre two years on: `candour status` says that its server's certificate ends, `candour centre cert` renews it, and boxes go on
delivering. openssl reads what was made. cert.py BUILD"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from place import Place, Score, wait_for  # noqa: E402

DAY = 86400


def certificate(place):
    """SHA-256 of the key, names, and days until the end, as openssl has them."""
    text = subprocess.run(["openssl", "x509", "-noout", "-text", "-in", f"{place.centre}/keys/devices.pem"], check=True, capture_output=True, text=True).stdout
    key = subprocess.run(["openssl", "x509", "-noout", "-pubkey", "-in", f"{place.centre}/keys/devices.pem"], check=True, capture_output=True).stdout
    end = subprocess.run(["openssl", "x509", "-noout", "-enddate", "-in", f"{place.centre}/keys/devices.pem"], check=True, capture_output=True, text=True).stdout
    end = time.mktime(time.strptime(end.split("=")[1].strip().replace(" GMT", ""), "%b %d %H:%M:%S %Y"))
    names = [x.strip() for x in next(x for x in text.splitlines() if "DNS:" in x).split(",")]
    return key, names, (end - time.time()) / DAY


def main():
    score, top, place = Score(), tempfile.mkdtemp(prefix="candour-cert-"), None
    try:
        place = Place(top, os.path.abspath(sys.argv[1]))
        place.start_aggregator()
        elm = place.site("elm")
        key, names, days = certificate(place)
        score.check(f"two years for localhost: {names} {days:.0f}", names == ["DNS:localhost"] and 728 < days < 731)
        score.check("nothing to say of it", "certificate" not in place.candour("status", place.centre))
        # The same centre made 700 days ago is not to be had; a certificate that ends in 30 days is, from the CA it has.
        place.run("tests/sync/tool_cert", place.centre, "server", "30")
        key, names, days = certificate(place)
        said = place.candour("status", place.centre)
        score.check(f"it is said in time: {said!r}", 29 < days < 31 and "The certificate that boxes check ends on" in said and "candour centre cert" in said and "All is well" not in said)
        place.stop("aggregator")
        said = place.candour("centre", "cert", place.centre)
        new_key, new_names, days = certificate(place)
        score.check(f"renewed: {said!r}", new_key == key and new_names == names and 728 < days < 731 and "for localhost and good until" in said)
        score.check("and nothing is said any more", "certificate" not in place.candour("status", place.centre))
        place.candour("centre", "cert", place.centre, "--host", "localhost,centre.example")
        score.check("for another name too", certificate(place)[1] == ["DNS:localhost", "DNS:centre.example"])
        r = place.candour("centre", "cert", place.centre, "--host", "10.0.0.1", ok=False)
        score.check(f"not for an address: {r.stderr!r}", r.returncode == 1 and "DNS name" in r.stderr and certificate(place)[1][1:] == ["DNS:centre.example"])
        place.start_aggregator()
        given = place.put(elm, 3)
        place.start_sync(elm, "sync-elm")
        wait_for("a box that knew the old one delivers", 60, lambda: sorted(place.kept()) == sorted(given))
        score.check("each once", sorted(place.kept()) == sorted(given))
        os.rename(f"{place.centre}/keys/devices.pem", f"{top}/gone")
        r = place.candour("centre", "cert", place.centre, ok=False)
        score.check(f"without the old one it asks for the names: {r.stderr!r}", r.returncode == 1 and "--host" in r.stderr)
        place.candour("centre", "cert", place.centre, "--host", "localhost")
        score.check("and makes it", certificate(place)[1] == ["DNS:localhost"])
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
    sys.exit(main())
