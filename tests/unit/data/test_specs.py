"""The data sets as the registry sees them."""

from __future__ import annotations

import importlib
import subprocess
import sys

from seqbench.data.specs import seqbench_datasets


def test_no_name_twice():
    names = [spec.name for spec in seqbench_datasets()]
    assert len(names) == len(set(names)) > 10


def test_every_target_can_be_called():
    for spec in seqbench_datasets():
        module, _, name = spec.target.partition(":")
        assert callable(getattr(importlib.import_module(module), name))


def test_what_is_generated_is_embedded_and_the_files_are_listed():
    specs = {spec.name: spec for spec in seqbench_datasets()}
    embedded = {name for name, spec in specs.items() if spec.embedded}
    assert embedded >= {"grammar", "opinions", "scenes", "help_topics"}
    assert all(specs[name].files == () for name in embedded)
    files = specs["multi30k_fr_en"].files
    assert len(files) == 6
    assert files[0] == "multi30k/tok/train.lc.norm.tok.fr.gz"
    assert files[-1] == "multi30k/tok/test_2016_flickr.lc.norm.tok.en.gz"
    assert all(spec.licence and spec.origin for spec in specs.values())


def test_listing_imports_no_numpy():
    code = "import sys\nsys.modules['numpy'] = None\nimport seqbench.data.specs as s\n"
    done = subprocess.run(
        [sys.executable, "-c", code + "s.seqbench_datasets()"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
