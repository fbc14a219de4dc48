"""The command line called in this process."""

from __future__ import annotations

from seqbench.cli import main


def caller(capsys):
    """`seqbench(*arguments)` -> (exit code, stdout, stderr); argparse's exit is a code too."""

    def seqbench(*arguments):
        try:
            code = main(list(arguments))
        except SystemExit as stop:
            code = stop.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return seqbench
