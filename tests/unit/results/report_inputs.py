"""Tables on disk for the page's tests, and what a page holds."""

from __future__ import annotations

import json
import re

from made_records import beam, cell, lost_beam, written

from seqbench.results import summarise, tidy, write_csv
from seqbench.results.table import write_parquet

HOSTILE = (
    "<script>window.ran = 1</script>",
    "</script><script>window.ran = 1</script>",
    '" onmouseover="window.ran = 1',
    "<img src=x onerror='window.ran = 1'>",
    "]]><!--",
    "\u202egnp.exe\u2066 a\u200b",
    "javascript:window.ran=1",
    "{{data}} ${1} \\u003c",
    "w" * 5000,
)

RATIOS = (
    "group,size,ours,peer,ours_median_s,peer_median_s,ratio,at_most,group_mean,group_at_most,"
    "pairs,machine,commit\n"
    "cell/gru,B1 T128 H64,numpy.gru,torch.gru,0.0025,0.0148,0.17,,0.38,0.5,7,EPYC,abc\n"
    "cell/gru,B32 T64 H128,numpy.gru,torch.gru,0.0178,0.0209,0.85,,0.38,0.5,7,EPYC,abc\n"
    "loss/ctc,B32 T200,numpy.ctc,torch.ctc,0.02,0.01,2,1.5,2,,7,EPYC,abc\n"
)


def beams(seeds=(0,)):
    records = [beam(w, h, round=r) for w, h in ((1, 200), (10, 300)) for r in (0, 1)]
    return [*records, lost_beam(100)]


def cells():
    return [
        cell(name, size, backend, [1e-3 * size, 1.1e-3 * size], gate="pass")
        for name in ("gru", "lstm")
        for size in (16, 64)
        for backend in ("numpy", "torch")
    ]


def table(path, records):
    return write_csv(tidy(records), path)


def parquet(path, records):
    return write_parquet(tidy(records), path)


def summary(path, records):
    return write_csv(summarise(tidy(records)), path)


def campaign(folder, records):
    written(folder, records)
    plan = json.loads((folder / "plan.json").read_text())
    hints = {"x": "decoder.width", "metrics": ["bleu", "tokens_per_s"]}
    plan["experiment"] = {"question": "Does it?", "plot": hints}
    (folder / "plan.json").write_text(json.dumps(plan))
    provenance = {
        "abc": {"machine": {"cpu_model": "EPYC"}, "commit": {"id": "123", "dirty": False}}
    }
    (folder / "provenance.json").write_text(json.dumps(provenance))
    return folder


GAIN = {
    "says": "Wider is better",
    "parts": {
        "gain": {
            "metric": "bleu",
            "effect": "difference",
            "of": {"decoder.width": 10},
            "against": {"decoder.width": 1},
            "at_least": 0.0,
        }
    },
}


def claiming(folder, records, says="Wider is better"):
    """A campaign whose experiment claims something."""
    campaign(folder, records)
    plan = json.loads((folder / "plan.json").read_text())
    plan["experiment"] |= {"name": records[0].experiment, "claim": {**GAIN, "says": says}}
    plan["rests_on"] = "on embedded data (grammar), a demonstration"
    (folder / "plan.json").write_text(json.dumps(plan))
    return folder


def ratios(path):
    path.write_text(RATIOS)
    return path


def comparison(path):
    rows = [
        {"key": {"task": "translate", "p.width": w}, "metric": "bleu", "verdict": verdict,
         "ratio": ratio, "ci_low": ratio * 0.9, "ci_high": ratio * 1.1, "reasons": ["a", "b"]}
        for w, verdict, ratio in ((1, "SAME", 1.0), (10, "WORSE", 0.8), (100, "AMBIGUOUS", 1.05))
    ]  # fmt: skip
    path.write_text(json.dumps({"schema_version": 1, "rows": rows, "counts": {}}))
    return path


def data_of(page):
    """What the page's script reads."""
    text = page.read_text(encoding="utf-8")
    (found,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    return json.loads(found)


def column(sheet, name):
    """The values of one column of an embedded sheet."""
    (found,) = [one for one in sheet["columns"] if one["name"] == name]
    if "numbers" in found:
        return found["numbers"]
    return [found["texts"][code] for code in found["codes"]]


def compared(path):
    """As `seqbench compare --format json` writes it."""
    common = {"experiment": "e", "task": "t", "kernel_impl": "k", "phase": "", "confidence": 0.95}
    rows = [
        {"label": "w=1", "metric": "time", "unit": "s", "direction": "lower", "kind": "cost",
         "presence": "both", "verdict": "SLOWER", "worse": True, "reason": "", "base": 1.0,
         "new": 1.2, "ratio": 1.2, "low": 1.1, "high": 1.3},
        {"label": "w=1", "metric": "bleu", "unit": "BLEU", "direction": "higher", "kind": "quality",
         "presence": "both", "verdict": "BETTER", "worse": False, "reason": "", "base": 20.0,
         "new": 25.0, "ratio": 1.25, "low": 4.0, "high": 6.0},
        {"label": "w=2", "metric": "time", "unit": "s", "direction": "lower", "kind": "cost",
         "presence": "removed", "verdict": "", "worse": True, "reason": "no such row", "base": 1.0,
         "new": None, "ratio": None, "low": None, "high": None},
    ]  # fmt: skip
    document = {"format": 1, "base": "a", "new": "b", "told": ["another machine"]}
    path.write_text(json.dumps(document | {"rows": [common | row for row in rows]}))
    return path
