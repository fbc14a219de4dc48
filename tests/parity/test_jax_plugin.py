"""The JAX peer: every conformance check, in a process of its own, since XLA's threads bear no fork.

Other tests fork, and JAX warns of that in every process that has imported it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).with_name("jax_in_a_process.py")
# Hundreds of shapes are compiled and run once each: XLA need not optimise them.
FLAGS = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes"


@pytest.mark.peer("jax")
def test_every_check_passes(peer):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(TESTS)]
    environment = os.environ | {"XLA_FLAGS": FLAGS, "PYTEST_ADDOPTS": ""}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) > 90, "every implementation has its checks"
    assert "skipped" not in done.stdout


def test_importing_the_plugin_imports_no_jax():
    code = "import sys, seqbench_jax; assert 'jax' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
