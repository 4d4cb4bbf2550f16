"""Limits from a configuration file."""

from __future__ import annotations

import pytest

import barter_bt as bt
from barter_bt.backtest.config import load
from barter_bt.errors import BarterBtError
from tests.engine.tiny import flat, table

CONFIG = """
[[data]]
kind = "candles"
path = "candles.parquet"

[[instruments]]
exchange = "x"
name = "a_usd"
price_increment = 1
quantity_increment = 1

[balances]
usd = 10_000

[strategy]
name = "buy_and_hold"
parameters = { quantity = 9 }

[risk]
name = "limits"

[risk.parameters]
order_quantity = 8
order_notional = "2_000.5"
position_quantity = 7
position_notional = 1e6
open_orders = 20
order_rate = [10, "1s"]
price_band = 0.05
exposure = 5_000
leverage = 1.5
resize = true

[risk.parameters.by_instrument.a_usd]
order_quantity = 6
order_rate = [2, 1_000_000]
"""


@pytest.fixture
def config(tmp_path):
    flat(100, 100, 100).frame().collect().write_parquet(tmp_path / "candles.parquet")
    path = tmp_path / "run.toml"
    path.write_text(CONFIG)
    return path


def test_limits_of_a_file_are_those_of_the_call(config):
    """All of them; numbers as numbers or as text, tables as limits of one instrument."""
    assert load(config).build()["risk"] == bt.Limits(
        order_quantity=8,
        order_notional="2_000.5",
        position_quantity=7,
        position_notional=1e6,
        open_orders=20,
        order_rate=(10, "1s"),
        price_band=0.05,
        exposure=5_000,
        leverage=1.5,
        resize=True,
        by_instrument={"a_usd": bt.Limits(order_quantity=6, order_rate=(2, 1_000_000))},
    )


def test_a_run_of_a_file_is_held_against_them(config):
    """The strategy wants 9, may have 6."""
    result = bt.backtest(**load(config).build(), interpret=True)
    assert table(result.orders, "quantity", "quantity_requested")[0] == (6, 9)


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("order_quantity = 8", "order_quantty = 8", "risk.parameters.order_quantty.*did you mean 'order_quantity'"),
        ("order_quantity = 8", "order_quantity = -8", "risk: order_quantity is -8"),
        ("order_quantity = 6", "exposure = 6", "risk: by_instrument of 'a_usd' has exposure"),
        ('[10, "1s"]', "10", "risk: order_rate is 10"),
    ],
)
def test_a_wrong_limit_in_a_file_is_named(config, old, new, match):
    """With the file and the section."""
    config.write_text(CONFIG.replace(old, new))
    with pytest.raises(BarterBtError, match=f"(?s)run.toml: {match}"):
        load(config).build()
