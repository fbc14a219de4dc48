"""The sections of a config: one frozen dataclass each, its ranges beside its fields.

Each names a plugin's thing and its settings; what only one plugin knows goes into `options`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from seqbench.interfaces import UsageError
from seqbench.interfaces.claims import claim

from .settings import setting, size_setting

Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DataConfig:
    """Where real data lie; None means SEQBENCH_DATA, then the user's cache."""

    root: str | None = setting(example="~/data")


@dataclass(frozen=True, slots=True)
class BackendConfig:
    """`impl` chooses implementations: `kind/name` -> impl_id; the rest is the default.

    Nested mappings are flattened, since `+backend.impl.cell.lstm=ID` is what Hydra can parse.
    """

    name: str = setting(example="numpy")
    threads: int = size_setting(1)
    impl: Options = field(default_factory=dict)
    options: Options = field(default_factory=dict)

    def __post_init__(self) -> None:
        flat: dict[str, Any] = {}
        for key, value in self.impl.items():
            inner = value.items() if isinstance(value, Mapping) else [(None, value)]
            flat |= {f"{key}/{name}" if name else key: impl_id for name, impl_id in inner}
        object.__setattr__(self, "impl", flat)


@dataclass(frozen=True, slots=True)
class CellConfig:
    name: str = setting(example="lstm")
    hidden_size: int = size_setting(128)
    options: Options = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AttentionConfig:
    """`size` is the width of the score's hidden layer, where the score has one."""

    name: str = setting(example="additive")
    size: int | None = size_setting(128)
    options: Options = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """`context` is how a decoder without attention sees the source."""

    name: str = setting(example="encoder_decoder")
    embedding_size: int = size_setting(64)
    dropout: float = setting(at_least=0, below=1, example=0.1)
    bidirectional: bool = setting(example="true")
    context: str = setting(choices=("state", "every_step"))
    reverse_source: bool = setting(example="false")
    options: Options = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DatasetConfig:
    """Sizes count sentences; None means all there are. `seed` is the corpus's own."""

    name: str = setting(example="grammar")
    seed: int = setting(at_least=0, example=0)
    num_train: int | None = size_setting(6000)
    num_valid: int | None = size_setting(500)
    num_test: int | None = size_setting(500)
    min_count: int = size_setting(2)
    max_length: int = size_setting(60)
    options: Options = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OptimizerConfig:
    """`clip_norm` bounds the global norm of the gradient; None leaves it alone."""

    name: str = setting(example="adam")
    learning_rate: float = setting(above=0, example=0.001)
    clip_norm: float | None = setting(above=0, example=1.0)
    schedule: str = setting(example="constant")
    options: Options = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """`backend` is what trains; what decodes or is timed is the root's `backend`.

    More than `patience` epochs in a row without progress on the validation data end the training;
    `target_nll` (nats a token) is the quality to which time is told, None for none.
    """

    backend: str = setting(example="numpy")
    threads: int = size_setting(1)
    epochs: int = size_setting(10)
    batch_size: int = size_setting(32)
    patience: int = setting(at_least=0, example=3)
    target_nll: float | None = setting(above=0, example=1.5)
    label_smoothing: float = setting(at_least=0, below=1, example=0.1)
    options: Options = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """`max_length` counts the end of sentence; `alpha` is the power of the length penalty."""

    name: str = setting(example="beam")
    width: int = size_setting(4)
    alpha: float = setting(at_least=0, at_most=1, example=0.6)
    penalty: str = setting(choices=("power", "gnmt", "none"))
    stop: str = setting(choices=("filled", "bound"))
    max_length: int = size_setting(60)
    n_best: int = size_setting(1)
    memory_limit_bytes: int | None = size_setting(2_000_000_000)
    options: Options = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.n_best > self.width:
            raise UsageError(
                f"decoder.n_best is {self.n_best}, expected at most decoder.width = {self.width}; "
                f"set decoder.width={self.n_best}"
            )


@dataclass(frozen=True, slots=True)
class EvaluateConfig:
    """What a trained model is evaluated on, and how many sentences at once."""

    split: str = setting(choices=("valid", "test"))
    num_sentences: int | None = size_setting(500)
    batch_size: int = size_setting(32)
    options: Options = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WorkloadConfig:
    """The sizes of a timed kernel beside the cell's own: T, B, I."""

    time_steps: int = size_setting(64)
    batch_size: int = size_setting(32)
    input_size: int = size_setting(128)
    options: Options = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MeasureConfig:
    """`target` is the relative half-width of the median's interval at which sampling may stop."""

    warmup: int = setting(at_least=0, example=3)
    min_samples: int = size_setting(10)
    max_samples: int = size_setting(200)
    min_seconds: float = setting(at_least=0, example=0.2)
    max_seconds: float = setting(above=0, example=5.0)
    target: float = setting(above=0, below=1, example=0.02)
    options: Options = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LimitsConfig:
    """Of one trial; a trial past them is a row that says so."""

    timeout_s: float = setting(above=0, example=3600)
    memory_bytes: int | None = size_setting(8_000_000_000)


@dataclass(frozen=True, slots=True)
class PlotConfig:
    """Hints for the plot: a dotted key, metric names, and keys that tell the lines apart.

    `front` names a quality and a cost: a panel of its own shows which cases no other beats.
    """

    x: str = setting(default="")
    metrics: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    x_scale: str = setting(default="linear", choices=("linear", "log"))
    y_scale: str = setting(default="linear", choices=("linear", "log"))
    front: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.front) not in (0, 2):
            raise UsageError(
                f"experiment.plot.front is {list(self.front)}, expected a quality and a cost; set "
                "experiment.plot.front=[accuracy,train_flops], or [] for none"
            )


@dataclass(frozen=True, slots=True)
class ScalingConfig:
    """Along which key costs are to be fitted by a power, "" for none: `T`, `decoder.width`.

    A key without a dot is one of `sizes`. `doublings` takes the largest sizes alone, within that
    many factors of two; None takes all.
    """

    axis: str = setting(default="")
    doublings: int | None = setting(default=None, at_least=1, example=3)


@dataclass(frozen=True, slots=True)
class ExperimentConfig:
    """`sweep` maps dotted keys or config groups to values, multiplied; `sweep_zip` pairs them.

    Every trial runs `rounds` times, each in a process of its own. `claim` is what the rows are to
    answer, see `seqbench.interfaces.claims`; an empty one asks for no answer.
    """

    id: str = setting(example="E01")
    name: str = setting(example="beam_width_bleu")
    summary: str = setting(example="'what it is'")
    question: str = setting(example="'what it answers'")
    task: str = setting(example="translate")
    rounds: int = size_setting(3)
    sweep: Options = field(default_factory=dict)
    sweep_zip: Options = field(default_factory=dict)
    plot: PlotConfig = field(default_factory=PlotConfig)
    scaling: ScalingConfig = field(default_factory=ScalingConfig)
    claim: Options = field(default_factory=dict)

    def __post_init__(self) -> None:
        claim(self.claim)
