"""Who may import whom: the architecture, held by a walk over the imports."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

ALLOWED = {
    "interfaces": set(),
    "registry": {"interfaces"},
    "kernels": {"interfaces"},
    "data": {"interfaces", "kernels"},
    "models": {"interfaces", "kernels", "data"},
    "measure": {"interfaces", "kernels", "data", "models"},
    "results": {"interfaces"},
    "testing": {"interfaces", "kernels", "data", "models"},
    "experiments": {
        "interfaces",
        "registry",
        "kernels",
        "data",
        "models",
        "measure",
        "testing",
    },
    "cli": {"interfaces", "registry", "experiments", "results", "testing"},
}
PLUGINS_MAY = {"interfaces", "kernels", "testing"}
HEAVY = ("pandas", "hydra", "omegaconf", "pyarrow", "rich", "matplotlib", "torch", "cupy")


def imported_modules(path: Path) -> set[str]:
    """Absolute names of everything a file imports, lazily or not."""
    package = ".".join(path.relative_to(ROOT).with_suffix("").parts[:-1])
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1]
            prefix = ".".join(base) + "." if node.level else ""
            module = (prefix + (node.module or "")).rstrip(".")
            found.add(module)
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return found


def floors_of(modules: set[str]) -> set[str]:
    parts = [m.split(".") for m in modules if m.startswith("seqbench.")]
    return {p[1] for p in parts if p[1] in ALLOWED}


@pytest.mark.parametrize("floor", sorted(ALLOWED))
def test_a_floor_imports_only_what_is_below_it(floor):
    for path in (ROOT / "seqbench" / floor).rglob("*.py"):
        above = floors_of(imported_modules(path)) - ALLOWED[floor] - {floor}
        assert not above, f"{path.relative_to(ROOT)} imports {sorted(above)}"


def test_plugins_import_interfaces_kernels_and_testing_alone():
    for path in (ROOT / "plugins").rglob("seqbench_*/*.py"):
        if "hydra_plugins" in path.parts:
            continue  # our own sweeper: part of the command line, shipped where Hydra looks
        above = floors_of(imported_modules(path)) - PLUGINS_MAY
        assert not above, f"{path.relative_to(ROOT)} imports {sorted(above)}"


def test_no_plugin_imports_another():
    for path in (ROOT / "plugins").rglob("seqbench_*/*.py"):
        others = {m.split(".")[0] for m in imported_modules(path)} - {path.parent.name, "seqbench"}
        found = sorted(m for m in others if m.startswith("seqbench_"))
        assert not found, f"{path.relative_to(ROOT)} imports {found}"


@pytest.mark.parametrize(
    ("library", "plugin"), [("cupy", "seqbench_cupy"), ("torch", "seqbench_torch")]
)
def test_only_its_plugin_imports_a_device_library(library, plugin):
    for folder in ("seqbench", "plugins"):
        for path in (ROOT / folder).rglob("*.py"):
            names = {m.split(".")[0] for m in imported_modules(path)}
            assert library not in names or plugin in path.parts, path


@pytest.mark.parametrize("floor", ["interfaces", "registry", "kernels", "measure", "testing"])
def test_low_floors_import_nothing_heavy(floor):
    """Each module is imported with the heavy libraries blocked."""
    modules = [
        ".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for p in (ROOT / "seqbench" / floor).rglob("*.py")
    ]
    block = HEAVY + (("numpy",) if floor in ("interfaces", "registry") else ())
    code = f"import sys\nfor m in {block!r}: sys.modules[m] = None\n"
    code += "".join(f"import {m}\n" for m in sorted(modules))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_listing_imports_no_numpy():
    code = (
        "import sys\nsys.modules['numpy'] = None\n"
        "import seqbench\nseqbench.registry().algorithms()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
