"""What a run is configured by: typed values built from Hydra's composed config.

Config objects stop at this floor; below it functions take ordinary arguments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Any, get_type_hints

from seqbench.interfaces import UsageError, digest

from .resolvers import SIZES
from .sections import (
    AttentionConfig,
    BackendConfig,
    CellConfig,
    DataConfig,
    DatasetConfig,
    DecoderConfig,
    EvaluateConfig,
    ExperimentConfig,
    LimitsConfig,
    MeasureConfig,
    ModelConfig,
    OptimizerConfig,
    TrainSettings,
    WorkloadConfig,
)
from .settings import from_mapping, setting, size_setting


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """One point of an experiment, whole."""

    seed: int = setting(at_least=0, example=0)
    size: str = setting(choices=SIZES)
    dtype: str = setting(choices=("float32", "float64"))
    jobs: int = size_setting(1)
    results_dir: str = setting(example="results/runs")
    campaign: str | None = setting(example="results/runs/mine")
    data: DataConfig
    backend: BackendConfig
    cell: CellConfig
    attention: AttentionConfig
    model: ModelConfig
    dataset: DatasetConfig
    optimizer: OptimizerConfig
    train: TrainSettings
    decoder: DecoderConfig
    evaluate: EvaluateConfig
    workload: WorkloadConfig
    kernel: str = setting(default="cell/lstm", example="loss/ctc")
    sizes: Mapping[str, Any] = field(default_factory=dict)
    measure: MeasureConfig
    limits: LimitsConfig
    experiment: ExperimentConfig

    def __post_init__(self) -> None:
        """`sizes` of a kernel's workload keep only what was set; the rest is the workload's own."""
        chosen = {name: value for name, value in self.sizes.items() if value is not None}
        for name, value in chosen.items():
            if type(value) is not int or value < 1:
                raise UsageError(
                    f"sizes.{name} is {value!r}, expected a whole number of at least 1; set "
                    f"sizes.{name}=32, or null for the workload's own"
                )
        object.__setattr__(self, "sizes", chosen)


def run_config(plain: Mapping[str, Any]) -> RunConfig:
    """The typed config of a composed and resolved mapping. Raises UsageError, see from_mapping."""
    return ConfigBuilder()(plain)


class ConfigBuilder:
    """`run_config` for many: the points of a sweep share most sections, each is built once."""

    def __init__(self) -> None:
        # By identity, which holds as long as the mapping does: it is kept beside what came of it.
        self._built: dict[int, tuple[Any, Any]] = {}
        self._params: dict[int, tuple[Any, dict[str, Any]]] = {}

    def __call__(self, plain: Mapping[str, Any]) -> RunConfig:
        built = {key: self._section(key, value) for key, value in plain.items()}
        return from_mapping(RunConfig, built)

    def _section(self, key: str, value: Any) -> Any:
        if key not in SECTIONS or not isinstance(value, Mapping):
            return value
        if id(value) not in self._built:
            self._built[id(value)] = value, from_mapping(SECTIONS[key], value, key)
        return self._built[id(value)][1]

    def params(self, config: Any, names: Sequence[str]) -> dict[str, Any]:
        """The named fields of a config as plain values, numbers in their one form."""
        return {name: self._plain(getattr(config, name)) for name in names}

    def _plain(self, value: Any) -> Any:
        if type(value) not in FIELD_NAMES:
            return value
        if id(value) not in self._params:
            plain = {name: getattr(value, name) for name in FIELD_NAMES[type(value)]}
            self._params[id(value)] = value, plain
        return self._params[id(value)][1]


SECTIONS: dict[str, type] = {
    name: hint
    for name, hint in get_type_hints(RunConfig).items()
    if isinstance(hint, type) and is_dataclass(hint)
}
FIELD_NAMES = {cls: tuple(f.name for f in fields(cls)) for cls in SECTIONS.values()}


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """All that can decide what training yields, and nothing else.

    `task` is the training task; the sections of a task that trains are among the fields.
    The decoder, the metric, the evaluation's backend and the measuring settings are not among the
    fields, so no sweep over them can ever train again.
    """

    task: str
    model: ModelConfig
    cell: CellConfig
    attention: AttentionConfig
    dataset: DatasetConfig
    optimizer: OptimizerConfig
    train: TrainSettings
    seed: int
    dtype: str

    @classmethod
    def of(cls, config: RunConfig, task: str = "train") -> TrainConfig:
        return cls(
            task=task,
            model=config.model,
            cell=config.cell,
            attention=config.attention,
            dataset=config.dataset,
            optimizer=config.optimizer,
            train=config.train,
            seed=config.seed,
            dtype=config.dtype,
        )

    def artifact_key(self, data_hash: str, digests: Mapping[str, str]) -> str:
        """What the artifact cache goes by: the config, the data and the source behind it."""
        return digest([asdict(self), data_hash, dict(digests)], length=32)
