"""Short draws have the bits of the shared text."""

import numpy as np
import pytest
from seqbench_numpy._philox import uniform_float64

from seqbench.kernels.philox import uniform


@pytest.mark.parametrize("count", [0, 1, 2, 5, 64])
@pytest.mark.parametrize("start", [0, 1, 3, 2**31 - 1, 2**34 + 1])
def test_the_same_bits(count, start):
    for seed, stream in ((0, 0), (7, 2**40 + 3), (2**64 - 1, 2**64 - 1)):
        expected = uniform((count,), seed=seed, stream=stream, start=start, dtype="float64", xp=np)
        found = uniform_float64(count, seed=seed, stream=stream, start=start)
        assert found.dtype == np.float64
        np.testing.assert_array_equal(found, expected)
