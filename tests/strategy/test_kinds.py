"""Columns of orders and targets that are of another kind than what they say: told by name, before a run."""

from typing import Any

import pandas as pd
import polars as pl
import pytest

import barter_bt as bt
from barter_bt.backtest.commands import Commands
from barter_bt.errors import BarterBtError, StrategyError
from tests.engine.tiny import flat, run, stamps, table

MARKET = flat(100, 101, 102, 103)
OPEN = {"time": stamps([10.0]), "instrument": ["a_usd"], "action": ["open"], "quantity": [1.0]}


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"quantity": ["1"]}, "'quantity' of the schedule is String; it must be numbers\nHint: cast it to pl.Float64"),
        ({"stop_loss": ["2%"]}, "'stop_loss' of the schedule is String; .*\nHint: .*; a fraction is 0.02, not 2%"),
        ({"trailing_stop": [True]}, "'trailing_stop' of the schedule is Bool"),
        ({"post_only": ["yes"]}, "'post_only' of the schedule is String; it must be true or false"),
        ({"ref": ["0"]}, "'ref' of the schedule is String; it must be numbers\nHint: cast it to pl.Int64"),
        ({"after": [0.5]}, "'after' of the schedule has numbers that are not whole"),
        ({"action": [3]}, "an unknown action in 1 row"),
    ],
)
def test_a_schedule_says_which_column_is_wrong(columns: dict[str, list[Any]], said: str) -> None:
    with pytest.raises(StrategyError, match=said):
        run(MARKET, bt.Schedule(pl.DataFrame(OPEN | columns)))


@pytest.mark.parametrize("name", ["quantity", "price", "trailing_rate", "stop_loss"])
def test_so_do_commands(name: str) -> None:
    row = {"time": OPEN["time"], "command": ["open"], "instrument": ["a_usd"], "quantity": [1.0]}
    with pytest.raises(BarterBtError, match=f"column '{name}' of the commands is String; it must be numbers"):
        Commands(pl.DataFrame(row | {name: ["1%"]}))


def test_so_do_signals() -> None:
    """A frame of targets, and what is given beside an expression."""
    targets = pl.DataFrame({"time": OPEN["time"], "instrument": ["a_usd"], "target": [1.0], "stop_loss": ["2%"]})
    with pytest.raises(StrategyError, match="column 'stop_loss' .* is String; it must be numbers"):
        run(MARKET, bt.Signals(targets))
    with pytest.raises(StrategyError, match="stop_loss is '2%'; it must be a number, or an expression\nHint: 2 % is"):
        bt.Signals(pl.lit(1.0), stop_loss="2%")  # type: ignore[arg-type]


def test_what_pandas_and_csv_make_of_empty_cells_is_taken() -> None:
    """Whole numbers beside none are floats there; a column without any cell is one of text."""
    rows = pd.DataFrame(
        {
            "time": stamps([10.0, 10.0]).to_pandas(),
            "instrument": ["a_usd"] * 2,
            "action": ["open", "cancel"],
            "quantity": [1.0, None],
            "price": [90.0, None],
            "ref": [None, 0.0],
        }
    )
    result = run(MARKET, bt.Schedule(rows))
    assert table(result.orders, "kind", "status") == [("limit", "cancelled")]
    empty = pl.DataFrame(OPEN).with_columns(
        pl.lit(None, pl.String).alias(name) for name in ("price", "ref", "good_till")
    )
    assert table(run(MARKET, bt.Schedule(empty)).orders, "kind") == [("market",)]


def test_a_row_in_a_message_has_what_was_given() -> None:
    """Cells that are empty say nothing."""
    with pytest.raises(StrategyError, match=r"in 1 row\(s\), first 0: (?!.*=None)"):
        run(MARKET, bt.Schedule(pl.DataFrame(OPEN | {"price": [-5.0], "stop": [None]})))
