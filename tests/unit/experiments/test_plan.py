"""Plans: training once, rounds, order, what cannot run here, keys; names from specs alone."""

from __future__ import annotations

import time

import pytest
from standins import FakeRegistry

from seqbench.experiments.config import run_config
from seqbench.experiments.plan import make_plans, value_at
from seqbench.experiments.resolving import Resolver
from seqbench.experiments.sweep import expand
from seqbench.experiments.taskspecs import TASKS
from seqbench.interfaces import UnknownNameError, UsageError, canonical_json
from seqbench.registry import registry

E01 = ["experiment=beam_width_bleu", "size=tiny"]
E02 = ["experiment=cell_cost", "size=tiny"]


@pytest.fixture
def plans(composer):
    def make(*overrides, registry=None, device_model="cpu"):
        points = expand(list(overrides), composer)
        resolver = Resolver(registry or FakeRegistry())
        return make_plans(points, resolver, device_model=device_model)

    return make


@pytest.fixture
def plan(plans):
    def one(*overrides, **more):
        (made,) = plans(*overrides, **more)
        return made

    return one


def tasks(plan):
    return [trial.case.task for trial in plan.trials]


def swept(plan, key):
    return [value_at(t.case.params, key) for t in plan.trials if t.case.task != "train"]


def told(plan, *overrides):
    with pytest.raises(UsageError) as error:
        plan(*overrides)
    return str(error.value)


def test_a_beam_sweep_trains_once_and_first(plan):
    made = plan(*E01)
    assert tasks(made) == ["train", "translate", "translate", "translate"]
    training = made.trials[0]
    assert made.builders == {training.builds: training.trial_key}
    assert {t.needs for t in made.trials[1:]} == {(training.builds,)}
    assert swept(made, "decoder.width") == [1, 2, 4]


def test_every_seed_and_cell_trains_once(plan):
    made = plan(*E01, "seed=0,1", "cell=gru,lstm")
    assert tasks(made) == ["train"] * 4 + ["translate"] * 12
    assert len(made.builders) == 4


def test_a_training_tells_what_was_swept_of_it_and_no_more(plan):
    made = plan(*E01, "cell.name=gru,lstm", "cell.hidden_size=8,9")
    trained = [t.case for t in made.trials if t.case.task == "train"]
    assert {case.swept for case in trained} == {("cell.name", "cell.hidden_size")}
    assert len({tuple(value_at(c.params, k) for k in c.swept) for c in trained}) == 4
    assert "decoder.width" in made.trials[-1].case.swept


def test_the_evaluations_backend_trains_nothing_anew(plan):
    made = plan(*E01, "backend=numpy,torch", "decoder.width=1")
    assert tasks(made).count("train") == 1


def test_quality_rounds_keep_the_sweeps_order_and_are_blocks(plan):
    made = plan(*E01, "experiment.rounds=2")
    assert swept(made, "decoder.width") == [1, 2, 4, 1, 2, 4]
    groups = [trial.group for trial in made.trials]
    assert groups == ["", *["translate.round0"] * 3, *["translate.round1"] * 3]
    assert len(set(made.keys)) == 7


def test_cost_rounds_are_mixed_by_the_seed_in_one_block(plan):
    made = plan(*E02, "experiment.rounds=3")
    cases = [t.case.case_id for t in made.trials]
    rounds = [cases[i : i + 12] for i in (0, 12, 24)]
    assert [t.round for t in made.trials] == [0] * 12 + [1] * 12 + [2] * 12
    assert {tuple(sorted(r)) for r in rounds} == {tuple(sorted(rounds[0]))}
    assert rounds[0] != rounds[1] != rounds[2]
    assert {t.group for t in made.trials} == {"cell_cost"}
    assert plan(*E02, "experiment.rounds=3").keys == made.keys
    assert plan(*E02, "experiment.rounds=3", "seed=1").keys != made.keys


