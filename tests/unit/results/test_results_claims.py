"""The answer to a claim on made rows: every effect, each of the three answers, what is missing."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from made_records import beam, bleu_of, record, statistics

from seqbench.interfaces import Sample, StoreError, UsageError
from seqbench.interfaces.claims import Claim, Part, claim
from seqbench.results.claims import (
    Kept,
    Measured,
    answered,
    judge,
    measure,
    read_answer,
    write_answer,
)
from seqbench.results.evidence import Evidence
from seqbench.results.summary import summarise
from seqbench.results.table import tidy


def evidence(records):
    items = {r.trial_key: r.items for r in records if r.items}
    table = tidy(records)
    return Evidence(table, summarise(table, items), items)


def trial(model, value, seed=0, round=0, lag=10, metric="accuracy", unit="fraction", **more):
    samples = [Sample(metric, v, unit, "higher", "test") for v in np.atleast_1d(value).tolist()]
    return record(
        f"{model}-{lag}-{seed}-{round}-{metric}",
        case_id=f"{model}-{lag}",
        params={"model": {"name": model}, "lag": lag},
        swept=["model.name", "lag"],
        seed=seed,
        round=round,
        **{"samples": samples, **more},
    )


def told(part, records, **settings):
    made = Claim("it is so", parts={"part": Part(**part)}, **settings)
    kept = {"part": measure(made.parts["part"], evidence(records))}
    return judge(made, kept)


DIFFERENCE = {
    "metric": "accuracy",
    "effect": "difference",
    "of": {"model.name": "rnn"},
    "against": {"model.name": "mean"},
    "at_least": 0.1,
}


def pairs(*gaps, base=0.5):
    """One pair a seed: their difference is the gap."""
    made = []
    for seed, gap in enumerate(gaps):
        wander = 0.05 * seed
        made += [trial("rnn", base + wander + gap, seed), trial("mean", base + wander, seed)]
    return made


@pytest.mark.parametrize(
    ("gaps", "verdict"),
    [
        ((0.30, 0.31, 0.29), "supported"),
        ((0.01, 0.02, 0.00), "refuted"),
        ((0.30, 0.05, 0.12), "undecided"),
        ((0.10, 0.11, 0.12), "undecided"),  # every seed is past the bound, the interval is not
        ((0.30, 0.31), "undecided"),  # a seed is missing
    ],
)
def test_a_difference_of_seeds(gaps, verdict):
    assert told(DIFFERENCE, pairs(*gaps)).verdict == verdict


def test_a_part_may_choose_by_true_and_false():
    """A table writes them in small letters."""
    part = {**DIFFERENCE, "of": {"model.name": True}, "against": {"model.name": False}}
    made = []
    for seed, gap in enumerate((0.30, 0.31, 0.29)):
        made += [trial(True, 0.5 + gap, seed), trial(False, 0.5, seed)]
    assert told(part, made).verdict == "supported"


def test_a_difference_is_paired_by_seed():
    """Seeds that differ by far more than the models do leave the difference clear."""
    made = []
    for seed, start in enumerate((0.1, 0.4, 0.75)):
        made += [trial("rnn", start + 0.2, seed), trial("mean", start, seed)]
    (part,) = told(DIFFERENCE, made).parts
    assert part.value == pytest.approx(0.2)
    assert part.interval == pytest.approx((0.2, 0.2), abs=1e-9)


def test_students_interval():
    (part,) = told(DIFFERENCE, pairs(0.1, 0.2, 0.3)).parts
    half = 4.302653 * 0.1 / math.sqrt(3)
    assert part.interval == pytest.approx((0.2 - half, 0.2 + half), rel=1e-6)


def test_at_most_is_the_other_side():
    part = {**DIFFERENCE, "at_least": None, "at_most": 0.1}
    assert told(part, pairs(0.01, 0.02, 0.00)).verdict == "supported"
    assert told(part, pairs(0.30, 0.31, 0.29)).verdict == "refuted"


def test_one_part_that_fails_refutes_and_one_that_is_open_leaves_it_undecided():
    good, bad = Part("m", at_least=0.0), Part("m", at_least=9.0)
    values = Measured({f"seed {s}": 1.0 + s / 100 for s in range(3)})
    both = Claim("so", parts={"a": good, "b": bad})
    assert judge(both, {"a": values, "b": values}).verdict == "refuted"
    assert judge(both, {"a": values}).verdict == "undecided"
    assert judge(Claim("so", parts={"a": good, "b": good}), {"a": values, "b": values}).verdict == (
        "supported"
    )


def test_to_refute_by_one_of_many_parts_takes_more():
    values = Measured({"seed 0": 0.90, "seed 1": 0.94, "seed 2": 0.92})  # 0.92 ± 0.05
    holds = Measured({f"seed {s}": 5.0 for s in range(3)})
    low = Part("m", at_least=0.98)
    assert judge(Claim("so", parts={"a": low}), {"a": values}).verdict == "refuted"
    many = {"a": low, **{f"p{i}": Part("m", at_least=1.0) for i in range(9)}}
    found = {"a": values, **{f"p{i}": holds for i in range(9)}}
    assert judge(Claim("so", parts=many), found).verdict == "undecided"


def test_a_level_averages_what_else_was_swept():
    made = [trial("rnn", lag / 100, seed, lag=lag) for seed in range(3) for lag in (10, 30)]
    part = {"metric": "accuracy", "of": {"model.name": "rnn"}, "at_least": 0.2}
    (found,) = told(part, made).parts
    assert (found.value, found.state) == (pytest.approx(0.2), "holds")
    part["of"] = {"model.name": "rnn", "lag": [30]}
    assert told(part, made).parts[0].value == pytest.approx(0.3)


def test_a_ratio_is_paired_by_size_and_averaged_by_factors():
    made = []
    for round_ in range(3):
        for lag, factor in ((10, 0.5), (100, 0.125)):
            made += [
                trial("rnn", factor * lag, 0, round_, lag, "time", "s"),
                trial("mean", 1.0 * lag, 0, round_, lag, "time", "s"),
            ]
    part = {**DIFFERENCE, "metric": "time", "effect": "ratio", "over": "round"}
    part |= {"at_least": None, "at_most": 0.5}
    (found,) = told(part, made).parts
    assert (found.value, found.units, found.state) == (pytest.approx(0.25), 3, "holds")


def test_times_that_were_not_measured_cleanly_say_nothing():
    dirty = {"valid": False, "reasons": ["busy"]}
    made = [trial("rnn", 1.0, 0, r, metric="time", unit="s", **dirty) for r in range(3)]
    assert not tidy(made)["valid"].any()
    part = {"metric": "time", "of": {"model.name": "rnn"}, "over": "round", "at_most": 9.0}
    answer = told(part, made)
    assert answer.verdict == "undecided"
    assert "no ranked row has time of model.name=rnn" in answer.parts[0].reason


@pytest.mark.parametrize("power", [0.0, 1.0, 2.0])
def test_an_exponent(power):
    noise = np.random.default_rng(1)
    made = [
        trial("rnn", 3e-6 * lag**power * np.exp(0.01 * noise.normal()), 0, r, lag, "time", "s")
        for r in range(5)
        for lag in (100, 200, 400, 800)
    ]
    part = {"metric": "time", "effect": "exponent", "along": "lag", "over": "round"}
    answer = told({**part, "at_least": power - 0.15}, made)
    assert answer.verdict == "supported"
    assert answer.parts[0].value == pytest.approx(power, abs=0.05)
    assert told({**part, "at_least": power + 0.15}, made).verdict == "refuted"


def test_growth_from_the_smallest_size_on():
    made = [
        trial("rnn", 1.0 if lag < 400 else lag**2 / 400**2, 0, r, lag, "time", "s")
        for r in range(3)
        for lag in (100, 200, 400, 800, 1600)
    ]
    part = {"metric": "time", "effect": "exponent", "along": "lag", "over": "round"}
    assert told({**part, "smallest": 400, "at_least": 1.9}, made).verdict == "supported"
    assert told({**part, "at_least": 1.9}, made).verdict == "refuted"


def test_a_slope_and_a_share_along_a_metric_of_the_same_trials():
    made = []
    for seed in range(3):
        for x, y in ((1.0, 2.0), (2.0, 4.1), (4.0, 7.9), (8.0, 16.0)):
            samples = [
                Sample("cost", y, "1", "lower", "test"),
                Sample("code_length", x, "1", "none", "test"),
            ]
            made.append(trial("rnn", 0.0, seed, lag=int(x), samples=samples))
    part = {"metric": "cost", "along_metric": "code_length"}
    assert told({**part, "effect": "r_squared", "at_least": 0.95}, made).verdict == "supported"
    slope = told({**part, "effect": "slope", "at_least": 1.9}, made).parts[0]
    assert slope.value == pytest.approx(np.polyfit([1, 2, 4, 8], [2.0, 4.1, 7.9, 16.0], 1)[0])


def test_a_share_of_nothing_explained():
    made = [
        trial("rnn", value, seed, lag=lag)
        for seed in range(3)
        for lag, value in ((1, 0.5), (2, 0.9), (3, 0.5))
    ]
    part = {"metric": "accuracy", "effect": "r_squared", "along": "lag", "at_least": 0.95}
    assert told(part, made).verdict == "refuted"


def test_the_order_of_seeds():
    """Five seeds reach 93.75 %: enough at 90 %, never at 95 %."""
    made = [trial("rnn", value, seed) for seed, value in enumerate((5, 9, 7, 100, 6))]
    part = {"metric": "accuracy", "of": {"model.name": "rnn"}, "at_least": 5.0}
    (found,) = told(part, made, test="order", confidence=0.9, seeds=5).parts
    assert (found.value, found.interval, found.state) == (7.0, (5.0, 100.0), "holds")
    assert told(part, made, test="order", seeds=5).verdict == "undecided"


def test_the_order_of_many_seeds_is_the_sign_tests():
    """Of 20, the sixth and the fifteenth cover the median in 95.86 %."""
    made = [trial("rnn", float(value), value) for value in range(20)]
    part = {"metric": "accuracy", "of": {"model.name": "rnn"}, "at_least": 5.0}
    (found,) = told(part, made, test="order").parts
    assert found.interval == (5.0, 14.0)


def bleu_claim(**more):
    part = {
        "metric": "bleu",
        "effect": "difference",
        "of": {"decoder.width": 10},
        "against": {"decoder.width": 1},
        "at_least": 0.0,
    }
    return {**part, **more}


def test_items_widen_an_interval_that_seeds_leave_narrow():
    """All seeds gain alike, in a few sentences alone: other sentences might not have."""
    made = [beam(w, h, seed=s) for s in range(3) for w, h in ((1, 200), (10, 202))]
    part = Part(**bleu_claim())
    found = measure(part, evidence(made))
    assert np.ptp(list(found.units.values())) == pytest.approx(0.0)
    assert found.item_error > 0.05
    answer = told(bleu_claim(), made)
    assert answer.verdict == "undecided"
    clear = [beam(w, h, seed=s) for s in range(3) for w, h in ((1, 200), (10, 330))]
    assert told(bleu_claim(), clear).verdict == "supported"


def test_the_error_of_items_is_the_bootstraps():
    """Against a loop over the same draws, for one seed's two widths."""
    from seqbench.results.bleu import RESAMPLES, draws

    made = [beam(w, h, seed=s) for s in range(2) for w, h in ((1, 200), (10, 230))]
    found = measure(Part(**bleu_claim()), evidence(made))
    gains = []
    for counts in np.concatenate(list(draws(40, RESAMPLES))):
        drawn = np.repeat(np.arange(40), counts.astype(int))
        scores = [
            bleu_of({k: np.asarray(v)[drawn] for k, v in statistics(h).items()}) for h in (200, 230)
        ]
        gains.append(scores[1] - scores[0])
    assert found.item_error == pytest.approx(np.std(gains, ddof=1), rel=1e-6)


