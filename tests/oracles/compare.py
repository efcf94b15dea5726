#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random histories of our replicas, replayed by a foreign implementation that is not ours.

    compare.py --foreign rust --histories build/release/tests/oracles/oracle_histories --work DIR
               --through crdt|gateway [--seed 1] [--count 1000] [--planted overwrite|removal|sum]

Exits 0 when all that is shown is equal, 1 at the first difference, 77 where the foreign implementation is not
installed. With --planted the foreign side breaks one rule, and only a difference that is found is a success.
TRIBUTARY_SEED=n tries just that history, TRIBUTARY_SEEDS=n so many. Python 3.9, standard library only.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
REGISTRY = pathlib.Path("/usr/share/cargo/registry")  # where Debian's librust-*-dev packages put their sources


def skip(why):
    print("skipped:", why)
    sys.exit(SKIPPED)


def rust(work):
    """The command of the replayer on rust-crdt, built offline from Debian's sources."""
    cargo, rustc = "/usr/bin/cargo", "/usr/bin/rustc"
    if not (os.path.exists(cargo) and os.path.exists(rustc) and list(REGISTRY.glob("crdts-7*"))):
        skip("rust-crdt is not here: apt-get install librust-crdts-dev cargo rustc")
    home, source, target = work / "cargo", work / "source", work / "target"
    home.mkdir(parents=True, exist_ok=True)
    (home / "config.toml").write_text(
        f'[source.crates-io]\nreplace-with = "debian"\n[source.debian]\ndirectory = "{REGISTRY}"\n'
    )
    for name in ("Cargo.toml", "src/main.rs"):  # beside them cargo writes a lock file
        text = (HERE / "rust" / name).read_text()
        copy = source / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if not copy.exists() or copy.read_text() != text:
            copy.write_text(text)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("CARGO", "RUST"))}
    environment.update(CARGO_HOME=str(home), RUSTC=rustc)
    command = [cargo, "build", "--quiet", "--offline", "--release", "--manifest-path", str(source / "Cargo.toml")]
    subprocess.run(command + ["--target-dir", str(target)], env=environment, check=True)
    return [str(target / "release" / "foreign-replicas")]


def javascript(work):
    """The command of the replayer on delta-crdts, where npm has put it."""
    modules = os.environ.get("TRIBUTARY_NODE_MODULES", str(work / "node_modules"))
    if not shutil.which("node") or not os.path.isdir(os.path.join(modules, "delta-crdts")):
        skip(f"delta-crdts is not in {modules}: npm install --prefix {work} delta-crdts@0.10.3")
    return ["node", str(HERE / "javascript" / "replay.js"), modules]


FOREIGN = {"rust": rust, "javascript": javascript}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--foreign", choices=sorted(FOREIGN), required=True)
    parser.add_argument("--histories", required=True, help="the program that writes them")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="where to build the foreign program")
    parser.add_argument("--through", choices=("crdt", "gateway"), required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--planted", choices=("overwrite", "removal", "sum"))
    a = parser.parse_args()
    a.count = int(os.environ.get("TRIBUTARY_SEEDS", a.count))
    if "TRIBUTARY_SEED" in os.environ:
        a.seed, a.count = int(os.environ["TRIBUTARY_SEED"]), 1
    foreign = FOREIGN[a.foreign](a.work.resolve()) + (["--planted", a.planted] if a.planted else [])
    write = [a.histories, "--through", a.through, "--seed", str(a.seed), "--count", str(a.count)]
    with subprocess.Popen(write, stdout=subprocess.PIPE) as ours:
        replayed = subprocess.run(foreign, stdin=ours.stdout, stdout=subprocess.PIPE, text=True, check=False)
        ours.stdout.close()
        written = ours.wait()
    found = next((line for line in replayed.stdout.splitlines() if line.startswith("differs: history ")), None)
    if a.planted:
        print(found or f"the planted rule '{a.planted}' was not found in {a.count} histories")
        return 0 if found and replayed.returncode == 1 else 1
    print(replayed.stdout, end="")
    if found:
        seed = found.split()[2]
        command = " ".join([*sys.argv[:1], "--foreign", a.foreign, "--histories", a.histories, "--work", str(a.work)])
        print(f"replay: {command} --through {a.through} --seed {seed} --count 1")
    return 0 if replayed.returncode == 0 and written == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
