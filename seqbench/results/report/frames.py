"""pandas' columns as plain lists: numbers with None where there is none, texts otherwise."""

from __future__ import annotations

from typing import Any

import pandas as pd

from .sheet import Column


def columns_of(frame: pd.DataFrame) -> dict[str, Column]:
    return {str(name): _column(frame[name]) for name in frame.columns}


def _column(values: pd.Series) -> Column:
    if pd.api.types.is_bool_dtype(values):
        return [str(value) for value in values.tolist()]
    if pd.api.types.is_numeric_dtype(values):
        return [None if value is pd.NA or value != value else value for value in values.tolist()]
    return [_text(value) for value in values.tolist()]


def _text(value: Any) -> Any:
    if value is None or value is pd.NA or value != value:
        return ""
    return value if isinstance(value, str) else str(value)
