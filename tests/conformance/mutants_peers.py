"""Changes to the cells, losses, attentions, embeddings, optimizers, beam and BLEU counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from mutant import Mutant, conformance

from seqbench.kernels.beam_select import BEAM_SELECT, BeamSelectInputs, BeamSelectParams
from seqbench.kernels.bleu import BLEU_STATS, BleuInputs, BleuParams
from seqbench.testing.comparing import require_equal
from seqbench.testing.reference import HostBackend, reference

BACKEND = HostBackend()


def beams(stop):
    """Steps full of ties: logits are whole numbers, or one a block of 64 stands out."""
    rng = np.random.default_rng(3)
    for K, V in ((1, 3), (1, 70), (3, 70), (4, 131), (5, 300)):
        few = np.full((K, 3, V), -5.0)
        few[..., np.arange(40, V, 26)] = 2.0
        few[..., 1] = 3.0  # EOS
        for logits in (rng.integers(-2, 3, (K, 3, V)).astype("float64"), few):
            inputs = BeamSelectInputs(logits, np.zeros((K, 3)), np.zeros((K, 3), bool), eos_id=1)
            pool = np.full((K, 3), -np.inf)
            yield inputs if stop == "filled" else replace(inputs, stop=stop, pool=pool)


def ties_go_to_the_lowest_index(module):
    """The changed text or override against the installed text, both ways to stop."""
    impl = (
        module.BeamSelect(BEAM_SELECT, BACKEND)
        if hasattr(module, "BeamSelect")
        else reference(module.BEAM_SELECT)
    )
    for stop in ("filled", "bound"):
        for inputs in beams(stop):
            expected = reference(BEAM_SELECT)(BeamSelectParams(), inputs)
            require_equal("beam", impl(BeamSelectParams(), inputs), expected, 0.0)


def lengths_tie_to_the_shorter(module):
    """References one word shorter and one longer than the output."""
    ids, length = np.zeros((1, 5), np.int32), np.array([4], np.int32)
    lengths = np.array([[5], [3]], np.int32)
    inputs = BleuInputs(ids, length, np.zeros((2, 1, 5), np.int32), lengths)
    assert reference(BLEU_STATS)(BleuParams(), inputs).reference_lengths.tolist() == [3]
    found = reference(module.BLEU_STATS)(BleuParams(), inputs)
    assert found.reference_lengths.tolist() == [3]


def long_sentences_are_counted(module):
    """300 times one word: more matches than a byte can count."""
    ids, lengths = np.zeros((1, 300), np.int32), np.array([300], np.int32)
    inputs = BleuInputs(ids, lengths, ids[None], lengths[None])
    found = module.BleuStats(BLEU_STATS, BACKEND)(BleuParams(), inputs)
    assert found.matches.tolist() == [[300, 299, 298, 297]]


def mutants(module, check, *changes):
    return [Mutant(module, old, new, check) for old, new in changes]


CELLS = [
    *mutants(
        "seqbench.kernels.rnn",
        conformance("cell/rnn"),
        ("upstream * (1 - h * h)", "upstream * (1 - h)"),
        ("xp.where(inside[t], d_sum[t] @ params.weight_hh, d_h)", "d_sum[t] @ params.weight_hh"),
    ),
    *mutants(
        "seqbench.kernels.gru",
        conformance("cell/gru"),
        ("return (d_n * r) @ w_n", "return d_n @ w_n"),
        ("d_new * (h - n) * z * (1 - z)", "d_new * (n - h) * z * (1 - z)"),
    ),
    *mutants(
        "seqbench.kernels.gru",
        conformance("cell/gru_reset_before"),
        ("return d_reset_h * r", "return d_reset_h"),
        ("else (d_n, r * before)", "else (d_n, before)"),
    ),
    *mutants(
        "seqbench.kernels.gru_simplified",
        conformance("cell/gru_simplified"),
        ("d_prev = d_new * z + d_gates[t]", "d_prev = d_gates[t]"),
        ("(1 - z) * n + z * h, h)", "(1 - z) * h + z * n, h)"),
    ),
    *mutants(
        "seqbench_numpy.gru",
        conformance("cell/gru", "numpy.gru"),
        ("np.multiply(d_n, r, out=d_recurrent)", "np.copyto(d_recurrent, d_n)"),
        ("self._bias[: 2 * H] += params.bias_hh[: 2 * H]", "self._bias[:H] += params.bias_hh[:H]"),
    ),
    *mutants(
        "seqbench_numpy.gru_reset_before",
        conformance("cell/gru_reset_before", "numpy.gru_reset_before"),
        ("np.multiply(r, self._d_reset_h, out=product)", "np.copyto(product, self._d_reset_h)"),
    ),
    *mutants(
        "seqbench_numpy.gru_simplified",
        conformance("cell/gru_simplified", "numpy.gru_simplified"),
        ("np.copyto(upstream, 0, where=self._outside[t])", "pass"),
    ),
    *mutants(
        "seqbench_numpy.rnn",
        conformance("cell/rnn", "numpy.rnn"),
        ("np.copyto(d_sum, 0, where=self._outside[t])", "pass"),
    ),
    *mutants(
        "seqbench_numpy.lstm",
        conformance("cell/lstm", "numpy.lstm"),
        ("np.copyto(c, c_prev, where=self._outside[t])", "pass"),
    ),
    *mutants(
        "seqbench_numpy._cell_plan",
        conformance("cell/gru", "numpy.gru"),
        ("np.copyto(x1[..., :-1], 0, where=self._outside[first:last])", "pass"),
        ("np.copyto(output, 0, where=self._outside)", "pass"),
        ("np.copyto(self._d_h, target, where=self._inside[t])", "np.copyto(self._d_h, target)"),
    ),
]

LOSSES = [
    *mutants(
        "seqbench.kernels.losses",
        conformance("loss/softmax_cross_entropy"),
        ("- smoothing / V  #", "- smoothing  #"),
        ("d_logits - (1 - smoothing), d_logits", "d_logits - 1, d_logits"),
        ("xp.maximum(lengths.sum(), 1)", "xp.maximum((lengths > 0).sum(), 1)"),
    ),
    *mutants(
        "seqbench.kernels.binary_cross_entropy",
        conformance("loss/binary_cross_entropy"),
        ("(1 + (weight - 1) * y) * (p - 1)", "weight * (p - 1)"),
        ("xp.maximum(-x, 0)", "xp.maximum(x, 0)"),
    ),
    *mutants(
        "seqbench_numpy.losses",
        conformance("loss/softmax_cross_entropy", "numpy.softmax_cross_entropy"),
        ("np.subtract(block, share * scale, out=block)", "np.subtract(block, share, out=block)"),
        ("-= (1 - smoothing) * scale", "-= scale"),
    ),
]

ATTENTION = [
    *mutants(
        "seqbench.kernels._attention",
        conformance("attention/general"),
        ("weights * (d_weights - mean)", "weights * d_weights"),
        ("xp.where(mask, inputs.memory, 0)", "inputs.memory"),
    ),
    *mutants(
        "seqbench.kernels._attention_scores",
        conformance("attention/additive"),
        ("params.v * (1 - hidden * hidden)", "params.v * (1 - hidden)"),
        ("d_keys += d_sum.sum(axis=0)", "d_keys += d_sum[0]"),
    ),
    *mutants(
        "seqbench.kernels._attention_scores",
        conformance("attention/dot"),
        ("d_queries = swap(d_scores @ swap(keys))", "d_queries = -swap(d_scores @ swap(keys))"),
    ),
    *mutants(
        "seqbench_numpy.attention",
        conformance("attention/additive", "numpy.additive"),
        ("factor = 4 * params.v if", "factor = 2 * params.v if"),
        ("np.multiply(d_params.v, -2, out=d_params.v)", "pass"),
        ("np.copyto(total, 1, where=total == 0)", "pass"),
    ),
]

EMBEDDINGS = [
    *mutants(
        "seqbench.kernels.embedding",
        conformance("embedding/gather"),
        (
            "backend.scatter_add(d_weight, inputs.ids.reshape(-1), rows)",
            "d_weight[inputs.ids.reshape(-1)] = rows",
        ),
    ),
    *mutants(
        "seqbench.kernels.embedding",
        conformance("embedding/one_hot"),
        ("kept.T @ d_out.rows", "(kept.T > 0).cumsum(axis=1) @ d_out.rows"),
    ),
    *mutants(
        "seqbench_numpy.embedding",
        conformance("embedding/gather", "numpy.gather_columns"),
        ("d_weight[:] = 0", "pass"),
    ),
    *mutants(
        "seqbench_numpy._scatter",
        conformance("embedding/gather", "numpy.gather_product"),
        ("out += sparse", "out -= sparse"),
    ),
]

OPTIMIZERS = [
    *mutants(
        "seqbench.kernels.optimizers",
        conformance("optimizer/adam"),
        ("inputs.epsilon * root", "inputs.epsilon"),
        ("(gradient * gradient - v)", "gradient * gradient"),
    ),
    *mutants(
        "seqbench.kernels.optimizers",
        conformance("optimizer/adagrad"),
        ("squares += gradient * gradient", "squares = squares + gradient * gradient"),
    ),
    *mutants(
        "seqbench.kernels.optimizers",
        conformance("optimizer/sgd"),
        ("inputs.learning_rate * velocity", "inputs.learning_rate * (velocity + inputs.gradient)"),
    ),
    *mutants(
        "seqbench_numpy.optimizers",
        conformance("optimizer/adam", "numpy.adam"),
        ("np.multiply(v, inputs.beta2, out=v)", "np.multiply(v, inputs.beta1, out=v)"),
        ("1 - inputs.learning_rate * inputs.weight_decay", "1 - inputs.weight_decay"),
    ),
]

SEARCH = [
    *mutants(
        "seqbench.kernels.beam_select",
        conformance("decoder/beam_select"),
        ("inputs.finished | (taken &", "(taken &"),
        ("eos_scores / inputs.penalty]", "eos_scores]"),
    ),
    *mutants(
        "seqbench.kernels.beam_select",
        ties_go_to_the_lowest_index,
        ('argsort(-flat, axis=1, kind="stable")', 'argsort(flat, axis=1, kind="stable")[:, ::-1]'),
    ),
    *mutants(
        "seqbench_numpy.beam_select",
        ties_go_to_the_lowest_index,
        ("np.cumsum(equal, axis=1) <= k", "np.cumsum(equal, axis=1) < k"),
        ("inside &= token != skip", "pass"),
        ("inside = token >= block[picked] * BLOCK", "inside = token >= 0"),
        ("maxima[:, skip // BLOCK] = _maximum_without(chunk, skip)", "pass"),
        (
            "tokens = chunk.argmax(axis=1)",
            "tokens = chunk.shape[1] - 1 - chunk[:, ::-1].argmax(axis=1)",
        ),
        ("inputs.scores[0, columns] + (top - lse)", "inputs.scores[0, columns] + top"),
    ),
    *mutants(
        "seqbench.kernels.length_penalty",
        conformance("decoder/length_penalty"),
        ("** inputs.alpha", "** (2 * inputs.alpha)"),
        ("inputs.lengths.astype(inputs.log_probs.dtype)", "(inputs.lengths - 1) * 1.0"),
    ),
    *mutants(
        "seqbench.kernels.bleu",
        conformance("metric/bleu_stats"),
        ("position[None, :] < position[:, None]", "position[None, :] <= position[:, None]"),
        ("clip = xp.maximum(clip, equal.sum(axis=2))", "clip = clip + equal.sum(axis=2)"),
    ),
    *mutants(
        "seqbench.kernels.bleu",
        lengths_tie_to_the_shorter,
        ("distance * span + candidates", "distance * span - candidates"),
    ),
    *mutants(
        "seqbench_numpy.bleu",
        conformance("metric/bleu_stats", "numpy.bleu_stats"),
        ("own_n[i, :i]", "own_n[i, : i + 1]"),
    ),
    *mutants("seqbench_numpy.bleu", long_sentences_are_counted, ("< 256", "< 257 + 256")),
]

MUTANTS = [*CELLS, *LOSSES, *ATTENTION, *EMBEDDINGS, *OPTIMIZERS, *SEARCH]
