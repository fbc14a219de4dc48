"""The plots: labels with units, legends, tooltips, texts; nothing is cut off or written over."""

from __future__ import annotations

import pytest
from looking import choose, texts
from made_records import cell
from report_inputs import table

from seqbench.interfaces import Sample
from seqbench.results.report import write_report

EVERY = [
    ("cells", "cost"),
    ("cells", "heat"),
    ("beams", "cost"),
    ("beams", "quality"),
    ("beams", "heat"),
    ("ratios", "cost"),
    ("ratios", "heat"),
    ("compared", "verdicts"),
]


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize(("name", "plot"), EVERY)
def test_no_label_is_cut_off_or_written_over_another(tab, pages, name, plot, width):
    page = tab(pages[name], f"#p={plot}", width)
    outside, over = page.run(
        """(() => {
          const chart = document.querySelector(".chart").getBoundingClientRect();
          const all = [...document.querySelectorAll(".chart text")]
            .map((n) => [n.textContent, n.getBoundingClientRect(), n.getAttribute("transform")]);
          const inside = (b) => b.left >= chart.left - 1 && b.right <= chart.right + 1 &&
            b.top >= chart.top - 1 && b.bottom <= chart.bottom + 1;
          const outside = all.filter(([, b]) => !inside(b)).map(([t]) => t);
          const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 &&
            a.top < b.bottom - 3 && b.top < a.bottom - 3;
          const over = [];
          for (const [n, [t, a, turned]] of all.entries()) {
            for (const [u, b, other] of all.slice(n + 1)) {
              if ((turned || "").includes("-38") && (other || "").includes("-38")) continue;
              if (meet(a, b)) over.push([t, u]);
            }
          }
          return [outside, over];
        })()"""
    )
    assert outside == []
    assert over == []


@pytest.mark.parametrize(
    ("name", "plot", "labels"),
    [
        ("cells", "cost", ["hidden_size", "time [ms]"]),
        (
            "beams",
            "quality",
            ["tokens_per_s [token/s] (higher is better)", "bleu [BLEU] (higher is better)"],
        ),
        ("ratios", "cost", ["size.H", "time [ms]"]),
        ("compared", "verdicts", ["ratio new/base, logarithmic"]),
    ],
)
def test_axes_are_labelled_with_units(tab, pages, name, plot, labels):
    page = tab(pages[name], f"#p={plot}")
    assert [
        t
        for t in page.run("[...document.querySelectorAll('.label')].map((n) => n.textContent)")
        if t
    ] == labels


def test_cost_against_size_has_a_line_a_series_and_its_legend(tab, pages):
    page = tab(pages["cells"])
    assert page.run("document.querySelectorAll('.chart .line').length") == 4
    assert texts(page, ".legend li")[:4] == ["numpy gru", "numpy lstm", "torch gru", "torch lstm"]
    line = page.run("document.querySelector('.chart .line.c0').getAttribute('d')")
    (left, low), (right, high) = [map(float, p.split()) for p in line.removeprefix("M").split("L")]
    assert right > left
    assert low > high


def test_the_roof_is_drawn_where_the_rows_hold_ceilings(tab, pages):
    page = tab(pages["cells"])
    assert page.run("document.querySelectorAll('.chart .roof').length") >= 1
    assert "roof: FLOP at 100 GFLOP/s" in texts(page, ".legend li")
    assert "dashed the roof of this machine" in texts(page, "figcaption")[0]
    choose(page, "Cost", "peak_memory forward_backward")
    assert page.run("document.querySelectorAll('.chart .roof').length") == 0


def test_the_roof_passes_through_times_at_the_limit(tab, tmp_path):
    """FLOP of a time at 100 GFLOP/s; where a row tells its own limit, that."""
    records = [cell("gru", size, "numpy", [size * 1e-3], flops=size * 1e8) for size in (16, 32, 64)]
    lower = Sample("limit", 8e-3, "s", "none", "forward_backward")
    for name, more in (("flops", []), ("told", [lower])):
        records[0].samples += more
        made = write_report([table(tmp_path / f"{name}.csv", records)], tmp_path / f"{name}.html")
        page = tab(made.path)
        line, roof = page.run(
            "['.line', '.roof'].map((n) => document.querySelector('.chart ' + n).getAttribute('d'))"
        )
        on = [one == other for one, other in zip(line.split("L"), roof.split("L"), strict=True)]
        assert on == [name == "flops", True, True]


