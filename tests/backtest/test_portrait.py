"""A portrait is the same for the same object in any process, and another after any change."""

from __future__ import annotations

import functools
import json
import logging
import os
import random
import re
import subprocess
import sys
import threading
from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest

from barter_bt.backtest import user_code
from barter_bt.backtest.portrait import portrait

RATE = 2.0
WEIGHTS = {"a": 0.5, "b": [1, {2, 3}]}
LOG = logging.getLogger("tests")


def scaled(x: float) -> float:
    """A helper."""
    return x * RATE


@dataclass
class Part:
    """A part of an object."""

    size: int = 3

    def of(self, x: float) -> float:
        return scaled(x) * self.size


class Whole:
    """An object of many kinds of values."""

    wake = "trade"

    def __init__(self, **changes: Any) -> None:
        self.part = Part()
        self.rate, self.price = 0.1, Decimal("1.50")
        self.names, self.window = {"b", "a", "c"}, deque([1, 2], maxlen=5)
        self.array, self.frame = np.arange(1000.0), pl.DataFrame({"x": [1, 2], "y": ["a", "b"]})
        self.expression, self.path = pl.col("x") > 1, Path("a/b")
        self.call, self.random = functools.partial(scaled, 2.0), random.Random(1)
        self.log, self.missing, self.odd = LOG, None, float("nan")
        self.generator, self.pattern, self.range = np.random.default_rng(1), re.compile("a"), range(3)
        self.lock = threading.Lock()
        self.myself = self
        vars(self).update(changes)

    def total(self) -> float:
        return self.part.of(WEIGHTS["a"])

    @property
    def half(self) -> float:
        return self.rate / 2

    @staticmethod
    def fixed(x: float) -> float:
        return x + 1


def flat(**changes: Any) -> str:
    return json.dumps(portrait(Whole(**changes)), sort_keys=True)


def test_a_portrait_is_the_same_in_another_process():
    """With another hash seed, so another order of sets, and other addresses."""
    root = Path(__file__).parents[2]
    code = f"import {__name__} as here; print(here.flat())"
    environment = os.environ | {"PYTHONPATH": str(root), "PYTHONHASHSEED": "99"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root, env=environment
    )
    assert done.stdout.strip() == flat()
    assert " at 0x" not in flat()


CHANGED = {
    "part": Part(4), "rate": 0.2, "price": Decimal("1.51"), "names": {"b", "a", "d"}, "window": deque([1, 3]),
    "array": np.arange(1000.0) + (np.arange(1000) == 999), "frame": pl.DataFrame({"x": [1, 2], "y": ["a", "c"]}),
    "expression": pl.col("x") > 2, "path": Path("a/c"), "call": functools.partial(scaled, 3.0), "missing": 0,
    "odd": float("inf"), "more": 1, "wake": "quote", "random": random.Random(2), "generator": np.random.default_rng(2),
    "pattern": re.compile("b"), "range": range(4), "log": logging.getLogger("other"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGED)
def test_any_other_value_is_seen(name):
    assert flat(**{name: CHANGED[name]}) != flat()


def test_equal_values_of_other_spelling_are_the_same():
    assert flat(price=Decimal("1.5"), window=[1, 2]) == flat()


@pytest.mark.parametrize(
    ("where", "name", "value"),
    [
        (None, "RATE", 3.0),
        (None, "WEIGHTS", {"a": 0.5, "b": [1, {2, 4}]}),
        (None, "scaled", lambda x: x + RATE),
        (Part, "of", lambda self, x: scaled(x)),
        (Whole, "total", lambda self: 0.0),
        (Whole, "half", property(lambda self: self.rate / 3)),
        (Whole, "fixed", staticmethod(lambda x: x + 2)),
        (Whole, "wake", "quote"),
    ],
)
def test_any_other_code_is_seen(monkeypatch, where, name, value):
    """A constant two calls away, data of the module, a helper, methods of any kind, a value of the class."""
    before = flat()
    monkeypatch.setattr(where or sys.modules[__name__], name, value)
    assert flat() != before


def test_what_a_module_of_the_users_is_asked_for_counts(monkeypatch):
    """Its constants and functions that are named, and nothing else of it."""
    settings = ModuleType("settings")
    settings.fast, settings.unused = 5, 1
    monkeypatch.setitem(globals(), "settings", settings)

    def fast() -> int:
        return settings.fast

    before = portrait(fast)
    settings.unused = 2
    assert portrait(fast) == before
    settings.fast = 6
    assert portrait(fast) != before


settings: Any = None


def test_what_refers_to_itself_ends():
    """A class whose method makes one, a registry that holds an object which reads the registry."""

    class Node:
        registry: dict[str, Any] = {}  # noqa: RUF012

        def next(self) -> Any:
            return Node, self.registry, REGISTRY

    Node.registry["one"] = Node()
    REGISTRY["one"] = Node()
    assert portrait(Node()) == portrait(Node())


REGISTRY: dict[str, Any] = {}


def test_an_installed_strategy_is_the_users_own_with_its_package(monkeypatch):
    """Its helpers in other modules of the package, too; other installed packages are not."""
    monkeypatch.setattr(user_code, "_is_own_module", lambda _: False)
    helper, other = ModuleType("mine.helper"), ModuleType("other")
    exec("def fast(): return 1", vars(helper))
    exec("def slow(): return 1", vars(other))
    scope = {"__name__": "mine.strategy", "fast": helper.fast, "slow": other.slow}
    exec("class Strategy:\n    def decide(self): return fast() + slow()", scope)
    before = portrait(scope["Strategy"]())
    exec("def slow(): return 2", vars(other))
    scope["slow"] = other.slow
    assert portrait(scope["Strategy"]()) == before
    exec("def fast(): return 2", vars(helper))
    scope["fast"] = helper.fast
    assert portrait(scope["Strategy"]()) != before