def test_params_hold_what_the_task_reads_and_no_more(plan):
    made = plan(*E02, "results_dir=elsewhere", "jobs=2", "data.root=/data")
    for trial in made.trials:
        assert set(trial.case.params) == set(TASKS["cell_cost"].sections)
    assert made.keys == plan(*E02).keys
    assert plan(*E02, "decoder.width=7").keys == made.keys


def test_equal_cases_are_planned_once(plan):
    assert len(plan(*E02, "decoder.width=1,2,3").trials) == 12
    once = plan(*E01, "decoder.alpha=0,0.0,0.5", "decoder.width=1")
    assert tasks(once) == ["train", "translate", "translate"]


def test_an_unavailable_backend_is_a_skip_with_its_reason(plan):
    made = plan(*E02, "backend.name=numpy,away")
    assert len(made.trials) == len(made.skips) == 6
    assert made.skips[0].reason == "backend 'away' cannot be used here: no such device"
    assert value_at(made.skips[0].trial.case.params, "backend.name") == "away"


def test_a_kernel_that_a_backend_lacks_is_a_skip(plan):
    made = plan(*E02, "cell.name=gru,gru_simplified", "backend=torch")
    assert swept(made, "cell.name") == ["gru", "gru"]
    assert [s.reason for s in made.skips] == [
        "backend 'torch' does not have cell/gru_simplified"
    ] * 2


def test_what_cannot_be_trained_cannot_be_evaluated(plan):
    made = plan(*E01, "train.backend=away")
    assert made.trials == ()
    assert [s.trial.case.task for s in made.skips] == ["train", *["translate"] * 3]
    assert {s.reason for s in made.skips} == {"backend 'away' cannot be used here: no such device"}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("cell.name=lstn", "no cell named 'lstn'; did you mean 'lstm'? installed: gru,"),
        ("backend.name=nmpy", "no backend named 'nmpy'; did you mean 'numpy'?"),
        ("train.backend=nmpy", "no backend named 'nmpy'; did you mean 'numpy'?"),
        ("attention.name=aditive", "no attention named 'aditive'; did you mean 'additive'?"),
        ("decoder.name=baem", "no decoder named 'baem'; did you mean 'beam'"),
        ("optimizer.name=adamm", "no optimizer named 'adamm'; did you mean 'adam'?"),
        ("dataset.name=gramar", "no dataset named 'gramar'; did you mean 'grammar'?"),
        ("model.name=coder", "no model named 'coder'; did you mean 'encoder_decoder'?"),
        ("experiment.task=translat", "no task named 'translat'; did you mean 'translate'"),
        ("decoder.width=0", "decoder.width is 0 (int), expected int ≥ 1; set decoder.width=4"),
        ("decoder.width=-1", "decoder.width is -1 (int), expected int ≥ 1"),
        ("cell.hidden_size=abc", "cell.hidden_size is 'abc' (str), expected int ≥ 1"),
        ("dtype=float16", "dtype is 'float16' (str), expected str one of float32, float64"),
        ("+backend.impl.cell.gru=foo", "no implementation of cell/gru named 'foo'"),
        ("+backend.impl.cell.foo=own", "kernel of this task for backend.impl named 'cell/foo'"),
        ("experiment.task=translate,cell_cost", "expected one task an experiment"),
    ],
)
def test_what_makes_no_sense_is_told_before_anything_runs(plan, override, message):
    assert message in told(plan, *E01, override)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ["experiment=beam_width_bleu", "decoder=ctc_beam"],
            "decoder.name is 'ctc_beam', a decoder of CTC's frames, expected one that writes token "
            "after token, as the model encoder_decoder does; set decoder=beam",
        ),
        (["experiment=captioning", "decoder=ctc_greedy"], "as the model captioner does; set dec"),
        (["experiment=language_model", "decoder=ctc_beam"], "as the model language_model does"),
        (
            ["experiment=transcription", "decoder=beam"],
            "decoder.name is 'beam', expected one of ctc_greedy, ctc_beam: the model "
            "speech_recogniser gives labels to frames and writes no tokens; set decoder=ctc_beam",
        ),
        (
            ["experiment=sentiment", "attention=none,additive"],
            "experiment sentiment: attention.name is swept, expected one of dtype, model, cell, "
            "dataset, optimizer, train, backend, evaluate: its task classify has no attention to "
            "choose; leave attention out of the sweep",
        ),
        (["experiment=transcription", "attention.name=dot,additive"], "task transcribe has no att"),
        (["experiment=trigger_word", "decoder=beam,greedy"], "detect_triggers has no decoder to"),
    ],
)
def test_parts_that_do_not_fit_are_told_before_anything_runs(plan, overrides, message):
    assert message in told(plan, "size=tiny", *overrides)


