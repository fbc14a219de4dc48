"""Where Hydra finds configs: the packaged conf/, then the packages that plugins bring."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import seqbench
from seqbench.interfaces import UsageError


def conf_dir() -> Path:
    """The config root: `seqbench/conf` in a wheel, the sibling `conf/` of a checkout.

    Raises UsageError where neither holds a config.yaml: the installation is incomplete.
    """
    package = Path(seqbench.__file__).resolve().parent
    candidates = (package / "conf", package.parent / "conf")
    for directory in candidates:
        if (directory / "config.yaml").is_file():
            return directory
    looked = ", ".join(str(d) for d in candidates)
    raise UsageError(
        f"the configs of seqbench are missing, looked in {looked}; expected config.yaml there; "
        "install seqbench again"
    )


def package_dir(path: str) -> Path | None:
    """The folder behind a plugin's `pkg://package.conf`, or None where it is not on disk."""
    try:
        spec = find_spec(path.removeprefix("pkg://"))
    except ImportError:
        return None
    locations = list(spec.submodule_search_locations or ()) if spec is not None else []
    return Path(locations[0]) if locations else None


def config_dirs(packages: list[str]) -> list[Path]:
    """Every folder of configs on disk, ours first."""
    found = [package_dir(p) for p in packages]
    return [conf_dir(), *(d for d in found if d is not None)]


def register_search_path(packages: list[str]) -> None:
    """Tell Hydra about the plugins' packages; call before `hydra.main` or `initialize`."""
    from hydra.core.config_search_path import ConfigSearchPath
    from hydra.core.plugins import Plugins
    from hydra.plugins.search_path_plugin import SearchPathPlugin

    class SeqbenchSearchPath(SearchPathPlugin):
        def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
            present = {item.path for item in search_path.get_path()}
            for package in packages:
                if package not in present:
                    search_path.append(provider="seqbench", path=package)

    Plugins.instance().register(SeqbenchSearchPath)
