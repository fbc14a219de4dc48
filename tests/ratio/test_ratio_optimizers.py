"""One update of 5 million weights against torch.optim's fused kernels, float32; shown alone.

Each pass of NumPy goes through memory or the cache, where a fused kernel reads each array once.
"""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from ratio_sides import normal, sides

pytestmark = pytest.mark.peer("torch")

COUNT = 5_000_000
OPTIONS = {"adam": {}, "adagrad": {}, "sgd": {"momentum": 0.9}}


@pytest.mark.parametrize("name", OPTIONS)
def test_update(name, compare, torch_on_one_thread):
    rng = np.random.default_rng(0)
    contract = importlib.import_module("seqbench").registry().contract("optimizer", name)
    slots = [np.abs(normal(rng, COUNT)) for _ in contract.Params.__dataclass_fields__]
    inputs = contract.Inputs(normal(rng, COUNT), 10, 1e-3, **OPTIONS[name])
    ours, peer = sides(f"optimizer/{name}", contract.Params(*slots), inputs)
    compare(f"optimizer/{name}", f"N{COUNT}", ours, peer)
