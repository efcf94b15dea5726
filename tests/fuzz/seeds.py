#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes seed inputs from tests/vectors and config/gateway.toml. Usage: seeds.py OUT_DIR

OUT_DIR gets one folder a target. What fuzzing adds to it is merged into corpus/ by `run.sh --minimise`.
"""
import hashlib
import json
import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
VECTORS = os.path.join(HERE, "..", "vectors")
BYTES_MAX = 4096


def message(v):
    if "hex" in v:
        return bytes.fromhex(v["hex"])
    return b"".join(bytes.fromhex(run) * times for run, times in v["hex_runs"])


def vectors(name):
    with open(os.path.join(VECTORS, name + ".json"), encoding="utf8") as f:
        content = json.load(f)
    return [message(v) for kind in ("valid", "invalid") for v in content[kind] if "hex" in v]


def body_of(sealed):
    """The body of a sealed frame: what stands in its first bin."""
    if len(sealed) < 4 or sealed[:2] != b"\x94\x01" or sealed[2] not in (0xC4, 0xC5):
        return b""
    width = 1 if sealed[2] == 0xC4 else 2
    size = int.from_bytes(sealed[3:3 + width], "big")
    return sealed[3 + width:3 + width + size]


def config():
    with open(os.path.join(HERE, "..", "..", "config", "gateway.toml"), encoding="utf8") as f:
        lines = [line for line in f.read().split("\n") if line and not line.startswith("#")]
    section = []
    for line in lines + ["["]:
        if line.startswith("[") and section:
            yield "\n".join(section).encode()
            section = []
        section.append(line)
    yield b"\0TRIBUTARY_COMMIT_BATCH_MAX=10\ncommit.timeout_ms=5\nbroker.local.keepalive_s=3"


def topics():
    for a, b in (("up/+", "up/a"), ("a/#", "a"), ("#", "$SYS/x"), ("+/b/#", "a/b/c"), ("é/温", "é/温")):
        yield b"\x04" + a.encode() + b"\0" + b.encode()
    for a, b in (("plant/line", "x"), ("*-?", "door-1"), ("\ufdd0", ""), ("a//b", "")):
        yield b"\x01" + a.encode() + b"\0" + b.encode()
    for name in ("up/meter-1", "gw/p/delta", "gw/p/head", "gw/p/status", "gw/p/state/1/0", "gw/p/ask/gw", "gw/p/answer/gw"):
        yield b"\x00" + name.encode() + b"\0{}"


def records():
    for name in ("record", "closing", "settlement", "withdrawal", "exemption", "removal"):
        yield from vectors(name)
    grant = [b"\x99\xa5grant\xa8sensor-*\xa4a/*b\x92\x01\x02\x0f", b"\x00\x0a\x05\x14"]
    yield b"".join(grant)
    yield b"".join((grant[0], b"\xcf\x00\x00\x01\x8b\xcf\xe5\x68\x00", b"\xcf" + b"\xff" * 8, b"\x00", b"\xcf" + b"\xff" * 8))
    yield b'{"gateway":"g1","state":"online","key":"00ff","signature":"00ff"}'


def scripts(count, size):
    dice = random.Random(1)
    for _ in range(count):
        yield bytes(dice.choice((dice.randrange(256), dice.randrange(24), 0)) for _ in range(size))


def main():
    out = sys.argv[1]
    envelopes = vectors("envelope")
    seeds = {
        "envelope": envelopes,
        "delta": [body_of(e) for e in envelopes],
        "differential": [body_of(e) for e in envelopes],
        "pack": vectors("pack") + envelopes[:5],
        "batch": vectors("batch") + vectors("state"),
        "ask": vectors("ask") + vectors("answer"),
        "head": vectors("head"),
        "seal": vectors("cosignature") + vectors("proposal") + vectors("seal_part") + vectors("seal"),
        "ack": vectors("ack"),
        "scalar": vectors("scalar"),
        "record": list(records()),
        "topic": topics(),
        "config": config(),
        "intake": [b"\1" + s for s in scripts(8, 40)],
        "snapshot": [b"\1TRIBSNAP\1\4demo\2d1\5" + bytes(8)],
        "rows": scripts(16, 200),
        "core": scripts(16, 400),
        "sdk": scripts(16, 300),
    }
    for target, inputs in seeds.items():
        folder = os.path.join(out, target)
        os.makedirs(folder, exist_ok=True)
        for data in inputs:
            if 0 < len(data) <= BYTES_MAX:
                with open(os.path.join(folder, hashlib.sha1(data).hexdigest()), "wb") as f:
                    f.write(data)


if __name__ == "__main__":
    main()