def test_plots_follow_the_filters(tab, pages):
    page = tab(pages["cells"], "#f.p.backend.name=torch")
    assert texts(page, ".legend li")[:2] == ["gru", "lstm"]
    nothing = tab(pages["cells"], "#q=nothing-of-this-name")
    assert "No row that is left" in texts(nothing, ".nothing")[0]


@pytest.mark.parametrize(("name", "plot"), EVERY)
def test_a_plot_has_its_text_and_its_points_as_a_table(tab, pages, name, plot):
    page = tab(pages[name], f"#p={plot}")
    assert len(page.run("document.querySelector('.chart').getAttribute('aria-label')")) > 40
    points = page.run("document.querySelectorAll('.points tbody tr').length")
    drawn = page.run(
        "document.querySelectorAll('.chart .mark, .chart .heat, .chart .verdict').length"
    )
    assert points == drawn > 0


@pytest.mark.parametrize(("name", "plot"), EVERY)
def test_arrow_keys_tell_the_points(tab, pages, name, plot):
    page = tab(pages[name], f"#p={plot}")
    page.run("document.querySelector('.chart').focus()")
    page.press("ArrowRight")
    first = texts(page, "#tooltip")[0]
    assert page.run("document.getElementById('tooltip').hidden") is False
    assert len(page.run("document.getElementById('live').textContent")) > 5
    if len(
        page.run("document.querySelectorAll('.points tbody tr').length.toString()")
    ) and page.run("document.querySelectorAll('.points tbody tr').length > 1"):
        page.press("ArrowRight")
        assert texts(page, "#tooltip")[0] != first
    page.press("Escape")
    assert page.run("document.getElementById('tooltip').hidden") is True


def test_the_pointer_tells_the_nearest_point(tab, pages):
    page = tab(pages["cells"])
    x, y = page.run(
        "(() => { const n = document.querySelector('.mark'); n.scrollIntoView({block: 'center'});"
        " const b = n.getBoundingClientRect(); return [b.x + 4, b.y + 4]; })()"
    )
    page.hover(x, y)
    assert "hidden_size 16" in texts(page, "#tooltip")[0].replace("\n", " ")


def test_quality_against_cost_pairs_the_values_of_a_case(tab, pages):
    page = tab(pages["beams"], "#p=quality")
    page.click(".points summary")
    rows = texts(page, ".points tbody tr")
    assert len(rows) == 2
    assert rows[0].startswith("width=1\t")
    assert "1000" in rows[0]


def test_the_heat_map_holds_ratios_to_the_best_backend(tab, pages):
    page = tab(pages["cells"], "#p=heat")
    assert page.run("document.querySelectorAll('.chart .heat').length") == 4
    assert set(
        page.run("[...document.querySelectorAll('.chart .heat text')].map((n) => n.textContent)")
    ) == {"1"}
    ratios = tab(pages["ratios"], "#p=heat")
    found = ratios.run(
        "[...document.querySelectorAll('.chart .heat text')].map((n) => n.textContent)"
    )
    assert found == ["0.38", "2"]


def test_the_heat_map_tells_how_many_times_worse(tab, tmp_path):
    records = [
        cell("gru", size, backend, [factor * size * 1e-3])
        for size, backend, factor in (
            *((16, "numpy", 1.0), (16, "torch", 2.0)),
            *((64, "numpy", 1.0), (64, "torch", 8.0)),
        )
    ]
    page = tab(
        write_report([table(tmp_path / "t.csv", records)], tmp_path / "page.html").path, "#p=heat"
    )
    found = page.run("[...document.querySelectorAll('.heat text')].map((n) => n.textContent)")
    assert found[:2] == ["1", "4"]  # the geometric mean of 2 and 8


def test_verdicts_are_told_by_word_and_not_by_colour_alone(tab, pages):
    page = tab(pages["compared"])
    assert texts(page, "#plot .badge") == [
        "\u25b2\u00a0SLOWER",
        "\u25b2\u00a0BETTER",
        "\u2212\u00a0removed",
    ]
    assert page.run("document.querySelectorAll('.chart .verdict').length") == 2
