"""Options of a run that are of the wrong kind, or that do nothing, are told by name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import BarterBtError
from barter_bt.testing import run_prices

HOLD = bt.Signals(pl.lit(1.0))
START, END = datetime(1970, 1, 1, 0, 3, tzinfo=UTC), datetime(1970, 1, 1, 0, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"seed": "x"}, "seed is 'x'; it must be a whole number"),
        ({"seed": 1.5}, "seed is 1.5"),
        ({"record": ["price"]}, r"record is \['price'\], which is list"),
        ({"commands": {"time": 1}}, "commands is {'time': 1}, which is dict"),
        ({"spill": "/tmp"}, "spill is '/tmp', which is str"),
        ({"interpret": "no"}, "interpret is 'no', which is str"),
        ({"progress": 3}, "progress is 3; allowed"),
        ({"checkpoint": "run"}, "checkpoint is 'run'; it must be a Checkpoint"),
        ({"start": START, "end": END}, "is after end"),
    ],
)
def test_an_option_of_the_wrong_kind_is_an_error(options: dict[str, Any], why: str) -> None:
    """What it is, and what is allowed."""
    with pytest.raises(BarterBtError, match=why):
        bt.backtest(
            bt.data.candles(bt.data.generate.candles(5, instrument="a_usd")),
            bt.Instrument("x", "a_usd"),
            HOLD,
            balances={"usd": 1_000},
            **{"interpret": True} | options,
        )


@pytest.mark.parametrize("name", [5, None])
def test_the_name_of_a_strategy_is_text(name: Any) -> None:
    """It stands in every table."""
    with pytest.raises(BarterBtError, match="name of a strategy is"):
        run_prices([100, 101], bt.Signals(pl.lit(1.0), name=name))


def test_an_age_of_quotes_without_quotes_is_told() -> None:
    """As all terms that do nothing."""
    told = run_prices([100, 101, 102], HOLD, venues=bt.Venue(max_age_ns="1s")).warnings
    assert told == ["max_age_ns has no effect on 'a_usd': there are no quotes that age"]


@pytest.mark.parametrize(
    ("rates", "reporting", "idle"),
    [
        ({"gbp/jpy": 190}, None, ["gbp/jpy"]),
        ({"usd/eur": 1}, None, ["usd/eur"]),
        ({"usd/eur": 1}, "eur", []),
        ({"usd/eur": 1, "eur/gbp": 1}, "gbp", []),
        ({"usd/eur": 1, "eur/gbp": 1, "gbp/jpy": 1}, "gbp", ["gbp/jpy"]),
    ],
)
def test_rates_that_convert_nothing_are_told(rates: Any, reporting: str | None, idle: list[str]) -> None:
    """Those between what is held and what equity is in do something, also over a third."""
    told = run_prices([100, 101, 102], HOLD, rates=rates, reporting=reporting).warnings
    why = "which converts nothing: no asset of the run is reached by it"
    assert told == [f"rates has {pair!r}, {why}" for pair in idle]
