"""Each function that a compiled strategy calls, given numbers that nobody counts on: both modes say and do the same.

The strategy that calls them is written here, a branch for each of them, so that all are compiled at once.
``BARTER_BT_FUZZ=20`` with this file gives each parameter all of the numbers below.
"""

from __future__ import annotations

import inspect
import random
from functools import cache
from types import FunctionType
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import BarterBtError
from barter_bt.strategy import api
from barter_bt.testing import candles, quotes
from tests.draws import draws
from tests.engine.tiny import S, stamps

DRAWN = draws(1)  # numbers for each parameter of each function
WHOLE = (
    -(1 << 63),
    -(1 << 62),
    -(1 << 32),
    -2,
    -1,
    0,
    1,
    2,
    3,
    9,
    1 << 32,
    (1 << 53) + 1,
    1 << 61,
    1 << 62,
    (1 << 63) - 1,
)
WHOLE += (3 * S - 1, 3 * S, 3 * S + 1, 7 * S)  # it asks at 3 seconds
FLOATS = (*map(float, ("nan", "inf", "-inf", "-0.0", "5e-324", "-1e300", "1e300", "4.6e18", "9.3e18", "-0.4", "-1.5")),)
FLOATS += (-1.0, 0.0, 1e-12, 0.5, 1.0, 1e9, 1e17)
USUAL: dict[str, tuple[float, ...]] = {  # by what parameters are called
    "i": (0, 1, 2),
    "quantity": (1.0, 2.0),
    "time": (5 * S,),
    "other": (1,),
    "then": (1,),
    "side": (1, -1),
    "unit": (0, 1, 2, 3),
    "stop_loss": (0.02, 90.0),
    "take_profit": (0.02, 110.0),
    "trailing_stop": (0.0, 0.5, 3.0),
    "trailing_activation": (float("nan"), 5.0, 120.0),
    "activation": (float("nan"), 80.0, 120.0),
    "distance": (0.0, 3.0),
    "trailing": (0.0, 3.0),
    "rate": (0.0, 0.02),
    "trailing_rate": (0.0, 0.02),
    "ticks": (0, 3),
    "trailing_ticks": (0, 3),
    "limit": (float("nan"), 95.0),
    "at_fill": (0, 1),
    "post_only": (0, 1),
    "time_in_force": (0, 1, 2),
}
ASKED = (
    (),
    ("limit_buy(s, 0, 2.0, 95.0)", "limit_buy(s, 1, 2.0, 95.0)"),
    ("buy(s, 0, 2.0)", "stop_sell(s, 0, 1.0, 90.0)"),
    ("stop_sell(s, 0, 1.0, 90.0)", "buy(s, 0, 2.0, 90.0)"),
    ("buy(s, 0, 2.0, 90.0)", "limit_sell(s, 0, 1.0, 120.0, api.IOC)"),
)
FUNCTIONS = {name: one for name in api.__all__ if isinstance(one := getattr(api, name), FunctionType)}


def taken(name: str) -> list[bool]:
    """Whether each thing that a function takes beside the state is a whole number."""
    _, *given = inspect.signature(FUNCTIONS[name]).parameters.values()
    return [one.annotation == "int" for one in given]


def called(name: str) -> str:
    """The call, with numbers of its parameters, and what it gives as a float."""
    kinds = taken(name)
    numbers = [f"p.{'n' if kind else 'x'}{k}[0]" for k, kind in enumerate(kinds)]
    call = f"api.{name}({', '.join(['s', *numbers])})"
    return call if inspect.signature(FUNCTIONS[name]).return_annotation == "None" else f"v.got[0] = {call}"


def text() -> str:
    """A strategy that has a position and orders, and calls one function in the end."""
    lines = [
        "def generate(s, my):",
        "    v, p = my.variables, my.parameters",
        "    v.calls[0] += 1",
        "    if v.calls[0] == 1:",
        "        api.buy(s, 0, 3.0)",
        "        api.limit_buy(s, 0, 2.0, 95.0)",
        "        api.trailing_stop_sell(s, 0, 1.0, 5.0, activation=120.0)",
        "        api.buy(s, 1, 1.0, 80.0, 130.0)",
        "    if v.calls[0] == 3:",
        "        asked, what = p.asked[0], p.what[0]",
    ]
    for k, asks in enumerate(ASKED[1:], 1):
        lines += [f"        {'el' if k > 1 else ''}if asked == {k}:", *(f"            api.{ask}" for ask in asks)]
    for k, name in enumerate(FUNCTIONS):
        lines += [f"        {'el' if k else ''}if what == {k}:", f"            {called(name)}"]
    return "\n".join(lines) + "\n"


@cache
def strategy_of() -> FunctionType:
    names: dict[str, Any] = {"api": api}
    exec(compile(text(), __file__, "exec"), names)
    found: FunctionType = names["generate"]
    return found


