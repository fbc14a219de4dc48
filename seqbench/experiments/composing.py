"""Composition by Hydra: from override lists to configs, with our words for what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .overrides import explain
from .resolvers import register_resolvers
from .searchpath import conf_dir, register_search_path

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override
    from omegaconf import DictConfig

VERSION_BASE = "1.3"
CONFIG_NAME = "config"


class Composer:
    """Composes while Hydra is initialised: inside `hydra.main`, or inside `initialised`."""

    def __init__(self, composed: Mapping[tuple[str, ...], DictConfig] | None = None) -> None:
        self._keys: list[str] = []
        self._composed = dict(composed or {})

    def compose(self, overrides: Sequence[str]) -> DictConfig:
        """The config without Hydra's own node, not to be changed. UsageError with candidates."""
        from hydra import compose
        from hydra.errors import HydraException
        from omegaconf.errors import OmegaConfBaseException

        key = tuple(overrides)
        if key not in self._composed:
            try:
                self._composed[key] = compose(CONFIG_NAME, overrides=list(overrides))
            except (HydraException, OmegaConfBaseException) as error:
                raise explain(error, self) from error
        return self._composed[key]

    def parse(self, arguments: Sequence[str]) -> list[Override]:
        from hydra.core.override_parser.overrides_parser import OverridesParser
        from hydra.errors import OverrideParseException

        try:
            return OverridesParser.create(self._loader()).parse_overrides(list(arguments))
        except OverrideParseException as error:
            raise explain(error, self) from error

    def options(self, group: str) -> list[str]:
        """The options of a config group; empty where there is no such group."""
        found: list[str] = self._loader().get_group_options(group)
        return found

    def groups(self) -> list[str]:
        """The config groups of seqbench and its plugins, Hydra's own left out."""
        from hydra.core.object_type import ObjectType

        found = self._loader().get_group_options("", results_filter=ObjectType.GROUP)
        return [g for g in found if g != "hydra"]

    def keys(self) -> list[str]:
        """Every dotted key of the default config."""
        if not self._keys:
            self._keys = list(dotted_keys(unresolved(self.compose([]))))
        return self._keys

    @staticmethod
    def _loader() -> Any:
        from hydra.core.global_hydra import GlobalHydra

        return GlobalHydra.instance().config_loader()


@contextmanager
def initialised(packages: Sequence[str]) -> Iterator[Composer]:
    """Hydra outside `hydra.main`: for tests, and for candidates once it has failed."""
    from hydra import initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    register_resolvers()
    register_search_path(list(packages))
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(conf_dir()), version_base=VERSION_BASE):
        yield Composer()


def dotted_keys(config: Any, prefix: str = "") -> Iterator[str]:
    """`cell`, `cell.name`, `cell.hidden_size`, …"""
    if isinstance(config, dict):
        for key, value in config.items():
            yield f"{prefix}{key}"
            yield from dotted_keys(value, f"{prefix}{key}.")


def unresolved(config: DictConfig) -> dict[str, Any]:
    """A plain dict in which interpolations are still text."""
    from omegaconf import OmegaConf

    plain: Any = OmegaConf.to_container(config, resolve=False)
    return dict(plain)


def resolved(config: DictConfig) -> dict[str, Any]:
    """A plain dict of values. Raises UsageError where an interpolation cannot be resolved."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    try:
        plain: Any = OmegaConf.to_container(config, resolve=True)
    except OmegaConfBaseException as error:
        raise explain(error) from error
    return dict(plain)
