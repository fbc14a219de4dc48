"""What the documents tell readers to type is something the command line takes."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from seqbench.cli.main import parser
from seqbench.experiments.composing import initialised
from seqbench.experiments.sweep import expand

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PLACEHOLDERS = {"WIDTH": "5", "ALPHA": "0.6", "DATA": "."}


def commands(path: Path) -> list[str]:
    """Lines of code blocks that call seqbench, continued lines joined, comments cut."""
    blocks = re.findall(r"```\n(.*?)```", path.read_text(), flags=re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    found = (re.search(r"(?:^|&& |bin/)seqbench (.*)", line.split(" #")[0]) for line in lines)
    return [match.group(1).strip() for match in found if match]


COMMANDS = sorted({command for path in DOCUMENTS for command in commands(path)})


def test_the_documents_show_commands():
    assert any(command.startswith("run experiment=beam_width_bleu") for command in COMMANDS)


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("run ")])
def test_a_shown_run_composes(command):
    words = [PLACEHOLDERS.get(w, w) for w in shlex.split(command)[1:]]
    words = [re.sub("|".join(PLACEHOLDERS), lambda m: PLACEHOLDERS[m.group()], w) for w in words]
    overrides = [w for w in words if "=" in w]
    with initialised([]) as composer:
        assert expand(overrides, composer)


@pytest.mark.parametrize("command", [c for c in COMMANDS if not c.startswith("run ")])
def test_another_shown_command_parses(command):
    parser().parse_args(shlex.split(command))


def test_ci_calls_the_lines_of_the_readme():
    readme = (ROOT / "README.md").read_text()
    for marker in ("start", "tests"):
        assert f"<!-- {marker} -->\n```\n" in readme
    assert "readme_line tests" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize(("marker", "ends"), [("start", "beam_width_bleu"), ("tests", "pytest")])
def test_ci_reads_the_readme_as_a_reader_does(marker, ends):
    script = f"source .ci/lib.sh; readme_line {marker}"
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith(ends)


def test_ci_does_not_pass_over_a_missing_line():
    script = "source .ci/lib.sh; readme_line nowhere"
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "no command behind" in done.stderr
