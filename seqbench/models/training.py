"""Training any model: updates, clipping, schedule, validation, early stop, resume.

What is trained is a `Problem`: a model together with its batches. Everything random is a function
of (seed, epoch, batch, step), so a run that was killed and resumed from its last checkpoint ends
with the same parameters as one that was not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from seqbench.interfaces import Array, Kernels, TrainingError
from seqbench.kernels.clipping import clip_by_global_norm, clip_by_value
from seqbench.kernels.schedules import learning_rate

from .dropout_stream import DropoutStream
from .parameters import Parameters

READ_LOSS_EVERY = 20  # steps between waits for the device


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """How parameters are trained; part of the artifact's key."""

    epochs: int = 20
    batch_size: int = 64
    optimizer: str = "adam"
    optimizer_options: Mapping[str, float] = field(default_factory=dict)  # momentum, beta1, ...
    learning_rate: float = 1e-3
    schedule: str = "constant"
    warmup_steps: int = 0
    clip_norm: float = 1.0
    clip_value: float = math.inf  # of each element, before the norm is taken
    label_smoothing: float = 0.0
    plateau_factor: float = 0.5
    patience: int = 5
    enough_nll: float = -math.inf  # validation loss at which nothing more is asked for


@dataclass(slots=True)
class Progress:
    """Where training stands: everything but the arrays, JSON-able."""

    epoch: int = 0
    step: int = 0
    rate_factor: float = 1.0
    best_nll: float = math.inf
    bad_epochs: int = 0
    train_s: float = 0.0
    train_flops: int = 0
    history: list[dict[str, float]] = field(default_factory=list)


class Problem(Protocol):
    """A model and what it is trained on."""

    @property
    def parameters(self) -> Parameters: ...

    def load(self) -> None:
        """Let every plan take the parameters' current values; after each update."""
        ...

    def batches(self, epoch: int) -> Sequence[Any]:
        """The training batches of an epoch (from 0): the same whenever they are asked for."""
        ...

    def validation(self) -> Sequence[Any]:
        """The batches of the validation split."""
        ...

    def loss(self, batch: Any, *, reduction: str, stream: DropoutStream | None = None) -> Array:
        """Nats, a scalar on the device; reduction "token_mean" or "sum". `stream`: training."""
        ...

    def backward(self) -> None:
        """Gradients of the last loss into `parameters.gradient`."""
        ...

    def num_targets(self, batch: Any) -> int:
        """What a sum is divided by to be a mean: tokens, or items."""
        ...

    def flops(self, batch: Any) -> int:
        """Operations of forward and backward, padding included."""
        ...


@runtime_checkable
class Counting(Protocol):
    """A problem whose targets are right or wrong; its accuracy on the validation data is told."""

    def num_correct(self) -> Array:
        """0-d, on the device: how many targets of the last loss the model gets right."""
        ...


class Checkpoint(Protocol):
    """Where an unfinished training is kept."""

    def load(self) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None: ...
    def save(self, arrays: dict[str, np.ndarray], meta: dict[str, Any]) -> None: ...


Report = Callable[[float, str], None]


