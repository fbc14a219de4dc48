"""The plugin's kernels without one of their barriers, run until a check notices.

    Exercise("losses.cu", "loss/softmax_cross_entropy", drawn(T=2, B=3, V=1000))

An exercise is one call of an implementation, forward and where there is one backward, at a size
where the file's kernels need their barriers: most need none in a block of one warp.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from barrier_drops import MARK, Barrier, barriers, is_noticed
from emulated import implementation_on
from emulated_runtime import EmulatedRuntime
from emulator import EmulatedModule, emulation
from seqbench_cupy.sources import CudaSource, source_text

from seqbench.interfaces import Contract
from seqbench.measure.gate import correctness_gate
from seqbench.measure.workloads import Workload, draw

Given = Callable[[Contract], Workload]
DTYPE = "float32"
"""Of every exercise: barriers are the same in each instance of a template."""
ORDERS = ("forward", "reverse")
"""Threads that meet in an atomic are ordered by it: which of them came first may hide a race."""


def drawn(**sizes: int) -> Given:
    """The contract's own workload at these sizes."""
    return lambda contract: draw(contract, sizes, DTYPE)


@dataclass(frozen=True)
class Exercise:
    """One call that is held against the float64 shared text while every access is checked.

    source : the `.cu` whose barriers it needs, and with it those of `headers`
    key, given, impl_id : what is called, on what
    options : of the compiler
    """

    source: str
    key: str
    given: Given
    impl_id: str | None = None
    headers: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.source}: {self.impl_id or self.key}"

    @property
    def files(self) -> tuple[str, ...]:
        """Whose barriers it is for."""
        return (self.source, *self.headers)

    def run(self, text: str, order: str) -> None:
        """With `text` as the source.

        Raises AssertionError for a wrong result, EmulatorError for a race and the like.
        """
        runtime = OneKernelAModule({self.source: text}, self.options)
        called = implementation_on(runtime, self.key, self.impl_id)
        load = self.given(called.contract)
        with emulation(order, shadow=True):
            report = correctness_gate(called, load.params, load.inputs, DTYPE, load.d_outputs)
        assert report.gate == "pass", report.reasons

    def notices(self, file: str, line: int) -> bool:
        """Whether it fails without the barrier that stands there.

        Raises EmulatorError where it fails in a way that tells nothing.
        """
        all_of_them = barriers(source_text(self.source))
        (barrier,) = (b for b in all_of_them if (b.file, b.line) == (file, line))
        return any(
            is_noticed(partial(self.run, barrier.dropped, order), str(barrier)) for order in ORDERS
        )


class OneKernelAModule(EmulatedRuntime):
    """Compiles each kernel alone when it is first launched: of a changed source few ever are.

    texts : what stands for some of the files
    """

    def __init__(self, texts: Mapping[str, str], options: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._texts, self._options = texts, options

    def _launcher(self, source: CudaSource, name: str) -> Callable[..., None]:
        text = self._texts.get(source.file, source.text)
        module = EmulatedModule(text, [name], options=self._options, shadow=True)
        self._modules[id(source)] = module  # a launcher keeps the one that it was made of
        return super()._launcher(source, name)


def require_explained(barrier: Barrier, noticed: bool) -> None:
    """A barrier is noticed when it is gone, or its mark says why not; never both.

    Raises AssertionError with what to do.
    """
    assert noticed or barrier.reason, (
        f"{barrier}: no exercise notices that `{barrier.text}` is gone; exercise it in "
        f"barrier_exercises.py, remove it, or say why it stays: `{MARK} REASON`"
    )
    assert not (noticed and barrier.reason), (
        f"{barrier}: `{barrier.reason}` is wrong, an exercise notices that `{barrier.text}` is "
        f"gone; take `{MARK}` away"
    )
