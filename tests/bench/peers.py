# SPDX-License-Identifier: Apache-2.0
"""The OR-Set at 100,000 elements beside rust-crdt, and beside automerge, yjs and delta-crdts from npm, on the same history; and joins of
whole states, each type at each size, sets also by 100 to 10,000 actors, beside rust-crdt and delta-crdts, and what they have of it beside
yjs and automerge.

Promise: the history is that of orset_at_scale.cc; taking turns; CPU seconds count, so that what else a machine does is in nobody's; medians of rounds in one process,
without the first, which asks the kernel for memory (that one is told beside it); each program proves it by the size and sum of what is left. Where
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
# glibc gives nothing back to the kernel, of ours and of theirs: rounds after the first measure data types, not page faults.
KEEPS_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(1 << 30), "MALLOC_MMAP_THRESHOLD_": str(32 << 20)}
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
    for name in ("Cargo.toml", "src/clock.rs", "src/joins_of.rs", "src/orset_at_scale.rs"):  # beside them cargo writes a lock file
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(HERE / "rust" / name, source / name)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("CARGO", "RUST"))}
    environment.update(CARGO_HOME=str(home), RUSTC=rustc)
    subprocess.run([cargo, "build", "--quiet", "--offline", "--release", "--manifest-path", str(source / "Cargo.toml"),
                    "--target-dir", str(work / "target")], env=environment, check=True, timeout=600)
    return work / "target/release"


def run(command, elements, operations, rounds=()):
    """What each round of the program says, in operations a second beside the seconds."""
    done = subprocess.run([*command, str(elements), str(operations), *map(str, rounds)], capture_output=True, text=True, timeout=400, check=False,
                          env={**os.environ, **KEEPS_MEMORY})
    if done.returncode != 0:
        raise RuntimeError(f"{command[-1]}: {done.stderr.strip()[-400:]}")
    want = sum(range(operations, elements + operations))
    results = [json.loads(line) for line in done.stdout.splitlines()]
    for result in results:
        if (result["size"], result["sum"]) != (elements, want):
            raise RuntimeError(f"{command[-1]}: it ends with other elements: {result}")
        for what in ("add", "apply", "remove", "apply_removal"):
            result[what] = operations / max(result[what + "_s"], 1e-6)  # a clock may be too coarse for --quick
    return results


def median(results, what):
    return statistics.median(max(r[what], 1e-6) for r in results)


def place_of(programs):
    return pathlib.Path(programs["orset_at_scale"]).resolve().parent / "rust"


def found(programs):
    """Name, command, share of the operations and most elements of each peer that is here; Skipped when none is."""
    peers, missing = [], []
    try:
        peers.append(("rust-crdt", [str(rust(place_of(programs)) / "orset-at-scale")], 1, 1_000_000))
    except Skipped as why:
        missing.append(str(why))
    for name, share, most in (("automerge", 0.0004, 1_000_000), ("yjs", 0.04, 1_000_000), ("delta-crdts", 0.002, 1_000)):
        try:
            modules = modules_with(programs, PACKAGES[name])
            peers.append((name, ["node", str(HERE / "javascript/orset_at_scale.js"), modules, name], share, most))
        except Skipped as why:
            missing.append(str(why))
    for why in missing:
        print("peers: left out: " + why, file=sys.stderr)
    if not peers:
        raise Skipped("; ".join(missing))
    return peers


# What of npm's joins which types, and of how many at most: more would take minutes.
JOINED_BY = {"delta-crdts": {"gcounter": 1_000_000, "pncounter": 1_000_000, "gset": 1_000_000, "orset": 1_000, "lww": 10_000},
             "yjs": {"gset": 10_000, "orset": 10_000, "lww": 1_000}, "automerge": {"gset": 10_000, "orset": 10_000, "lww": 10}}
ONE_WRITER = ("yjs", "automerge")  # writes for all actors: joins_of.js
PACKAGES = {"automerge": "@automerge/automerge", "yjs": "yjs", "delta-crdts": "delta-crdts"}
# Sizes; of sets by ten actors.
JOINS = {"gcounter": (10, 1_000, 10_000, 1_000_000), "pncounter": (10, 1_000, 10_000, 1_000_000), "gset": (100, 10_000, 1_000_000),
         "orset": (100, 1_000, 10_000, 1_000_000), "lww": (10, 1_000, 10_000)}
# Sets by so many actors: size, actors.
BY_MANY = {"gset": ((1_000, 100), (1_000, 1_000), (10_000, 100), (10_000, 1_000), (10_000, 10_000), (100_000, 10_000)),
           "orset": ((1_000, 100), (1_000, 1_000), (10_000, 100), (10_000, 1_000), (10_000, 10_000))}


def join_seconds(command, case, rounds):
    """Of the rounds after the first, and what proves the outcome. `case`: type, size and actors."""
    case = list(map(str, case))
    done = subprocess.run([*command, *case[:2], str(rounds), *case[2:]], capture_output=True, text=True, timeout=400, check=False,
                          env={**os.environ, **KEEPS_MEMORY})
    if done.returncode != 0:
        raise RuntimeError(f"{command[-1]} {' '.join(case)}: {done.stderr.strip()[-400:]}")
    results = [json.loads(line) for line in done.stdout.splitlines()]
    if len({r["proof"] for r in results}) != 1:
        raise RuntimeError(f"{command[-1]} {' '.join(case)}: rounds differ")
    return [max(r["join_s"], 1e-9) for r in results[1:]], results[0]["proof"]


def joins(programs, effort):
    """Of each type at each size: ours beside each peer that is here, taking turns; all end with the same value."""
    peers = []
    try:
        peers.append(("rust-crdt", [str(rust(place_of(programs)) / "joins-of")], dict.fromkeys(JOINS, 1_000_000)))
    except Skipped:
        pass  # measure() tells
    for name, most in JOINED_BY.items():
        try:
            peers.append((name, ["node", str(HERE / "javascript/joins_of.js"), modules_with(programs, PACKAGES[name]), name], most))
        except Skipped:
            pass
    some = (lambda of: of) if effort.thorough else (lambda of: of[:1]) if effort.quick else (lambda of: [*of][-1:])
    cases = [(f"joins, {kind}, {size}", (kind, size, 10), 4) for kind, sizes in JOINS.items() for size in some(sizes)]
    cases += [(f"joins, {kind}, {size}, {actors:,} actors", (kind, size, actors), 2) for kind, many in BY_MANY.items()
              for size, actors in some(many)]
    for name, case, rounds in cases:
        kind, size, actors = case
        ours, its = [], {}
        rounds, turns = (2, 1) if effort.quick else (rounds, 2 if effort.thorough else 1)
        for _ in range(turns):
            mine, proof = join_seconds([programs["joins_of"]], case, rounds)
            ours += mine
            for peer, command, most in peers:
                if size > most.get(kind, 0) or (actors != 10 and peer in ONE_WRITER):
                    continue
                theirs, same = join_seconds(command, case, rounds)
                if same != proof:
                    raise RuntimeError(f"{name}: {peer} ends with {same}, we with {proof}")
                its.setdefault(peer, []).extend(theirs)
        row = {"name": name, "items_per_s": round(size / statistics.median(ours))}
        for peer, seconds in its.items():
            row[f"ratio_{peer}"] = round(statistics.median(seconds) / statistics.median(ours), 2)
        yield row


def measure(programs, effort):
    yield from sets(programs, effort)
    yield from joins(programs, effort)


def schedule(peers, turns):
    """Turns of rust-crdt between those of the others, which have one: what slows the machine for seconds is in a few of them only."""
    left = [p for p in peers if p[0] == "rust-crdt"] * turns
    for peer in [p for p in peers if p[0] != "rust-crdt"]:
        yield from left[:1]
        left = left[1:]
        yield peer
    yield from left


def sets(programs, effort):
    elements, operations, rounds, turns = (2_000, 1_000, 2, 1) if effort.quick else (100_000, 50_000, 4, 5)
    peers = found(programs)
    done = {name: [] for name, *_ in peers}
    for name, command, share, most in schedule(peers, turns):
        some, in_rounds = min(elements, most), name == "rust-crdt"
        mine = run([programs["orset_at_scale"]], some, operations if some == elements else some // 2, [rounds])
        theirs = run(command, some, max(10, int(operations * share)), [rounds] if in_rounds else [])
        done[name].append((mine, theirs))
    for name, _, _, most in peers:
        yield compared(name, min(elements, most), done[name])


def compared(name, elements, turns):
    """Rates are medians of all rounds after the first, ratios of those of each turn."""
    after = [(mine[1:], theirs[1:] or theirs) for mine, theirs in turns]
    ours, its = [r for mine, _ in after for r in mine], [r for _, theirs in after for r in theirs]

    def ratio(what, pairs):
        return round(statistics.median(median(a, what) / median(b, what) for a, b in pairs), 2)
    row = {"name": f"peers, OR-Set, {name}", "elements": elements}
    for what in ("add", "apply", "remove", "apply_removal"):
        row.update({what + "_per_s": round(median(ours, what)), f"its_{what}_per_s": round(median(its, what)), what + "_ratio": ratio(what, after)})
    row.update({"join_ms": round(median(ours, "join_s") * 1e3, 1), "its_join_ms": round(median(its, "join_s") * 1e3, 1),
                "join_ratio": ratio("join_s", [(b, a) for a, b in after])})
    if name == "rust-crdt":
        for what in ("add", "apply"):
            row[f"first_{what}_ratio"] = ratio(what, [(mine[:1], theirs[:1]) for mine, theirs in turns])
            row[what + "_ratios"] = [round(median(a, what) / median(b, what), 2) for a, b in after]
    return row