def test_two_sides_of_other_items_err_by_themselves():
    """Buckets of a test set: their errors add up, one more sentence or less apart."""

    def sides(count):
        made = []
        for width, hits, sentences in ((1, 200, 40), (10, 250, count)):
            one = beam(width, hits, items=False)
            one.items = statistics(hits, sentences=40)
            one.items = {name: values[:sentences] for name, values in one.items.items()}
            one.samples[0] = Sample("bleu", bleu_of(one.items), "BLEU", "higher", "decode")
            made.append(one)
        return measure(Part(**bleu_claim()), evidence(made)).item_error

    alone = []
    for hits, sentences in ((200, 40), (250, 39)):
        kept = {k: np.asarray(v)[:sentences] for k, v in statistics(hits).items()}
        rng = np.random.default_rng(5)
        draws = (rng.integers(0, sentences, sentences) for _ in range(1000))
        scores = [bleu_of({k: v[drawn] for k, v in kept.items()}) for drawn in draws]
        alone.append(np.var(scores, ddof=1))
    assert sides(39) == pytest.approx(np.sqrt(sum(alone)), rel=0.15)
    assert sides(40) < 0.8 * sides(39)  # the same sentences pair up


def test_trials_without_a_value_are_told():
    made = pairs(0.3, 0.31, 0.29)
    made.append(trial("rnn", 1.0, 3, status="oom", samples=[]))
    made.append(trial("mean", 0.5, 3))
    (part,) = told(DIFFERENCE, made).parts
    assert (part.units, part.state) == (3, "holds")
    assert "1 of its trials has no ranked value" in part.reason


