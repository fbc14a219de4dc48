"""Summaries and intervals: by hand sums."""

from __future__ import annotations

import math
import statistics as stats

import numpy as np
import pytest
from made_records import beam, bleu_of, cell, lost_beam, record
from made_records import statistics as kept

from seqbench.interfaces import Sample
from seqbench.results.bleu import Smoothing, bleu_resamples
from seqbench.results.intervals import over_seeds, percentile_interval, t_interval
from seqbench.results.summary import summarise
from seqbench.results.table import tidy


def summary_of(records):
    return summarise(tidy(records), {r.trial_key: r.items for r in records})


def one(summary, metric, **where):
    rows = summary[summary["metric"] == metric]
    for name, value in where.items():
        rows = rows[rows[name] == value]
    assert len(rows) == 1
    return rows.iloc[0]


def test_a_cost_is_the_median_of_round_medians_with_students_interval_over_rounds():
    rounds = [[1.0, 2.0, 9.0], [3.0, 3.0, 3.0], [7.0, 1.0, 8.0]]  # medians 2, 3, 7
    row = one(
        summary_of([cell("gru", 8, "numpy", t, round=n) for n, t in enumerate(rounds)]), "time"
    )
    assert row["value"] == 3.0
    logs = [math.log(median) for median in (2, 3, 7)]
    factor = math.exp(4.302652729911275 * stats.stdev(logs) / math.sqrt(3))  # t(0.975; 2)
    assert row["ci_low"] == pytest.approx(3 / factor)
    assert row["ci_high"] == pytest.approx(3 * factor)
    assert (row["n"], row["interval"], row["unit"]) == (3, "rounds", "s")


def test_a_cost_that_was_nothing_once_has_an_interval_of_sums():
    made = [
        cell("gru", 8, "numpy", [1.0], round=r, memory=m) for r, m in enumerate((0.0, 4.0, 8.0))
    ]
    row = one(summary_of(made), "peak_memory")
    assert row["value"] == 4.0
    assert row["ci_high"] == pytest.approx(4 + 4.302652729911275 * 4 / math.sqrt(3))


def test_one_round_has_no_interval():
    row = one(summary_of([cell("gru", 8, "numpy", [1.0, 2.0])]), "time")
    assert row["value"] == 1.5
    assert math.isnan(row["ci_low"])
    assert math.isnan(row["ci_high"])
    assert row["interval"] == "none"


def test_bleu_has_the_bootstraps_interval_over_sentences():
    row = one(summary_of([beam(4, 300, round=r) for r in range(3)]), "bleu")
    drawn = bleu_resamples(kept(300), Smoothing())
    assert row["value"] == pytest.approx(bleu_of(kept(300)))
    assert [row["ci_low"], row["ci_high"]] == pytest.approx(np.percentile(drawn, [2.5, 97.5]))
    assert (row["n"], row["interval"]) == (40, "items")
    assert row["ci_low"] < row["value"] < row["ci_high"]


def test_bleu_without_statistics_has_none():
    row = one(summary_of([beam(4, 300, items=False)]), "bleu")
    assert math.isnan(row["ci_low"])
    assert (row["n"], row["interval"]) == (1, "none")


def test_quality_is_a_mean_over_seeds_and_rounds_do_not_count_twice():
    def trial(seed, round, value):
        samples = [Sample("accuracy", value, "fraction", "higher")]
        return record(
            f"{seed}-{round}", case_id=f"c{seed}", seed=seed, round=round, samples=samples
        )

    made = [trial(0, 0, 0.2), trial(0, 1, 0.2), trial(0, 2, 0.2), trial(1, 0, 0.6)]
    row = one(summary_of(made), "accuracy")
    assert row["value"] == pytest.approx(0.4)
    half = 12.706204736432095 * stats.stdev([0.2, 0.6]) / math.sqrt(2)  # t(0.975; 1)
    assert row["ci_high"] == pytest.approx(0.4 + half)
    assert (row["n"], row["interval"]) == (2, "seeds")
    assert (row["case_id"], row["trials"]) == ("c0+c1", 4)


def test_bleu_over_seeds_is_their_mean_and_its_interval_covers_both():
    two = one(summary_of([beam(4, 300, seed=0), beam(4, 380, seed=1)]), "bleu")
    first = one(summary_of([beam(4, 300)]), "bleu")
    assert two["value"] == pytest.approx((bleu_of(kept(300)) + bleu_of(kept(380))) / 2)
    assert two["ci_high"] - two["ci_low"] > first["ci_high"] - first["ci_low"]


def test_a_case_without_a_value_is_a_row():
    summary = summary_of([beam(1, 200), lost_beam(10), lost_beam(10, status="failed", round=1)])
    row = one(summary, "", **{"p.decoder.width": 10})
    assert math.isnan(row["value"])
    assert (row["status"], row["trials"], row["done"], row["n"]) == ("failed", 2, 0, 0)


def test_a_case_with_some_rounds_lost_keeps_the_others():
    made = [beam(4, 300, round=0), beam(4, 300, round=1), lost_beam(4, round=2)]
    row = one(summary_of(made), "tokens_per_s")
    assert (row["status"], row["trials"], row["done"], row["valid"], row["n"]) == (
        "oom",
        3,
        2,
        2,
        2,
    )


def test_what_the_gate_failed_is_not_summarised():
    bad = cell("gru", 8, "numpy", [1.0], round=1, gate="fail", valid=False)
    row = one(summary_of([cell("gru", 8, "numpy", [3.0]), bad]), "time")
    assert row["value"] == 3.0
    assert (row["status"], row["done"], row["trials"]) == ("gate failed", 1, 2)
    alone = one(summary_of([bad]), "")
    assert (alone["status"], alone["kernel_impl"]) == ("gate failed", "numpy.gru")


def test_noisy_trials_are_counted():
    made = [cell("gru", 8, "numpy", [1.0]), cell("gru", 8, "numpy", [2.0], round=1, valid=False)]
    assert one(summary_of(made), "time")["valid"] == 1


def test_phases_and_implementations_stand_apart():
    samples = [Sample("time", 1.0, "s", "lower", "forward"), Sample("time", 3.0, "s", phase="load")]
    made = [record("a", samples=samples, kernel_impl="x")]
    made.append(record("b", case_id="case-a", round=1, samples=samples, kernel_impl="y"))
    summary = summary_of(made)
    assert summary[["kernel_impl", "phase", "value"]].values.tolist() == [
        ["x", "forward", 1.0],
        ["x", "load", 3.0],
        ["y", "forward", 1.0],
        ["y", "load", 3.0],
    ]


def test_no_records_are_no_rows():
    summary = summary_of([])
    assert summary.empty
    assert "value" in summary


def test_students_interval():
    low, high = t_interval([1.0, 3.0])
    assert (low, high) == pytest.approx((2 - 12.706204736432095, 2 + 12.706204736432095))
    assert all(math.isnan(bound) for bound in t_interval([1.0]))


def test_the_percentile_interval_is_the_middle_95_percent():
    assert percentile_interval(np.arange(1001.0)) == pytest.approx((25, 975))


def test_means_over_seeds():
    assert np.array_equal(over_seeds(np.array([[1.0, 2.0]])), [1.0, 2.0])
    mixed = over_seeds(np.stack([np.zeros(4000), np.ones(4000)]))
    assert sorted(set(mixed.tolist())) == [0.0, 0.5, 1.0]
    assert mixed.mean() == pytest.approx(0.5, abs=0.03)
