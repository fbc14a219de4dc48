"""Scripts that read a page as a reader does."""

from __future__ import annotations

import json


def texts(page, selector):
    """The visible text of every match."""
    return page.run(
        f"[...document.querySelectorAll({json.dumps(selector)})].map((n) => n.innerText.trim())"
    )


def cells(page, heading):
    """The texts of one column of the rows that are in the document, from the top."""
    return page.run(
        f"""(() => {{
          const heads = [...document.querySelectorAll("[role=columnheader] button")];
          const n = heads.findIndex((b) => b.title === "Sort by " + {json.dumps(heading)});
          const rows = [...document.querySelectorAll(".body [role=row]")];
          rows.sort((a, b) => a.getAttribute("aria-rowindex") - b.getAttribute("aria-rowindex"));
          return rows.map((row) => row.children[n].innerText.trim());
        }})()"""
    )


def count(page):
    return page.run("document.getElementById('count').textContent")


def sort_of(page):
    """{heading: aria-sort} of the headings that are sorted by."""
    return page.run(
        """Object.fromEntries([...document.querySelectorAll("[role=columnheader]")]
        .filter((h) => h.getAttribute("aria-sort") !== "none")
        .map((h) => [h.querySelector("button").title.slice(8), h.getAttribute("aria-sort")]))"""
    )


def head(heading):
    """The selector of a heading's button."""
    return f'[role=columnheader] button[title="Sort by {heading}"]'


def tick(page, column, value):
    """Open a filter and tick one of its values, with the mouse."""
    page.click(f'details.facet[data-column="{column}"] summary')
    page.run(
        f"""(() => {{
          const facet = document.querySelector('details.facet[data-column="{column}"]');
          const label = [...facet.querySelectorAll("label")]
            .find((l) => l.querySelector("bdi").textContent === {json.dumps(value)});
          label.id = "to-tick";
        }})()"""
    )
    page.click("#to-tick input")
    page.run("document.getElementById('to-tick').removeAttribute('id')")
    page.press("Escape")


def focused(page):
    """What has the focus, as its id, title or text."""
    return page.run(
        "(() => { const n = document.activeElement;"
        " return n.id || n.title || n.innerText || n.tagName; })()"
    )


def choose(page, label, value):
    """Pick a plot's choice by its label."""
    page.run(
        f"""(() => {{
          const all = [...document.querySelectorAll("#plot label")];
          const named = all.find((l) => l.innerText.startsWith({json.dumps(label)}));
          const list = named.querySelector("select");
          list.value = {json.dumps(value)};
          list.dispatchEvent(new Event("change"));
        }})()"""
    )
