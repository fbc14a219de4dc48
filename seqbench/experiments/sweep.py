"""From override lists to points: what `-m` sweeps and what the experiment declares, together.

Composing a config takes 40 ms, so it is done once for each combination of groups; within one, plain
dicts are copied along the swept paths only. Hydra's own way composes every job twice and, with two
experiments chosen by `-m`, applies the sweep of neither or of the last one.

An experiment declares its sweep in our own schema: `sweep` maps dotted keys (`decoder.width`) or
config groups (`cell`) to lists that are multiplied, `sweep_zip` maps keys to lists that are walked
together. A key that the user overrides is no longer swept by the experiment: it is narrowed.
"""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seqbench.interfaces import UsageError

from .composing import Composer, dotted_keys, resolved, unresolved
from .overrides import unknown_key

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override
    from omegaconf import DictConfig

Assignment = tuple[tuple[str, Any], ...]
Axis = list[Assignment]
"""The choices of one dimension; each sets one key, or several that are zipped."""

BY_SIZE = re.compile(r"\$\{by_size:[^$]*\}")


@dataclass(frozen=True, slots=True)
class Point:
    """One resolved config, plain, and the dotted keys that its sweep varies."""

    config: Mapping[str, Any]
    swept: tuple[str, ...]


@dataclass(slots=True)
class Asked:
    """A command line: fixed overrides, choices that need composing, and axes of plain values."""

    fixed: list[str] = field(default_factory=list)
    composed: list[list[str]] = field(default_factory=list)
    axes: list[Axis] = field(default_factory=list)
    # All that the user set, however: `cell` and `cell.name` are one to a declared sweep.
    keys: set[str] = field(default_factory=set)
    swept: list[str] = field(default_factory=list)

    def compositions(self) -> Iterator[list[str]]:
        for chosen in itertools.product(*self.composed):
            yield [*self.fixed, *chosen]


def expand(arguments: Sequence[str], composer: Composer) -> list[Point]:
    """Every point that the overrides `arguments` mean, in the order of the sweeps."""
    asked = read_overrides(arguments, composer)
    points: list[Point] = []
    for overrides in asked.compositions():
        points += _of_experiment(overrides, asked, composer)
    return points


def read_overrides(arguments: Sequence[str], composer: Composer) -> Asked:
    """Sort overrides by what they need: nothing, composing, or only a value set."""
    asked = Asked()
    for override in composer.parse(arguments):
        asked.keys.add(override.key_or_group)
        if override.is_sweep_override():
            asked.swept.append(override.key_or_group)
            _read_sweep(override, asked, composer)
        else:
            asked.fixed.append(str(override.input_line))
    asked.keys |= {f"{key}.name" for key in asked.keys if composer.options(key)}
    asked.keys |= {key.removesuffix(".name") for key in asked.keys}
    return asked


def _read_sweep(override: Override, asked: Asked, composer: Composer) -> None:
    if not override.is_discrete_sweep():
        raise UsageError(
            f"override {override.input_line!r} is an interval; expected values to run: a list "
            "1,2,3, range(1,4) or, for a group, glob(*)"
        )
    if override.is_add() or composer.options(override.key_or_group):
        key = override.get_key_element()
        asked.composed.append([f"{key}={v}" for v in override.sweep_string_iterator()])
    else:
        values = [_unquoted(v) for v in override.sweep_iterator()]
        asked.axes.append([((override.key_or_group, value),) for value in values])


def _unquoted(value: Any) -> Any:
    from hydra.core.override_parser.types import QuotedString

    return value.text if isinstance(value, QuotedString) else value


def _of_experiment(overrides: list[str], asked: Asked, composer: Composer) -> Iterator[Point]:
    """The points of one composition, over its experiment's own sweep."""
    experiment = resolved(composer.compose(overrides))["experiment"]
    place = f"experiment {experiment['name']}"
    declared = _lists(experiment["sweep"], f"{place}: sweep")
    zipped = _lists(experiment["sweep_zip"], f"{place}: sweep_zip")
    swept = _swept([*declared, *zipped, *asked.swept], composer)
    free = {k: v for k, v in declared.items() if k not in asked.keys}
    groups = {k: v for k, v in free.items() if composer.options(k)}
    axes: list[Axis] = [
        [((k, v),) for v in values] for k, values in free.items() if k not in groups
    ]
    axes += _zip({k: v for k, v in zipped.items() if k not in asked.keys}, place)
    for chosen in itertools.product(*([f"{g}={v}" for v in vs] for g, vs in groups.items())):
        composition = composer.compose([*overrides, *chosen])
        yield from _of_values(composition, [*axes, *asked.axes], swept, place)


