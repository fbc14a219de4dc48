"""Fetching against a server on 127.0.0.1 that cuts, lies, stalls and refuses; never the network."""

from __future__ import annotations

import builtins
import errno
import hashlib
import subprocess
import sys
from contextlib import contextmanager

import pytest
from fault_server import serving

from seqbench.data.fetching import fetching
from seqbench.data.fetching.download import Download, name_of, need_pooch
from seqbench.data.fetching.fetching import DOWNLOADS, downloads, fetch, mirrored, place
from seqbench.data.fetching.origins import BY_HAND, ORIGIN_OF, ORIGINS, PARTS, Origin, Part
from seqbench.data.fetching.presence import presence
from seqbench.data.specs import seqbench_datasets
from seqbench.interfaces import DataError, PluginUnavailableError, UsageError

pytest.importorskip("pooch")
BODY = bytes(range(256)) * 2048  # eight pieces, so that a half and a quarter are whole ones
FILE = "set/file.bin"


def sha(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(scope="module")
def server():
    with serving() as site:
        yield site


@pytest.fixture
def site(server, monkeypatch):
    server.files = {"file.bin": BODY}
    server.faults.clear()
    server.asked.clear()
    server.ranges = True
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return server


@pytest.fixture
def get(site, tmp_path):
    """Fetch FILE, made of the site's file.bin, into a root."""

    def get(told=None, **settings):
        folder = tmp_path / DOWNLOADS
        folder.mkdir(exist_ok=True)
        origin = Origin(site.url("file.bin"), sha(BODY), (Part((FILE,), sha(BODY)),))
        settings = {"timeout_s": (2.0, 0.3), **settings}
        download = Download(folder, **settings)
        tell = (told if told is not None else []).append
        try:
            return fetch(tmp_path, [FILE], download, tell=tell, origins={FILE: origin})
        finally:
            download.close()

    return get


def test_a_file_comes_and_its_download_goes(get, site, tmp_path):
    told = []
    assert get(told).placed == (FILE,)
    assert (tmp_path / FILE).read_bytes() == BODY
    assert told == [f"{FILE}: placed, from {site.url('file.bin')}"]
    assert list((tmp_path / DOWNLOADS).iterdir()) == []
    assert [path.name for path in (tmp_path / "set").iterdir()] == ["file.bin"]


def test_what_is_right_is_neither_loaded_nor_written(get, site, tmp_path):
    get()
    before, site.asked[:] = (tmp_path / FILE).stat(), []
    assert get().kept == (FILE,)
    assert site.asked == []
    after = (tmp_path / FILE).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_damaged_file_is_told_and_replaced_by_a_good_one(get, tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / FILE).write_bytes(b"old")
    told = []
    get(told)
    assert told[0] == f"{FILE}: damaged or another version, replaced by a good one if one comes"
    assert (tmp_path / FILE).read_bytes() == BODY


def test_a_damaged_file_stays_where_no_good_one_comes(get, site, tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / FILE).write_bytes(b"old")
    site.faults["file.bin"] = ["wrong bytes"] * 9
    with pytest.raises(DataError, match="another SHA-256 after 4 tries") as found:
        get()
    assert sha(BODY) in str(found.value)
    assert (tmp_path / FILE).read_bytes() == b"old"


def test_a_cut_connection_goes_on_where_it_was(get, site, tmp_path):
    site.faults["file.bin"] = ["cut", "cut"]
    get()
    assert (tmp_path / FILE).read_bytes() == BODY
    ranges = [asked for _, asked in site.asked]
    assert ranges == ["", f"bytes={len(BODY) // 2}-", f"bytes={len(BODY) * 3 // 4}-"]


def test_the_next_command_goes_on_too(get, site, tmp_path):
    site.faults["file.bin"] = ["cut"]
    with pytest.raises(DataError, match="the connection was cut at the first try; expected"):
        get(retries=0)
    part = tmp_path / DOWNLOADS / f"{name_of(site.url('file.bin'))}.part"
    assert part.read_bytes() == BODY[: len(BODY) // 2]
    assert not (tmp_path / FILE).exists()
    get()
    assert site.asked[-1] == ("file.bin", f"bytes={len(BODY) // 2}-")
    assert (tmp_path / FILE).read_bytes() == BODY


def test_a_server_without_ranges_sends_it_all_again(get, site, tmp_path):
    site.ranges = False
    site.faults["file.bin"] = ["cut"]
    get()
    assert (tmp_path / FILE).read_bytes() == BODY


def test_a_wrong_range_is_not_appended(get, site, tmp_path):
    site.faults["file.bin"] = ["cut", "wrong range"]
    get()
    assert (tmp_path / FILE).read_bytes() == BODY
    assert [asked for _, asked in site.asked][-1] == ""


@pytest.mark.parametrize("have", [b"y" * len(BODY), b"y" * (len(BODY) + 1), b"y" * 100])
def test_a_partial_download_of_other_bytes_is_dropped(get, site, tmp_path, have):
    (tmp_path / DOWNLOADS).mkdir()
    (tmp_path / DOWNLOADS / f"{name_of(site.url('file.bin'))}.part").write_bytes(have)
    get()
    assert (tmp_path / FILE).read_bytes() == BODY
    assert len(site.asked) == 2


def test_a_partial_download_that_was_whole_is_used(get, site, tmp_path):
    (tmp_path / DOWNLOADS).mkdir()
    (tmp_path / DOWNLOADS / f"{name_of(site.url('file.bin'))}.part").write_bytes(BODY)
    get()
    assert site.asked == [("file.bin", f"bytes={len(BODY)}-")]


def test_what_has_no_checksum_is_not_resumed(site, tmp_path):
    url = site.url("file.bin")
    (tmp_path / f"{name_of(url)}.part").write_bytes(BODY[:100])
    download = Download(tmp_path)
    path = download.get(url, "")
    download.close()
    assert path.read_bytes() == BODY
    assert site.asked == [("file.bin", "")]


def test_a_redirect_is_followed(get, site, tmp_path):
    site.files["elsewhere"] = BODY
    site.faults["file.bin"] = ["redirect elsewhere"]
    get()
    assert (tmp_path / FILE).read_bytes() == BODY


@pytest.mark.parametrize("status", [404, 403])
def test_a_refusal_ends_it_at_once(get, site, status):
    site.faults["file.bin"] = [status] * 9
    with pytest.raises(DataError, match=rf"file\.bin answers {status} \w+.*expected the file"):
        get()
    assert len(site.asked) == 1


def test_an_error_of_the_server_is_tried_again(get, site, tmp_path):
    site.faults["file.bin"] = [500, 503]
    get()
    assert (tmp_path / FILE).read_bytes() == BODY
    site.faults["file.bin"] = [500] * 9
    (tmp_path / FILE).unlink()
    with pytest.raises(DataError, match="answers 500 Internal Server Error after 4 tries"):
        get()


def test_a_stalled_connection_is_given_up_and_resumed(get, site, tmp_path):
    site.faults["file.bin"] = ["slow"]
    get()
    assert (tmp_path / FILE).read_bytes() == BODY
    assert site.asked[-1][1].startswith("bytes=")
    site.faults["file.bin"] = ["slow"] * 2
    (tmp_path / FILE).unlink()
    with pytest.raises(DataError, match="no answer in time after 2 tries"):
        get(retries=1)


def test_no_server_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as site:
        url = site.url("gone")
    download = Download(tmp_path, retries=0)
    with pytest.raises(DataError, match="no connection, or it was cut at the first try"):
        download.get(url, "")
    download.close()


def test_a_download_without_end_is_stopped(get, monkeypatch, tmp_path):
    monkeypatch.setattr("seqbench.data.fetching.download.MAX_BYTES", 1000)
    with pytest.raises(DataError, match=f"sends {len(BODY)} bytes, expected at most 1000"):
        get()
    assert not (tmp_path / FILE).exists()


def test_a_full_disk_is_told_while_loading(site, tmp_path):
    class Full(type(tmp_path)):
        def open(self, mode="r", *rest, **more):
            raise OSError(errno.ENOSPC, "No space left on device")

    download = Download(Full(tmp_path))
    with pytest.raises(DataError, match=r"cannot be written \(No space left on device\)"):
        download.get(site.url("file.bin"), sha(BODY))
    download.close()


def test_a_full_disk_is_told_while_placing(get, monkeypatch, tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / FILE).write_bytes(b"old")

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fetching.os, "fsync", full)
    with pytest.raises(DataError, match=r"file\.bin cannot be written \(No space left on device\)"):
        get()
    assert (tmp_path / FILE).read_bytes() == b"old"
    assert [path.name for path in (tmp_path / "set").iterdir()] == ["file.bin"]


def test_the_bar_is_told_what_comes_and_where_it_starts(get, site):
    opened, moved = [], []

    @contextmanager
    def bar(said, there, total):
        opened.append((said, there, total))
        yield type("Bar", (), {"update": lambda self, count: moved.append(count)})()

    site.faults["file.bin"] = ["cut"]
    get(bar=bar)
    half = len(BODY) // 2
    assert opened == [(FILE, 0, len(BODY)), (FILE, half, len(BODY))]
    assert sum(moved) == len(BODY)


def test_what_is_made_wrong_is_not_placed(tmp_path):
    part = Part(("a", "b"), sha(b"12"))
    with pytest.raises(DataError, match=f"a and 1 more has SHA-256 {sha(b'13')}, expected"):
        place(tmp_path, part, [b"1", b"3"])
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "a").write_bytes(b"1")
    before = (tmp_path / "a").stat().st_ino
    place(tmp_path, part, [b"1", b"2"])
    assert (tmp_path / "a").stat().st_ino == before
    assert (tmp_path / "b").read_bytes() == b"2"


