"""cell_quality compares models of equally many parameters."""

from __future__ import annotations

import pytest

from seqbench.experiments.sweep import expand
from seqbench.models.language_model import LanguageModel, LanguageModelConfig
from seqbench.registry import registry

CHARACTERS = {"quick": 102, "full": 68}
"""Of the text that each size is for, special tokens among them: help topics, Tiny Shakespeare."""


@pytest.mark.parametrize("size", CHARACTERS)
def test_each_budget_is_one_number_of_parameters(composer, size):
    points = expand(["experiment=cell_quality", f"size={size}"], composer)
    configs = [point.config for point in points if point.config["seed"] == 0]
    assert [config["cell"]["name"] for config in configs] == ["rnn", "gru", "lstm"] * 2
    counts = [count(config, CHARACTERS[size]) for config in configs]
    for budget in (counts[:3], counts[3:]):
        assert budget == pytest.approx([budget[1]] * 3, rel=0.01)
    assert counts[4] > 2 * counts[1]


def count(config, vocab_size):
    model = LanguageModelConfig(
        cell=config["cell"]["name"],
        embedding_size=config["model"]["embedding_size"],
        hidden_size=config["cell"]["hidden_size"],
    )
    return LanguageModel(registry().kernels("numpy"), model, vocab_size, grad=False).parameters.size
