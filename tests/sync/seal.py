#!/usr/bin/env python3
"""A box whose device keys are systemd's credentials: `candour site seal` with the real systemd-creds, what it leaves
behind, and candour-sync with what systemd would hand it. seal.py BUILD"""
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from place import Place, Score, wait_for  # noqa: E402


def waiting(folder):
    db = sqlite3.connect(f"file:{folder}/site.db?mode=ro", uri=True, timeout=20)
    try:
        return db.execute("SELECT head_seq - acked_seq FROM lane WHERE lane = 0").fetchone()[0]
    finally:
        db.close()


def works():
    """systemd-creds can seal here: root, and a host key (or TPM) it can make."""
    if os.getuid() != 0 or shutil.which("systemd-creds") is None:
        return False
    r = subprocess.run(["systemd-creds", "encrypt", "--with-key=auto", "--name=x", "-", "-"], input=b"x", capture_output=True)
    return r.returncode == 0


def handed_over(top, folder, drop_in):
    """What systemd does at the unit's start: each LoadCredentialEncrypted of the drop-in, opened under its name."""
    to = f"{top}/credentials"
    os.makedirs(to, mode=0o700)
    for line in drop_in.splitlines():
        if line.startswith("LoadCredentialEncrypted="):
            name, path = line.split("=", 1)[1].split(":", 1)
            subprocess.run(["systemd-creds", "decrypt", f"--name={name}", path, f"{to}/{name}"], check=True, capture_output=True)
            os.chmod(f"{to}/{name}", 0o440)	# as with an ACL for the service's user
    return to


