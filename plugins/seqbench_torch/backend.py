"""The torch backend: CPU tensors, no array namespace, hence no shared texts."""

from __future__ import annotations

import platform
from typing import Any

import numpy as np
import torch

from seqbench.interfaces import Device, HostMemory, HostTimer


class TorchBackend:
    """A peer: it brings its own cells. Threads are the process's (OMP_NUM_THREADS), not set here.

    `to_device` and `to_host` share memory with NumPy, as torch.from_numpy does.
    """

    name = "torch"

    def __init__(self) -> None:
        self.device = Device(kind="cpu", model=platform.processor() or platform.machine())
        self.xp: Any = None

    def to_device(self, array: Any) -> torch.Tensor:
        return torch.from_numpy(np.asarray(array, order="C"))

    def to_host(self, array: torch.Tensor) -> np.ndarray:
        return array.detach().numpy()

    def scatter_add(self, out: torch.Tensor, ids: torch.Tensor, rows: torch.Tensor) -> None:
        out.index_add_(0, ids.long(), rows)

    def synchronize(self) -> None:
        return None

    def timer(self) -> HostTimer:
        return HostTimer()

    def memory(self) -> HostMemory:
        return HostMemory()

    def versions(self) -> dict[str, str]:
        return {"torch": torch.__version__, "torch_threads": str(torch.get_num_threads())}