def _swept(keys: Iterable[str], composer: Composer) -> tuple[str, ...]:
    """Dotted keys of what varies: a group by its name, the experiment itself left out."""
    named = (f"{key}.name" if composer.options(key) else key for key in keys)
    return tuple(dict.fromkeys(key for key in named if key != "experiment.name"))


def _lists(sweep: Any, place: str) -> dict[str, list[Any]]:
    """A declared sweep, checked: every key has a list of values."""
    if not isinstance(sweep, Mapping):
        raise UsageError(f"{place} is {sweep!r}, expected keys with lists of values")
    for key, values in sweep.items():
        if not isinstance(values, list) or not values:
            raise UsageError(
                f"{place}: {key} is {values!r}, expected a list of values; to run one value only, "
                f"override the swept key itself: {key}=VALUE"
            )
    return dict(sweep)


def _zip(columns: Mapping[str, list[Any]], place: str) -> list[Axis]:
    """One axis that sets every key together."""
    if not columns:
        return []
    lengths = {key: len(values) for key, values in columns.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{key} has {n}" for key, n in lengths.items())
        raise UsageError(f"{place}: sweep_zip: {told}; expected lists of one length")
    return [[tuple(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]]


def _of_values(
    composition: DictConfig, axes: list[Axis], swept: tuple[str, ...], place: str
) -> Iterator[Point]:
    """The product of `axes` over one composition."""
    raw = unresolved(composition)
    known = list(dotted_keys(raw))
    for key in (key for axis in axes for key, _ in axis[0]):
        if key not in known:
            raise unknown_key(key, known, place)
    assignments = (tuple(itertools.chain(*row)) for row in itertools.product(*axes))
    if _needs_resolving(raw, axes):
        for assignment in assignments:
            yield Point(_recomposed(composition, assignment), swept)
        return
    base = resolved(composition)
    for assignment in assignments:
        yield Point(_with_values(base, assignment), swept)


def _with_values(config: Mapping[str, Any], assignment: Assignment) -> Mapping[str, Any]:
    """A copy along the paths that change; everything else is shared."""
    for key, value in assignment:
        config = _with_value(config, key, value)
    return config


def _with_value(config: Mapping[str, Any], key: str, value: Any) -> Mapping[str, Any]:
    head, _, rest = key.partition(".")
    return {**config, head: _with_value(config[head], rest, value) if rest else value}


def _recomposed(composition: DictConfig, assignment: Assignment) -> dict[str, Any]:
    """The slow way, by OmegaConf: right whatever interpolates what."""
    from omegaconf import OmegaConf

    config = copy.deepcopy(composition)
    OmegaConf.set_struct(config, False)  # mappings may bring keys; from_mapping checks them
    for key, value in assignment:
        OmegaConf.update(config, key, value, merge=True)
    return resolved(config)


def _needs_resolving(raw: Mapping[str, Any], axes: list[Axis]) -> bool:
    """Whether some value may depend on a swept key, or a swept value is more than plain."""
    values = [value for axis in axes for assignment in axis for _, value in assignment]
    if any(isinstance(v, Mapping) or (isinstance(v, str) and "${" in v) for v in values):
        return True
    words = {word for axis in axes for key, _ in axis[0] for word in key.split(".")}
    return any(_may_depend(text, words) for text in _interpolations(raw))


def _may_depend(text: str, words: set[str]) -> bool:
    """By the words in it; a resolver other than `by_size` may read anything."""
    if BY_SIZE.fullmatch(text):
        return "size" in words
    return ":" in text or not words.isdisjoint(re.findall(r"\w+", text))


def _interpolations(config: Any) -> Iterator[str]:
    if isinstance(config, Mapping):
        config = config.values()
    elif isinstance(config, str):
        if "${" in config:
            yield config
        return
    elif not isinstance(config, list):
        return
    for value in config:
        yield from _interpolations(value)
