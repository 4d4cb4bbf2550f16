"""The public names of the package, and the page on which each is explained."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import griffe

OWN = "barter_bt"
MODULES = (
    "barter_bt.data",
    "barter_bt.data.generate",
    "barter_bt.book",
    "barter_bt.instrument",
    "barter_bt.venue",
    "barter_bt.strategy",
    "barter_bt.strategy.hooks",
    "barter_bt.strategy.api",
    "barter_bt.strategy.indicators",
    "barter_bt.strategy.makers",
    "barter_bt.strategy.execution",
    "barter_bt.strategy.builtin",
    "barter_bt.risk",
    "barter_bt.backtest",
    "barter_bt.backtest.run_directory",
    "barter_bt.statistic",
    "barter_bt.report",
    "barter_bt.research",
    "barter_bt.engine.replica",
    "barter_bt.system",
    "barter_bt.live",
    "barter_bt.live.binance",
    "barter_bt.live.ccxt",
    "barter_bt.protocol",
    "barter_bt.testing",
    "barter_bt.testing.strategies",
    "barter_bt.testing.scenario",
    "barter_bt.testing.exchange",
    "barter_bt.errors",
    OWN,
)
"""Modules that have a page. A name that several of them offer is explained on the page of the first."""


@dataclass(frozen=True)
class Name:
    """A public name, and what it is.

    Attributes
    ----------
    module, name
        Where users find it.
    value
        What it is when the program runs.
    source
        What it is in the source; None for a module.
    """

    module: str
    name: str
    value: Any
    source: griffe.Object | None

    @property
    def home(self) -> str:
        """Where it is defined, with modules."""
        return self.source.path if self.source else f"{self.module}.{self.name}"


def public(module: str) -> list[str]:
    """The public names of a module: those that it lists, else those that it defines."""
    there = importlib.import_module(module)
    if (listed := getattr(there, "__all__", None)) is not None:
        return [name for name in listed if not name.startswith("__")]
    return [
        name
        for name, value in vars(there).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module
    ]


def names(module: str) -> Iterator[Name]:
    """The public names of a module and what they are."""
    there = importlib.import_module(module)
    for name in public(module):
        value = getattr(there, name)
        is_page = isinstance(value, ModuleType) and f"{module}.{name}" in MODULES and not callable(value)
        yield Name(module, name, value, None if is_page else found(module, name))


@cache
def source(module: str) -> griffe.Module:
    """A module as it stands in its file."""
    path = Path(inspect.getsourcefile(importlib.import_module(module)) or "")
    return griffe.visit(module, path, path.read_text("utf-8"), extensions=griffe.load_extensions())


def is_ours(one: type) -> bool:
    """Whether a class is of this package."""
    return one.__module__.split(".")[0] == OWN


def class_in_source(one: type) -> griffe.Object:
    """A class as it stands in its file."""
    there: griffe.Object = source(one.__module__)[one.__qualname__]
    return there


def found(module: str, name: str) -> griffe.Object:
    """What a name of a module is in the source, wherever it comes from."""
    member = source(module).members.get(name)
    if member is None:
        return griffe.Attribute(name, parent=source(module))
    if isinstance(member, griffe.Alias):
        origin, _, its_name = member.target_path.rpartition(".")
        return found(origin, its_name)
    return member


def exists(path: str) -> bool:
    """Whether a dotted name of the package is there when the program runs.

    Examples
    --------
    >>> exists("barter_bt.data.candles"), exists("barter_bt.data.candels")
    (True, False)
    """
    parts = path.split(".")
    for split in range(len(parts), 0, -1):
        try:
            value: Any = importlib.import_module(".".join(parts[:split]))
        except ImportError:
            continue
        for name in parts[split:]:
            if not hasattr(value, name) and name not in getattr(value, "__annotations__", {}):
                return False
            value = getattr(value, name, None)
        return True
    return False


_SPAN = re.compile(r"(?<!`)`((?:bt|barter_bt)\.[A-Za-z_.]+)[^`]*`")


def misspelt(text: str) -> list[str]:
    """Names of the package that a page mentions, as ``bt.name`` or ``barter_bt.name``, and that are not there.

    Examples
    --------
    >>> misspelt("`bt.backtest(...)`, `bt.bactest(...)` and `barter_bt.data`")
    ['bt.bactest']
    """
    mentioned = (found[1].rstrip(".") for found in _SPAN.finditer(text))
    return [name for name in mentioned if not exists(re.sub(r"^bt\.", "barter_bt.", name))]
