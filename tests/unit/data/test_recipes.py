"""From downloads to files: recipes on small made ones, archives that mean harm, real files back."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest

from seqbench.data.fetching import archives, recipes
from seqbench.data.fetching.archives import tar_members, zip_members
from seqbench.data.fetching.origins import PARTS
from seqbench.data.fetching.recipes import RECIPES, packed
from seqbench.interfaces import DataError


def made(recipe, path, *files):
    return RECIPES[recipe](path, files)


@pytest.fixture
def given(tmp_path):
    def given(content):
        path = tmp_path / "download"
        path.write_bytes(content)
        return path

    return given


def test_nine_tenths_leaves_every_tenth_line_out_in_utf_8(given):
    lines = [f"caf\xe9 {n} \x85 " for n in range(21)]
    text = made("nine_tenths", given("\n".join([*lines, ""]).encode("latin-1")), "f")["f"].decode()
    assert text.splitlines(keepends=True)[0] == "café 0 …\n"
    kept = [line.split()[1] for line in text.removesuffix("\n").split("\n")]
    assert kept == [str(n) for n in range(21) if n not in (9, 19)]


def test_a_plain_space_at_the_end_goes_and_a_hard_one_stays(given):
    assert made("nine_tenths", given(b"a  \nb\xa0\n"), "f")["f"].decode() == "a\nb\xa0\n"


def test_seven_sections_are_kept_with_their_headers(given):
    text = ": capital-world\na b c d\n: family\ne f g h\n: gram2-opposite\ni j k l\n"
    assert made("seven_sections", given(text.encode()), "f")["f"] == b": family\ne f g h\n"


def test_a_truncated_zip_is_cut_at_a_word(given):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packer.compress(b"one two three four fi") + packer.flush(zlib.Z_SYNC_FLUSH)
    head = b"PK\x03\x04" + bytes(22) + (5).to_bytes(2, "little") + (3).to_bytes(2, "little")
    path = given(head + b"text8" + b"xyz" + body)
    assert made("truncated_zip", path, "f")["f"] == b"one two three four"


def test_brown_keeps_words_without_their_tags(given, monkeypatch):
    monkeypatch.setattr(recipes, "BROWN_DOCUMENTS", {"a": 2})
    path = given(
        zipped(
            {"brown/ca01": "\n\n\tThe/at cat/nn 1/2/cd ./.\n\n", "brown/ca02": "\tAway/rb !/.\n"}
        )
    )
    assert made("brown_words", path, "f")["f"] == b"The cat 1/2 .\nAway !\n"
    assert sum({**BROWN}.values()) == 500


BROWN = dict(recipes.BROWN_DOCUMENTS)


def test_articles_lose_their_quotes(given):
    long = "word " * 40_000  # longer than a field that csv takes unasked
    path = given(zipped({"wikitext-2/wiki.train.tokens": f'" \n = ""A"" = \n"\n"{long}\n"\n'}))
    assert made("articles", path, "f")["f"].decode() == f' \n = "A" = \n{long}\n'


def test_whole_lines_of_windows_1252(given):
    path = given(b"a 1\r\n\x96 2\r\ncut 0.")
    assert made("whole_lines_of_windows_1252", path, "f")["f"].decode() == "a 1\n\u2013 2\n"


def test_recordings_come_out_of_the_top_folder(given):
    path = given(tarred({"repo-1/recordings/a.wav": b"1", "repo-1/README": b""}))
    assert made("recordings", path, "fsdd/recordings/a.wav") == {"fsdd/recordings/a.wav": b"1"}


@pytest.mark.parametrize("packer", [recipes._gnu_like, recipes._python_like, recipes._gnu])
def test_a_packer_writes_gzip_and_is_found_by_its_checksum(packer):
    content = os.urandom(1000) * 300
    data = packer(content)
    assert gzip.decompress(data) == content
    assert packed(content, hashlib.sha256(data).hexdigest(), "f") == data


def test_a_packer_that_is_not_here_is_told():
    with pytest.raises(DataError, match=r"no packer here .*expected one that does"):
        packed(b"text", "0" * 64, "f")


def test_without_gzip_the_others_are_tried(monkeypatch):
    monkeypatch.setattr(recipes.shutil, "which", lambda name: None)
    assert recipes._gnu(b"text") == b""


LONG = ("wiki.train", "text8", "brown")  # many seconds each
REAL_PACKED = [
    pytest.param(file, marks=pytest.mark.slow if any(word in file for word in LONG) else ())
    for file in sorted(PARTS)
    if file.endswith(".gz") and "char" not in file
]


@pytest.mark.data
@pytest.mark.parametrize("file", REAL_PACKED)
def test_the_real_files_are_packed_to_the_byte(file):
    data = (Path(os.environ["SEQBENCH_DATA"]) / file).read_bytes()
    assert packed(gzip.decompress(data), PARTS[file].sha256, file) == data


def zipped(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return stream.getvalue()


def tarred(members):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in members.items():
            info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            body = b"" if isinstance(content, tarfile.TarInfo) else content
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return stream.getvalue()


OUTSIDE = ["../evil", "a/../../evil", "/etc/evil", "C:/evil", "..\\evil"]


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_zip_that_leads_outside_is_refused_whole(given, name, tmp_path):
    path = given(zipped({"good": "1", name: "2"}))
    with pytest.raises(DataError, match=r"a path outside the archive's folder.*nothing of it"):
        zip_members(path, ["good"])
    assert [p.name for p in tmp_path.iterdir()] == ["download"]


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_tar_that_leads_outside_is_refused_whole(given, name):
    with pytest.raises(DataError, match="a path outside the archive's folder"):
        tar_members(given(tarred({"top/good": b"1", name: b"2"})), ["good"])


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_of_a_tar_are_refused(given, kind):
    info = tarfile.TarInfo("top/link")
    info.type, info.linkname = kind, "/etc/passwd"
    with pytest.raises(DataError, match="neither a file nor a folder"):
        tar_members(given(tarred({"top/good": b"1", "top/link": info})), ["good"])


def test_a_link_in_a_zip_is_refused(given):
    info = zipfile.ZipInfo("link")
    info.external_attr = 0o120777 << 16
    with pytest.raises(DataError, match="'link', a link"):
        zip_members(given(zipped({"good": "1", info: "/etc/passwd"})), ["good"])


@pytest.mark.parametrize(("pack", "read"), [(zipped, zip_members), (tarred, tar_members)])
def test_a_missing_member_a_bomb_and_damage_are_told(given, monkeypatch, pack, read):
    data = pack({"top/a": b"0" * 5000})
    name = "top/a" if read is zip_members else "a"
    with pytest.raises(DataError, match="lacks 1 of 2 members, first b"):
        read(given(data), [name, "b"])
    assert read(given(data), [name]) == {name: b"0" * 5000}
    with pytest.raises(DataError, match="no whole archive"):
        read(given(data[: len(data) // 2]), [name])
    monkeypatch.setattr(archives, "MAX_BYTES", 1000)
    with pytest.raises(DataError, match="would unpack to 5000 bytes or more, expected at most"):
        read(given(data), [name])
