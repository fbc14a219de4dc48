"""Records to one tidy table: one value a row, failed trials included, and how it is kept."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seqbench.interfaces import Sample, StoreError, TrialRecord

from .campaign import check_schema
from .files import written

TEXT = (
    "trial_key",
    "case_id",
    "experiment",
    "task",
    "status",
    "gate",
    "reasons",
    "phase",
    "metric",
    "unit",
    "direction",
    "kernel_impl",
    "resolved",
    "signature",
    "source",
    "group",
    "provenance",
    "error",
)
COLUMNS = (
    "trial_key",
    "case_id",
    "experiment",
    "task",
    "seed",
    "round",
    "status",
    "gate",
    "valid",
    "reasons",
    "phase",
    "metric",
    "repetition",
    "value",
    "unit",
    "direction",
    "kernel_impl",
    "resolved",
    "signature",
    "source",
    "group",
    "provenance",
    "error",
    "schema_version",
)
"""The fixed columns, in order; the swept values follow as `p.<dotted name>`, sorted."""

ALWAYS = ("cell.name", "backend.name", "dataset.name")
"""Keys that become `p.` columns wherever a case has them, swept or not."""

_SAMPLE = tuple(f.name for f in fields(Sample))
_NO_SAMPLE = Sample(metric="", value=float("nan"), unit="")
_WHOLE_NUMBER = re.compile(r"-?\d+")
_NUMBER = re.compile(r"-?\d+(\.\d*)?([eE][-+]?\d+)?")


def tidy(records: Iterable[TrialRecord]) -> pd.DataFrame:
    """One value a row, columns as COLUMNS and `p.*`, sorted.

    A trial without samples is one row with metric "" and value NaN. Several reasons are joined by
    "; ", `resolved` is JSON.
    """
    records = list(records)
    samples = [record.samples or [_NO_SAMPLE] for record in records]
    trials = pd.DataFrame([_shared(record) for record in records], columns=_shared_names(records))
    trials = _typed(trials)
    trials = trials.sort_values(
        ["experiment", "task", *_swept(trials), "seed", "round", "trial_key"]
    )
    rank = np.argsort(trials.index.to_numpy())
    own = pd.DataFrame(
        {name: [getattr(s, name) for several in samples for s in several] for name in _SAMPLE}
    )
    own = _typed(own).assign(trial=np.repeat(rank, [len(several) for several in samples]))
    own = own.sort_values(["trial", "phase", "metric", "repetition"], ignore_index=True)
    rows = trials.iloc[own.pop("trial")].reset_index(drop=True)
    return pd.concat([rows, own], axis=1)[[*COLUMNS, *_swept(trials)]]


def _shared_names(records: list[TrialRecord]) -> list[str]:
    """Also of no records at all."""
    fixed = [name for name in COLUMNS if name not in _SAMPLE]
    swept = {name for record in records for name in swept_values(record)}
    return [*fixed, *sorted(swept)]


def _swept(table: pd.DataFrame) -> list[str]:
    return sorted(name for name in table.columns if name.startswith("p."))


def _shared(record: TrialRecord) -> dict[str, Any]:
    """What every row of a trial repeats."""
    same = ("trial_key", "case_id", "experiment", "task", "seed", "round", "status", "gate")
    more = ("valid", "kernel_impl", "signature", "source", "group", "provenance", "error")
    values = {name: getattr(record, name) for name in (*same, *more, "schema_version")}
    values["reasons"] = "; ".join(record.reasons)
    values["resolved"] = json.dumps(record.resolved, sort_keys=True)
    return values | swept_values(record)


def swept_values(record: TrialRecord) -> dict[str, Any]:
    """`p.<dotted name>` of what the experiment swept, and of the cell, backend and data set."""
    values = {}
    for name in dict.fromkeys([*record.swept, *ALWAYS]):
        found, value = _value_at(record.params, name)
        if found:
            values[f"p.{name}"] = value
    return values


def _value_at(params: Mapping[str, Any], dotted: str) -> tuple[bool, Any]:
    value: Any = params
    for name in dotted.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return False, None
        value = value[name]
    return True, value


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    """Every column with one type, whatever was in it and wherever it was read from."""
    return pd.DataFrame({name: _column(name, table[name]) for name in table.columns})


def _column(name: str, values: pd.Series) -> pd.Series:
    if name.startswith("p."):
        return _parameter(values)
    if name in TEXT:
        return values.fillna("").astype(str)
    return values.astype({"valid": "bool", "value": "float64"}.get(name, "int64"))


def _parameter(values: pd.Series) -> pd.Series:
    """Numbers where all are numbers, else text; what a case does not have is missing, or ""."""
    known = [value for value in values.tolist() if not _absent(value)]
    if not all(_is_number(value) for value in known):
        return values.astype(object).map(_text).astype(str)
    if not known or not all(float(value).is_integer() for value in known):
        return values.astype("float64")
    return values.astype("int64" if len(known) == len(values) else "Int64")


def _absent(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and value != value)


def _is_number(value: Any) -> bool:
    return not isinstance(value, (bool, str)) and hasattr(value, "__float__")


def _text(value: Any) -> str:
    if _absent(value):
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def write_csv(table: pd.DataFrame, path: Path | str) -> Path:
    """Floats in their shortest exact form; written whole or not at all."""
    return written(path, lambda target: table.to_csv(target, index=False, lineterminator="\n"))


def read_csv(path: Path | str) -> pd.DataFrame:
    """What `write_csv` wrote, to the bit. Raises StoreError, see `_read`."""
    return _read(path, lambda: exact_csv(path))


def exact_csv(path: Path | str) -> pd.DataFrame:
    """Any table of ours. Numbers by Python's own exact `float`: pandas' default and its option vary
    by version.

    Swept values come as text: pandas would read `true` as a number and `NA` as nothing.
    """
    header = pd.read_csv(path, nrows=0).columns
    swept = [str(name) for name in header if name.startswith("p.")]
    text = dict.fromkeys([*TEXT, *swept, "value"], str)
    table = pd.read_csv(path, keep_default_na=False, dtype=text)
    exact = {name: _from_text(table[name]) for name in swept}
    if "value" in table:
        exact["value"] = table["value"].map(lambda text: float(text or "nan")).astype("float64")
    return table.assign(**exact)


def _from_text(values: pd.Series) -> pd.Series:
    """Numbers where every text that is not empty is one."""
    known = [text for text in values.unique() if text]
    if not all(_NUMBER.fullmatch(text) for text in known):
        return values
    kind = int if all(_WHOLE_NUMBER.fullmatch(text) for text in known) else float
    numbers = {text: kind(text) for text in known}
    return pd.Series([numbers.get(text) for text in values], index=values.index, dtype=object)


def write_parquet(table: pd.DataFrame, path: Path | str) -> Path:
    """Through pyarrow; written whole or not at all."""
    return written(path, lambda target: table.to_parquet(target, engine="pyarrow", index=False))


def read_parquet(path: Path | str) -> pd.DataFrame:
    """What `write_parquet` wrote. Raises StoreError, see `_read`."""
    return _read(path, lambda: pd.read_parquet(path, engine="pyarrow"))


def _read(path: Path | str, read: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """StoreError where there is no such file, no such table in it, or another schema."""
    try:
        table = read()
    except OSError as error:
        raise StoreError(f"results: cannot read {path}: {error}; give a table's path") from error
    except ValueError as error:  # pandas' parser errors and pyarrow's are of this kind
        raise _not_a_table(path, f"{type(error).__name__}: {error}") from error
    if "schema_version" not in table:
        raise _not_a_table(path, "no column schema_version")
    if len(table) and table["schema_version"].dtype.kind not in "iu":
        raise _not_a_table(path, "a row without a whole schema_version, as if cut short")
    check_schema(table["schema_version"].unique(), str(path))
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise _not_a_table(path, f"no column {', '.join(missing)}")
    return _typed(table[[*COLUMNS, *_swept(table)]])


def _not_a_table(path: Path | str, why: str) -> StoreError:
    return StoreError(
        f"results: {path} is no table of this kind ({why}), expected one that `seqbench run` "
        "wrote; give table.csv or table.parquet of a campaign"
    )
