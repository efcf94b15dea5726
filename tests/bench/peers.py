# SPDX-License-Identifier: Apache-2.0
"""The OR-Set at 100,000 elements beside rust-crdt, and beside automerge, yjs and delta-crdts from npm, on the same history.

Promise: the history is that of orset_at_scale.cc, taking turns; CPU seconds count, so that what else a machine does is in nobody's; each program proves it by the size and sum of what is left. Where
a peer would take minutes it does fewer operations, and delta-crdts, whose every operation walks all elements, has fewer of those
(and ours in that row, too). rust-crdt is built as tests/oracles does. Used by bench.py.
"""
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

from node import modules_with
from stage import Skipped

HERE = pathlib.Path(__file__).resolve().parent
REGISTRY = pathlib.Path("/usr/share/cargo/registry")  # where Debian's librust-*-dev packages put their sources


def rust(work):
    """The program on rust-crdt, built offline from Debian's sources."""
    cargo, rustc = "/usr/bin/cargo", "/usr/bin/rustc"
    if not (os.path.exists(cargo) and os.path.exists(rustc) and list(REGISTRY.glob("crdts-7*"))):
        raise Skipped("rust-crdt is not here: apt-get install librust-crdts-dev cargo rustc")
    home, source = work / "cargo", work / "source"
    home.mkdir(parents=True, exist_ok=True)
    (home / "config.toml").write_text(
        f'[source.crates-io]\nreplace-with = "debian"\n[source.debian]\ndirectory = "{REGISTRY}"\n', encoding="utf-8")
    for name in ("Cargo.toml", "src/main.rs"):  # beside them cargo writes a lock file
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(HERE / "rust" / name, source / name)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("CARGO", "RUST"))}
    environment.update(CARGO_HOME=str(home), RUSTC=rustc)
    subprocess.run([cargo, "build", "--quiet", "--offline", "--release", "--manifest-path", str(source / "Cargo.toml"),
                    "--target-dir", str(work / "target")], env=environment, check=True, timeout=600)
    return [str(work / "target/release/orset-at-scale")]


def run(command, elements, operations):
    done = subprocess.run([*command, str(elements), str(operations)], capture_output=True, text=True, timeout=400, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command[-1]}: {done.stderr.strip()[-400:]}")
    result = json.loads(done.stdout)
    want = sum(range(operations, elements + operations))
    if (result["size"], result["sum"]) != (elements, want):
        raise RuntimeError(f"{command[-1]}: it ends with other elements: {result}")
    for what in ("add", "apply", "remove", "apply_removal"):
        result[what] = operations / max(result[what + "_s"], 1e-6)  # a clock may be too coarse for --quick
    return result


def found(programs):
    """Name, command, share of the operations and most elements of each peer that is here; Skipped when none is."""
    peers, missing = [], []
    try:
        peers.append(("rust-crdt", rust(pathlib.Path(programs["orset_at_scale"]).resolve().parent / "rust"), 1, 1_000_000))
    except Skipped as why:
        missing.append(str(why))
    for name, package, share, most in (("automerge", "@automerge/automerge", 0.0004, 1_000_000), ("yjs", "yjs", 0.04, 1_000_000),
                                       ("delta-crdts", "delta-crdts", 0.002, 1_000)):
        try:
            modules = modules_with(programs, package)
            peers.append((name, ["node", str(HERE / "javascript/orset_at_scale.js"), modules, name], share, most))
        except Skipped as why:
            missing.append(str(why))
    for why in missing:
        print("peers: left out: " + why, file=sys.stderr)
    if not peers:
        raise Skipped("; ".join(missing))
    return peers


def measure(programs, quick):
    elements, operations, rounds = (2_000, 1_000, 1) if quick else (100_000, 50_000, 3)
    for name, command, share, most in found(programs):
        some = min(elements, most)
        ours, runs = [], []
        for _ in range(rounds if name == "rust-crdt" else 1):
            ours.append(run([programs["orset_at_scale"]], some, operations if some == elements else some // 2))
            runs.append(run(command, some, max(10, int(operations * share))))
        row = {"name": f"peers, OR-Set, {name}", "elements": some}
        for what in ("add", "apply", "remove", "apply_removal"):
            mine, its = (statistics.median(r[what] for r in of) for of in (ours, runs))
            row.update({what + "_per_s": round(mine), f"its_{what}_per_s": round(its), what + "_ratio": round(mine / its, 2)})
        mine, its = (statistics.median(max(r["join_s"], 1e-6) for r in of) for of in (ours, runs))
        row.update({"join_ms": round(mine * 1e3, 1), "its_join_ms": round(its * 1e3, 1), "join_ratio": round(its / mine, 2)})
        if name == "rust-crdt":
            row["goal"] = 5
        yield row
