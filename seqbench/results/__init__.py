"""Records to tables, summaries, plots and sentences; on `interfaces` and pandas alone."""

from .campaign import load_records
from .finishing import Finished, finish
from .summary import summarise
from .table import read_csv, read_parquet, tidy, write_csv, write_parquet

__all__ = [
    "Finished",
    "finish",
    "load_records",
    "read_csv",
    "read_parquet",
    "summarise",
    "tidy",
    "write_csv",
    "write_parquet",
]
