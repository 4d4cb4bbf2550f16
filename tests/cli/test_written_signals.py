"""Signals and schedules in a configuration file: what Python says in objects, text and files say there."""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.backtest.config import load
from barter_bt.errors import BarterBtError
from barter_bt.strategy.builtin import ContinuousSignals
from barter_bt.strategy.written import BUILTIN

HEAD = """
[[data]]
kind = "candles"
path = "candles.parquet"

[[instruments]]
exchange = "xsim"
name = "walk_usd"
price_increment = "0.0001"
quantity_increment = 1

[balances]
usd = 10_000

[strategy]
"""
TARGETS = """time,instrument,target,good_till,time_in_force
2020-01-01T00:05:00Z,walk_usd,1,,ioc
2020-01-01T00:07:00Z,walk_usd,2,2020-01-01T00:09:00Z,
2020-01-01T00:09:00Z,walk_usd,0,,
"""
ORDERS = """time,action,instrument,quantity,price,good_till
2020-01-01T00:05:00Z,open,walk_usd,1,,
2020-01-01T00:06:00Z,open,walk_usd,-1,500.0,2020-01-01T00:08:00Z
"""


@pytest.fixture
def made(tmp_path: Any) -> Any:
    """Makes the arguments of a backtest of a strategy's section."""
    bt.data.generate.candles(30).write_parquet(tmp_path / "candles.parquet")
    (tmp_path / "targets.csv").write_text(TARGETS, "utf-8")
    (tmp_path / "orders.csv").write_text(ORDERS, "utf-8")

    def make(section: str) -> dict[str, Any]:
        (tmp_path / "run.toml").write_text(HEAD + section, "utf-8")
        return load(tmp_path / "run.toml").build()

    return make


def orders(arguments: dict[str, Any]) -> pl.DataFrame:
    return bt.backtest(**arguments, interpret=True).orders.drop("strategy")


CLOSE, OPEN = pl.col("close"), pl.col("open")


@pytest.mark.parametrize(
    ("parameters", "signals"),
    [
        ('target = "close > open"', bt.Signals(CLOSE > OPEN)),
        (
            'target = "CASE WHEN close > open THEN 1 END"\nexit_after = 2',
            bt.Signals(pl.when(CLOSE > OPEN).then(1), exit_after=2),
        ),
        (
            'target = "close > open"\norder = "limit"\nprice = "close - 0.01"\ngood_till = "90s"',
            bt.Signals(CLOSE > OPEN, order="limit", price=CLOSE - 0.01, good_till="90s"),
        ),
        (
            'target = "close > open"\nsize = "equity"\nstop_loss = 0.001\nexit_after = "5m"\ntime_in_force = "ioc"',
            bt.Signals(CLOSE > OPEN, size="equity", stop_loss=0.001, exit_after="5m", time_in_force="ioc"),
        ),
        ('target = "close > open"\ngood_after = "61s"', bt.Signals(CLOSE > OPEN, good_after="61s")),
        (
            'target = "1"\nrebalance = "on_change"\nexit_after = "CASE WHEN close > open THEN 3 ELSE 2 END"',
            bt.Signals(pl.lit(1), rebalance="on_change", exit_after=pl.when(CLOSE > OPEN).then(3).otherwise(2)),
        ),
        (
            'target = "close > open"\nexit_after = "CASE WHEN close > 500 THEN INTERVAL \'3 minutes\' END"',
            bt.Signals(CLOSE > OPEN, exit_after=pl.when(CLOSE > 500).then(pl.duration(minutes=3))),
        ),
        (
            'target = "close > open"\norder = "limit"\nprice = "close - 0.01"\n'
            'good_after = "INTERVAL \'61 seconds\'"\ngood_till = "time + INTERVAL \'3 minutes\'"',
            bt.Signals(
                CLOSE > OPEN,
                order="limit",
                price=CLOSE - 0.01,
                good_after=pl.duration(seconds=61),
                good_till=pl.col("time") + pl.duration(minutes=3),
            ),
        ),
    ],
)  # fmt: skip
def test_signals_are_those_of_python(made: Any, parameters: str, signals: bt.Signals) -> None:
    arguments = made(f'name = "signals"\n[strategy.parameters]\n{parameters}\n')
    found = orders(arguments)
    assert found.height > 1
    assert found.equals(orders(arguments | {"strategy": signals}))


def test_targets_and_orders_are_those_of_files(made: Any) -> None:
    arguments = made('name = "signals"\nparameters = { target = "targets.csv" }')
    assert orders(arguments)["time_in_force"].to_list() == ["ioc", "gtc", "gtc"]
    arguments = made('name = "schedule"\nparameters = { frame = "orders.csv" }')
    assert orders(arguments)["status"].to_list() == ["filled", "expired"]


@pytest.mark.parametrize("name", BUILTIN)
def test_every_parameter_can_be_written(name: str) -> None:
    """But for what is a program."""
    kind: Any = {"signals": bt.Signals, "schedule": bt.Schedule, "continuous": ContinuousSignals}[name]
    taken = inspect.signature(BUILTIN[name]).parameters
    programs = set() if name == "continuous" else {"hooks", "variables", "per_instrument"}
    assert {one.name for one in fields(kind)} - set(taken) == programs


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ('name = "signals"', "strategy.parameters: missing a required argument: 'target'"),
        ('name = "signals"\nparameters = { target = "no.csv" }', "strategy.parameters.target: .*no.csv does not exist"),
        ('name = "signals"\nparameters = { target = 1 }', "target is 1; it must be text: SQL over the columns"),
        ('name = "signals"\nparameters = { target = "close >" }', "target is 'close >', which is no SQL"),
        ('name = "signals"\nparameters = { target = "close", stop_loss = "clos)" }', "stop_loss is 'clos\\)'"),
        ('name = "signals"\nparameters = { target = "close", good_til = "2d" }', "good_til.*\nHint: .*'good_till'"),
        ('name = "signals"\nparameters = { target = "close", good_till = 5 }', "good_till is 5; it must be a length"),
        ('name = "signals"\nparameters = { target = "close", exit_after = 0 }', "exit_after is 0; it must be a whole"),
        ('name = "signals"\nparameters = { target = "1", exit_after = "2 days" }', "'2 days', in which 'days' is"),
        ('name = "signals"\nparameters = { target = "1", good_till = "-5d" }', "good_till is '-5d'; it must"),
        ('name = "signals"\nparameters = { target = "1", good_after = "soon(" }', "good_after is 'soon\\(', which"),
        (
            'name = "signals"\nparameters = { target = "orders.csv" }',
            "the frame of targets has price, and order is 'market'",
        ),
        ('name = "schedule"\nparameters = { frame = "close" }', "frame is 'close'; it must be a file"),
        ('name = "schedule"\nparameters = { frame = "candles.parquet" }', "the schedule has a column"),
    ],
)
def test_what_cannot_be_is_told_with_its_place(made: Any, section: str, said: str) -> None:
    with pytest.raises(BarterBtError, match=said) as caught:
        made(section)
    assert "run.toml: strategy" in caught.value.message
