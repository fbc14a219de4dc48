"""E08, E09, E12 and E13 as a user runs them, on embedded data or a clock."""

from __future__ import annotations

from collections import defaultdict

from tiny_run import run


def by_case(rows, *keys):
    found = defaultdict(dict)
    for row in rows:
        if row["metric"] and row["value"]:
            case = tuple(row[f"p.{key}"] for key in keys)
            found[case if len(keys) > 1 else case[0]][row["metric"]] = float(row["value"])
    return found


def test_powers_of_the_noise_are_judged_by_planted_sets(tmp_path):
    told, rows = run(tmp_path, "sampling_power", "dataset.num_train=4000", "train.epochs=8")
    found = by_case(rows, "model.options.noise_power")
    assert {float(power) for power in found} == {0.0, 0.5, 0.75, 1.0}
    scores = [case["similarity_spearman"] for case in found.values()]
    assert len(set(scores)) == 4
    assert max(scores) > 0.2
    assert all(case["planted_spearman"] == case["similarity_spearman"] for case in found.values())
    assert all(case["analogies_covered"] > 500 for case in found.values())
    assert "is undecided on embedded data (planted_words), a demonstration" in told


def test_debiasing_of_planted_words_takes_out_what_was_planted(tmp_path):
    more = ("evaluate.options.components=1", "dataset.num_train=12000", "dataset.options.size=50")
    told, rows = run(tmp_path, "debias", *more)
    found = {row["metric"]: float(row["value"]) for row in rows}
    assert found["weat_before"] > 1
    assert found["weat_after"] < found["weat_before"]
    assert found["left_out_bias_after"] < found["left_out_bias_before"]
    assert found["direct_bias_after"] < 1e-6
    assert found["weat_words"] == 12
    assert found["similarity_change_low"] <= found["planted_change"]
    change = found["analogy_accuracy_after"] - found["analogy_accuracy_before"]
    assert found["analogy_change_low"] <= change <= found["analogy_change_high"]
    assert "on embedded data (planted_bias), a demonstration" in told


def test_a_product_with_one_hot_vectors_is_timed_beside_a_gather(tmp_path):
    told, rows = run(tmp_path, "one_hot_cost", "sizes.V=200,4000", "-m")
    flops = {
        (row["p.kernel"], row["p.sizes.V"]): float(row["value"])
        for row in rows
        if (row["metric"], row["phase"]) == ("flops", "forward")
    }
    assert flops["embedding/gather", "200"] == flops["embedding/gather", "4000"]
    assert flops["embedding/one_hot", "4000"] == 20 * flops["embedding/one_hot", "200"]
    assert {row["status"] for row in rows} == {"done"}
    assert "gathering the same rows takes a tenth" in told


def test_a_training_word_is_timed_by_vocabulary(tmp_path):
    told, rows = run(tmp_path, "softmax_cost")
    found = by_case([r for r in rows if r["phase"] == "forward"], "kernel", "sizes.V")
    assert {kernel for kernel, _ in found} == {
        f"vectors/skipgram_{name}_update" for name in ("softmax", "hs", "ns")
    }
    for (kernel, _), metrics in found.items():
        assert metrics["word_time"] > metrics["pair_time"] > 0
        assert ("mean_code_length" in metrics) == ("_hs_" in kernel)
    assert "A word costs the full softmax time in proportion to the vocabulary" in told


def test_three_objectives_are_told_on_one_scale(tmp_path):
    _, rows = run(tmp_path, "softmax_loss")
    found = by_case([r for r in rows if r["task"] == "word_vectors"], "model.name")
    assert set(found) == {"skipgram_softmax", "skipgram_hs", "skipgram_ns"}
    assert found["skipgram_softmax"]["log_loss"] == found["skipgram_softmax"]["held_out_loss"]
    assert found["skipgram_hs"]["log_loss"] == found["skipgram_hs"]["held_out_loss"]
    assert found["skipgram_ns"]["log_loss"] != found["skipgram_ns"]["held_out_loss"]
    assert all(0 < metrics["log_loss"] < 20 for metrics in found.values())
