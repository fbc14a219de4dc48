"""`seqbench report`: its words, its exit codes."""

from __future__ import annotations

import pytest

from seqbench.cli import main

RATIOS = "group,size,ours,peer,ratio\ncell,B1,numpy.gru,torch.gru,{}\n"


@pytest.fixture
def report(tmp_path, capsys):
    def report(text):
        path = tmp_path / "ratios.csv"
        path.write_text(text)
        code = main(["report", str(path), "--html", str(tmp_path / "page.html")])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return report


def test_it_names_the_page(report, tmp_path):
    code, out, err = report(RATIOS.format(0.5))
    assert (code, err) == (0, "")
    assert out.startswith(f"page:  {tmp_path / 'page.html'} (1 table, 1 row, ")
    assert (tmp_path / "page.html").read_text().startswith("<!DOCTYPE html>")


def test_a_table_that_cannot_be_read_is_wrong_usage(report, tmp_path):
    code, out, err = report("")
    assert (code, out) == (2, "")
    assert err.startswith("seqbench: error: report: ")
    assert not (tmp_path / "page.html").exists()


def test_no_number_is_told_and_the_page_is_there(report, tmp_path):
    code, out, err = report(RATIOS.format("nan"))
    assert code == 2
    assert "1 row holds NaN or an infinity where a number is expected" in err
    assert out.startswith("page:  ")
    assert (tmp_path / "page.html").exists()


@pytest.mark.parametrize("arguments", [["report"], ["report", "a.csv"], ["report", "--html", "x"]])
def test_wrong_usage(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage: seqbench report" in capsys.readouterr().err
