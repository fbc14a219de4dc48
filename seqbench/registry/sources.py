"""Digests of the source behind a target, without importing it: what resume keys go by."""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import re
from pathlib import Path


def source_digest(*targets: str, length: int = 16) -> str:
    """Hex SHA-256 over the modules of "module:attr" targets and what they use of their own.

    "Their own" means modules of the same top-level package that they import, `seqbench.interfaces`
    left out (it is the ground that every implementation stands on, and its changes come with a
    schema version), and data files of their package that they name, such as CUDA sources.
    """
    seen: dict[str, str] = {}
    pending = [t.partition(":")[0] for t in targets]
    while pending:
        module = pending.pop()
        if module in seen:
            continue
        path = _module_path(module)
        if path is None:
            continue
        content, imports = _read(path, module)
        seen[module] = content
        pending.extend(imports)
    text = "\n".join(f"{name} {value}" for name, value in sorted(seen.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:length]


@functools.cache
def _module_path(module: str) -> str | None:
    """The file of a module, found beside its package: `find_spec` would import the package."""
    parent, _, name = module.rpartition(".")
    if not parent:
        spec = importlib.util.find_spec(module)
        return spec.origin if spec is not None and spec.origin != "built-in" else None
    above = _module_path(parent)
    if above is None or not above.endswith("__init__.py"):
        return None
    folder = Path(above).parent
    candidates = (folder / f"{name}.py", folder / name / "__init__.py")
    return next((str(path) for path in candidates if path.is_file()), None)


@functools.cache
def _read(path: str, module: str) -> tuple[str, tuple[str, ...]]:
    """The file's digest and the modules of its own package that it imports."""
    data = Path(path).read_bytes()
    imports: tuple[str, ...] = ()
    if path.endswith(".py") and not path.endswith("__init__.py"):
        tree = ast.parse(data)
        imports = tuple(_own_imports(tree, module))
        data += b"".join(file.read_bytes() for file in _named_files(tree, Path(path).parent))
    return hashlib.sha256(data).hexdigest(), imports


def _named_files(tree: ast.AST, package: Path) -> list[Path]:
    """Data files below the package that a module names, and those that they include."""
    there = _data_files(package)
    words = (n.value for n in ast.walk(tree) if isinstance(n, ast.Constant))
    pending = [word for word in words if isinstance(word, str) and word in there]
    found: dict[str, Path] = {}
    while pending:
        name = pending.pop()
        if name not in found:
            found[name] = there[name]
            included = re.findall(r'#include "([^"]+)"', found[name].read_text())
            pending += [word for word in included if word in there]
    return [path for _, path in sorted(found.items())]


@functools.cache
def _data_files(package: Path) -> dict[str, Path]:
    """Name -> path of CUDA sources and headers below a package."""
    return {path.name: path for path in package.glob("*/*") if path.suffix in (".cu", ".cuh")}


def _own_imports(tree: ast.AST, module: str) -> list[str]:
    package, top = module.rpartition(".")[0], module.partition(".")[0]
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level else ""
            name = ".".join(p for p in (base, node.module or "") if p)
            found.append(name)
            found.extend(f"{name}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            found.extend(alias.name for alias in node.names)
    own = (top + ".", "seqbench.kernels.")
    return [n for n in found if n.startswith(own) and not n.startswith("seqbench.interfaces")]
