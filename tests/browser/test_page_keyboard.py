"""The page by keyboard alone, and what it tells screen readers."""

from __future__ import annotations

import pytest
from looking import focused, sort_of, texts


def test_the_tab_key_goes_through_the_page_in_its_order(tab, pages):
    page = tab(pages["cells"])
    found = []
    while len(found) < 40 and "tab-cost" not in found:
        page.press("Tab")
        found.append(focused(page))
    order = ["skip", "theme", "sheet", "search", "sort", "cells", "Sort by state", "tab-cost"]
    assert [name for name in found if name in order] == order


def test_the_focus_is_seen(tab, pages):
    page = tab(pages["cells"])
    for _ in range(24):
        page.press("Tab")
        if page.run("document.activeElement === document.body"):
            break
        style = page.run(
            "(() => { const s = getComputedStyle(document.activeElement);"
            " return [s.outlineStyle, parseFloat(s.outlineWidth)]; })()"
        )
        assert style[0] in ("solid", "auto"), focused(page)
        assert style[1] >= 1, focused(page)


def test_the_first_link_goes_to_the_table(tab, pages):
    page = tab(pages["cells"])
    page.press("Tab", "Enter")
    assert focused(page) == "cells"


def active(page):
    return page.run("document.getElementById('cells').getAttribute('aria-activedescendant')")


def test_arrow_keys_move_through_the_table(tab, pages):
    page = tab(pages["cells"])
    page.run("document.getElementById('cells').focus()")
    assert active(page) == "cell-0-0"
    page.press("ArrowDown", "ArrowDown", "ArrowRight")
    assert active(page) == "cell-2-1"
    page.press("End")
    last = page.run("document.querySelectorAll('[role=columnheader]').length") - 1
    assert active(page) == f"cell-2-{last}"
    page.press("End", control=True)
    assert active(page) == f"cell-39-{last}"
    assert page.run(f"document.getElementById('cell-39-{last}').classList.contains('active')")
    page.press("Home", control=True)
    page.press("PageDown")
    assert int(active(page).split("-")[1]) > 5
    page.press("PageUp", "PageUp", "ArrowUp")
    assert focused(page) == "Sort by state"  # above the first row stand the headings


def test_the_active_row_is_in_sight(tab, pages):
    page = tab(pages["cells"], "", 1280, 500)
    page.run("document.getElementById('cells').focus()")
    for _ in range(30):
        page.press("ArrowDown")
        inside = page.run(
            "(() => { const g = document.getElementById('cells').getBoundingClientRect();"
            " const h = document.querySelector('.heads').getBoundingClientRect();"
            " const c = document.querySelector('.cell.active').getBoundingClientRect();"
            " return c.top >= h.bottom - 1 && c.bottom <= g.bottom + 1; })()"
        )
        assert inside, active(page)


def test_enter_opens_a_row_and_escape_comes_back(tab, pages):
    page = tab(pages["cells"])
    page.run("document.getElementById('cells').focus()")
    page.press("ArrowDown", "Enter")
    assert focused(page) == "close-details"
    assert "numpy.gru" in texts(page, "#details dd")
    assert "row=" in page.run("location.hash")
    page.press("Escape")
    assert focused(page) == "cells"
    assert page.run("document.getElementById('details').hidden")
    assert page.run("location.hash") == ""


def test_headings_sort_by_keyboard(tab, pages):
    page = tab(pages["cells"])
    page.run("document.querySelector('[title=\"Sort by state\"]').focus()")
    page.press("ArrowRight", "Enter")
    name = focused(page).removeprefix("Sort by ")
    assert sort_of(page) == {name: "ascending"}
    page.press("Enter")
    assert sort_of(page) == {name: "descending"}
    assert focused(page) == f"Sort by {name}"
    page.press("ArrowDown")
    assert focused(page) == "cells"


def test_filters_open_and_close_by_keyboard(tab, pages):
    page = tab(pages["cells"])
    page.run("document.querySelector('[data-column=\"metric\"] summary').focus()")
    page.press("Enter", "Tab", "Space")
    assert len(texts(page, ".chip")) == 1
    page.press("Escape")
    assert focused(page).startswith("metric")
    assert page.run("document.querySelector('[data-column=\"metric\"]').open") is False


def test_tabs_of_the_plots_turn_by_arrow_keys(tab, pages):
    page = tab(pages["cells"])
    page.run("document.getElementById('tab-cost').focus()")
    page.press("ArrowRight")
    assert focused(page) == "tab-heat"
    page.press("ArrowRight")
    assert focused(page) == "tab-cost"


@pytest.mark.parametrize("name", ["cells", "beams", "ratios", "compared", "all"])
def test_everything_that_can_be_used_has_a_name(tab, pages, name):
    page = tab(pages[name])
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    used = {
        "button",
        "combobox",
        "checkbox",
        "textbox",
        "searchbox",
        "grid",
        "tab",
        "image",
        "link",
    }
    named = [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in nodes
        if not node["ignored"] and node["role"]["value"] in used
    ]
    assert {"button", "combobox", "grid"} <= {role for role, _ in named}
    assert [one for one in named if not one[1].strip()] == []
