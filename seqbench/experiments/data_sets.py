"""Every data set as `seqbench data list` tells it: what, licence, origin, presence, experiments.

Experiments' configs are read as text, so that the list needs no Hydra.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqbench.data.fetching.origins import BY_HAND, ORIGIN_OF
from seqbench.data.fetching.presence import presence
from seqbench.data.root import data_root
from seqbench.interfaces import DatasetSpec, unknown_name

from .searchpath import config_dirs
from .taskspecs import TASKS

if TYPE_CHECKING:
    from seqbench.registry import Registry

EMBEDDED, YOURS = "embedded", "yours"
DEFAULT = re.compile(r"^ +- (?:override /)?dataset: (\S+)", re.MULTILINE)
SWEPT = re.compile(r"^ +(?:dataset|dataset\.name): (.+)$", re.MULTILINE)


def root_of(named: str | None) -> Path:
    """The data root: the one named, or the user's."""
    return data_root(named)


def data_rows(registry: Registry, root: Path, names: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Rows of the named data sets, of all of them by default; checksums are taken.

    `state` is embedded, there, missing, damaged, unchecked (a plugin's files without checksums) or
    yours (files that options name); `get` says how one gets it: comes with seqbench, fetch, by hand
    or yours.

    Raises UnknownNameError, with candidates.
    """
    specs = registry.dataset_specs()
    for name in names:
        if name not in specs:
            raise unknown_name("data set", name, specs)
    used = experiments_of(config_dirs(registry.config_packages()), specs)
    return [_row(specs[name], root, used[name]) for name in names or sorted(specs)]


def _row(spec: DatasetSpec, root: Path, experiments: list[str]) -> dict[str, Any]:
    found = presence(root, spec.files)
    state = EMBEDDED if spec.embedded else YOURS if not spec.files else found.state
    by_hand = dict.fromkeys(BY_HAND[file] for file in spec.files if file in BY_HAND)
    return {
        "name": spec.name,
        "summary": spec.summary,
        "licence": spec.licence,
        "origin": spec.origin,
        "state": state,
        "get": how_to_get(spec),
        "by_hand": "; ".join(by_hand),
        "experiments": experiments,
        "root": "" if spec.embedded else str(root),
        "files": list(spec.files),
        "missing": list(found.missing),
        "damaged": list(found.damaged),
    }


def how_to_get(spec: DatasetSpec) -> str:
    """`embedded`, `fetch`, `by hand` or `yours`."""
    if spec.embedded:
        return EMBEDDED
    if not spec.files:
        return YOURS
    return "fetch" if all(file in ORIGIN_OF for file in spec.files) else "by hand"


def experiments_of(
    directories: Sequence[Path], specs: Mapping[str, DatasetSpec]
) -> dict[str, list[str]]:
    """By data set, the experiments that read it as they are, or in their sweep, by name."""
    used: dict[str, set[str]] = {name: set() for name in specs}
    for directory in directories:
        default = _chosen(_text(directory / "config.yaml"), DEFAULT, specs)
        for path in sorted((directory / "experiment").glob("*.yaml")):
            for name in _read_by(_text(path), specs, default):
                used[name].add(path.stem)
    return {name: sorted(experiments) for name, experiments in used.items()}


def _read_by(text: str, specs: Mapping[str, DatasetSpec], default: set[str]) -> set[str]:
    """What an experiment's task reads: the config's data set, a sweep's, and the task's own."""
    found = re.search(r"^  task: (\S+)", text, re.MULTILINE)
    task = TASKS.get(found.group(1)) if found else None
    if task is None:
        return set()
    trained = TASKS[task.trains].sections if task.trains else ()
    named: set[str] = set()
    if "dataset" in (*task.sections, *trained):
        named = _chosen(text, SWEPT, specs) or _chosen(text, DEFAULT, specs) or default
    embedded = all(specs[name].embedded for name in named)
    return named if embedded else named | set(task.also_reads) & set(specs)


def _chosen(text: str, pattern: re.Pattern[str], datasets: Collection[str]) -> set[str]:
    words = {word for line in pattern.findall(text) for word in re.findall(r"\w+", line)}
    return words & set(datasets)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def counted(rows: Sequence[Mapping[str, Any]]) -> str:
    """`24 data sets: 7 embedded, 12 there, 1 missing`."""
    order = (EMBEDDED, "there", "unchecked", "damaged", "missing", YOURS)
    states = [row["state"] for row in rows]
    told = [f"{states.count(state)} {state}" for state in order if state in states]
    return f"{len(rows)} data set{'s' if len(rows) != 1 else ''}: {', '.join(told)}"
