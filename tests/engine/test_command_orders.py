"""Orders that commands open: what protects them, one that cancels others, one that triggers another."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import BarterBtError
from tests.engine.tiny import A, B, run, schedule, stamps, table, trades

COLUMNS = {
    "instrument": pl.String,
    "protect_by": pl.String,
    "group": pl.Int64,
    "after": pl.Int64,
    "order": pl.Int64,
    "reduce_only": pl.Boolean,
    "post_only": pl.Boolean,
    "time_in_force": pl.String,
    "trigger_by": pl.String,
}
NUMBERS = ("quantity", "price", "stop", "stop_loss", "take_profit", "trailing_stop")
MARKET = trades((0, 100, 9), (1, 100, 9), (2, 103, 9), (3, 106, 9), (4, 101, 9), (5, 95, 9), (6, 90, 9))
ROWS = [
    {"at": 0.5, "quantity": 2, "stop_loss": 96, "take_profit": 120},
    {"at": 0.5, "quantity": -1, "price": 105, "group": 7},
    {"at": 0.5, "quantity": -1, "price": 99.0, "stop": 99, "group": 7},
    {"at": 2.5, "quantity": 1, "price": 102},
    {"at": 2.5, "quantity": -1, "after": 3, "stop": 97},
]


def commands(*rows: dict[str, Any]) -> pl.DataFrame:
    """Opens, unless ``command`` says otherwise."""
    types = COLUMNS | dict.fromkeys(NUMBERS, pl.Float64)
    given = [{"command": "open", "instrument": "a_usd"} | row for row in rows]
    columns = {name: pl.Series([row.get(name) for row in given], dtype=kind) for name, kind in types.items()}
    return pl.DataFrame(
        {"time": stamps(row["at"] for row in rows), "command": [row["command"] for row in given]} | columns
    )


def scheduled(*rows: dict[str, Any]) -> bt.Schedule:
    """The same orders of a schedule."""
    frame = commands(*rows).drop("protect_by", "order").with_columns(action=pl.lit("open"))
    return bt.Schedule(frame.drop("command"))


@pytest.mark.parametrize("interpret", [True, False])
def test_a_command_opens_what_a_row_of_a_schedule_opens(interpret: bool) -> None:
    """Protection, groups and followers of both are the same orders with the same fills (rules 31, 57 and 58)."""
    told = run(MARKET, schedule(), commands=commands(*ROWS), interpret=interpret)
    planned = run(MARKET, scheduled(*ROWS), interpret=interpret)
    assert told.orders.height == 7
    assert told.orders.equals(planned.orders)
    assert told.trades.equals(planned.trades)
    assert set(table(told.orders, "reason")) >= {("sibling_filled",)}


def test_rule_31_a_command_protects_its_entry() -> None:
    """Bought at 100, it leaves at 95, where the stop at 96 is reached; a fraction of 2 % leaves at 98."""
    for unit, stop in ((None, 96), ("distance", 4), ("fraction", 0.04)):
        told = run(
            MARKET, schedule(), commands=commands({"at": 0.5, "quantity": 1, "protect_by": unit, "stop_loss": stop})
        )
        assert table(told.orders, "kind", "status", "parent_id") == [("market", "filled", None), ("stop", "filled", 0)]
        assert told.trades["price"].to_list() == [100, 95]


def test_rule_31_a_command_protects_by_a_stop_that_trails() -> None:
    """From 106 on it is two behind: reached at 101."""
    row = {"at": 0.5, "quantity": 1, "protect_by": "distance", "trailing_stop": 2, "trigger_by": "last"}
    assert run(MARKET, schedule(), commands=commands(row)).trades["price"].to_list() == [100, 101]


def test_rows_are_counted_as_given_behind_commands_of_many_instruments() -> None:
    """A filter of two instruments takes two rows of the table, and one of the frame."""
    rows: list[dict[str, Any]] = [
        {"at": 0.5, "command": "close_positions", "instrument": None},
        {"at": 0.5, "quantity": 1},
        {"at": 0.5, "quantity": -1, "stop": 97, "after": 1},
    ]
    other = trades((0, 50, 9), (6, 50, 9), instrument="b_usd")
    told = run([MARKET, other], schedule(), [A, B], commands=commands(*rows))
    assert told.trades["price"].to_list() == [100, 95]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"quantity": 1, "stop_loss": 95.5}], "stop_loss 95.5: not positive, or off the grid"),
        ([{"quantity": 1, "protect_by": "pips", "stop_loss": 95}], "protect_by is 'pips'"),
        ([{"quantity": 1, "protect_by": "price"}], "protect_by, and nothing that protects"),
        ([{"quantity": 1, "post_only": True}], "is post_only, and has no price"),
        (
            [{"quantity": 1, "price": 99, "post_only": True, "time_in_force": "fok"}],
            "is post_only, and has time_in_force 'fok'",
        ),
        ([{"quantity": 1, "price": 99, "stop_loss": 99}], "wrong side"),
        ([{"quantity": -1, "reduce_only": True, "stop_loss": 99}], "reduce_only and has stop_loss"),
        ([{"quantity": 1, "after": 0}], "after that names no fitting row"),
        ([{"quantity": 1}, {"at": 2, "quantity": 1, "after": 0}], "after that names no fitting row"),
        ([{"quantity": 1, "after": 1}, {"quantity": 1}], "after that names no fitting row"),
        ([{"quantity": 1}, {"quantity": 1, "instrument": "b_usd", "after": 0}], "after that names no fitting row"),
        (
            [{"quantity": 1, "group": 1}, {"quantity": 1, "instrument": "b_usd", "group": 1}],
            "group that names no fitting row",
        ),
        ([{"command": "cancel", "order": 0, "group": 1}], "'cancel', has group"),
        ([{"command": "close_positions", "stop_loss": 95}], "'close_positions', has stop_loss"),
    ],
)
def test_what_cannot_be_is_told(rows: list[dict[str, Any]], message: str) -> None:
    elsewhere = bt.Instrument("y", "b_usd", price_increment=1, quantity_increment=1)
    with pytest.raises(BarterBtError, match=message):
        run(
            [MARKET, bt.testing.trades((0, 50, 9), instrument="b_usd")],
            schedule(),
            [A, elsewhere],
            balances={"x.usd": 10_000, "y.usd": 10_000},
            commands=commands(*({"at": 1} | row for row in rows)),
        )
