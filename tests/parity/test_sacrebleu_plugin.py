"""The sacreBLEU peer: every conformance check, its row in the list, and no import before use."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("sacrebleu")

import seqbench
from seqbench.testing.conformance import BackendConformance

pytestmark = pytest.mark.peer("sacrebleu")

PLUGINS = ["seqbench_numpy", "seqbench_sacrebleu"]


class TestSacrebleu(BackendConformance):
    backend = "sacrebleu"
    plugins = PLUGINS


def test_it_is_listed_beside_ours():
    rows = [r for r in seqbench.registry(PLUGINS).algorithms() if r["name"] == "bleu_stats"]
    found = {r["backend"]: (r["id"], r["impl_id"], r["tier"]) for r in rows}
    assert found == {
        "numpy": ("A32", "numpy.bleu_stats", "own"),
        "sacrebleu": ("A32", "sacrebleu.bleu", "peer"),
    }


def test_it_imports_sacrebleu_only_when_it_is_used():
    program = (
        f"import sys, seqbench; seqbench.registry({PLUGINS}).algorithms()\n"
        "print('sacrebleu' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


def test_without_sacrebleu_it_says_what_to_install():
    program = (
        "import sys, seqbench; sys.modules['sacrebleu'] = None\n"
        f"print(seqbench.registry({PLUGINS}).unavailable('sacrebleu'))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "sacrebleu is not installed; install seqbench[sacrebleu]"