def test_no_attention_asks_for_none(plan):
    made = plan(*E01, "attention=none")
    assert not any(slot.startswith("attention/") for slot in made.trials[0].resolved)


def test_a_chosen_implementation_is_resolved(plan):
    made = plan(*E02, "backend=numpy", "cell=gru", "+backend.impl.cell.gru=shared")
    assert {t.resolved["cell/gru"] for t in made.trials} == {"numpy.shared"}


def test_sources_change_the_keys_and_not_the_cases(plan):
    before, after = plan(*E01), plan(*E01, registry=FakeRegistry({"cell/gru": "other"}))
    assert [t.case.case_id for t in before.trials] == [t.case.case_id for t in after.trials]
    assert not set(before.keys) & set(after.keys)
    assert before.trials[0].builds != after.trials[0].builds
    assert before.digest != after.digest


def test_training_sources_reach_the_evaluations_key(plan):
    before, after = plan(*E01), plan(*E01, registry=FakeRegistry({"optimizer/adam": "other"}))
    assert not set(before.keys) & set(after.keys)


def test_another_device_is_another_trial(plan):
    assert not set(plan(*E02).keys) & set(plan(*E02, device_model="other").keys)


def test_files_that_a_dataset_names_are_hashed(plans, tmp_path):
    file = tmp_path / "pairs.txt"
    keys = []
    for text in ("one", "two"):
        file.write_text(text)
        (made,) = plans(*E01, f"+dataset.options.path={file}")
        keys.append(made.trials[0].builds)
    assert keys[0] != keys[1]


def test_the_source_of_a_generator_is_part_of_its_data(composer, monkeypatch):
    config = run_config(expand([*E01, "decoder.width=1"], composer)[0].config)
    before = Resolver(FakeRegistry()).data_hash(config.dataset, {"name": "grammar"})
    monkeypatch.setattr("seqbench.experiments.resolving.source_digest", lambda *targets: "new")
    assert Resolver(FakeRegistry()).data_hash(config.dataset, {"name": "grammar"}) != before


def test_the_fingerprint_of_what_python_carries_is_part_of_its_data(composer, monkeypatch):
    config = run_config(expand(["experiment=language_model", "size=tiny"], composer)[0].config)
    hashes = []
    for text in ("one", "two"):
        monkeypatch.setattr("seqbench.data.help_topics.topics", lambda text=text: {"topic": text})
        hashes.append(Resolver(registry()).data_hash(config.dataset, {"name": "help_topics"}))
    assert hashes[0] != hashes[1]


def test_two_experiments_are_two_plans(plans):
    made = plans("experiment=beam_width_bleu,cell_cost", "size=tiny")
    assert [p.experiment.name for p in made] == ["beam_width_bleu", "cell_cost"]


def test_a_plan_is_plain_json(plan):
    document = plan(*E02, "backend.name=numpy,away").to_json()
    assert canonical_json(document)
    assert [row["swept"]["backend.name"] for row in document["skipped"]] == ["away"] * 6
    assert document["experiment"]["plot"]["x"] == "cell.hidden_size"


def test_a_size_is_no_swept_value_of_a_row(plan):
    made = plan("size=tiny,quick", "seed=0,1")
    assert {t.case.swept for t in made.trials} == {()}