def test_keys_that_are_not_swept_and_metrics_that_are_not_there():
    made = pairs(0.3, 0.31, 0.29)
    unknown = measure(Part(**{**DIFFERENCE, "of": {"cell.name": "gru"}}), evidence(made))
    assert unknown.reason == "the table does not sweep cell.name"
    absent = measure(Part(**{**DIFFERENCE, "metric": "bleu"}), evidence(made))
    assert absent.reason == "no ranked row has bleu of model.name=rnn"


def test_a_metric_of_several_phases_needs_one():
    samples = [Sample("time", 1.0, "s", "lower", phase) for phase in ("forward", "load")]
    made = [trial("rnn", 0, 0, r, samples=samples) for r in range(3)]
    part = {"metric": "time", "over": "round", "at_most": 2.0}
    assert "forward, load" in measure(Part(**part), evidence(made)).reason
    assert told({**part, "phase": "load"}, made).verdict == "supported"


PLAIN = {"says": "order matters", "parts": {"gain": DIFFERENCE}}


def test_an_answer_is_kept_and_told_again(tmp_path):
    kept = answered(
        "made", PLAIN, "on embedded data (x), a demonstration", evidence(pairs(0.3, 0.31, 0.29))
    )
    path = write_answer(kept, tmp_path / "claim.json")
    again = read_answer(path)
    assert again == kept
    assert again.answer.verdict == "supported"
    assert json.loads(path.read_text())["sentence"] == again.sentence
    assert again.sentence == (
        "The claim “order matters” is supported on embedded data (x), a demonstration: gain: "
        "difference of accuracy 0.300 [0.275, 0.325] over 3 seeds, asked at least 0.1, holds."
    )


