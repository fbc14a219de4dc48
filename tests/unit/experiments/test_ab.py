"""What A and B mean, which trials pair, and the order they run in."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

from seqbench.experiments.ab import case_key, order, pair_up, renamed, without
from seqbench.experiments.ab_sides import (
    checkout,
    contracts_of,
    import_path,
    laid_out,
    side_of,
    sides_of,
)
from seqbench.experiments.plan import Plan, Skip
from seqbench.interfaces import Case, ContractSpec, ImplementationSpec, Trial, UsageError

IN_GIT = (Path(__file__).parents[3] / ".git").exists()


@dataclass
class Kernels:
    """A registry of two cells on NumPy, one of which has an override."""

    impls: dict[str, list[str]] = field(
        default_factory=lambda: {"cell/lstm": ["numpy.lstm", "numpy.lstm2"], "cell/gru": []}
    )

    def algorithms(self):
        return []

    def contracts(self):
        return {key: ContractSpec("A00", *key.split("/"), "nowhere:X", "") for key in self.impls}

    def backend_specs(self):
        return {
            "numpy": SimpleNamespace(shared_texts=True),
            "torch": SimpleNamespace(shared_texts=False),
        }

    def implementations(self, kind, name, backend):
        if backend != "numpy":
            return []
        return [
            ImplementationSpec(kind, name, backend, impl, "nowhere:X")
            for impl in self.impls[f"{kind}/{name}"]
        ]


def test_a_word_with_an_equals_sign_is_overrides():
    side = side_of("backend=torch cell.hidden_size=3", Kernels())
    assert side.overrides == ("backend=torch", "cell.hidden_size=3")
    assert (side.kind, side.tree) == ("overrides", None)


@pytest.mark.parametrize("text", ["numpy.lstm", "numpy.shared"])
def test_an_implementation_goes_before_a_revision(text):
    side = side_of(text, Kernels())
    assert (side.kind, side.impl) == ("implementation", text)


def test_a_dot_is_the_working_tree():
    side = side_of(".", Kernels())
    assert (side.kind, side.tree, side.name) == ("revision", None, "the working tree")


@pytest.mark.skipif(not IN_GIT, reason="needs the checkout's history")
def test_a_revision_is_laid_out_once(tmp_path, monkeypatch):
    monkeypatch.setenv("SEQBENCH_CACHE", str(tmp_path))
    side = side_of("HEAD", Kernels())
    assert side.tree == tmp_path / "ab" / side.revision
    assert (side.tree / "seqbench" / "__init__.py").is_file()
    assert (side.tree / "plugins" / "seqbench_numpy").is_dir()
    assert (side.tree / "conf" / "config.yaml").is_file()
    (side.tree / "mark").touch()
    assert (laid_out(side.revision) / "mark").exists()
    assert [p.name for p in (tmp_path / "ab").iterdir()] == [side.revision]


def test_a_revision_imports_from_its_own_tree():
    path = import_path(Path("/there"))
    assert path[:2] == ["/there", "/there/plugins"]
    assert str(checkout()) not in path
    assert str(checkout() / "plugins") not in path
    assert any("site-packages" in entry for entry in path)
    assert import_path(None) is None


@pytest.mark.skipif(not IN_GIT, reason="needs the checkout's history")
def test_what_is_nothing_at_all():
    with pytest.raises(UsageError, match="'lsmt' is no override, no implementation and no rev"):
        side_of("lsmt", Kernels())


def test_two_kinds_do_not_compare():
    with pytest.raises(UsageError, match=r"is overrides and 'numpy.lstm' is an implementation"):
        sides_of("backend=numpy", "numpy.lstm", Kernels())


@pytest.mark.parametrize(
    ("a", "b"),
    [("numpy.lstm", "numpy.shared"), ("numpy.shared", "numpy.lstm"), ("numpy.lstm", "numpy.lstm2")],
)
def test_implementations_have_a_kernel_in_common(a, b):
    assert contracts_of(sides_of(a, b, Kernels()), Kernels()) == {"cell/lstm"}


def test_implementations_of_two_kernels():
    kernels = Kernels({"cell/lstm": ["numpy.lstm"], "cell/gru": ["numpy.gru"]})
    with pytest.raises(
        UsageError, match=r"numpy.lstm is of cell/lstm and numpy.gru is of cell/gru"
    ):
        contracts_of(sides_of("numpy.lstm", "numpy.gru", kernels), kernels)


def test_two_shared_texts():
    with pytest.raises(UsageError, match="is of every kernel"):
        contracts_of(sides_of("numpy.shared", "numpy.shared", Kernels()), Kernels())


def test_settings_without_some_keys():
    params = {"a": {"b": 1, "c": 2}, "d": 3, "e": {"f": 4}}
    assert without(params, ["a.b", "d"]) == {"a": {"c": 2}, "e": {"f": 4}}
    assert without(params, ["e"]) == {"a": {"b": 1, "c": 2}, "d": 3}
    assert without(params, ["nowhere.x"]) == params


def plan(backend, sizes, rounds=10, task="cell_cost", reason=""):
    trials = [
        Trial(
            Case("made", task, {"backend": {"name": backend}, "cell": {"hidden_size": s}}, 0),
            round=number,
        )
        for number in range(rounds)
        for s in sizes
    ]
    skips = tuple(Skip(t, reason) for t in trials if reason)
    experiment = SimpleNamespace(name="made", task=task)
    return Plan(experiment, 0, () if reason else tuple(trials), skips)


def paired(sizes=(1, 2, 3, 4), rounds=10):
    return pair_up((plan("numpy", sizes, rounds), plan("torch", sizes, rounds)), ["backend"])


def test_cases_pair_by_all_that_is_not_set_apart():
    pairs = pair_up((plan("numpy", (1, 2, 3)), plan("torch", (2, 3))), ["backend"])
    assert len(pairs.cases) == 2
    assert pairs.told == ["1 case of made runs on A alone"]
    for a, b in pairs.cases.values():
        assert [t.round for t in a] == [t.round for t in b] == list(range(10))
        assert a[0].case.params["cell"] == b[0].case.params["cell"]


def test_nothing_pairs():
    with pytest.raises(UsageError, match="no case can run on both sides, expected one"):
        pair_up((plan("numpy", (1,)), plan("torch", (2,))), ["backend"])
    with pytest.raises(UsageError, match=r"on both sides \(torch is not installed\)"):
        pair_up((plan("numpy", (1,)), plan("torch", (1,), reason="torch is not installed")), [])


def test_an_experiment_of_more_than_cost():
    plans = plan("numpy", (1,), task="translate"), plan("torch", (1,), task="translate")
    with pytest.raises(UsageError, match="task translate, which measures more than cost"):
        pair_up(plans, ["backend"])


def test_sides_run_one_straight_after_the_other_in_random_order():
    pairs = paired()
    ran = list(order(pairs, seed=0))
    assert len(ran) == pairs.num_trials == 80
    for (first, one), (second, other) in zip(ran[::2], ran[1::2], strict=True):
        assert {first, second} == {0, 1}
        assert one.round == other.round
        assert case_key(one, ["backend"]) == case_key(other, ["backend"])
    starts = [side for side, _ in ran[::2]]
    assert 10 < sum(starts) < 30
    rounds = [trial.round for _, trial in ran]
    assert rounds == sorted(rounds)
    cases = [
        tuple(t.case.params["cell"]["hidden_size"] for _, t in ran[i : i + 8 : 2])
        for i in range(0, 80, 8)
    ]
    assert any(one != other for one, other in pairwise(cases))


def test_the_order_is_that_of_the_seed():
    def sides(seed):
        return [(side, trial.trial_key) for side, trial in order(paired(), seed)]

    assert sides(1) == sides(1)
    assert sides(1) != sides(2)


def test_rows_of_both_sides_get_the_key_that_they_share():
    pairs = paired((1, 2), 1)
    sides = [
        renamed([_record(own[number][0]) for own in pairs.cases.values()], pairs, number)
        for number in (0, 1)
    ]
    assert [r.case_id for r in sides[0]] == [r.case_id for r in sides[1]] == list(pairs.cases)


def _record(trial):
    from seqbench.experiments.fates import blank_record

    return blank_record(trial)
