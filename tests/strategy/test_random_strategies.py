"""Random strategies on random markets: compiled or interpreted, or said in Python, one text is one run.

``BARTER_BT_FUZZ=5000`` goes through so many seeds; ``python -m tests.strategy.test_random_strategies 0 100 compiled``
through those from 0 to before 100, also compiled, which takes a second or two for each.
"""

from __future__ import annotations

import sys
from types import FunctionType
from typing import Any

import pytest

import barter_bt as bt
from barter_bt.errors import BarterBtError
from barter_bt.strategy import api
from barter_bt.testing import assert_all
from barter_bt.testing.scenario import Case, Seeded, random_scenario
from tests.draws import draws
from tests.strategy.grammar import FLOATS, HISTORY, OWN, WHOLES, Writer
from tests.strategy.spoken import Spoken

SAID = draws(150)  # seeds
COMPILED = (3, 7)  # seeds that are compiled, too
WAKES = ("every_event", "market", "bar_close", ("fill", "candle", "trade"), ("order", "quote"), "timer:700ms")
VARIABLES = dict.fromkeys(FLOATS, 0.0) | dict.fromkeys(WHOLES, 0)
COLUMNS = dict.fromkeys(OWN, 1.0)
NAMES = {name: getattr(api, name) for name in api.__all__}


class Drawn:
    """A market and a strategy of one seed."""

    def __init__(self, seed: int) -> None:
        self.scenario, source = random_scenario(seed), Seeded(seed)
        self.wake: Any = source.pick(WAKES)
        self.text = Writer(source, len(self.scenario.instruments)).text()

    def compiled(self) -> bt.Compiled:
        """As the compiled driver has it."""
        names = dict(NAMES)
        exec(compile(self.text, "drawn", "exec"), names)
        generate = names["generate"]
        assert isinstance(generate, FunctionType)
        return bt.Compiled(generate, {}, VARIABLES, COLUMNS, self.wake, name="drawn", candle_history=HISTORY)

    def spoken(self) -> Spoken:
        """As the Python driver has it."""
        return Spoken(self.text, self.wake, VARIABLES, COLUMNS, len(self.scenario.instruments))

    def outcome(self, strategy: Any, *, interpret: bool = True) -> tuple[str, bt.Result | None]:
        """What ends a run, if something does, and what was done."""
        try:
            return "", Case(self.scenario, strategy).backtest(interpret=interpret)
        except BarterBtError as error:
            return f"{type(error).__name__}: {error}", getattr(error, "result", None)


def remembered(result: bt.Result) -> list[str]:
    """All that a compiled strategy has written, to the bit."""
    own = result.own["drawn"]
    return [repr(cell) for name in ("variables", "per_instrument") for row in own[name].rows() for cell in row]


def kept(strategy: Spoken) -> list[str]:
    """The same of one in Python."""
    my, count = strategy.my, len(next(iter(vars(strategy.my.per_instrument).values())))
    rows = [[repr(column[row]) for column in vars(my.per_instrument).values()] for row in range(count)]
    return [*(repr(column[0]) for column in vars(my.variables).values()), *(cell for row in rows for cell in row)]


def difference(seed: int, *, compiles: bool = False) -> str:
    """On what the drivers differ; empty if they agree."""
    drawn, python = Drawn(seed), None
    says, first = drawn.outcome(drawn.compiled())
    if first is not None and not says:
        assert_all(first)
    python = drawn.spoken()
    other_says, other = drawn.outcome(bt.strategy.Python(python, "drawn"))
    if bool(says) != bool(other_says) or (first is None) != (other is None):
        return f"one run ends alone: {says or 'compiled does not'}; {other_says or 'Python does not'}"
    if first is not None and other is not None:
        if first.digests != other.digests:
            return f"{[name for name in first.digests if first.digests[name] != other.digests[name]]} differ"
        if not says and remembered(first) != kept(python):
            return f"remembered: {remembered(first)}; in Python {kept(python)}"
    if compiles:
        third_says, third = drawn.outcome(drawn.compiled(), interpret=False)
        if says.partition(" (drawn, line")[0] != third_says.partition(" (drawn, line")[0]:
            return f"interpreted: {says or 'nothing'}; compiled: {third_says or 'nothing'}"
        if first is not None and third is not None:
            if first.digests != third.digests or remembered(first) != remembered(third):
                return f"compiled it differs: {remembered(first)}, {remembered(third)}"
    return ""


def test_a_text_in_python_is_the_same_run() -> None:
    found = [f"seed {seed}: {text}" for seed in range(SAID) if (text := difference(seed))]
    assert found == []


@pytest.mark.parametrize("seed", COMPILED)
def test_compiled_it_is_the_same_run(seed: int) -> None:
    assert difference(seed, compiles=True) == ""


def main(first: int, end: int, *, compiles: bool) -> int:
    """Go through seeds; gives how many differ."""
    bad = 0
    for seed in range(first, end):
        try:
            text = difference(seed, compiles=compiles)
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
        if text:
            bad += 1
            print(f"seed {seed}: {text}", flush=True)
    print(f"{end - first} seeds, {bad} differ")
    return bad


if __name__ == "__main__":
    sys.exit(min(main(int(sys.argv[1]), int(sys.argv[2]), compiles="compiled" in sys.argv), 1))
