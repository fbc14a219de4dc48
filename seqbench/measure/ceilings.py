"""What this machine can do at best, measured in the process that is being judged.

The *ceiling time* of a cell is FLOP / GEMM rate + transcendentals x tanh time: a recurrent cell
is products plus nonlinearities, and memory traffic hides behind the products at the sizes worth
timing. Its share of the ceiling is that time over the measured one. Kernels of every kind are held
against `roofline`, which asks for memory and calls as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from seqbench.interfaces import Backend, Sample

from .timing import no_garbage_collection, timed

GEMM_SHAPES = ((512, 512, 512), (768, 768, 768), (1024, 1024, 1024))
"""(m, k, n); the best of them is the ceiling."""
COPY_BYTES = 1 << 26  # source and target together 128 MiB: past most last-level caches
CACHED_BYTES = (1 << 17, 1 << 20, 1 << 23)  # together 256 KiB, 2 MiB, 16 MiB: a cache each
ELEMENTS = 1 << 16  # 256 KiB in float32: a nonlinearity works on what is in the cache
CALLS = 2000
REPEATS = 5


@dataclass(frozen=True, slots=True)
class Ceilings:
    """Best rates and times of one process; GEMM and the nonlinearities in `dtype`.

    `cached` has (bytes touched, GB/s) of copies that fit some cache, smallest first.
    """

    dtype: str
    gemm_gflops: float
    copy_gb_per_s: float
    tanh_ns: float
    exp_ns: float
    call_us: float
    cached: tuple[tuple[int, float], ...] = ()

    def copy_rate(self, touched: float) -> float:
        """GB/s of a working set of `touched` bytes: of the largest copy measured that is no larger,
        so that the rate is never below what the machine can do."""
        fitting = [rate for size, rate in self.cached if size <= touched] or [
            rate for _, rate in self.cached[:1]
        ]
        in_memory = touched >= 2 * COPY_BYTES or not fitting
        return self.copy_gb_per_s if in_memory else max(fitting[-1], self.copy_gb_per_s)

    def samples(self) -> list[Sample]:
        """Each ceiling as a named sample, phase `ceiling`."""
        return [
            Sample(f"gemm_{self.dtype}", self.gemm_gflops, "GFLOP/s", "none", "ceiling"),
            Sample("copy", self.copy_gb_per_s, "GB/s", "none", "ceiling"),
            *(
                Sample(f"copy_{size >> 10}_KiB", rate, "GB/s", "none", "ceiling")
                for size, rate in self.cached
            ),
            Sample(f"tanh_{self.dtype}", self.tanh_ns, "ns/element", "none", "ceiling"),
            Sample(f"exp_{self.dtype}", self.exp_ns, "ns/element", "none", "ceiling"),
            Sample("call", self.call_us, "us", "none", "ceiling"),
        ]


def measure_ceilings(
    backend: Backend, dtype: str = "float32", *, repeats: int = REPEATS
) -> Ceilings:
    """The best of `repeats` of each; about half a second on a CPU core.

    `backend.xp` must be an array namespace. A copy counts its bytes twice, read and written.
    """
    with no_garbage_collection():
        return Ceilings(
            dtype=dtype,
            gemm_gflops=_gemm_gflops(backend, dtype, repeats),
            copy_gb_per_s=2 * COPY_BYTES / _copy_s(backend, COPY_BYTES, repeats) / 1e9,
            tanh_ns=_elementwise_s(backend, "tanh", dtype, repeats) / ELEMENTS * 1e9,
            exp_ns=_elementwise_s(backend, "exp", dtype, repeats) / ELEMENTS * 1e9,
            call_us=_call_s(backend, repeats) * 1e6,
            cached=tuple(
                (2 * size, 2 * size / _copy_s(backend, size, 4 * repeats) / 1e9)
                for size in CACHED_BYTES
            ),
        )


def ceiling_s(flops: float, transcendentals: float, ceilings: Ceilings) -> float:
    """Seconds at the ceiling: products at GEMM rate, nonlinearities at tanh's.

    `flops` counts a transcendental as one, as contracts do; it is taken out here.
    """
    products = (flops - transcendentals) / (ceilings.gemm_gflops * 1e9)
    return products + transcendentals * ceilings.tanh_ns * 1e-9


def share_of_ceiling(
    flops: float, transcendentals: float, seconds: float, ceilings: Ceilings
) -> float:
    """Ceiling time over measured time: 1 is the best this machine can do."""
    return ceiling_s(flops, transcendentals, ceilings) / seconds


def _best_s(fn: Callable[[], object], backend: Backend, repeats: int) -> float:
    timer = backend.timer()
    fn()
    return min(timed(fn, timer) for _ in range(repeats))


def _filled(backend: Backend, shape: tuple[int, ...], dtype: str) -> Any:
    """Numbers of order one; zeros would let a denormal or a zero page flatter the machine."""
    xp = backend.xp
    count = 1
    for size in shape:
        count *= size
    return (xp.arange(count, dtype=dtype) % 97 / 97 - 0.5).astype(dtype).reshape(shape)


def _gemm_gflops(backend: Backend, dtype: str, repeats: int) -> float:
    rates = []
    for m, k, n in GEMM_SHAPES:
        a, b = _filled(backend, (m, k), dtype), _filled(backend, (k, n), dtype)
        out = backend.xp.empty((m, n), dtype=dtype)
        multiply = partial(backend.xp.matmul, a, b, out=out)
        seconds = _best_s(multiply, backend, repeats)
        rates.append(2 * m * k * n / seconds / 1e9)
    return max(rates)


def _copy_s(backend: Backend, size: int, repeats: int) -> float:
    source = _filled(backend, (size // 4,), "float32")
    target = backend.xp.empty_like(source)

    def copy() -> None:
        target[...] = source

    return _best_s(copy, backend, repeats)


def _elementwise_s(backend: Backend, name: str, dtype: str, repeats: int) -> float:
    function = getattr(backend.xp, name)
    x = _filled(backend, (ELEMENTS,), dtype)
    out = backend.xp.empty_like(x)
    return _best_s(lambda: function(x, out=out), backend, 4 * repeats)


def _call_s(backend: Backend, repeats: int) -> float:
    """One call on one element, in a row of CALLS: what a launch costs at least."""
    one, two = (backend.xp.ones(1, dtype="float32") for _ in range(2))
    add = backend.xp.add

    def calls() -> None:
        for _ in range(CALLS):
            add(one, one, out=two)

    return _best_s(calls, backend, repeats) / CALLS
