"""Costs, exact numbers, ratios to peers, faults: from records to rows with a verdict and why."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from made_records import cell, record
from made_sides import ROUNDS, compared, row, times

from seqbench.interfaces import Sample, UsageError
from seqbench.results.compare import built_in


@pytest.mark.parametrize(
    ("factor", "noise", "expected"),
    [
        (1.2, 0.003, "SLOWER"),
        (0.8, 0.003, "FASTER"),
        (1.0, 0.003, "SAME"),
        (1.02, 0.2, "AMBIGUOUS"),
    ],
)
def test_times_by_the_error_between_processes(factor, noise, expected):
    found = row(compared(times(noise=noise), times(factor, noise=noise, seed=1)), "time")
    assert found["verdict"] == expected
    assert found["worse"] == (expected == "SLOWER")
    assert found["ratio"] == pytest.approx(factor, rel=0.2)
    assert found["low"] < found["ratio"] < found["high"]
    assert found["n_base"] == found["n_new"] == ROUNDS


def test_the_effect_is_the_difference_in_spreads():
    found = row(compared(times(noise=0.01), times(1.2, noise=0.01, seed=1)), "time")
    assert found["effect"] == pytest.approx(math.log(1.2) / 0.014, rel=0.4)


def test_samples_within_a_process_are_one_median_and_no_evidence():
    """A thousand samples of one process do not make a second process."""
    one = [cell("gru", 64, "numpy", [1e-3] * 1000)]
    other = [cell("gru", 64, "numpy", [2e-3] * 1000)]
    found = row(compared(one, other), "time")
    assert found["verdict"] == "AMBIGUOUS"
    assert found["reason"] == "one process on a side, a verdict needs several"
    assert found["n_base"] == 1
    assert found["ratio"] == pytest.approx(2.0)


def test_rounds_of_one_block_pair():
    """What slows both sides of a round is no error of the difference."""
    drift = [1, 3, 2, 5, 4, 1, 3, 2, 5, 4]
    base = [cell("gru", 64, "numpy", [1e-3 * d], round=i) for i, d in enumerate(drift)]
    new = [
        cell("gru", 64, "numpy", [1.1e-3 * d * (1 + i % 2 * 1e-3)], round=i)
        for i, d in enumerate(drift)
    ]
    assert row(compared(base, new), "time")["verdict"] == "SLOWER"
    apart = [replace(r, group="") for r in new]
    unpaired = compared([replace(r, group="") for r in base], apart)
    assert row(unpaired, "time")["verdict"] == "AMBIGUOUS"


def test_more_tokens_a_second_is_faster():
    def speeds(factor):
        return [
            record(
                f"s{i}",
                case_id="c",
                round=i,
                samples=[Sample("tokens_per_s", factor * (1000 + i), "token/s", "higher")],
            )
            for i in range(8)
        ]

    assert row(compared(speeds(1), speeds(1.3)), "tokens_per_s")["verdict"] == "FASTER"
    assert row(compared(speeds(1), speeds(0.7)), "tokens_per_s")["verdict"] == "SLOWER"


@pytest.mark.parametrize(("flops", "expected"), [(1.0, "SAME"), (1.001, "SLOWER"), (0.5, "FASTER")])
def test_flop_are_exact_even_of_one_process(flops, expected):
    base, new = [cell("gru", 64, "numpy", [1e-3])], [cell("gru", 64, "numpy", [1e-3], flops=flops)]
    assert row(compared(base, new), "flops")["verdict"] == expected


def test_what_has_no_direction_is_shown():
    found = row(compared(times(), times(seed=1)), "gemm_float32")
    assert found["verdict"] == ""
    assert found["reason"] == "neither direction is better"


def test_a_time_of_zero_is_compared_as_a_difference():
    base = [cell("gru", 64, "numpy", [0.0], round=i) for i in range(5)]
    new = [cell("gru", 64, "numpy", [1e-3 + i * 1e-6], round=i) for i in range(5)]
    found = row(compared(base, new), "time")
    assert found["verdict"] == "SLOWER"
    assert found["difference"] == pytest.approx(1e-3, rel=0.01)


def both_backends(ours, peer, **more):
    return times(ours, **more) + times(peer, backend="torch", **(more | {"seed": 5}))


def test_a_ratio_to_a_peer_holds_on_another_machine():
    machines = ("one, 2 cores", "other, 64 cores")
    base = both_backends(1.0, 2.0)
    same = compared(base, both_backends(3.0, 6.0, seed=1), machines=machines)
    assert row(same, "time/torch")["verdict"] == "SAME"
    assert row(same, "time/torch")["base"] == pytest.approx(0.5, rel=0.01)
    slower = compared(base, both_backends(1.2, 2.0, seed=1), machines=machines)
    assert row(slower, "time/torch")["verdict"] == "SLOWER"


def test_a_table_without_a_peer_has_no_ratio():
    comparison = compared(times(), times(seed=1))
    assert not comparison.rows["metric"].str.contains("/").any()


def test_different_machines_are_told_and_their_times_not_judged():
    machines = ("one, 2 cores", "other, 64 cores")
    comparison = compared(times(), times(2.0, seed=1), machines=machines)
    found = row(comparison, "time")
    assert found["verdict"] == ""
    assert found["reason"] == "another machine"
    assert comparison.worse == 0
    assert any("different machines: one, 2 cores and other, 64 cores" in t for t in comparison.told)
    assert row(comparison, "flops")["verdict"] == "SAME"
    asked = compared(times(), times(2.0, seed=1), machines=machines, across_machines=True)
    assert row(asked, "time")["verdict"] == "SLOWER"


def test_times_of_another_block_are_shown_and_not_judged():
    base, new = times(), [replace(r, group="cell_cost@2") for r in times(2.0, seed=1)]
    comparison = compared(base, new)
    found = row(comparison, "time")
    assert (found["verdict"], found["reason"]) == ("", "another timing block")
    assert any("`seqbench ab` judges" in told for told in comparison.told)
    assert row(comparison, "peak_memory")["verdict"] == "SAME"
    assert row(compared(base, new, across_machines=True), "time")["verdict"] == "SLOWER"


def test_all_rounds_of_a_run_are_one_block():
    base = [replace(r, group=f"t.round{r.round}@1") for r in times()]
    new = [replace(r, group=f"t.round{r.round}@1") for r in times(1.2, seed=1)]
    assert row(compared(base, new), "time")["verdict"] == "SLOWER"


def test_a_trainings_time_may_come_from_the_cache():
    def trained(seconds):
        sample = Sample("train_time", seconds, "s", "lower", "train")
        return [record(f"t{s}", case_id=f"c{s}", seed=s, samples=[sample]) for s in range(4)]

    found = row(compared(trained(1.0), trained(2.0)), "train_time")
    assert (found["verdict"], found["reason"]) == ("", "a training's time may be of another day")


def test_a_gate_that_fails_in_new_is_worse_than_any_time():
    new = [
        replace(r, gate="fail", samples=[], reasons=["output differs by 0.2"]) for r in times(0.1)
    ]
    comparison = compared(times(), new)
    found = row(comparison, "time")
    assert (found["verdict"], found["presence"], found["worse"]) == ("WORSE", "removed", True)
    assert found["reason"] == "wrong: output differs by 0.2"


def test_a_gate_that_fails_in_some_processes_is_worse_too():
    new = times(0.5, seed=1)
    new[3] = replace(new[3], gate="fail", samples=[], reasons=["off"])
    found = row(compared(times(), new), "time")
    assert (found["verdict"], found["reason"]) == ("WORSE", "wrong (1 of 12): off")


def test_a_gate_that_failed_before_ranks_nothing():
    def broken(records):
        records[0] = replace(records[0], gate="fail", samples=[], reasons=["off"])
        return records

    comparison = compared(broken(times()), broken(times(2.0, seed=1)))
    found = row(comparison, "time")
    assert (found["verdict"], found["reason"]) == ("", "the correctness gate fails on both sides")
    assert comparison.worse == 0


def test_a_row_that_is_gone_is_worse_and_a_new_one_is_told():
    comparison = compared(times() + times(size=32), times(seed=1) + times(size=128))
    gone = comparison.rows[comparison.rows["presence"] == "removed"]
    come = comparison.rows[comparison.rows["presence"] == "added"]
    assert gone["label"].str.contains("hidden_size=32").all()
    assert gone["worse"].all()
    assert (gone["reason"] == "missing in NEW").all()
    assert come["label"].str.contains("hidden_size=128").all()
    assert not come["worse"].any()
    assert comparison.counts["removed"] == comparison.counts["added"] == len(gone)


def test_a_row_that_failed_says_how():
    new = [replace(r, status="oom", samples=[], error="1 GB does not fit") for r in times()]
    comparison = compared(times() + times(size=32), new + times(size=32, seed=1))
    found = comparison.rows[
        (comparison.rows["metric"] == "time") & (comparison.rows["presence"] == "removed")
    ].iloc[0]
    assert found["worse"]
    assert found["reason"] == "oom: 1 GB does not fit"


def test_rows_that_were_not_measured_cleanly_stay_and_are_not_ranked():
    noisy = [replace(r, valid=False, reasons=["busy machine"]) for r in times(2.0, seed=1)]
    found = row(compared(times(), noisy), "time")
    assert (found["verdict"], found["reason"]) == ("", "not measured cleanly")
    assert row(compared(times(), noisy, unclean=True), "time")["verdict"] == "SLOWER"


def test_noisy_processes_are_set_aside_where_others_are_left():
    new = times(1.0, seed=1)
    new[0] = replace(
        new[0], valid=False, samples=[Sample("time", 1.0, "s", "lower", "forward_backward")]
    )
    found = row(compared(times(), new), "time")
    assert (found["verdict"], found["n_new"]) == ("SAME", ROUNDS - 1)


def test_what_is_not_finite_is_told_and_left_out():
    new = times(seed=1)
    new[0].samples[0] = Sample("time", math.nan, "s", "lower", "forward_backward")
    comparison = compared(times(), new)
    assert "NEW: 1 value not finite (first: time); left out" in comparison.told
    lost = [replace(r, samples=[replace(s, value=math.nan) for s in r.samples]) for r in times()]
    with pytest.raises(UsageError, match="no row in common"):
        compared(times(), lost)


def test_another_implementation_of_the_same_case_is_the_same_row():
    new = [replace(r, kernel_impl="numpy.gru2") for r in times(1.5, seed=1)]
    assert row(compared(times(), new), "time")["verdict"] == "SLOWER"


def test_units_and_directions_must_agree():
    new = [
        replace(r, samples=[replace(s, unit="ms") if s.metric == "time" else s for s in r.samples])
        for r in times()
    ]
    with pytest.raises(UsageError, match="unit of metric 'time' is 's' in BASE and 'ms' in NEW"):
        compared(times(), new)
    flipped = [
        replace(r, samples=[replace(s, direction="higher") for s in r.samples]) for r in times()
    ]
    with pytest.raises(UsageError, match=r"direction of metric .* in BASE and 'higher'"):
        compared(times(), flipped)


def test_units_must_agree_within_a_table():
    mixed = times()
    mixed[0].samples.append(Sample("time", 1.0, "ms", "lower", "forward_backward", 9))
    with pytest.raises(UsageError, match="BASE has units 'ms', 's' for metric 'time'"):
        compared(mixed, times())


def test_a_value_that_is_there_twice_is_refused():
    twice = times()
    twice[0].samples.append(twice[0].samples[0])
    with pytest.raises(UsageError, match="BASE has 1 rows twice, the first is metric 'time' of"):
        compared(twice, times())


def test_tables_without_a_common_row_say_what_they_have():
    other = [replace(r, case_id="other", experiment="elsewhere") for r in times()]
    with pytest.raises(UsageError, match="no row in common: BASE has cell_cost with") as error:
        compared(times(), other)
    assert "NEW has elsewhere with flops, gemm_float32, peak_memory, time" in str(error.value)


def test_other_metrics_are_no_common_row():
    other = [replace(r, samples=[Sample("energy", 1.0, "J", "lower")]) for r in times()]
    with pytest.raises(UsageError, match="NEW has cell_cost with energy"):
        compared(times(), other)


def test_the_margin_decides_what_is_the_same():
    tight = replace(built_in(), relative={"default": 0.001})
    assert row(compared(times(), times(seed=1), rules=tight), "time")["verdict"] == "AMBIGUOUS"
    wide = replace(built_in(), relative={"default": 0.5})
    assert row(compared(times(), times(1.2, seed=1), rules=wide), "time")["verdict"] == "SAME"


def test_the_worst_comes_first():
    comparison = compared(
        times(size=16) + times(size=32) + times(size=64),
        times(size=16, seed=1) + times(1.5, size=64, seed=1),
    )
    verdicts = comparison.rows["verdict"].tolist()
    assert verdicts[0] == "SLOWER"
    assert comparison.rows["presence"].tolist()[1] == "removed"
    assert verdicts[-1] == ""
    assert comparison.worse == 1 + 4


def test_a_case_is_joined_by_its_id_and_not_by_what_was_swept():
    new = [replace(r, swept=["cell.name"]) for r in times(1.5, seed=1)]
    assert row(compared(times(), new), "time")["verdict"] == "SLOWER"


def test_cases_that_no_column_tells_apart_stay_apart():
    """Two settings that were not swept: one seed each, so they are no seeds of one case."""

    def both(factor, seed):
        fast = times(seed=seed)
        slow = [
            replace(
                r,
                case_id="longer",
                trial_key=f"l{r.trial_key}",
                samples=[replace(s, value=9 * s.value) for s in r.samples],
            )
            for r in times(factor, seed=seed)
        ]
        return fast + slow

    rows = compared(both(1.0, 0), both(1.5, 1)).rows
    found = rows[rows["metric"] == "time"]
    assert sorted(found["verdict"]) == ["SAME", "SLOWER"]
    assert (found["n_base"] == ROUNDS).all()
