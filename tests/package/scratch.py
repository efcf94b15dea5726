#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the Debian package and tries it in a scratch root. Usage: scratch.py BUILD_DIR SOURCE_DIR.

Root only (dpkg writes owners); exits 77, "skipped", for others. Nothing outside the scratch directory is touched: maintainer
scripts run with DPKG_ROOT set, and that they heed it is part of what is tried.
"""
import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile

BUILD, SOURCE = sys.argv[1], sys.argv[2]


def run(*words, ok=(0,), **more):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if done.returncode not in ok:
        sys.exit(f"{' '.join(words)}: status {done.returncode}\n{done.stdout}")
    return done.stdout


def expect(condition, what):
    if not condition:
        sys.exit("not so: " + what)


def make_package(place):
    run("ninja", "-C", BUILD, "manual")
    run("cpack", "-G", "DEB", "-B", place, "--config", os.path.join(BUILD, "CPackConfig.cmake"), cwd=place)
    made = [name for name in os.listdir(place) if name.endswith(".deb")]
    expect(len(made) == 1, f"one package: {made}")
    return os.path.join(place, made[0])


def judge(package):
    """lintian: no errors. Where there is no lintian, the test says so and goes on."""
    if not shutil.which("lintian"):
        print("lintian is not installed: not judged")
        return
    said = run("lintian", "--fail-on", "error", "--tag-display-limit", "0", "--allow-root", package, ok=(0, 2))
    errors = [line for line in said.splitlines() if line.startswith("E:")]
    expect(not errors, "lintian has no errors:\n" + said)
    print(f"lintian: no errors, {sum(line.startswith('W:') for line in said.splitlines())} warnings")
    print("\n".join(line for line in said.splitlines() if line.startswith("W:")))


WANTED = """/usr/bin/tributary /lib/systemd/system/tributary.service /usr/lib/sysusers.d/tributary.conf /etc/tributary/gateway.toml
/usr/share/man/man1/tributary.1.gz /usr/share/man/man1/tributary-gateway.1.gz /usr/share/man/man1/tributary-check.1.gz
/usr/share/man/man5/tributary.toml.5.gz /usr/share/bash-completion/completions/tributary
/usr/share/zsh/vendor-completions/_tributary /usr/share/fish/vendor_completions.d/tributary.fish
/usr/share/doc/tributary/mosquitto.conf /usr/share/doc/tributary/gateway.toml /usr/share/doc/tributary/operations.md
/usr/share/doc/tributary/copyright /usr/share/doc/tributary/changelog.gz""".split()


class Root:
    def __init__(self, path):
        self.path = path
        for folder in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers", "etc", "var/lib", "var/log", "run"):
            os.makedirs(os.path.join(path, folder), exist_ok=True)
        for name in ("status", "available"):
            open(self.at(f"/var/lib/dpkg/{name}"), "w").close()
        for name, line in (("passwd", "root:x:0:0:root:/root:/bin/sh\n"), ("group", "root:x:0:\n")):
            with open(self.at(f"/etc/{name}"), "w") as f:
                f.write(line)

    def at(self, path):
        return self.path + path

    def has(self, path):
        return os.path.lexists(self.at(path))

    def read(self, path):
        with open(self.at(path)) as f:
            return f.read()

    def dpkg(self, *words):
        return run("dpkg", f"--root={self.path}", f"--log={self.path}/var/log/dpkg.log", "--force-script-chrootless",
                   "--force-depends", "--force-confdef", "--force-confold", *words)


def newer(package, place):
    """The same package as a later version, whose conffile differs."""
    tree = os.path.join(place, "newer")
    run("dpkg-deb", "-R", package, tree)
    control = os.path.join(tree, "DEBIAN", "control")
    with open(control) as f:
        text = f.read()
    with open(control, "w") as f:
        f.write(re.sub(r"^Version: .*$", "Version: 99.0", text, flags=re.M))
    with open(os.path.join(tree, "etc/tributary/gateway.toml"), "a") as f:
        f.write("# a later version's word\n")
    out = os.path.join(place, "newer.deb")
    run("dpkg-deb", "--root-owner-group", "-b", tree, out)
    return out


def lives(package, place):
    root = Root(os.path.join(place, "root"))
    root.dpkg("-i", package)
    for path in WANTED:
        expect(root.has(path), f"{path} is installed")
    expect("tributary:" in root.read("/etc/passwd"), "sysusers made the user in the scratch root")
    unit = root.read("/lib/systemd/system/tributary.service")
    expect("ExecStart=/usr/bin/tributary gateway --config /etc/tributary/gateway.toml" in unit, "the unit starts /usr/bin/tributary")
    expect(root.has("/etc/systemd/system/multi-user.target.wants/tributary.service"), "the unit is enabled")
    said = run(root.at("/usr/bin/tributary"), "config", "check", root.at("/etc/tributary/gateway.toml"))
    expect("ok" in said, "the installed configuration is fit: " + said)
    with gzip.open(root.at("/usr/share/man/man1/tributary.1.gz"), "rt") as f:
        expect("tributary\\-check" in f.read(), "the manual names check")
    with open(root.at("/etc/tributary/gateway.toml"), "a") as f:
        f.write("# the owner's own word\n")
    os.makedirs(root.at("/var/lib/tributary"))
    open(root.at("/var/lib/tributary/gateway.db"), "w").close()
    root.dpkg("-i", newer(package, place))
    expect("owner's own word" in root.read("/etc/tributary/gateway.toml"), "an upgrade keeps the owner's configuration")
    expect(root.has("/var/lib/tributary/gateway.db"), "an upgrade keeps the database")
    root.dpkg("--remove", "tributary")
    expect(not root.has("/usr/bin/tributary"), "removed")
    expect(root.has("/etc/tributary/gateway.toml") and root.has("/var/lib/tributary/gateway.db"), "a removal keeps both")
    root.dpkg("--purge", "tributary")
    for path in ("/etc/tributary/gateway.toml", "/var/lib/tributary", "/etc/systemd/system/multi-user.target.wants/tributary.service"):
        expect(not root.has(path), f"{path} is gone with the purge")


def main():
    if os.geteuid() != 0 or not shutil.which("dpkg-deb"):
        print("skipped: needs root and dpkg")
        return 77
    with tempfile.TemporaryDirectory() as place:
        package = make_package(place)
        print(run("dpkg-deb", "-I", package).strip())
        judge(package)
        lives(package, place)
    print("installed, upgraded, removed and purged")
    return 0


if __name__ == "__main__":
    sys.exit(main())
