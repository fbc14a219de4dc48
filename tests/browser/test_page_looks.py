"""Light and dark, a phone, texts that would like to be markup."""

from __future__ import annotations

import pytest
from looking import texts
from made_records import beam
from report_inputs import HOSTILE, claiming, table
from test_report_page import named

from seqbench.results.report import write_report

PAPER = "getComputedStyle(document.body).backgroundColor"
LIGHT, DARK = "rgb(255, 255, 255)", "rgb(20, 23, 28)"


@pytest.mark.parametrize(("dark", "paper"), [(False, LIGHT), (True, DARK)])
def test_the_page_is_as_light_as_the_reader_likes(tab, pages, dark, paper):
    assert tab(pages["cells"], dark=dark).run(PAPER) == paper


def test_a_switch_turns_it_and_is_remembered(tab, pages):
    page = tab(pages["cells"], dark=True)
    page.click("#theme")
    assert (texts(page, "#theme"), page.run(PAPER)) == (["Theme: light"], LIGHT)
    page.click("#theme")
    assert (texts(page, "#theme"), page.run(PAPER)) == (["Theme: dark"], DARK)
    page.open(pages["beams"])
    assert texts(page, "#theme") == ["Theme: dark"]
    page.click("#theme")
    assert texts(page, "#theme") == ["Theme: auto"]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", ["cells", "ratios", "compared"])
def test_text_stands_out_from_its_ground(tab, pages, name, dark):
    """4.5 to 1 as WCAG 2.1 asks, of every text that stands on a plain ground."""
    page = tab(pages[name], dark=dark)
    weak = page.run(
        """(() => {
          const parse = (text) => text.match(/[\\d.]+/g).map(Number);
          const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
            .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
            .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
          const ground = (node) => {
            for (let n = node; n; n = n.parentElement) {
              const c = parse(getComputedStyle(n).backgroundColor);
              if (c.length < 4 || c[3] === 1) return c;
            }
            return [255, 255, 255];
          };
          const weak = [];
          for (const node of document.querySelectorAll("body *")) {
            const own = [...node.childNodes].some((c) => c.nodeType === 3 && c.data.trim());
            if (!own || node.closest("svg, script, noscript, [hidden], button:disabled")) continue;
            const [a, b] = [light(parse(getComputedStyle(node).color)), light(ground(node))];
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (ratio < 4.5) weak.push([node.textContent.slice(0, 40), ratio]);
          }
          return weak;
        })()"""
    )
    assert weak == []


@pytest.mark.parametrize("name", ["cells", "beams", "ratios", "compared", "all"])
def test_a_phone_scrolls_down_alone(tab, pages, name):
    page = tab(pages[name], "", 375, 812)
    inside = ".grid, .facets, .scroll, .wide-figure, details:not([open]) > .values"
    width, wide = page.run(
        f"""[document.documentElement.scrollWidth,
        [...document.querySelectorAll("main *, header *")]
          .filter((n) => n.getBoundingClientRect().right > 376)
          .filter((n) => !n.closest("{inside}"))
          .map((n) => n.className || n.id || n.tagName)]"""
    )
    assert wide == []
    assert width <= 375


def test_a_filter_opens_within_a_phone(tab, pages):
    page = tab(pages["cells"], "", 375, 812)
    for column in ("phase", "metric"):
        page.click(f'details.facet[data-column="{column}"] summary')
        left, top, right, bottom = page.run(
            f"""(() => {{ const b = document.querySelector('[data-column="{column}"] .values')
            .getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; }})()"""
        )
        assert (left >= 0, top >= 0, right <= 375, bottom <= 812) == (True,) * 4


def test_a_phone_shows_a_row_in_full_at_a_touch(tab, pages):
    page = tab(pages["cells"], "", 375, 812)
    page.click('.body [role=row][aria-rowindex="2"] [role=gridcell]')
    box = page.run(
        "(() => { const b = document.getElementById('details').getBoundingClientRect();"
        " return [b.left, b.right, b.bottom]; })()"
    )
    assert box == [0, 375, 812]
    assert "numpy.gru" in texts(page, "#details dd")


def test_on_a_phone_what_was_measured_is_in_sight(tab, pages):
    page = tab(pages["cells"], "", 375, 812)
    right = page.run(
        """document.querySelector('[title="Sort by value"]').getBoundingClientRect().right"""
    )
    assert right < 375


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    place = tmp_path_factory.mktemp("hostile")
    tables = [table(place / f"{n}.csv", [named(text)]) for n, text in enumerate(HOSTILE)]
    return write_report(tables, place / "page.html").path


def test_no_text_of_a_row_runs_as_markup(tab, hostile):
    page = tab(hostile)
    plain = page.run("document.querySelectorAll('script').length")
    names = page.run("[...document.getElementById('sheet').options].map((o) => o.value)")
    assert len(names) == 2 * len(HOSTILE) + 1
    for name in names:
        page.run(
            f"""(() => {{
              const list = document.getElementById("sheet");
              list.value = {name!r}; list.dispatchEvent(new Event("change"));
              for (const one of document.querySelectorAll("details")) one.open = true;
              document.querySelector(".body [role=gridcell]").click();
              for (const one of document.querySelectorAll("[role=tab]")) one.click();
            }})()"""
        )
        assert page.run("document.getElementById('details').hidden") is False
        assert page.run("window.ran") is None
    assert page.run("document.querySelectorAll('script').length") == plain == 2
    assert page.run("document.querySelectorAll('img, iframe, object, embed, base').length") == 0
    ways = "[...document.querySelectorAll('*')].flatMap((n) => n.getAttributeNames())"
    assert [name for name in page.run(ways) if name.startswith("on")] == []


def test_marks_that_turn_or_hide_text_are_shown(tab, hostile):
    n = next(n for n, text in enumerate(HOSTILE) if "\u202e" in text)
    page = tab(hostile, f"#t={n}")
    text = texts(page, "#answer-list li")[n]
    assert "\u27e8U+202E\u27e9" in text
    assert "\u202e" not in page.run("document.body.innerText")


def test_a_very_long_name_breaks_no_layout(tab, hostile):
    n = next(n for n, text in enumerate(HOSTILE) if len(text) > 1000)
    for width in (1280, 375):
        page = tab(hostile, f"#t={n}", width)
        assert page.run("document.documentElement.scrollWidth") <= width


def test_the_policy_stops_a_script_that_was_not_written_here(browser, pages, tmp_path):
    """The last line of defence, should markup ever get in."""
    text = pages["cells"].read_text().replace("</main>", "</main><script>window.ran = 1</script>")
    (tmp_path / "page.html").write_text(text)
    page = browser.page()
    page.open(tmp_path / "page.html")
    assert page.run("window.ran") is None
    assert any("Content Security Policy" in str(one) for one in page.complaints())
    page.close()


@pytest.mark.parametrize("dark", [False, True])
def test_the_answer_to_a_claim_is_marked(tab, tmp_path, dark):
    """And its words are text, whatever stands in them."""
    gained = [beam(w, h, seed=s) for s in range(3) for w, h in ((1, 200), (10, 330))]
    folder = claiming(tmp_path / "c", gained, says=HOSTILE[0])
    page = tab(write_report([folder], tmp_path / "page.html").path, dark=dark)
    assert texts(page, "#answer-list .claim") == ["supported"]
    assert HOSTILE[0] in texts(page, "#answer-list li")[0]
    assert page.run("window.ran") is None
    assert page.run("getComputedStyle(document.querySelector('.claim')).color") != page.run(
        "getComputedStyle(document.body).color"
    )
