"""What a campaign's folder holds: one TrialRecord a file, and the plan they were run by."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from seqbench.interfaces import SCHEMA_VERSION, StoreError, TrialRecord

Tell = Callable[[str], None]


def load_records(campaign_dir: Path | str, on_damaged: Tell | None = None) -> list[TrialRecord]:
    """Every record under `trials/`, by trial_key.

    A file that cannot be read is told to `on_damaged` (by default a warning) and left out.

    Raises StoreError where there is no such folder, or for records of another schema.
    """
    folder = Path(campaign_dir) / "trials"
    if not folder.is_dir():
        raise StoreError(
            f"results: {campaign_dir} has no folder `trials`, expected a campaign that "
            "`seqbench run` wrote; give its path"
        )
    tell = on_damaged or warnings.warn
    found = (_record(path, tell) for path in sorted(folder.glob("*.json")))
    return [record for record in found if record is not None]


def _record(path: Path, tell: Tell) -> TrialRecord | None:
    try:
        document = json.loads(path.read_bytes())
        check_schema({document["schema_version"]}, str(path))
        return TrialRecord.from_json(document)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        tell(
            f"results: {path} is damaged ({type(error).__name__}: {error}), expected one trial's "
            "record; left out: run the experiment again to make it anew"
        )
        return None


def check_schema(found: Iterable[Any], where: str) -> None:
    """Raise StoreError unless every schema version is the one that this package reads."""
    for version in found:
        if version != SCHEMA_VERSION:
            newer = not isinstance(version, str) and version > SCHEMA_VERSION
            step = "update seqbench" if newer else "run the experiment again"
            raise StoreError(
                f"results: {where} has schema version {version}, expected {SCHEMA_VERSION}; "
                f"it is {'newer' if newer else 'older'} than this seqbench: {step}"
            )


def planned(records: list[TrialRecord], campaign_dir: Path | str, tell: Tell) -> list[TrialRecord]:
    """The records that plan.json names; told are the others and the trials without a record.

    A folder that was named by the user may hold rows of an earlier plan.
    """
    path = Path(campaign_dir) / "plan.json"
    if not path.exists():
        return records
    try:
        plan = json.loads(path.read_bytes())
        keys = {trial["trial_key"] for trial in [*plan["trials"], *plan["skipped"]]}
    except (ValueError, TypeError, KeyError) as error:
        tell(f"results: {path} is damaged ({type(error).__name__}: {error}); taking every record")
        return records
    kept = [record for record in records if record.trial_key in keys]
    if len(kept) < len(records):
        tell(f"results: {len(records) - len(kept)} records of another plan are left out")
    if len(kept) < len(keys):
        tell(f"results: {len(keys) - len(kept)} of {len(keys)} planned trials have no record")
    return kept
