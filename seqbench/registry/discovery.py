"""Finding plugins: entry points of the group `seqbench`, SEQBENCH_PLUGINS, or a given list."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any

import pluggy

from seqbench.interfaces import hookspecs

BUNDLED = (("core", "seqbench.registry.core"), ("data", "seqbench.data.specs"))
"""What seqbench itself brings; named, not imported, so that the floors hold."""


@dataclass(frozen=True, slots=True)
class PluginStatus:
    """One plugin as found: loaded, or failed with the reason."""

    name: str
    module: str
    reason: str = ""

    @property
    def status(self) -> str:
        return "failed" if self.reason else "loaded"


@dataclass(frozen=True, slots=True)
class Claim:
    """A spec and the plugin that returned it."""

    plugin: str
    spec: Any


def installed_plugins() -> list[tuple[str, str]]:
    """(name, module) of every entry point, then of SEQBENCH_PLUGINS; seqbench's own first."""
    found = list(BUNDLED)
    for entry in entry_points(group="seqbench"):
        found.append((entry.name, entry.value))
    for module in os.environ.get("SEQBENCH_PLUGINS", "").split(","):
        if module.strip():
            found.append((module.strip(), module.strip()))
    return list(dict.fromkeys(found))


def load_plugins(
    found: Iterable[tuple[str, str]],
) -> tuple[pluggy.PluginManager, list[PluginStatus]]:
    """Import and register each; one that fails is told and left out."""
    manager = pluggy.PluginManager("seqbench")
    manager.add_hookspecs(hookspecs)
    statuses = []
    for name, module in found:
        statuses.append(PluginStatus(name, module, _register(manager, name, module)))
    return manager, statuses


def _register(manager: pluggy.PluginManager, name: str, module: str) -> str:
    """Why the plugin could not be registered, or an empty text."""
    try:
        plugin = importlib.import_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin may even call sys.exit while it is imported
        return f"import of {module} failed: {type(error).__name__}: {error}"
    taken = manager.get_plugin(name)
    if taken is not None:
        first = getattr(taken, "__name__", repr(taken))
        return f"two plugins are named {name!r}: {first} and {module}; uninstall or rename one"
    try:
        manager.register(plugin, name)
    except (ValueError, pluggy.PluginValidationError) as error:
        return f"{module} does not fit the hooks: {error}"
    return ""


def collect(
    manager: pluggy.PluginManager, hook: str, expected: type
) -> tuple[list[Claim], dict[str, str]]:
    """Every spec that `hook` returns with its plugin, and what went wrong by plugin name."""
    claims: list[Claim] = []
    problems: dict[str, str] = {}
    for implementation in getattr(manager.hook, hook).get_hookimpls():
        name = implementation.plugin_name
        try:
            specs = list(implementation.function())
        except Exception as error:
            problems[name] = f"{hook} failed: {type(error).__name__}: {error}"
            continue
        wrong = [s for s in specs if not isinstance(s, expected)]
        if wrong:
            problems[name] = (
                f"{hook} returned {type(wrong[0]).__name__}, expected {expected.__name__}"
            )
            continue
        claims.extend(Claim(name, spec) for spec in specs)
    return claims, problems