@cache
def simulation(interpret: bool) -> bt.Simulation:
    """Spot, a future that stands alone with sessions, and prices that can be negative; candles, quotes and a book."""
    steps = {"price_increment": 1, "quantity_increment": 1}
    spot, oil = (
        bt.Instrument("x", "a_usd", **steps),
        bt.Instrument("x", "c_usd", price_can_be_negative=True, kind="future", **steps),
    )
    alone = bt.Instrument("x", "b_usd", kind="perpetual", **steps)
    rows = [(k, k + 1, 100, 101, 99, 100, name) for k in range(8) for name in ("a_usd", "b_usd")]
    mood = pl.Series("mood", [float(k) for k in range(16)])
    book = pl.DataFrame(
        {
            "time_exchange": stamps([0.5] * 4),
            "side": [1, 1, -1, -1],
            "price": [99.0, 98.0, 101.0, 102.0],
            "amount": [3.0, 4.0, 5.0, 6.0],
            "snapshot": [True] * 4,
        }
    )
    data = [
        bt.data.candles(candles(*rows).frame().collect().with_columns(mood)),
        quotes(*((k + 0.5, 99, 9, 101, 9) for k in range(8))),
        quotes(*((k + 0.5, -2, 9, 1, 9, "c_usd") for k in range(8))),
        bt.data.book(book, instrument="b_usd"),
    ]
    day = pl.DataFrame({"open": stamps([0]), "close": stamps([6])})
    return bt.Simulation(
        data,
        [spot, alone, oil],
        balances={"usd": 10_000},
        venues=bt.Venue(margin_by_instrument={"b_usd": bt.Margin(0.1, mode="isolated"), "c_usd": bt.Margin(1.0)}),
        sessions={"b_usd": bt.data.sessions(day)},
        interpret=interpret,
    )


def outcome(numbers: dict[str, float], *, interpret: bool) -> tuple[Any, ...]:
    """What a run says, what it did, and what its strategy was given."""
    one = bt.Compiled(
        strategy_of(), numbers, {"calls": 0, "got": 0.0}, wake="bar_close", candle_history=3, data_columns=("mood",)
    )
    says = ""
    try:
        result = simulation(interpret).run(one)
    except BarterBtError as error:
        says, result = f"{type(error).__name__}: {error}", getattr(error, "result", None)
        if result is None:
            return (says,)
    own = [repr(cell) for cell in result.own["compiled"]["variables"].row(0)]
    return says, own, dict(result.digests)


def drawn(name: str) -> list[dict[str, float]]:
    """Usual numbers for one function, of which one is not; the parameters of a run, with those that it leaves alone."""
    source, found = random.Random(name), []
    _, *parameters = inspect.signature(FUNCTIONS[name]).parameters
    whole = taken(name)
    for strange in range(len(parameters)):
        for value in source.sample(WHOLE if whole[strange] else FLOATS, min(DRAWN, len(FLOATS))):
            numbers: dict[str, float] = {"what": list(FUNCTIONS).index(name), "asked": source.randrange(len(ASKED))}
            for k in range(9):
                n, x = 0, 0.0
                if k < len(parameters):
                    usual = USUAL.get(parameters[k], (0, 1, 2) if whole[k] else (90.0, 100.0, 110.0))
                    chosen = value if k == strange else source.choice(usual)
                    n, x = (int(chosen), 0.0) if whole[k] else (0, chosen)
                numbers |= {f"n{k}": n, f"x{k}": float(x)}
            found.append(numbers)
    return found


@pytest.mark.parametrize("name", FUNCTIONS)
def test_extreme_numbers_do_the_same_in_both_modes(name: str) -> None:
    for numbers in drawn(name):
        given = {key: value for key, value in numbers.items() if key[0] in "nx" and value}
        assert outcome(numbers, interpret=True) == outcome(numbers, interpret=False), (name, given)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("book_average", {"n0": 1, "n1": -1, "x2": float("-inf")}),  # raised in Python alone
        ("book_average", {"n0": 1, "n1": -1, "x2": float("inf")}),
        ("column", {"n0": 0, "n1": 1 << 62}),  # read what lay before the columns, compiled
    ],
)
def test_what_has_differed_once_does_not(name: str, given: dict[str, float]) -> None:
    usual = drawn(name)[0] | {key: 0 if key[0] == "n" else 0.0 for key in drawn(name)[0] if key[1:].isdigit()}
    numbers = usual | given | {"asked": 0}
    says, own, _ = outcome(numbers, interpret=True)
    assert outcome(numbers, interpret=False)[:2] == (says, own)
    assert ("column 4611686018427387904" in says) if name == "column" else (not says and own[1] == "nan")