def test_a_download_that_no_recipe_can_use_is_removed(site, tmp_path):
    (tmp_path / DOWNLOADS).mkdir()
    origin = Origin(site.url("file.bin"), sha(BODY), (Part((FILE,), "0"),), "nine_tenths")
    download = Download(tmp_path / DOWNLOADS)
    with pytest.raises(DataError, match=r"is not what nine_tenths makes files of .*fetch it again"):
        fetch(tmp_path, [FILE], download, origins={FILE: origin})
    download.close()
    assert list((tmp_path / DOWNLOADS).iterdir()) == []


def test_one_fetch_at_a_time(tmp_path):
    with downloads(tmp_path) as folder:
        (folder / "some.part").touch()
        with pytest.raises(UsageError, match="another one is at work"), downloads(tmp_path):
            pass
    assert (folder / "some.part").exists()
    with downloads(tmp_path):
        (folder / "some.part").unlink()
    assert not folder.exists()


def test_a_root_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(DataError, match=r"cannot be made .*choose another --root"),
        downloads(tmp_path / "file"),
    ):
        pass


def test_without_pooch_the_extra_is_named(monkeypatch):
    def refuse(name, *rest, real=builtins.__import__, **more):
        if name == "pooch":
            raise ImportError("no", name="pooch")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(PluginUnavailableError, match=r"pooch is not installed.*seqbench\[data\]"):
        need_pooch()


