"""What A and B of `seqbench ab` name: a revision, overrides, or an implementation.

A revision is laid out in a folder of its own and imported from there; libraries are shared. That
is a whole build: seqbench and its plugins are Python, and a plugin's entry point names a module.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seqbench.interfaces import UsageError

from .artifacts import default_cache

if TYPE_CHECKING:
    from seqbench.registry import Registry

GIT_TIMEOUT_S = 120
HERE = "."
"""The working tree as it is, with what is not committed."""


@dataclass(frozen=True, slots=True)
class Side:
    """overrides : Hydra's, of this side alone; impl : an impl_id; revision : a commit's id.

    tree : where the revision is laid out; None for the code that runs
    """

    name: str
    overrides: tuple[str, ...] = ()
    impl: str = ""
    revision: str = ""
    tree: Path | None = None

    @property
    def kind(self) -> str:
        if self.overrides:
            return "overrides"
        return "implementation" if self.impl else "revision"


def sides_of(a: str, b: str, registry: Registry) -> tuple[Side, Side]:
    """Both sides, of one kind. Raises UsageError for what is none of them, or two kinds."""
    sides = side_of(a, registry), side_of(b, registry)
    if sides[0].kind != sides[1].kind:
        told = " and ".join(f"{side.name!r} is {_article(side.kind)}" for side in sides)
        raise UsageError(
            f"ab: {told}, expected two of one kind; give two revisions, two overrides such as "
            "backend=numpy backend=torch, or two implementations such as numpy.lstm numpy.shared"
        )
    return sides


def _article(kind: str) -> str:
    return kind if kind == "overrides" else f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def side_of(text: str, registry: Registry) -> Side:
    """One side. Implementations go before revisions: no branch is called `numpy.lstm`."""
    if "=" in text:
        return Side(text, overrides=tuple(text.split()))
    if text in implementations(registry):
        return Side(text, impl=text)
    if text == HERE:
        return Side("the working tree")
    commit = _commit(text)
    return Side(f"{text} ({commit[:10]})", revision=commit, tree=laid_out(commit))


def implementations(registry: Registry) -> dict[str, set[str]]:
    """impl_id -> the `kind/name` it is known for; empty for the shared texts."""
    found: dict[str, set[str]] = {}
    for row in registry.algorithms():
        impl = row.get("impl_id")
        if impl:
            found.setdefault(impl, set()).add(f"{row['kind']}/{row['name']}")
    for contract in registry.contracts():
        kind, _, name = contract.partition("/")
        for backend in registry.backend_specs():
            for spec in registry.implementations(kind, name, backend):
                found.setdefault(spec.impl_id, set()).add(contract)
    shared = (name for name, spec in registry.backend_specs().items() if spec.shared_texts)
    return found | {f"{name}.shared": set() for name in shared}


def contracts_of(sides: tuple[Side, Side], registry: Registry) -> set[str]:
    """The kernels that both implementations are of; a shared text is of every one.

    Raises UsageError where they have none in common.
    """
    known = implementations(registry)
    named = [known[side.impl] for side in sides]
    common = named[0] & named[1] if all(named) else named[0] | named[1]
    if not common:
        told = " and ".join(
            f"{side.impl} is of {', '.join(sorted(own)) or 'every kernel'}"
            for side, own in zip(sides, named, strict=True)
        )
        raise UsageError(f"ab: {told}, expected two implementations of one kernel; name one of it")
    return common


def checkout() -> Path:
    """The root of the checkout that runs. Raises UsageError outside one."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        raise UsageError(
            f"ab: {root} is no git checkout, expected one to take revisions from; run ab from an "
            "editable installation of a clone, or compare backends or implementations"
        )
    return root


def _commit(text: str) -> str:
    done = _git("rev-parse", "--verify", "--quiet", f"{text}^{{commit}}")
    if done.returncode:
        raise UsageError(
            f"ab: {text!r} is no override, no implementation and no revision of {checkout()}; "
            "expected KEY=VALUE, an impl_id of `seqbench list algorithms`, a commit or a branch"
        )
    return done.stdout.decode().strip()


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", "-C", str(checkout()), *arguments], capture_output=True, timeout=GIT_TIMEOUT_S
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise UsageError(f"ab: git cannot be asked ({error}); expected git; install it") from error


def laid_out(commit: str) -> Path:
    """The folder of a commit's files, made once and kept in the user's cache."""
    folder = default_cache() / "ab" / commit
    if folder.is_dir():
        return folder
    done = _git("archive", "--format=tar", commit, "seqbench", "plugins", "conf")
    if done.returncode:
        raise UsageError(
            f"ab: revision {commit[:10]} cannot be laid out ({done.stderr.decode().strip()}), "
            "expected one with seqbench, plugins and conf; take a later one"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=folder.parent))
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(beside, filter="data")
    try:
        os.rename(beside, folder)
    except OSError:  # another ab was first
        shutil.rmtree(beside)
    return folder


def import_path(tree: Path | None) -> list[str] | None:
    """Where a side's processes import from: `tree` in place of this checkout, libraries shared."""
    if tree is None:
        return None
    root = checkout()
    ours = {str(root), str(root / "plugins"), ""}
    return [str(tree), str(tree / "plugins"), *(entry for entry in sys.path if entry not in ours)]