def test_limits_and_threads_reach_the_trial(plan):
    made = plan(*E01, "limits.timeout_s=7", "backend.threads=2", "train.threads=3")
    assert [t.limits.timeout_s for t in made.trials] == [7.0] * 4
    assert [t.env.threads for t in made.trials] == [3, 2, 2, 2]


def test_unknown_names_are_usage_errors(plan):
    with pytest.raises(UnknownNameError):
        plan(*E01, "cell.name=lstn")


def test_ten_thousand_configs_are_planned_in_seconds(plan):
    wall, cpu = time.perf_counter(), time.process_time()
    made = plan("decoder.width=range(1,2501)", "seed=0,1,2,3")
    digest = made.digest
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"10,000 configs planned in {wall:.2f} s, {cpu:.2f} s of them computing")
    assert len(made.trials) == 10_004
    assert digest
    assert cpu <= 5  # the wall clock would also count what else the machine does


# -- kernels and scaling ---------------------------------------------------------------------------

KERNELS = ["experiment=kernel_cost", "size=tiny", "kernel=loss/ctc,cell/gru"]


@pytest.mark.peer("torch")
def test_each_kernel_is_a_block_of_its_own_with_backends_and_rounds_interleaved(plan):
    """A block is done before the next starts; in it, backends run in another order each round."""
    made = plan(*KERNELS, "experiment.rounds=8", registry=registry())
    groups = [t.group for t in made.trials]
    assert groups == ["kernel_cost.loss/ctc"] * 16 + ["kernel_cost.cell/gru"] * 16
    assert [t.round for t in made.trials[:16]] == [n // 2 for n in range(16)]
    backends = swept(made, "backend.name")
    orders = {tuple(backends[n : n + 2]) for n in range(0, 32, 2)}
    assert orders == {("numpy", "torch"), ("torch", "numpy")}
    for trial in made.trials:
        assert set(trial.case.params) == set(TASKS["kernel_cost"].sections)
        assert set(trial.resolved) == {trial.case.params["kernel"]}


def test_sizes_that_are_not_set_are_no_part_of_a_case(plan):
    one = ["experiment=kernel_cost", "size=tiny", "kernel=loss/ctc", "backend.name=numpy"]
    (plain,) = plan(*one, registry=registry()).trials
    (sized,) = plan(*one, "sizes.T=9", registry=registry()).trials
    assert plain.case.params["sizes"] == {}
    assert sized.case.params["sizes"] == {"T": 9}
    assert plain.case.case_id != sized.case.case_id


@pytest.mark.parametrize("value", ["0", "1.5", "many"])
def test_a_size_that_is_none_is_told(plan, value):
    message = told(plan, *KERNELS, f"sizes.T={value}")
    assert "sizes.T is " in message
    assert "expected a whole number of at least 1; set sizes.T=32" in message


def test_a_kernel_that_nobody_has_is_told_with_candidates(plan):
    with pytest.raises(UnknownNameError, match=r"no loss named 'ctcc'; did you mean 'ctc'\?"):
        plan("experiment=kernel_cost", "size=tiny", "kernel=loss/ctcc", registry=registry())


def test_the_scaling_axis_is_found_among_what_is_swept(plan):
    made = plan("experiment=attention_scaling", "size=tiny", registry=registry())
    assert made.experiment.scaling.axis == "sizes.Tx"
    assert made.experiment.scaling.doublings == 3
    made = plan(*E01, "experiment.scaling.axis=decoder.width")
    assert made.experiment.scaling.axis == "decoder.width"


def test_an_axis_that_is_not_swept_is_told_before_anything_runs(plan):
    assert told(plan, *E02, "experiment.scaling.axis=V") == (
        "experiment.scaling.axis is 'V', expected one of the swept keys cell.name, backend.name, "
        "cell.hidden_size, workload.input_size, workload.batch_size, workload.time_steps; sweep "
        "it, or give the whole key"
    )
