"""Template, style, script and data joined to one file that asks nothing of any other."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from .collected import Collected
from .encoding import encoded, script_json

SCRIPTS = (
    "dom.js",
    "format.js",
    "data.js",
    "state.js",
    "select.js",
    "grid.js",
    "gridkeys.js",
    "filters.js",
    "details.js",
    "axes.js",
    "chart.js",
    "points.js",
    "costplot.js",
    "qualityplot.js",
    "heatmap.js",
    "verdictplot.js",
    "plots.js",
    "provenance.js",
    "main.js",
)
"""In the order in which they are joined: a function stands before what runs it on loading."""

POLICY = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)


def page(found: Collected, title: str, version: str) -> str:
    """The whole HTML text. Names and values of the tables are in it as JSON alone."""
    script = '"use strict";\n(() => {\n' + "\n".join(map(asset, SCRIPTS)) + "\n})();\n"
    style = asset("style.css")
    policy = POLICY.format(script=_hash(script), style=_hash(style))
    parts = {
        "title": html.escape(title),
        "policy": html.escape(policy, quote=False),
        "style": style,
        "data": script_json(_document(found, title, version)),
        "script": script,
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], asset("page.html"))


def _document(found: Collected, title: str, version: str) -> dict[str, Any]:
    answers = [
        {
            "experiment": one.experiment,
            "question": one.question,
            "sentence": one.sentence,
            "sheet": one.sheet,
            "verdict": one.verdict,
            "claim": one.claim,
        }
        for one in found.answers
    ]
    return {
        "title": title,
        "version": version,
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "answers": answers,
        "notes": [*found.omissions, *found.notes],
        "sheets": [encoded(sheet) for sheet in found.sheets],
    }


def asset(name: str) -> str:
    """The text of a file beside this module."""
    return files(__package__).joinpath("assets", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """As a Content-Security-Policy names an inline script or style."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