def test_with_too_few_seeds_the_answer_says_what_it_takes():
    kept = answered("made", PLAIN, "on embedded data (x), a demonstration", evidence(pairs(0.3)))
    assert kept.sentence == (
        "The claim “order matters” is undecided on embedded data (x), a demonstration: it takes 3 "
        "seeds, and here is 1; run the experiment as it is, or with seed=0,1,2 -m."
    )
    plain = {**PLAIN, "parts": {"time": {**DIFFERENCE, "over": "round"}}}
    kept = answered("made", plain, "", evidence(pairs(0.3)))
    assert "it takes 3 rounds, and here is 1" in kept.sentence
    assert "or with experiment.rounds=3" in kept.sentence


def test_a_kept_answer_that_was_tampered_with_is_told_by_its_numbers(tmp_path):
    kept = answered("made", PLAIN, "", evidence(pairs(0.3, 0.31, 0.29)))
    path = write_answer(kept, tmp_path / "claim.json")
    document = json.loads(path.read_text())
    document["measured"]["gain"]["units"]["seed 1"] = -0.3
    path.write_text(json.dumps(document))
    assert read_answer(path).answer.verdict == "undecided"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"claim": 3}'])
def test_a_damaged_answer(tmp_path, text):
    (tmp_path / "claim.json").write_text(text)
    with pytest.raises(StoreError, match=r"expected claim\.json"):
        read_answer(tmp_path / "claim.json")


def test_no_claim_no_answer():
    assert answered("made", {}, "", evidence(pairs(0.3))) is None


def test_what_is_not_measured_has_no_interval():
    kept = Kept("made", claim(PLAIN), "", {})
    assert "gain: open, not measured" in kept.sentence


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metric": ""}, "metric is missing"),
        ({"effect": "gain"}, "effect is 'gain', expected one of level"),
        ({"over": "day"}, "over is 'day', expected one of seed, round"),
        ({"at_most": 1.0}, "expected one of them"),
        ({"at_least": None}, "expected one of them"),
        ({"against": {}}, "expected rows to set it against"),
        ({"effect": "level"}, "expected rows to set it against"),
        ({"along": "lag"}, "expected a swept key or a metric for a growth and none else"),
        ({"bound": 3}, "no setting 'bound', known: metric"),
    ],
)
def test_parts_that_make_no_sense(changes, message):
    with pytest.raises(UsageError, match=message):
        claim({"says": "so", "parts": {"gain": {**DIFFERENCE, **changes}}})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"says": ""}, "says is empty"),
        ({"seeds": 1}, "seeds is 1, expected a whole number of at least 2"),
        ({"confidence": 1.0}, "confidence is 1.0"),
        ({"test": "z"}, "test is 'z', expected one of t, order"),
        ({"parts": [1]}, "expected names with a part each"),
        ({"margin": 1}, "no setting 'margin'"),
    ],
)
def test_claims_that_make_no_sense(changes, message):
    with pytest.raises(UsageError, match=message):
        claim({**PLAIN, **changes})


def test_false_is_what_the_table_calls_false():
    made = [
        record(
            f"{together}-{seed}",
            case_id=str(together),
            params={"together": together},
            swept=["together"],
            seed=seed,
            samples=[Sample("accuracy", 1.0 if together else 0.2, "fraction", "higher", "")],
        )
        for together in (True, False)
        for seed in (0, 1, 2)
    ]
    part = {"metric": "accuracy", "of": {"together": False}, "at_most": 0.3}
    assert told(part, made).parts[0].value == pytest.approx(0.2)