def main():
    score, top, place = Score(), tempfile.mkdtemp(prefix="candour-seal-"), None
    if not works():
        shutil.rmtree(top)
        print("SKIP: systemd-creds does not work here, or not as root")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    try:
        place = Place(top, os.path.abspath(sys.argv[1]))
        place.start_aggregator()
        raw, units = f"{top}/raw", f"{top}/units"
        place.candour("site", "init", raw)
        r = place.candour("site", "seal", raw, "--units", units, ok=False)
        score.check(f"a box is sealed after it is enrolled: {r.stderr!r}", r.returncode == 1 and "enrol first" in r.stderr and os.path.exists(f"{raw}/keys/device.key"))

        elm = place.site("elm")
        with open(f"{elm}/keys/device.key") as f:
            secret = next(x.split(" = ", 1)[1].strip() for x in f if x.startswith("secret"))
        with open(f"{elm}/keys/tls.key") as f:
            pem = f.read()
        with open(f"{elm}/sync.conf") as f:
            conf = f.read()

        env = {**os.environ, "PATH": f"{top}/bin"}
        os.mkdir(f"{top}/bin")
        def seal(env=os.environ):
            return subprocess.run([f"{place.build}/candour", "site", "seal", elm, "--units", units], capture_output=True, text=True, env=env, stdin=subprocess.DEVNULL)
        r = seal(env)
        score.check(f"without systemd-creds it says so: {r.stderr!r}", r.returncode == 1 and "systemd-creds: No such file" in r.stderr)
        with open(f"{top}/bin/systemd-creds", "w") as f:
            f.write("#!/bin/sh\n[ \"$1\" = encrypt ] && { echo sealed; exit 0; }\necho other\n")
        os.chmod(f"{top}/bin/systemd-creds", 0o755)
        r = seal(env)
        score.check(f"what does not open again is not trusted: {r.stderr!r}", r.returncode == 1 and "does not give back" in r.stderr)
        with open(f"{elm}/sync.conf") as f:
            same = f.read() == conf
        score.check("and all is as it was", same and os.path.exists(f"{elm}/keys/device.key") and os.path.exists(f"{elm}/keys/tls.key") and not os.path.exists(units))

        r = seal()
        score.check(f"sealed: {r.stdout!r} {r.stderr!r}", r.returncode == 0 and "sealed under the" in r.stdout)
        score.check("the files are gone", sorted(os.listdir(f"{elm}/keys")) == ["device-tls.cred", "device.cred", "provisional.pem", "sync.pin", "tls.pem"])
        with open(f"{elm}/sync.conf") as f:
            now = f.read()
        changed = [(a, b) for a, b in zip(conf.splitlines(), now.splitlines()) if a != b]
        score.check(f"sync.conf names no key files, and is else as it was: {changed}", [b for _, b in changed] == ["device_key =", "tls_key ="] and len(conf.splitlines()) == len(now.splitlines()))
        kept = b""
        for base, _, files in os.walk(elm):
            for name in files:
                with open(f"{base}/{name}", "rb") as f:
                    kept += f.read()
        score.check("neither secret is in any file of the box", secret.encode() not in kept and pem.encode()[60:120] not in kept)
        with open(f"{units}/candour-sync.service.d/keys.conf") as f:
            drop_in = f.read()
        score.check(f"systemd is told: {drop_in!r}", f"=device:{elm}/keys/device.cred\n" in drop_in and f"=device-tls:{elm}/keys/device-tls.cred\n" in drop_in)
        r = seal()
        score.check(f"once more does no harm: {r.stderr!r}", r.returncode == 0)

        r = subprocess.run(["systemd-creds", "decrypt", "--name=device-tls", f"{elm}/keys/device.cred", "-"], capture_output=True)
        score.check("a credential opens under its own name only", r.returncode != 0)
        env = {k: v for k, v in os.environ.items() if k != "CREDENTIALS_DIRECTORY"}
        r = subprocess.run([f"{place.build}/candour-sync", "-c", f"{elm}/sync.conf"], capture_output=True, text=True, env=env, timeout=30)
        score.check(f"without them candour-sync says what is missing: {r.stderr!r}", r.returncode == 1 and "systemd hands over no credentials" in r.stderr)
        place.put(elm, 3)
        os.environ["CREDENTIALS_DIRECTORY"] = handed_over(top, elm, drop_in)
        place.start_sync(elm, "sync-elm")
        wait_for("with them it delivers", 90, lambda: waiting(elm) == 0)
        score.check("each once", len(place.kept()) == 3 and len(set(place.kept())) == 3)
        place.stop("sync-elm")
        os.chmod(f"{os.environ['CREDENTIALS_DIRECTORY']}/device", 0o444)
        r = subprocess.run([f"{place.build}/candour-sync", "-c", f"{elm}/sync.conf"], capture_output=True, text=True, timeout=60)
        score.check(f"one that others may read is refused: {r.stderr!r}", r.returncode == 1 and "lets others read" in r.stderr)

        # The centre's receipt key the same way.
        place.stop("aggregator")
        place.candour("key", "seal", "--out", f"{top}/receipt.cred", f"{place.centre}/keys/receipt.key")
        to = f"{top}/credentials-centre"
        os.mkdir(to, mode=0o700)
        subprocess.run(["systemd-creds", "decrypt", "--name=receipt", f"{top}/receipt.cred", f"{to}/receipt"], check=True, capture_output=True)
        os.chmod(f"{to}/receipt", 0o400)
        os.rename(f"{place.centre}/keys/receipt.key", f"{top}/receipt.key")
        with open(f"{place.centre}/aggregator.conf") as f:
            conf = f.read()
        with open(f"{place.centre}/aggregator.conf", "w") as f:
            f.write("\n".join("receipt_key =" if x.startswith("receipt_key") else x for x in conf.splitlines()) + "\n")
        os.environ["CREDENTIALS_DIRECTORY"] = to
        place.start_aggregator()
        score.check("the aggregator serves with its receipt key from systemd", True)
        place.stop("aggregator")
    except Exception as e:
        score.check(f"{type(e).__name__}: {e}", False)
        for n in ("aggregator", "sync-elm"):
            if place and os.path.exists(f"{top}/{n}.log"):
                print(place.log(n)[-1500:])
    finally:
        if place:
            place.close()
        shutil.rmtree(top, ignore_errors=True)
    return score.end()


if __name__ == "__main__":
    sys.exit(main())
