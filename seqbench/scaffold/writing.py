"""From templates to a distribution on disk: names filled in, written whole or not at all.

A template is a file under `templates/<kind>`; `$name` and its like are filled in (string.Template).
In paths, `package` becomes `seqbench_<name>`, `name.yaml` the plugin's own, and `dot_` a full stop;
`.tmpl` goes.
"""

from __future__ import annotations

import builtins
import keyword
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from string import Template

from seqbench.interfaces import StoreError, UsageError

KINDS = ("backend",)
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Written:
    """Where the distribution lies, its files relative to it, and the commands that come next."""

    folder: Path
    files: tuple[str, ...]
    next_steps: tuple[str, ...]


def write_scaffold(
    kind: str, name: str, into: Path, taken: frozenset[str] = frozenset()
) -> Written:
    """Write `seqbench-<name>` into a folder.

    name : lower-case words joined by underscores; taken : names that would collide

    Raises UsageError for a kind or name that cannot be, or a folder that is there already,
    StoreError where it cannot be written; nothing is left behind then.
    """
    if kind not in KINDS:
        raise UsageError(f"new: {kind!r} is no kind of plugin, expected one of {', '.join(KINDS)}")
    _check_name(name, taken)
    target = into / f"seqbench-{_dashed(name)}"
    if target.exists():
        raise UsageError(f"new: {target} is there already, expected a free name; give another")
    texts = dict(_filled(kind, name))
    try:
        into.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=into, prefix=".new-") as place:
            whole = Path(place) / "whole"
            for path, text in texts.items():
                (whole / path).parent.mkdir(parents=True, exist_ok=True)
                (whole / path).write_text(text, encoding="utf-8")
            shutil.move(whole, target)
    except OSError as error:
        raise StoreError(f"new: cannot write {target}: {error.strerror}; choose --into") from error
    steps = (
        f"cd {target}",
        'pip install -e ".[test]"',
        "pytest",
        f"seqbench check {name}",
        f"seqbench run experiment=cell_cost backend.name=numpy,{name} -m",
    )
    return Written(target, tuple(sorted(texts)), steps)


def _check_name(name: str, taken: frozenset[str]) -> None:
    if not NAME.fullmatch(name) or keyword.iskeyword(name) or hasattr(builtins, name):
        raise UsageError(
            f"new: the name {name!r} cannot be a Python package's, expected lower-case letters, "
            "digits and single underscores; give one like `my_backend`"
        )
    if name in taken:
        raise UsageError(
            f"new: {name!r} is a backend that is here already ({', '.join(sorted(taken))}), "
            "expected a name of its own: two of one name would both be refused; give another"
        )


def _dashed(name: str) -> str:
    return name.replace("_", "-")


def _filled(kind: str, name: str) -> Iterator[tuple[str, str]]:
    """(path, text) of every file."""
    from seqbench import __version__

    words = name.split("_")
    fields = {
        "name": name,
        "dashed": _dashed(name),
        "Name": " ".join(words).capitalize(),
        "Class": "".join(word.capitalize() for word in words),
        "version": __version__,
    }
    root = files(__package__) / "templates" / kind
    for path, source in _files(root, PurePosixPath()):
        yield _placed(path, name), Template(source.read_text(encoding="utf-8")).substitute(fields)


def _files(folder: Traversable, at: PurePosixPath) -> Iterator[tuple[PurePosixPath, Traversable]]:
    for child in sorted(folder.iterdir(), key=lambda one: one.name):
        if child.name == "__pycache__":
            continue
        if child.is_dir():
            yield from _files(child, at / child.name)
        else:
            yield at / child.name, child


def _placed(path: PurePosixPath, name: str) -> str:
    new = {"package": f"seqbench_{name}", "name.yaml": f"{name}.yaml"}
    plain = path.with_name(path.name.removesuffix(".tmpl")).parts
    return str(PurePosixPath(*(new.get(part, part.replace("dot_", ".", 1)) for part in plain)))
