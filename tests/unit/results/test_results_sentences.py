"""The sentence of each experiment, on made rows, for each way in which it can come out."""

from __future__ import annotations

import pytest
from made_records import beam, cell, lost_beam, record

from seqbench.interfaces import Sample
from seqbench.results.evidence import Evidence
from seqbench.results.ratios import ratio
from seqbench.results.sentences import sentence
from seqbench.results.summary import summarise
from seqbench.results.table import tidy


def told(experiment, records, metrics=()):
    items = {r.trial_key: r.items for r in records}
    table = tidy(records)
    return sentence(experiment, Evidence(table, summarise(table, items), items), metrics)


def beams(*pairs, **more):
    return told("beam_width_bleu", [beam(w, h, **more) for w, h in pairs])


def cells(records):
    return told("cell_cost", records)


# -- E01 ---------------------------------------------------------------------------------------


TEN = "B = 10 ran at 1/10 of B = 1's tokens/s and 10x its peak memory"
HUNDRED = "B = 100 ran at 1/100 of B = 1's tokens/s and 100x its peak memory"


def test_a_gain_beyond_its_interval():
    assert beams((1, 200), (10, 300)) == (
        "Widening the beam from 1 to 10 raised BLEU by 25 [12, 38] to 75.0; "
        + TEN
        + "; best B = 10."
    )


def test_a_gain_that_is_lost_again_at_a_larger_width():
    assert beams((1, 200), (10, 320), (100, 250)) == (
        "Widening the beam from 1 to 10 raised BLEU by 30 [15, 42] to 80.0; B = 100 lost 17 "
        f"[7, 30] of it again; {TEN}; {HUNDRED}; best B = 10."
    )


def test_a_larger_width_that_changes_nothing_more():
    assert "; B = 100 gave the same; B = 10 ran" in beams((1, 200), (10, 300), (100, 300))


def test_a_larger_width_that_loses_no_more_than_its_interval():
    assert beams((1, 200), (10, 301), (100, 300)) == (
        "Widening the beam from 1 to 10 raised BLEU by 25 [13, 38] to 75.1; B = 100 changed it by "
        f"-0.062 [-0.187, 0.000] further, no more than its interval; {TEN}; {HUNDRED}; "
        "best B = 10."
    )


def test_a_gain_within_its_interval():
    assert beams((1, 300), (10, 301)) == (
        "Widening the beam from 1 to 10 changed BLEU by 0.062 [0.000, 0.187], no more than its "
        f"interval, to 75.1; {TEN}; no width is clearly best."
    )


def test_no_width_is_better_than_the_narrowest():
    assert beams((1, 320), (4, 310), (100, 200)) == (
        f"Widening the beam from 1 to 100 lowered BLEU by 30 [15, 42] from 80.0; {HUNDRED}; "
        "best B = 1."
    )


def test_a_loss_within_its_interval():
    assert beams((1, 301), (10, 300)) == (
        "Widening the beam from 1 to 10 changed BLEU by -0.062 [-0.187, 0.000], no more than its "
        f"interval, from 75.1; {TEN}; no width is clearly best."
    )


def test_no_difference_at_all_prefers_the_narrowest():
    assert beams((1, 300), (10, 300)) == (
        f"Widening the beam from 1 to 10 left BLEU at 75.0; {TEN}; best B = 1."
    )


def test_one_width_answers_nothing():
    text = beams((10, 300))
    assert text.startswith("Only B = 10 was measured (BLEU ")
    assert text.endswith("): no other width to compare.")


def test_without_statistics_no_interval_is_pretended():
    text = beams((1, 200), (10, 300), items=False)
    assert "raised BLEU by 2" in text
    assert "(no interval: no sentence statistics) to " in text
    text = beams((1, 300), (10, 200), items=False)
    assert "lowered BLEU by 2" in text
    assert "(no interval: no sentence statistics) from " in text


def test_lost_widths_are_named():
    records = [beam(1, 200), beam(10, 300), lost_beam(100), lost_beam(1000, status="timeout")]
    text = told("beam_width_bleu", records)
    assert text.endswith("; best B = 10; no value for B = 100 (oom), B = 1000 (timeout).")


def test_noise_is_told():
    records = [beam(1, 200), beam(10, 300, valid=False), beam(10, 300, round=1)]
    text = told("beam_width_bleu", records)
    assert text.endswith("; 1 of 3 trials were not measured cleanly.")


def test_costs_are_paired_within_a_round():
    # ratios 1/2, 1/4, 1/8 by round; the pooled medians would give 400 / 1000
    records = [
        beam(w, h, round=r, speed=s)
        for r, (one, ten) in enumerate([(1000.0, 500.0), (1600.0, 400.0), (800.0, 100.0)])
        for w, h, s in ((1, 200, one), (10, 300, ten))
    ]
    assert "B = 10 ran at 1/4 of B = 1's tokens/s" in told("beam_width_bleu", records)