class Trainer:
    """One training run of a problem."""

    def __init__(
        self, problem: Problem, kernels: Kernels, settings: TrainSettings, seed: int
    ) -> None:
        self.problem, self.settings, self.seed = problem, settings, seed
        self.progress = Progress()
        self._xp = kernels.backend.xp
        self._to_host = kernels.backend.to_host
        self._optimizer = kernels.get("optimizer", settings.optimizer)
        contract = self._optimizer.contract
        flat = problem.parameters.flat
        slots = [self._xp.zeros_like(flat) for _ in range(_num_slots(contract))]
        self._state = contract.Params(flat, *slots)
        self._plan = self._optimizer.plan(contract.Dims(flat.shape[0]), problem.parameters.dtype)
        self._plan.load(self._state)
        self._best = np.array(self._to_host(flat))

    def run(self, checkpoint: Checkpoint, report: Report) -> Progress:
        """Train to the end or to the early stop; leaves the best parameters in the model."""
        self._restore(checkpoint)
        validation = self.problem.validation()
        while self.progress.epoch < self.settings.epochs:
            if self.progress.bad_epochs > self.settings.patience:
                break
            if self.progress.best_nll <= self.settings.enough_nll:
                break
            self._epoch(report)
            self._validate(validation)
            checkpoint.save(*self._snapshot())
        self.problem.parameters.flat[...] = self._xp.asarray(self._best)
        self.problem.load()
        return self.progress

    def _epoch(self, report: Report) -> None:
        progress, settings = self.progress, self.settings
        batches = self.problem.batches(progress.epoch)
        started, unread, losses = time.perf_counter(), self._xp.zeros(()), 0.0
        for index, batch in enumerate(batches):
            unread = unread + self._step(batch)
            if index % READ_LOSS_EVERY == READ_LOSS_EVERY - 1 or index == len(batches) - 1:
                losses += self._read_loss(unread)
                unread = self._xp.zeros(())
                done = (progress.epoch + (index + 1) / len(batches)) / settings.epochs
                report(done, f"epoch {progress.epoch + 1}, loss {losses / (index + 1):.3f}")
        progress.train_s += time.perf_counter() - started
        progress.epoch += 1
        progress.history.append({"epoch": progress.epoch, "train_loss": losses / len(batches)})

    def _step(self, batch: Any) -> Any:
        """One update; the loss stays on the device."""
        settings, progress, problem = self.settings, self.progress, self.problem
        progress.step += 1
        stream = DropoutStream(self.seed, progress.step)
        loss = problem.loss(batch, reduction="token_mean", stream=stream)
        problem.backward()
        gradient = problem.parameters.gradient
        if settings.clip_value < math.inf:
            clip_by_value(gradient, settings.clip_value, xp=self._xp)
        self._norm = clip_by_global_norm(gradient, settings.clip_norm, xp=self._xp)
        rate = progress.rate_factor * learning_rate(
            settings.schedule,
            progress.step,
            base=settings.learning_rate,
            warmup_steps=settings.warmup_steps,
        )
        inputs = self._optimizer.contract.Inputs(
            gradient, progress.step, rate, **settings.optimizer_options
        )
        self._plan.forward(inputs)
        problem.load()
        progress.train_flops += problem.flops(batch)
        return loss + 0.0

    def _read_loss(self, unread: Any) -> float:
        total = float(self._to_host(unread))
        if math.isfinite(total):
            return total
        norm = float(self._to_host(self._norm))
        seen = self.progress.history[-1]["train_loss"] if self.progress.history else math.nan
        raise TrainingError(
            f"training: the loss became {total} in the {READ_LOSS_EVERY} steps before step "
            f"{self.progress.step} (epoch {self.progress.epoch + 1}; gradient norm {norm:.3g}, "
            f"learning rate {self.settings.learning_rate * self.progress.rate_factor:.3g}, last "
            f"epoch's loss {seen:.3g}); expected finite values; lower optimizer.learning_rate or "
            "train.clip_norm"
        )

    def _validate(self, batches: Sequence[Any]) -> None:
        """Validation loss; keeps the best parameters, lowers the rate where nothing improved."""
        total, tokens, correct = 0.0, 0, 0
        for batch in batches:
            loss = self.problem.loss(batch, reduction="sum")
            total += float(self._to_host(loss))
            tokens += self.problem.num_targets(batch)
            if isinstance(self.problem, Counting):
                correct += int(self._to_host(self.problem.num_correct()))
        nll, progress = total / tokens, self.progress
        progress.history[-1] |= {
            "valid_nll": nll,
            "train_s": progress.train_s,
            "train_flops": float(progress.train_flops),
        }
        if isinstance(self.problem, Counting):
            progress.history[-1]["valid_accuracy"] = correct / tokens
        if nll < progress.best_nll:
            progress.best_nll, progress.bad_epochs = nll, 0
            self._best = np.array(self._to_host(self.problem.parameters.flat))
        else:
            progress.bad_epochs += 1
            progress.rate_factor *= self.settings.plateau_factor

    def _snapshot(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        arrays = {f"state_{i}": a for i, a in enumerate(self._state_arrays())}
        return {k: np.array(self._to_host(a)) for k, a in arrays.items()} | {
            "best": self._best
        }, asdict(self.progress)

    def _restore(self, checkpoint: Checkpoint) -> None:
        saved = checkpoint.load()
        if saved is None:
            return
        arrays, meta = saved
        for index, array in enumerate(self._state_arrays()):
            array[...] = self._xp.asarray(arrays[f"state_{index}"])
        self._best = arrays["best"]
        self.progress = Progress(**meta)
        self.problem.load()

    def _state_arrays(self) -> list[Any]:
        return [getattr(self._state, name) for name in self._state.__dataclass_fields__]


def _num_slots(contract: Any) -> int:
    """Arrays an optimizer keeps beside the weights."""
    return len(contract.Params.__dataclass_fields__) - 1


def time_to_quality(history: list[dict[str, float]], target_nll: float) -> tuple[float, float]:
    """Training seconds and FLOP until the validation loss first reached `target_nll` (nats).

    (inf, inf) where it never did.
    """
    for entry in history:
        if entry["valid_nll"] <= target_nll:
            return entry["train_s"], entry["train_flops"]
    return math.inf, math.inf
