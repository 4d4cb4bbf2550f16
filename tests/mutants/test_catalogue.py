"""The list of mutants is in step with the package; ``make mutants`` runs it."""

from __future__ import annotations

import ast
import importlib
from collections import Counter
from functools import cache
from typing import Any

import pytest

import barter_bt as bt
from tests.engine.tiny import run, trades
from tests.mutants import interpreted
from tests.mutants.__main__ import FAILED, PASSED, verdict
from tests.mutants.catalogue import PACKAGE, ROOT, Mutant, catalogue

MUTANTS = catalogue()


@cache
def source(file: str) -> str:
    return (PACKAGE / file).read_text("utf-8")


def test_every_change_finds_its_place_and_is_python():
    """What is changed is there exactly once, and the change is one of the program, not of its text alone."""
    for mutant in MUTANTS:
        changed = ast.parse(mutant.applied(source(mutant.file)))
        assert ast.dump(changed) != ast.dump(ast.parse(source(mutant.file))), mutant


def test_the_tests_that_should_notice_are_there():
    for mutant in MUTANTS:
        paths = [test.partition("::")[0] for test in mutant.tests if "/" in test]
        assert paths, mutant
        assert all((ROOT / "tests" / path).is_file() for path in paths), mutant


def test_there_are_many_and_no_two_are_alike():
    assert len(MUTANTS) >= 100
    assert max(Counter((one.file, one.old, one.new) for one in MUTANTS).values()) == 1
    assert max(Counter((one.file, one.breaks) for one in MUTANTS).values()) == 1


@pytest.mark.parametrize(
    ("survives", "code", "well"),
    [("", FAILED, True), ("", None, True), ("", PASSED, False), ("", 4, False)]
    + [("equal", PASSED, True), ("equal", FAILED, False), ("equal", 4, False)],
)
def test_a_survivor_needs_a_reason_and_a_reason_a_survivor(survives, code, well):
    """And tests that could not be run prove nothing."""
    mutant = Mutant(1, "version.py", "a", "b", "nothing", ("x/y.py",), survives)
    assert verdict(mutant, code)[1] is well


def test_a_change_that_does_not_find_its_place_is_an_error():
    mutant = Mutant(1, "version.py", "a", "b", "nothing", ("x/y.py",))
    for text in ("", "a a"):
        with pytest.raises(ValueError, match="must have once"):
            mutant.applied(text)


def _uncompilable(s: Any, my: Any) -> None:
    my.variables.n[0] += len(type(s).__name__)


def test_with_the_plugin_nothing_is_compiled(monkeypatch):
    """Not even a run that asks for it: this strategy cannot be."""
    module: Any = importlib.import_module("barter_bt.backtest.run")
    monkeypatch.setattr(module, "Drive", module.Drive)  # put back afterwards
    interpreted.interpret()
    strategy = bt.Compiled(_uncompilable, variables={"n": 0}, wake="trade")
    result = run(trades((1, 100, 9), (2, 101, 9)), strategy, interpret=False)
    assert result.own["compiled"]["variables"]["n"].item() > 0
