"""Configs: types, ranges, missing and unknown keys, each told; what training depends on."""

from __future__ import annotations

import pytest

from seqbench.experiments.composing import resolved
from seqbench.experiments.config import ConfigBuilder, TrainConfig, run_config
from seqbench.experiments.sections import (
    AttentionConfig,
    BackendConfig,
    CellConfig,
    DecoderConfig,
    ModelConfig,
    OptimizerConfig,
    TrainSettings,
)
from seqbench.experiments.settings import from_mapping
from seqbench.interfaces import UsageError

BEAM = {
    "name": "beam",
    "width": 4,
    "alpha": 0,
    "penalty": "power",
    "stop": "filled",
    "max_length": 60,
    "n_best": 1,
    "memory_limit_bytes": None,
}


@pytest.fixture(scope="module")
def plain(composer):
    return resolved(composer.compose(["size=tiny"]))


def told(cls, mapping, path):
    with pytest.raises(UsageError) as error:
        from_mapping(cls, mapping, path)
    return str(error.value)


def changed(plain, dotted, value):
    section, _, key = dotted.partition(".")
    return {**plain, section: {**plain[section], key: value} if key else value}


def test_a_mapping_becomes_a_dataclass_and_whole_numbers_become_floats():
    decoder = from_mapping(DecoderConfig, BEAM, "decoder")
    assert decoder.width == 4
    assert isinstance(decoder.alpha, float)
    assert decoder.options == {}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("abc", "cell.hidden_size is 'abc' (str), expected int ≥ 1; set cell.hidden_size=128"),
        (1.5, "cell.hidden_size is 1.5 (float), expected int ≥ 1; set cell.hidden_size=128"),
        (True, "cell.hidden_size is True (bool), expected int ≥ 1; set cell.hidden_size=128"),
        (None, "cell.hidden_size is None (NoneType), expected int ≥ 1; set cell.hidden_size=128"),
        (0, "cell.hidden_size is 0 (int), expected int ≥ 1; set cell.hidden_size=128"),
        (-3, "cell.hidden_size is -3 (int), expected int ≥ 1; set cell.hidden_size=128"),
    ],
)
def test_a_size_that_is_none(value, message):
    assert told(CellConfig, {"name": "gru", "hidden_size": value}, "cell") == message


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("width", 0, "expected int ≥ 1; set decoder.width=4"),
        ("width", -1, "expected int ≥ 1"),
        ("alpha", 1.5, "decoder.alpha is 1.5 (float), expected float ≥ 0 and ≤ 1"),
        ("alpha", float("nan"), "expected float ≥ 0 and ≤ 1; set decoder.alpha=0.6"),
        ("stop", "never", "expected str one of filled, bound; set decoder.stop=filled"),
        ("penalty", 3, "decoder.penalty is 3 (int), expected str one of power, gnmt, none"),
        ("max_length", 0, "decoder.max_length is 0 (int), expected int ≥ 1"),
        ("memory_limit_bytes", "2G", "expected int or null ≥ 1"),
        ("n_best", 5, "decoder.n_best is 5, expected at most decoder.width = 4; set decoder.width"),
        ("name", None, "decoder.name is None (NoneType), expected str; set decoder.name=VALUE"),
        ("options", 3, "decoder.options is 3 (int), expected mapping"),
    ],
)
def test_a_decoder_out_of_range(key, value, expected):
    if key == "name":
        expected = "decoder.name is None (NoneType), expected str; set decoder.name="
    assert expected in told(DecoderConfig, {**BEAM, key: value}, "decoder")


def test_ranges_of_training():
    model = {
        "name": "m",
        "embedding_size": 8,
        "dropout": 1.0,
        "bidirectional": True,
        "context": "state",
        "reverse_source": False,
    }
    assert "model.dropout is 1.0 (float), expected float ≥ 0 and < 1" in told(
        ModelConfig, model, "model"
    )
    optimizer = {"name": "adam", "learning_rate": 0, "clip_norm": 1.0, "schedule": "constant"}
    message = told(OptimizerConfig, optimizer, "optimizer")
    assert message == (
        "optimizer.learning_rate is 0 (int), expected float > 0; set optimizer.learning_rate=0.001"
    )


