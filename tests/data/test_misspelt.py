"""Columns that nobody reads: refused in tables of what happens, warned of in market data where one is misspelt."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt import data
from barter_bt.backtest.commands import COLUMNS, Commands
from barter_bt.backtest.config.sections import CommandSection
from barter_bt.data.rates import read_rates
from barter_bt.engine.targets import AMEND_ROW, CANCEL_ROW, MARGIN_ROW, OPEN_ROW, TARGET_ROW
from barter_bt.errors import BarterBtError, ConfigError, DataError, StrategyError
from barter_bt.instrument import Instrument
from barter_bt.strategy import schedule
from barter_bt.strategy.read_cells import READ_BY
from tests.engine.tiny import bars, run, stamps

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
A = {"time": [NOON], "instrument": ["a_usd"]}
TABLES: dict[str, tuple[Any, dict[str, list[Any]], str]] = {
    "funding": (data.funding, A | {"rate": [0.1]}, "rates"),
    "dividends": (data.dividends, A | {"amount": [0.1]}, "witholding"),
    "splits": (data.splits, A | {"ratio": ["2:1"]}, "ration"),
    "deposits": (data.deposits, {"time": [NOON], "asset": ["usd"], "amount": [1.0]}, "amounts"),
    "cash_flows": (data.cash_flows, {"time": [NOON], "asset": ["a"], "amount": [1.0], "reason": ["b"]}, "reasons"),
    "margin_transfers": (data.margin_transfers, A | {"amount": [1.0]}, "asset"),
    "settlement_prices": (data.settlement_prices, A | {"price": [1.0]}, "prices"),
    "assignments": (data.assignments, A | {"quantity": [1.0]}, "quantities"),
    "sessions": (data.sessions, {"open": [NOON], "close": [NOON.replace(hour=13)]}, "dates"),
    "delisted": (lambda frame: data.delisted(Instrument("x", "a_usd"), frame), A, "pric"),
    "symbols": (
        lambda frame: data.rename_symbols(pl.DataFrame({"time_exchange": [NOON], "instrument": ["a"]}), frame),
        {"time": [NOON], "before": ["a"], "after": ["b"]},
        "affter",
    ),
    "rates": (lambda frame: read_rates({"a/b": frame}), {"time": [NOON], "rate": [1.0]}, "rat"),
    "schedule": (bt.Schedule, A | {"target": [1.0]}, "stop_los"),
    "commands": (Commands, {"time": [NOON], "command": ["shutdown"]}, "instrumnt"),
    "targets": (bt.Signals, A | {"target": [1.0]}, "stop_los"),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_a_column_that_nobody_reads_is_refused(name: str) -> None:
    """It is named, with what there can be; what is read is taken without it."""
    read, columns, other = TABLES[name]
    read(pl.DataFrame(columns))
    with pytest.raises(BarterBtError, match=f"has a column '{other}', which is not read; allowed: .*\nHint: "):
        read(pl.DataFrame(columns).with_columns(pl.lit(1).alias(other)))


@pytest.mark.parametrize("table", [bt.Schedule, Commands])
def test_a_side_is_not_passed_over(table: Any) -> None:
    """It would buy what was meant to be sold."""
    columns = A | {"command": ["open"]} if table is Commands else A | {"action": ["open"]}
    with pytest.raises(BarterBtError, match="column 'side', which is not read.*\nHint: .* below 0 is a sale"):
        table(pl.DataFrame(columns | {"quantity": [1.0], "side": ["sell"]}))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"action": ["target"], "target": [None], "quantity": [5.0]}, "quantity where it has no effect"),
        (
            {"target": [1.0], "quantity": [5.0]},
            "quantity where it has no effect.*\nHint: it is of opens and amends; ",
        ),
        ({"action": ["open"], "target": [1.0], "quantity": [5.0]}, "target where it has no effect"),
    ],
)
def test_an_amount_in_the_wrong_column_is_told(row: dict[str, Any], said: str) -> None:
    frame = pl.DataFrame({"time": stamps([10]), "instrument": ["a_usd"]} | row, schema_overrides={"target": pl.Float64})
    with pytest.raises(StrategyError, match=said):
        run(bars(100, 101), bt.Schedule(frame))


CELLS: dict[str, Any] = {
    "target": 1.0, "quantity": 5.0, "price": 90.0, "post_only": True, "time_in_force": "ioc",
    "good_after": stamps([20])[0], "good_till": stamps([20])[0],
    "candle_fill": "next_close", "trigger_by": "last", "stop": 99.0, "if_touched": 99.0,
    "trailing": 2.0, "trailing_rate": 0.01, "trailing_ticks": 2, "activation": 101.0, "reduce_only": True, "group": 1,
    "after": 0, "stop_loss": 80.0, "take_profit": 120.0, "trailing_stop": 3.0, "trailing_activation": 120.0,
    "trigger": 99.0, "ref": 0, "amount": 5.0,
}  # fmt: skip
ACTIONS = {"open": OPEN_ROW, "target": TARGET_ROW, "amend": AMEND_ROW, "cancel": CANCEL_ROW, "margin": MARGIN_ROW}


@pytest.mark.parametrize("action", ACTIONS)
def test_each_cell_that_an_action_does_not_read_is_told(action: str) -> None:
    """A price of a cancel, for example: it would be passed over."""
    assert CELLS.keys() == READ_BY.keys() == set(schedule.COLUMNS) - {"time", "instrument", "action"}
    row = {"time": stamps([10])[0], "instrument": "a_usd"}
    first = row | {"action": "open", "quantity": 1.0, "price": 90.0}
    for name in (name for name, readers in READ_BY.items() if ACTIONS[action] not in readers):
        second = row | {"action": action, "ref": 0 if action in ("amend", "cancel") else None} | {name: CELLS[name]}
        with pytest.raises(StrategyError, match=f"^{name} where it has no effect in 1 row.*, first 1: "):
            run(bars(100, 101), bt.Schedule(pl.DataFrame([first, second], infer_schema_length=None)))


def test_what_says_nothing_is_no_such_cell() -> None:
    """A frame of several actions has all columns in all rows."""
    plain = {"quantity": 0.0, "target": 0.0, "price": None, "time_in_force": "gtc", "post_only": False, "stop": None}
    row = {"time": stamps([10])[0], "instrument": "a_usd", "reduce_only": False, "ref": -1} | plain
    rows = [row | {"action": "open", "quantity": 1.0, "price": 90.0}, row | {"action": "cancel", "ref": 0}]
    run(bars(100, 101), bt.Schedule(pl.DataFrame(rows, infer_schema_length=None)))


def test_what_a_schedule_and_commands_take_is_documented() -> None:
    assert [name for name in schedule.COLUMNS if f"``{name}``" not in str(bt.Schedule.__doc__)] == []
    assert [name for name in COLUMNS if f"``{name}``" not in str(Commands.__doc__)] == []
    assert set(COLUMNS) == set(CommandSection.__struct_fields__)


@pytest.mark.parametrize(
    ("command", "given", "of"),
    [
        ("close_positions", {"quantity": 1.0}, "open, exercise, amend"),
        ("cancel_orders", {"price": 1.0}, "open, amend"),
        ("cancel", {"order": 0, "stop": 1.0}, "open"),
        ("amend", {"order": 0, "instrument": "a_usd", "price": 1.0, "post_only": True}, "open"),
        ("open", {"instrument": "a_usd", "quantity": 1.0, "exchange": "x"}, "close_positions, .*"),
        ("shutdown", {"order": 3}, "cancel, amend"),
        ("margin", {"instrument": "a_usd", "amount": 1.0, "order": 3}, "cancel, amend"),
        ("enable_trading", {"amount": 1.0}, "margin"),
    ],
)
def test_what_a_command_does_not_take_is_told(command: str, given: dict[str, Any], of: str) -> None:
    commands = Commands(pl.DataFrame({"time": stamps([1]), "command": [command]} | {k: [v] for k, v in given.items()}))
    with pytest.raises(ConfigError, match=rf"'{command}', has \w+\nHint: it is of {of}"):
        run(bars(100, 101), bt.Signals(pl.lit(0.0)), commands=commands)


def test_false_is_not_given() -> None:
    """A frame of several commands has a column for all of them."""
    frame = pl.DataFrame({"time": stamps([1]), "command": ["disable_trading"], "post_only": [False]})
    run(bars(100, 101), bt.Signals(pl.lit(0.0)), commands=Commands(frame))


def test_a_misspelt_column_of_market_data_is_warned_of() -> None:
    """It is kept as the user's own, and the run says what it may be."""
    frame = bars(100, 101).frame().collect().with_columns(time_recieved="time_exchange", mood=1.0)
    result = run(data.candles(frame), bt.Signals(pl.lit(0.0)))
    assert [text for text in result.warnings if "column 'time_recieved' is kept as one of your own" in text]
    assert not [text for text in result.warnings if "'mood'" in text]


def test_a_misspelt_column_of_a_file_is_told(tmp_path: Any) -> None:
    """An importer of plain CSV reads what it knows; what it nearly knows is an error."""
    path = tmp_path / "dividends.csv"
    path.write_text("date,symbol,amount,witholding\n2024-01-02T00:00:00Z,a_usd,0.5,0.15\n", "utf-8")
    with pytest.raises(DataError, match="column 'witholding' is not read, and there is no 'withholding'"):
        data.load("csv_dividends", path)
    path.write_text("date,symbol,amount,note\n2024-01-02T00:00:00Z,a_usd,0.5,final\n", "utf-8")
    assert data.load("csv_dividends", path).frame.height == 1


def test_a_misspelt_instrument_of_targets_and_schedules_is_told() -> None:
    frame = pl.DataFrame({"time": stamps([10]), "instrument": ["a_us"], "target": [1.0]})
    for strategy in (bt.Signals(frame), bt.Schedule(frame)):
        with pytest.raises(StrategyError, match="unknown instrument .*\nHint: did you mean 'a_usd'"):
            run(bars(100, 101), strategy)
