import pytest

from seqbench.experiments.composing import initialised


@pytest.fixture(scope="module")
def composer():
    """Hydra over the real conf/, each override list composed once a module."""
    with initialised([]) as composer:
        yield composer
