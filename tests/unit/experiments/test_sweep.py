"""Sweeps: `-m` and the experiment's own together, narrowing, interpolation, bad overrides."""

from __future__ import annotations

import pytest

from seqbench.experiments.composing import Composer
from seqbench.experiments.plan import value_at
from seqbench.experiments.sweep import expand, read_overrides
from seqbench.interfaces import UnknownNameError, UsageError


def values(points, *keys):
    found = [tuple(value_at(p.config, key) for key in keys) for p in points]
    return [v[0] for v in found] if len(keys) == 1 else found


def told(arguments, composer):
    with pytest.raises(UsageError) as error:
        expand(arguments, composer)
    return str(error.value)


def test_nothing_swept_is_one_point(composer):
    points = expand([], composer)
    assert len(points) == 1
    assert points[0].swept == ()


def test_the_experiments_own_sweep(composer):
    points = expand(["experiment=beam_width_bleu", "size=tiny"], composer)
    assert values(points, "seed", "decoder.width") == [(0, 1), (0, 2), (0, 4)]
    assert points[0].swept == ("seed", "decoder.width")


def test_two_experiments_chosen_by_m_give_all_their_jobs(composer):
    points = expand(["experiment=beam_width_bleu,cell_cost", "size=tiny"], composer)
    names = values(points, "experiment.name")
    assert names.count("beam_width_bleu") == 3
    assert names.count("cell_cost") == 3 * 2 * 2


def test_m_multiplies_the_experiments_sweep(composer):
    arguments = ["experiment=beam_width_bleu", "size=tiny", "cell=gru,lstm", "seed=0,1"]
    points = expand(arguments, composer)
    expected = [(c, w, s) for c in ("gru", "lstm") for w in (1, 2, 4) for s in (0, 1)]
    assert values(points, "cell.name", "decoder.width", "seed") == expected
    assert points[0].swept == ("seed", "decoder.width", "cell.name")


@pytest.mark.parametrize(
    ("override", "widths"),
    [
        ("decoder.width=5", [5]),
        ("decoder.width=5,6", [5, 6]),
        ("decoder.width=range(1,4)", [1, 2, 3]),
    ],
)
def test_a_user_override_of_a_swept_key_narrows(composer, override, widths):
    points = expand(["experiment=beam_width_bleu", "seed=0", override], composer)
    assert values(points, "decoder.width") == widths
    assert points[0].swept == ("seed", "decoder.width")


@pytest.mark.parametrize("override", ["cell=gru", "cell.name=gru"])
def test_a_group_narrows_the_sweep_over_its_name(composer, override):
    points = expand(["experiment=cell_cost", "size=tiny", override], composer)
    assert set(values(points, "cell.name")) == {"gru"}
    assert len(points) == 2 * 2


def test_a_name_narrows_the_sweep_over_its_group(composer):
    points = expand(["+experiment.sweep={cell: [gru, lstm]}", "cell.name=rnn"], composer)
    assert values(points, "cell.name") == ["rnn"]


def test_zipped_keys_walk_together(composer):
    points = expand(["experiment=cell_cost", "size=tiny", "backend=numpy", "cell=gru"], composer)
    assert values(points, "cell.hidden_size", "workload.input_size") == [(16, 16), (32, 32)]


def test_an_experiment_may_sweep_a_group(composer):
    arguments = ["+experiment.sweep={cell: [gru, lstm]}", "decoder.width=1,2"]
    points = expand(arguments, composer)
    assert values(points, "cell.name", "decoder.width") == [
        ("gru", 1),
        ("gru", 2),
        ("lstm", 1),
        ("lstm", 2),
    ]
    assert points[0].swept == ("cell.name", "decoder.width")


def test_a_glob_over_a_group(composer):
    points = expand(["cell=glob(gru*)"], composer)
    assert values(points, "cell.name") == ["gru", "gru_reset_before", "gru_simplified"]


def test_user_values_win_over_sizes(composer):
    points = expand(["dataset.num_train=50", "size=tiny,full"], composer)
    assert values(points, "dataset.num_train", "dataset.num_valid") == [(50, 60), (50, 1000)]


def test_a_value_that_interpolates_a_swept_key_follows_it(composer):
    arguments = ["model.embedding_size=${cell.hidden_size}", "cell.hidden_size=8,16"]
    assert values(expand(arguments, composer), "model.embedding_size") == [8, 16]
    through = ["+a=${cell}", "cell.hidden_size=8,16"]
    assert values(expand(through, composer), "a.hidden_size") == [8, 16]


