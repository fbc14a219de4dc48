"""What the emulator has shown of each kernel, kept beside the plugin for `seqbench list`.

`python tests/cuda/evidence.py` runs the conformance suite on the emulator and writes
plugins/seqbench_cupy/evidence.json. An entry counts for exactly the source it was taken of; what a
GPU has shown of the same source stays.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import seqbench_cupy
from emulated import implementations

import seqbench
from seqbench.testing.checks import checks_for
from seqbench.testing.conformance import run_check

FILE = Path(seqbench_cupy.__file__).with_name("evidence.json")


def stored() -> dict[str, dict]:
    return json.loads(FILE.read_text()) if FILE.exists() else {}


def defaults() -> dict[str, object]:
    """`kind/name` -> the implementation that serves it unless another is asked for."""
    found: dict[str, object] = {}
    for implementation in implementations():
        found.setdefault(implementation.contract.key, implementation)
    return found


def digest_of(key: str) -> str:
    kind, _, name = key.partition("/")
    return seqbench.registry().resolve(kind, name, "cupy").digest


def is_current(key: str, entry: dict) -> bool:
    return entry["digest"] == digest_of(key)


def write() -> int:
    """Check what is new or changed; 1 where something fails."""
    known = stored()
    kept = {k: e for k, e in known.items() if k in defaults() and is_current(k, e) and e["passed"]}
    for key, impl in defaults().items():
        if key in kept:
            continue
        rows = [run_check(check, impl) for check in checks_for(impl)]
        failed = [row.message for row in rows if row.status == "fail"]
        print(f"{key}: {len(rows)} checks, {len(failed)} failed", *failed, sep="\n  ", flush=True)
        kept[key] = {
            "impl_id": impl.impl_id,
            "digest": digest_of(key),
            "passed": not failed,
            "where": impl.backend.runtime.where,
        }
    FILE.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
    return 0 if all(entry["passed"] for entry in kept.values()) else 1


if __name__ == "__main__":
    sys.exit(write())