def test_costs_of_different_blocks_are_not_compared():
    records = [beam(1, 200, group="a"), beam(10, 300, group="b")]
    assert " ran " not in told("beam_width_bleu", records)


def test_a_cost_of_which_only_one_is_known():
    speed = [s for s in beam(1, 200).samples if s.metric != "peak_memory"]
    faster = [s for s in beam(10, 300).samples if s.metric != "peak_memory"]
    records = [beam(1, 200, samples=speed), beam(10, 300, samples=faster)]
    assert "; B = 10 ran at 1/10 of B = 1's tokens/s; best" in told("beam_width_bleu", records)
    records = [
        beam(w, h, samples=[s for s in beam(w, h).samples if s.metric != "tokens_per_s"])
        for w, h in ((1, 200), (10, 300))
    ]
    assert "; B = 10 ran with 10x B = 1's peak memory; best" in told("beam_width_bleu", records)


def test_lines_that_were_swept_too_get_a_clause_each():
    records = [
        beam(w, h, cell=c)
        for c, hits in (("gru", 300), ("rnn", 200))
        for w, h in ((1, 200), (10, hits))
    ]
    text = told("beam_width_bleu", records)
    assert text.startswith("cell.name=gru: Widening the beam from 1 to 10 raised")
    assert " | cell.name=rnn: Widening the beam from 1 to 10 left BLEU at " in text


def test_a_training_is_no_beam():
    training = record(
        "t", task="train", experiment="beam_width_bleu", samples=[Sample("epochs", 3.0, "1")]
    )
    text = told("beam_width_bleu", [training, lost_beam(10)])
    assert text == "No beam width has a BLEU; no value for B = 10 (oom)."
    assert told("beam_width_bleu", [training]) == (
        "No case names a beam width, so there is no answer."
    )


def test_seeds_are_averaged():
    records = [beam(w, h, seed=s) for s in (0, 1) for w, h in ((1, 200), (10, 300))]
    assert told("beam_width_bleu", records).startswith("Widening the beam from 1 to 10 raised")


# -- E02 ---------------------------------------------------------------------------------------


def grid(factor=0.5, rounds=1, backends=("numpy",), sizes=(16, 64)):
    """LSTM takes size ms on each backend, GRU `factor` of it; torch takes twice as long."""
    return [
        cell(
            name,
            size,
            backend,
            [size / 1e3 * times * (1 + b)],
            round=r,
            flops=300.0 if name == "gru" else 400.0,
            memory=6e5 if name == "gru" else 1e6,
        )
        for r in range(rounds)
        for b, backend in enumerate(backends)
        for size in sizes
        for name, times in (("lstm", 1.0), ("gru", factor))
    ]


def test_gru_against_lstm_over_sizes():
    assert cells(grid()) == (
        "GRU took 0.5x LSTM's time forward and backward on numpy (geometric mean of 2 sizes, 0.5 "
        "to 0.5), 0.75x its FLOP by formula, 0.6x its peak memory."
    )


def test_the_mean_over_sizes_is_geometric():
    records = grid(sizes=(16,)) + grid(factor=2.0, sizes=(64,))
    assert "GRU took 1x LSTM's time forward and backward on numpy (geometric mean of 2 sizes, " in (
        cells(records)
    )
    assert "0.5 to 2)" in cells(records)


def test_backends_are_told_apart_and_compared():
    text = cells(grid(backends=("numpy", "torch"), sizes=(16,)))
    assert text.startswith(
        "GRU took 0.5x LSTM's time forward and backward on numpy (one size) and 0.5x on torch (one "
    )
    assert text.endswith("; numpy took 0.5x torch's time for GRU, 0.5x for LSTM.")


def test_rounds_give_an_interval_and_it_decides():
    records = [
        cell(name, 16, "numpy", [t], round=r)
        for r, (gru, lstm) in enumerate([(0.5, 1.0), (0.52, 1.0), (0.48, 1.0)])
        for name, t in (("gru", gru), ("lstm", lstm))
    ]
    assert cells(records).startswith("GRU took 0.5x [0.45, 0.55] LSTM's time")
    records = [
        cell(name, 16, "numpy", [t], round=r)
        for r, (gru, lstm) in enumerate([(0.8, 1.0), (1.2, 1.0), (1.0, 1.0)])
        for name, t in (("gru", gru), ("lstm", lstm))
    ]
    assert "LSTM's time forward and backward on numpy (no clear difference) (one size)" in (
        cells(records)
    )


def test_without_the_pair_it_stays_open():
    records = [cell("gru", 16, "numpy", [1.0]), cell("lstm", 32, "numpy", [1.0])]
    assert cells(records) == "No size has both GRU and LSTM timed, so which is cheaper is open."


