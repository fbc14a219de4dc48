"""From `seqbench new backend` to a row beside NumPy's in E02's table, as its author would go.

The environment of its own sees this one's packages; only the plugin is installed into it.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import seqbench

ROOT = Path(seqbench.__file__).resolve().parents[1]


def run(python: Path, *arguments: str, cwd: Path) -> str:
    environment = os.environ | {"SEQBENCH_CACHE": str(cwd.parent / "cache"), "PYTEST_ADDOPTS": ""}
    done = subprocess.run(
        [str(python), "-m", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def own_environment(folder: Path) -> Path:
    venv.create(folder, with_pip=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    seen = [sysconfig.get_path("purelib"), str(ROOT), str(ROOT / "plugins")]
    seen += [path for path in sys.path if path.endswith("site-packages")]
    packages = folder / "lib" / version / "site-packages"
    (packages / "seen.pth").write_text("\n".join(dict.fromkeys(seen)) + "\n")
    return folder / "bin" / "python"


def test_from_the_scaffold_to_a_table(tmp_path):
    run(Path(sys.executable), "seqbench", "new", "backend", "my_own", "--into", str(tmp_path),
        cwd=tmp_path)  # fmt: skip
    folder = tmp_path / "seqbench-my-own"
    python = own_environment(tmp_path / "venv")
    run(python, "pip", "install", "-q", "--no-deps", "--no-build-isolation", "-e", ".", cwd=folder)
    assert " passed" in run(python, "pytest", "-q", "-p", "no:cacheprovider", cwd=folder)
    assert "0 fail" not in (told := run(python, "seqbench", "check", "my_own", cwd=folder))
    assert told.rstrip().endswith(" pass")

    backends = json.loads(run(python, "seqbench", "list", "backends", "--json", cwd=folder))
    assert [row["available"] for row in backends if row["name"] == "my_own"] == [True]
    composed = run(python, "seqbench", "run", "backend=my_own", "--cfg", "job", cwd=folder)
    assert "name: my_own" in composed

    overrides = ["experiment=cell_cost", "backend.name=numpy,my_own", "size=tiny"]
    run(python, "seqbench", "run", *overrides, "results_dir=runs", "-m", cwd=folder)
    (path,) = (folder / "runs").rglob("summary.csv")
    with path.open() as file:
        ran = {
            (row["p.backend.name"], row["p.cell.name"], row["kernel_impl"])
            for row in csv.DictReader(file)
            if row["metric"] == "time"
        }
    assert ("my_own", "rnn", "my_own.rnn") in ran
    assert ("my_own", "lstm", "my_own.shared") in ran
    assert ("numpy", "rnn", "numpy.rnn") in ran