def test_a_missing_setting_is_told():
    assert told(CellConfig, {"name": "gru"}, "cell") == (
        "cell.hidden_size is missing, expected int ≥ 1; set cell.hidden_size=128"
    )
    assert "is missing" in told(CellConfig, {"name": "gru", "hidden_size": "???"}, "cell")


def test_an_unknown_setting_is_told_with_candidates():
    message = told(CellConfig, {"name": "gru", "hiden_size": 3, "hidden_size": 3}, "cell")
    assert message.startswith("cell has no setting 'hiden_size'; did you mean 'hidden_size'?")
    assert "a plugin's own go under cell.options" in message


def test_a_section_that_is_no_mapping_is_told(plain):
    with pytest.raises(UsageError, match=r"cell is 3 \(int\), expected settings \(name, hidden"):
        run_config({**plain, "cell": 3})


def test_null_is_allowed_where_the_type_says_so():
    assert from_mapping(AttentionConfig, {"name": "dot", "size": None}, "attention").size is None


def test_the_default_config_is_typed(plain):
    config = run_config(plain)
    assert config.cell.name == "gru"
    assert config.experiment.task == "translate"


def test_sections_are_built_once_for_many_configs(plain):
    build = ConfigBuilder()
    first, second = build(plain), build(changed(plain, "decoder.width", 7))
    assert first.cell is second.cell
    assert (first.decoder.width, second.decoder.width) == (4, 7)
    assert build.params(first, ["cell", "dtype"])["cell"]["hidden_size"] == 32


@pytest.mark.parametrize(
    ("dotted", "value"),
    [
        ("decoder.width", 50),
        ("decoder.alpha", 0.5),
        ("decoder.options", {"anything": 1}),
        ("evaluate.batch_size", 7),
        ("backend.name", "torch"),
        ("backend.threads", 2),
        ("measure.max_samples", 7),
        ("workload.batch_size", 7),
        ("limits.timeout_s", 7.0),
        ("results_dir", "elsewhere"),
        ("jobs", 2),
    ],
)
def test_what_is_not_training_leaves_the_artifact_key_alone(plain, dotted, value):
    assert key_of(changed(plain, dotted, value)) == key_of(plain)


@pytest.mark.parametrize(
    ("dotted", "value"),
    [
        ("seed", 1),
        ("dtype", "float64"),
        ("cell.hidden_size", 33),
        ("attention.name", "dot"),
        ("model.dropout", 0.3),
        ("dataset.num_train", 601),
        ("optimizer.learning_rate", 0.5),
        ("train.epochs", 3),
        ("train.backend", "torch"),
    ],
)
def test_what_is_training_changes_the_artifact_key(plain, dotted, value):
    assert key_of(changed(plain, dotted, value)) != key_of(plain)


def test_data_and_sources_change_the_artifact_key(plain):
    train = TrainConfig.of(run_config(plain))
    keys = {
        train.artifact_key("data", {"cell/gru": "1"}),
        train.artifact_key("other", {"cell/gru": "1"}),
        train.artifact_key("data", {"cell/gru": "2"}),
    }
    assert len(keys) == 3


def key_of(plain):
    return TrainConfig.of(run_config(plain)).artifact_key("data", {"cell/gru": "1"})


@pytest.mark.parametrize("impl", [{"cell/lstm": "x"}, {"cell": {"lstm": "x"}}])
def test_an_implementation_is_chosen_by_kind_and_name(impl):
    backend = {"name": "numpy", "threads": 1, "impl": impl}
    assert from_mapping(BackendConfig, backend, "backend").impl == {"cell/lstm": "x"}


@pytest.mark.parametrize("front", [["cer"], ["cer", "train_flops", "time"]])
def test_a_front_of_other_than_two_metrics_is_told(plain, front):
    plain["experiment"]["plot"] = {"front": front}
    message = r"experiment.plot.front is \['cer'.*\], expected a quality and a cost; set exp"
    with pytest.raises(UsageError, match=message):
        run_config(plain)


def test_patience_may_be_zero(plain):
    train = {**plain["train"], "patience": 0}
    assert from_mapping(TrainSettings, train, "train").patience == 0
