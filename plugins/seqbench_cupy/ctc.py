"""A35 on the device: both directions of the recursion at once, gradient in one visit to each row.

Forward of a plan with `grad` leaves every state's masses, 8 or 12 bytes a state, frame and
direction; backward makes gradient rows of them, whatever the upstream gradient is.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from seqbench.interfaces import Gradients, UnsupportedError
from seqbench.kernels.ctc import CTCDims, CTCInputs
from seqbench.kernels.losses import LossOutputs, NoParams

from .implementation import CudaImplementation, CudaPlan
from .launch import ceil_div, warp_a_row
from .runtime import DeviceProperties
from .sources import C_TYPES, FLOATS, CudaSource

STATES = (1, 2, 4, 8)
"""States a thread may own: one instance each."""
MAX_THREADS = 512
MASS_BYTES = 16

SOURCE = CudaSource(
    "ctc.cu",
    {
        "ctc_normalise": FLOATS,
        "ctc_masses": tuple((*floats, str(states)) for floats in FLOATS for states in STATES),
        "ctc_reduce": FLOATS,
        "ctc_chains": ((),),
        "ctc_gradient": FLOATS,
    },
)


class MassLaunch(NamedTuple):
    """Threads of a block, states each owns, dynamic shared memory of the two buffers."""

    threads: int
    states: int
    shared_bytes: int


def mass_launch(L: int, properties: DeviceProperties) -> MassLaunch | str:
    """How a block holds the 2L + 1 states of an utterance, or why it cannot."""
    width = 2 * L + 1
    shared_bytes = 2 * (2 + width) * MASS_BYTES
    limit = MAX_THREADS * STATES[-1]
    if width > limit:
        return f"{width} states, expected at most {limit}: L up to {(limit - 1) // 2}"
    if shared_bytes > properties.shared_bytes:
        return f"{width} states take {shared_bytes} bytes of a block's {properties.shared_bytes}"
    states = next(n for n in STATES if n * MAX_THREADS >= width)
    warp = properties.warp_size
    return MassLaunch(warp * ceil_div(ceil_div(width, states), warp), states, shared_bytes)


class CTCPlan(CudaPlan):
    """T is a capacity."""

    def _allocate(self) -> None:
        T, B, V, L = self.dims
        launch = mass_launch(L, self.runtime.properties)
        assert isinstance(launch, MassLaunch), launch
        self._launch = launch
        self._log_sums = self.empty((T * B,), "float64")
        self._likelihoods = self.empty((B, 2), "float64")
        self._losses, self._total = self.empty((B,)), self.empty((1,))
        self._num_labels = self.empty((1,), "float64")
        self._mantissas: Any = None
        self._exponents: Any = None
        if self.grad:
            states = 2 * B * T * (2 * L + 1)
            self._mantissas = self.empty((states,))
            self._exponents = self.empty((states,), "int32")
            self._chains = self.empty((2, B, L), "int32")
            self._d_logits = self.empty((T * B * V,))

    def _kernel(self, name: str, *arguments: str) -> Any:
        return self.runtime.kernel(SOURCE, name, C_TYPES[self.dtype], *arguments)

    def forward(self, inputs: CTCInputs) -> LossOutputs:
        self._inputs = inputs
        self._normalise(inputs)
        self._run(inputs)
        if inputs.reduction == "none":
            return LossOutputs(self._losses)
        self._kernel("ctc_reduce")(
            (1,),
            (256,),
            self._likelihoods,
            inputs.target_lengths,
            self._total,
            self._num_labels,
            self.dims.B,
            inputs.reduction == "token_mean",
            inputs.zero_infinity,
        )
        return LossOutputs(self._total.reshape(()))

    def _normalise(self, inputs: CTCInputs) -> None:
        steps, B, V = inputs.logits.shape
        grid, block = warp_a_row(steps * B, self.runtime.properties)
        self._kernel("ctc_normalise")(
            grid, block, inputs.logits, inputs.lengths, self._log_sums, steps * B, B, V
        )

    def _run(self, inputs: CTCInputs) -> None:
        """The likelihoods and losses and, with `grad`, every state's masses."""
        steps, B, V = inputs.logits.shape
        self._kernel("ctc_masses", str(self._launch.states))(
            (B, 2 if self.grad else 1),
            (self._launch.threads,),
            inputs.logits,
            self._log_sums,
            inputs.targets,
            inputs.lengths,
            inputs.target_lengths,
            self._mantissas,
            self._exponents,
            self._likelihoods,
            self._losses,
            steps,
            B,
            V,
            self.dims.L,
            inputs.blank_id,
            inputs.zero_infinity,
            shared_bytes=self._launch.shared_bytes,
        )

    def backward(self, d_outputs: LossOutputs) -> Gradients:
        if not self.grad:
            raise UnsupportedError(
                "ctc: this plan was made with grad=False and has no gradient; "
                "ask for plan(dims, dtype, grad=True)"
            )
        inputs, (_, B, V, L) = self._inputs, self.dims
        steps = len(inputs.logits)
        chains = self.runtime.kernel(SOURCE, "ctc_chains")
        threads = min(max(32, 32 * ceil_div(L, 32)), 256)
        chains((B,), (threads,), inputs.targets, inputs.target_lengths, self._chains, B, L)
        grid, block = warp_a_row(steps * B, self.runtime.properties)
        d_logits = self._d_logits[: steps * B * V]
        self._kernel("ctc_gradient")(
            grid,
            block,
            inputs.logits,
            self._log_sums,
            inputs.targets,
            inputs.lengths,
            inputs.target_lengths,
            self._chains,
            self._mantissas,
            self._exponents,
            self._likelihoods,
            d_outputs.loss,
            self._num_labels if inputs.reduction == "token_mean" else None,
            d_logits,
            steps,
            B,
            V,
            L,
            inputs.blank_id,
            inputs.reduction == "none",
            inputs.zero_infinity,
        )
        return Gradients(NoParams(), CTCInputs(d_logits.reshape(steps, B, V), None, None, None))


class CTC(CudaImplementation):
    """Serves float32 and float64, labels up to what a block can hold."""

    plan_type = CTCPlan

    def supports(self, dims: CTCDims, dtype: str) -> str | None:
        launch = mass_launch(dims.L, self.runtime.properties)
        return super().supports(dims, dtype) or (launch if isinstance(launch, str) else None)