def test_swept_values_may_be_text_null_and_mappings(composer):
    points = expand(["attention.size=null,3", "train.options={a: 1},{b: 2}"], composer)
    assert values(points, "attention.size") == [None, None, 3, 3]
    assert values(points, "train.options")[:2] == [{"a": 1}, {"b": 2}]
    quoted = expand(["cell.name='a b',c"], composer)
    assert values(quoted, "cell.name") == ["a b", "c"]


def test_points_do_not_share_what_they_change(composer):
    first, second = expand(["decoder.width=1,2"], composer)
    assert first.config["decoder"] is not second.config["decoder"]
    assert first.config["cell"] is second.config["cell"]


def test_a_composition_is_made_once(composer, monkeypatch):
    counted = Composer()
    made = []
    monkeypatch.setattr("hydra.compose", lambda *a, **k: made.append(k) or composer.compose([]))
    expand(["decoder.width=range(0,500)"], counted)
    assert len(made) == 1


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("cell.hiden_size=3", "no setting 'cell.hiden_size'; did you mean 'cell.hidden_size'?"),
        ("decoder.widht=1,2", "no setting 'decoder.widht'; did you mean 'decoder.width'?"),
        ("hiden_size=3", "no setting 'hiden_size'; did you mean 'cell.hidden_size'?"),
        ("celll=lstm", "no setting 'celll'; did you mean 'cell'?"),
        ("cell=lstn", "no cell named 'lstn'; did you mean 'lstm'? installed: gru,"),
        ("cell=gru,lstn", "no cell named 'lstn'; did you mean 'lstm'?"),
        ("experiment=beam_width", "no experiment named 'beam_width'; did you mean 'beam_width_b"),
        ("size=tinny", "no size named 'tinny'; did you mean 'tiny'? installed: full, quick, tiny"),
        ("~cell.foo", "no setting 'cell.foo'; known here: cell.name, cell.hidden_size"),
        ("decoder.width=[1", "configuration: "),
        ("decoder.width=interval(1,2)", "is an interval; expected values to run: a list 1,2,3"),
    ],
)
def test_a_bad_override_is_told_with_candidates(composer, override, message):
    text = told([override], composer)
    assert message in text
    assert "+" not in text


def test_unknown_settings_say_where_to_see_all(composer):
    with pytest.raises(UnknownNameError, match="see all with `seqbench run --cfg job`"):
        expand(["cell.foo=1"], composer)


def test_only_a_plugins_own_settings_are_added_by_plus(composer):
    assert told(["train.options.momentum=0.9"], composer) == (
        "train.options starts empty: its keys are a plugin's own; add to it: "
        "+train.options.momentum=VALUE"
    )
    assert "+backend.impl.cell.lstm=VALUE" in told(["backend.impl.cell.lstm=x"], composer)
    assert "+backend.impl=VALUE" in told(["backend.impl={cell/lstm: x}"], composer)


def test_a_missing_interpolation_is_told(composer):
    assert "Interpolation key 'nowhere' not found" in told(["cell.name=${nowhere}"], composer)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("+experiment.sweep={seed: 5}", "single: sweep: seed is 5, expected a list of values; to"),
        ("+experiment.sweep={seed: []}", "single: sweep: seed is [], expected a list of values"),
        ("experiment.sweep=3", "single: sweep is 3, expected keys with lists of values"),
        ("+experiment.sweep={foo: [1]}", "experiment single: no setting 'foo'"),
        (
            "+experiment.sweep_zip={seed: [1, 2], jobs: [1]}",
            "sweep_zip: seed has 2, jobs has 1; expected lists of one length",
        ),
    ],
)
def test_a_bad_declared_sweep_is_told(composer, override, message):
    assert message in told([override], composer)


def test_by_size_with_a_value_missing_is_told(composer):
    text = told(["seed=${by_size:1,2}"], composer)
    assert "by_size has 2 values, expected 3, one each for tiny, quick, full" in text


def test_overrides_are_sorted_by_what_they_need(composer):
    asked = read_overrides(["seed=3", "cell=gru,lstm", "decoder.width=1,2"], composer)
    assert asked.fixed == ["seed=3"]
    assert asked.composed == [["cell=gru", "cell=lstm"]]
    assert asked.axes == [[(("decoder.width", 1),), (("decoder.width", 2),)]]