def test_a_mirror_keeps_host_and_path():
    assert mirrored("https://a.b/c/d", "http://m/x/") == "http://m/x/a.b/c/d"
    assert mirrored("https://a.b/c/d", "") == "https://a.b/c/d"


def test_every_file_of_a_real_data_set_has_an_origin_or_steps_and_a_checksum():
    for spec in seqbench_datasets():
        for file in spec.files:
            assert (file in ORIGIN_OF) != (file in BY_HAND), file
            assert len(PARTS[file].sha256) == 64
            assert not file.startswith("/")
            assert ".." not in file


def test_an_origin_is_at_a_fixed_commit():
    for origin in ORIGINS:
        assert any(len(word) == 40 for word in origin.url.removesuffix(".tar.gz").split("/"))
        assert origin.sha256 or all(len(part.files) > 1 for part in origin.parts)


def test_what_must_not_be_passed_on_is_not_fetched():
    assert not any(file.startswith("ptb/") for file in ORIGIN_OF)


def test_presence_tells_missing_from_damaged(tmp_path):
    parts = {"a": Part(("a", "b"), sha(b"12")), "c": Part(("c",), sha(b"3"))}
    parts["b"] = parts["a"]
    assert presence(tmp_path, ["a", "b", "c"], parts).missing == ("a", "b", "c")
    for name, content in zip("abc", (b"1", b"2", b"x"), strict=True):
        (tmp_path / name).write_bytes(content)
    found = presence(tmp_path, ["a", "b", "c"], parts)
    assert (found.state, found.damaged) == ("damaged", ("c",))
    (tmp_path / "c").write_bytes(b"3")
    assert presence(tmp_path, ["a", "b", "c"], parts).state == "there"
    (tmp_path / "b").unlink()
    found = presence(tmp_path, ["a", "b", "c"], parts)
    assert (found.state, found.missing, found.damaged) == ("missing", ("b",), ())
    (tmp_path / "d").touch()
    assert presence(tmp_path, ["d"], parts).state == "unchecked"


def test_listing_imports_neither_numpy_nor_pooch():
    code = (
        "import sys\nfor m in ('numpy', 'pooch', 'requests', 'tqdm'): sys.modules[m] = None\n"
        "import seqbench.data.fetching.fetching, seqbench.data.fetching.download\n"
        "import seqbench.cli.data, seqbench.experiments.data_sets\n"
        "import seqbench.experiments.data_fetching\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
