"""From how a trial's process ended to the row that says so."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seqbench.interfaces.records import Sample, Trial, TrialRecord

from .supervisor import ZYGOTE_START_S, Ended

TAIL_BYTES = 4096


def record_of(ended: Ended, *, group: str = "") -> TrialRecord:
    """The row of a trial: its result, its fault, or what killed it."""
    record = blank_record(ended.trial, group=group)
    record.started_at, record.wall_s = ended.started_at, round(ended.wall_s, 6)
    record.exit_code, record.provenance = ended.code, ended.provenance
    message = ended.message or {"fault": silent_fault(ended)}
    apply_message(record, message)
    if record.status != "done":
        record.traceback = _with_log(record.traceback, ended.log)
    return record


def blank_record(trial: Trial, *, group: str = "") -> TrialRecord:
    """A row that knows its trial and nothing else; `failed` until told otherwise."""
    case = trial.case
    return TrialRecord(
        trial_key=trial.trial_key,
        case_id=case.case_id,
        experiment=case.experiment,
        task=case.task,
        params=dict(case.params),
        swept=list(case.swept),
        seed=case.seed,
        round=trial.round,
        status="failed",
        resolved=dict(trial.resolved),
        group=group or trial.group,
    )


def apply_message(record: TrialRecord, message: Mapping[str, Any]) -> None:
    """Fill a row with a child's last word."""
    if "fault" in message:
        fault = message["fault"]
        record.status, record.error = fault["status"], fault["error"]
        record.traceback = fault["traceback"]
        if record.status == "skipped":
            record.reasons = [record.error]
        return
    result = dict(message["result"])
    record.status = "done"
    record.samples = [Sample(**sample) for sample in result.pop("samples")]
    record.resolved = {**record.resolved, **result.pop("resolved")}
    for name, value in result.items():
        setattr(record, name, value)


def waiting_record(trial: Trial, artifact: str, why: str, *, group: str = "") -> TrialRecord:
    """A trial that cannot run because what it needs was not built."""
    record = blank_record(trial, group=group)
    record.status = "skipped"
    record.error = f"{trial.case.task}: needs artifact {artifact}, which was not built: {why}"
    record.reasons = [record.error]
    return record


def silent_fault(ended: Ended) -> dict[str, str]:
    """Status and error of a child that left no word."""
    status, error = _cause(ended)
    return {"status": status, "error": f"{ended.trial.case.task}: {error}", "traceback": ""}


def _cause(ended: Ended) -> tuple[str, str]:
    limits = ended.trial.limits
    if ended.killed == "timeout":
        return "timeout", f"killed after {limits.timeout_s:g} s; raise limits.timeout_s"
    if ended.killed == "interrupted":
        return "interrupted", "interrupted; run the same command again to resume"
    if ended.killed == "zygote":
        return "failed", f"its zygote did not fork within {ZYGOTE_START_S:g} s; see the preloads"
    if ended.code is None:
        return "failed", _zygote_death(ended.zygote_log)
    if ended.code >= 0:
        return "failed", f"exited with code {ended.code} without a result"
    name = _signal_name(-ended.code)
    if ended.code == -signal.SIGKILL and ended.out_of_memory:
        return "oom", f"killed by {name} for memory by the kernel; lower the sizes"
    return "failed", f"killed by {name}; the last lines of its log are in the traceback"


def _zygote_death(log: Path) -> str:
    lines = tail(log).strip().splitlines()
    said = f" ({lines[-1]})" if lines else ""
    return f"the zygote that forks trials died{said}; the next trial starts a new one; see {log}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _with_log(traceback: str, log: Path) -> str:
    said = tail(log).strip()
    return f"{traceback}\n--- last lines of {log.name} ---\n{said}".strip() if said else traceback


def tail(path: Path, size: int = TAIL_BYTES) -> str:
    """The end of a text file; empty where there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - size))
            return file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