def test_lost_and_noisy_trials_are_told():
    lost = cell("lstm", 64, "torch", [], status="failed", samples=[], error="x")
    wrong = cell("rnn", 64, "numpy", [], gate="fail", samples=[], valid=False)
    noisy = cell("rnn", 16, "numpy", [1.0], valid=False)
    text = cells([*grid(), lost, wrong, noisy])
    assert text.endswith(
        "; 2 trials have no time (1 failed, 1 gate failed); 1 of 5 trials were not measured "
        "cleanly."
    )
    assert "; 1 trial has no time (1 failed)." in cells([*grid(), lost])


def test_times_of_a_busy_machine_are_not_ranked():
    busy = [cell(n, 16, "numpy", [t], valid=False) for n, t in (("gru", 9.0), ("lstm", 1.0))]
    assert "took" not in cells([*busy, cell("gru", 32, "numpy", [1.0])])
    told_too = cells(busy)
    assert "took" not in told_too
    assert told_too.endswith("2 of 2 trials were not measured cleanly.")
    quiet = [cell(n, 32, "numpy", [t]) for n, t in (("gru", 1.0), ("lstm", 2.0))]
    assert "GRU took 0.5x LSTM's time" in cells([*busy, *quiet])


def test_taking_new_weights_is_no_answer():
    """`load` is told in the table; by its name it would come last and be taken."""
    samples = [Sample("time", t, "s", "lower", p) for t, p in ((2.0, "forward"), (1e-7, "load"))]
    text = told("kernel_cost", [cell("gru", 10, "numpy", [], samples=samples)], ["time"])
    assert text.startswith("time was 2 s")


def test_times_of_a_busy_machine_are_no_extremes():
    rows = [cell("gru", n, "numpy", [float(n)], valid=n < 30) for n in (10, 20, 30)]
    text = told("kernel_cost", rows, ["time"])
    assert text.startswith("Over 2 cases time went from 10 s (cell.hidden_size=10) to 20 s")
    busy = [
        cell("gru", n, "numpy", [1.0], valid=False, samples=rows[0].samples[:1]) for n in (1, 2)
    ]
    assert told("kernel_cost", busy, ["time"]) == (
        "No time was measured cleanly, so nothing is ranked; 2 of 2 trials were not measured "
        "cleanly."
    )


def test_a_campaign_without_the_phase_has_no_answer():
    samples = [Sample("time", 1.0, "s", "lower", "load")]
    made = cell("gru", 16, "numpy", [], samples=samples)
    assert cells([made]) == (
        "No cell was timed forward and backward, so there is no answer: 1 done."
    )


# -- any experiment ----------------------------------------------------------------------------


def test_nothing_ran():
    assert told("e", []) == "No trial of e left a record, so there is no answer."


@pytest.mark.parametrize("experiment", ["beam_width_bleu", "cell_cost", "other"])
def test_everything_failed(experiment):
    records = [lost_beam(1), lost_beam(10, status="failed"), lost_beam(30)]
    assert told(experiment, records) == (
        f"No trial of {experiment} has a value, so there is no answer: 1 failed, 2 oom."
    )


def test_an_unknown_experiment_is_told_by_its_extremes():
    records = [beam(w, h, items=False) for w, h in ((1, 200), (4, 300), (10, 250))]
    text = told("mine", records, ["wer", "tokens_per_s"])
    assert text == (
        "Over 3 cases tokens_per_s went from 100 token/s (decoder.width=10) to 1000 token/s "
        "(decoder.width=1); best is the highest."
    )
    assert "Over 3 cases bleu went from" in told("mine", records)


def test_a_single_case_is_told_as_it_is():
    training = record("t", task="train", samples=[Sample("epochs", 3.0, "1")])
    text = told("single", [training, beam(4, 400, items=False, valid=False), lost_beam(9)])
    assert text == (
        "bleu was 100 BLEU for cell.name=gru, decoder.width=4; 1 case without a value (2 done, "
        "1 oom); 1 of 2 trials were not measured cleanly."
    )
    assert told("single", [training]) == "epochs was 3."


# -- ratios ------------------------------------------------------------------------------------


def test_a_ratio_by_hand():
    records = [
        cell(name, size, "numpy", [t], round=r)
        for r in (0, 1)
        for size, gru, lstm in ((16, 1.0, 2.0), (32, 2.0, 1.0), (64, 1.0, 8.0))
        for name, t in (("gru", gru), ("lstm", lstm))
    ]
    rows = tidy(records)
    rows = rows[rows["metric"] == "time"]
    gru, lstm = (rows[rows["p.cell.name"] == name] for name in ("gru", "lstm"))
    found = ratio(gru, lstm, ["p.cell.hidden_size"])
    assert found.value == pytest.approx((0.5 * 2 * 0.125) ** (1 / 3))
    assert (found.smallest, found.largest) == pytest.approx((0.125, 2))
    assert (found.low, found.high) == pytest.approx((found.value, found.value))
    assert found.sizes == 3
    assert str(found) == "0.5x"
    assert ratio(gru, lstm[:0]) is None
