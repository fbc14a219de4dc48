"""The artifact cache: built once, never trusted where its checksum is off."""

import multiprocessing
import os
import time

import numpy as np
import pytest

from seqbench.experiments import bundle
from seqbench.experiments.artifacts import ArtifactCache, default_cache
from seqbench.interfaces import ArtifactError

PARAMS = {"cell/weight_hh": np.arange(6, dtype=np.float32).reshape(2, 3), "file": np.zeros(0)}
META = {"vocab": ["a", "ß"], "history": [0.5, 0.25]}


@pytest.fixture
def cache(tmp_path):
    return ArtifactCache(tmp_path)


def test_arrays_and_meta_come_back(cache):
    digest = cache.save("key", PARAMS, META)
    found = cache.load("key")
    assert found.meta == META
    assert found.digest == digest
    assert found.params.keys() == PARAMS.keys()
    for name, value in PARAMS.items():
        assert found.params[name].dtype == value.dtype
        np.testing.assert_array_equal(found.params[name], value)


def test_same_content_gives_the_same_bytes(cache, monkeypatch):
    first = cache.save("one", PARAMS, META)
    monkeypatch.setattr(time, "time", lambda: 2e9)
    assert cache.save("two", PARAMS, META) == first


def test_numpy_reads_the_file(cache):
    cache.save("key", PARAMS, META)
    with np.load(cache.path("key") / "params.npz", allow_pickle=False) as archive:
        np.testing.assert_array_equal(archive["cell/weight_hh"], PARAMS["cell/weight_hh"])


def test_missing_artifact(cache):
    assert not cache.has("key")
    with pytest.raises(ArtifactError, match=r"artifact: key is not in .*run the experiment that"):
        cache.load("key")


@pytest.mark.parametrize("name", ["params.npz", "meta.json", "SHA256SUMS"])
@pytest.mark.parametrize("damage", ["flip", "cut", "remove", "empty"])
def test_damage_is_never_trusted(cache, name, damage):
    cache.save("key", PARAMS, META)
    path = cache.path("key") / name
    content = path.read_bytes()
    if damage == "remove":
        path.unlink()
    elif damage == "flip":
        path.write_bytes(content[:20] + bytes([content[20] ^ 1]) + content[21:])
    else:
        path.write_bytes(content[: len(content) // 2] if damage == "cut" else b"")
    with pytest.raises(ArtifactError, match=r"cannot be trusted: .*; delete the folder"):
        cache.load("key")


def test_damaged_artifact_is_rebuilt_and_told(cache):
    cache.save("key", PARAMS, META)
    (cache.path("key") / "meta.json").write_text("{}")
    told = []
    found = cache.get_or_build("key", lambda: (PARAMS, META), told.append)
    assert found.meta == META
    assert len(told) == 1
    assert "meta.json has SHA-256 44136fa355b3…, not as in SHA256SUMS" in told[0]
    assert told[0].endswith("building it again")
    assert cache.load("key").meta == META


def test_what_is_there_is_not_built(cache):
    cache.save("key", PARAMS, META)
    found = cache.get_or_build("key", lambda: pytest.fail("built again"))
    assert found.meta == META


def test_a_failed_build_leaves_nothing_and_frees_the_lock(cache):
    def fail():
        raise RuntimeError("diverged")

    with pytest.raises(RuntimeError, match="diverged"):
        cache.get_or_build("key", fail)
    assert not cache.has("key")
    assert cache.get_or_build("key", lambda: (PARAMS, META)).meta == META


def test_objects_are_refused(cache):
    with pytest.raises(ArtifactError, match=r"cannot write .*[Oo]bject.*SEQBENCH_CACHE"):
        cache.save("key", {"bad": np.array([None])}, {})
    assert not cache.has("key")
    assert list((cache.root / "artifacts").iterdir()) == []


def test_unwritable_cache_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    cache = ArtifactCache(tmp_path / "file")
    with pytest.raises(ArtifactError, match=r"cannot write .*point SEQBENCH_CACHE at a writable"):
        cache.save("key", PARAMS, META)
    with pytest.raises(ArtifactError, match=r"cannot lock .*Not a directory; point SEQBENCH_CACHE"):
        cache.get_or_build("key", lambda: (PARAMS, META))


@pytest.mark.parametrize("key", ["", "../up", "a/b", ".hidden"])
def test_keys_are_file_names(cache, key):
    with pytest.raises(ArtifactError, match="is no key; expected letters, digits"):
        cache.has(key)


def build_slowly(root, log):
    """One of several processes that want the same artifact."""

    def build():
        with open(log, "a") as file:
            file.write(f"{os.getpid()}\n")
        time.sleep(0.5)
        return PARAMS, META

    found = ArtifactCache(root).get_or_build("key", build)
    assert found.meta == META


def test_two_processes_build_once(tmp_path):
    context = multiprocessing.get_context("spawn")
    log = str(tmp_path / "log")
    processes = [context.Process(target=build_slowly, args=(tmp_path, log)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
        assert process.exitcode == 0
    assert len((tmp_path / "log").read_text().splitlines()) == 1


def test_waiting_is_told(cache):
    import threading

    told = []
    with cache.lock("key"):
        waiter = threading.Thread(
            target=cache.get_or_build, args=("key", lambda: (PARAMS, META), told.append)
        )
        waiter.start()
        for _ in range(200):
            if told:
                break
            time.sleep(0.01)
        assert not cache.has("key")
    waiter.join(10)
    assert told == ["artifact: key is being built by another process; waiting"]
    assert cache.has("key")


def test_checkpoint_keeps_the_newest_state(cache):
    checkpoint = cache.checkpoint("key")
    assert checkpoint.load() is None
    checkpoint.save(PARAMS, {"epoch": 1})
    checkpoint.save(PARAMS, {"epoch": 2})
    assert cache.checkpoint("key").load().meta == {"epoch": 2}
    assert [folder.name for folder in checkpoint.folder.iterdir()] == ["00000002"]
    checkpoint.remove()
    checkpoint.remove()
    assert checkpoint.load() is None


def test_damaged_checkpoint_falls_back_to_the_one_before(cache, monkeypatch):
    checkpoint = cache.checkpoint("key")
    checkpoint.save(PARAMS, {"epoch": 1})
    with monkeypatch.context() as patch:  # killed before the older one was removed
        patch.setattr("shutil.rmtree", lambda folder: None)
        checkpoint.save(PARAMS, {"epoch": 2})
    newest = checkpoint.folder / "00000002" / "params.npz"
    newest.write_bytes(newest.read_bytes()[:-1])
    told = []
    assert checkpoint.load(told.append).meta == {"epoch": 1}
    assert "00000002 cannot be trusted: params.npz has SHA-256" in told[0]


def test_interrupted_write_is_no_checkpoint(cache, monkeypatch):
    checkpoint = cache.checkpoint("key")
    checkpoint.save(PARAMS, {"epoch": 1})

    def killed(source, target):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(bundle.os, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            checkpoint.save(PARAMS, {"epoch": 2})
    assert checkpoint.load().meta == {"epoch": 1}


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.setenv("SEQBENCH_CACHE", str(tmp_path / "own"))
    assert default_cache() == tmp_path / "own"
    monkeypatch.delenv("SEQBENCH_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "seqbench"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_cache() == tmp_path / ".cache" / "seqbench"
