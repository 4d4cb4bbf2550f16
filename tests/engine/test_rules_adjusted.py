"""Rule 108: what prices are adjusted for must not be given once more."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.backtest.config import load
from barter_bt.errors import ConfigError

BOTH = "splits_and_dividends"
AT = datetime(2020, 1, 1, 1, tzinfo=UTC)
SHARES = [bt.Instrument("nyse", name, price_increment="0.0001") for name in ("a_usd", "b_usd")]


def prices(name: str = "a_usd", adjusted: Any = None, seed: int = 1, **options: Any) -> bt.data.Stream:
    return bt.data.candles(bt.data.generate.candles(120, seed, name), adjusted=adjusted, **options)


DIVIDEND = bt.data.dividends(pl.DataFrame({"time": [AT], "instrument": ["a_usd"], "amount": [0.5]}))
SPLIT = bt.data.splits(pl.DataFrame({"time": [AT], "instrument": ["a_usd"], "ratio": ["2:1"]}))


def run(*streams: bt.data.Stream, flows: Any = None) -> bt.Result:
    names = {name for stream in streams for name in stream.instruments}
    never = bt.Signals(pl.lit(0.0))
    there = [one for one in SHARES if one.name in names]
    return bt.backtest(streams, there, never, balances={"usd": 100}, cash_flows=flows, interpret=True)


@pytest.mark.parametrize(
    ("adjusted", "flow", "refused"),
    [
        (None, DIVIDEND, ""),
        (None, SPLIT, ""),
        ("splits", DIVIDEND, ""),
        (
            "splits",
            SPLIT,
            "a split of 'a_usd' at 2020-01-01 01:00:00.00:00, whose prices in .* are adjusted for splits",
        ),
        (BOTH, DIVIDEND, "a dividend of 'a_usd' at .* are adjusted for splits and dividends: it would count twice"),
        (BOTH, SPLIT, "a split of 'a_usd' at .* are adjusted for splits and dividends: it would count twice"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_rule_108_what_is_in_the_prices_does_not_count_twice(adjusted: Any, flow: Any, refused: str) -> None:
    if not refused:
        assert run(prices(adjusted=adjusted), flows=flow).equity.height
        return
    with pytest.raises(ConfigError, match=refused) as told:
        run(prices(adjusted=adjusted), flows=flow)
    assert "leave the" in str(told.value)


def test_rule_108_is_of_each_instrument() -> None:
    """What is adjusted may stand beside what is not, and only its own flows are refused."""
    streams = prices(adjusted=None), prices("b_usd", BOTH)
    assert run(*streams, flows=DIVIDEND).equity.height
    with pytest.raises(ConfigError, match="it would count twice"):
        run(prices(adjusted=BOTH), prices("b_usd"), flows=DIVIDEND)


@pytest.mark.parametrize("other", [None, "splits"])
def test_rule_108_prices_of_one_instrument_are_of_one_kind(other: Any) -> None:
    """Also where the venue does not deal on some: the engine marks by what it sees."""
    signals = prices(adjusted=BOTH, seen_by="strategy")
    with pytest.raises(ConfigError, match="prices of 'nyse.a_usd' are adjusted for splits and dividends in .* and"):
        run(signals, prices(adjusted=other, seed=2, seen_by="venue"))


def test_rule_108_it_is_said_of_streams() -> None:
    with pytest.raises(ConfigError, match="adjusted is 'dividends'; allowed: splits, splits_and_dividends, or None"):
        prices(adjusted="dividends")
    one = prices(adjusted="splits", repair=bt.data.Repair(sort=True))
    assert (one.adjusted, prices().adjusted) == ("splits", None)
    assert run(one).data[0]["adjusted"] == "splits"
    assert "adjusted" not in run(prices()).data[0]
    plain, said = (
        bt.Simulation(each, SHARES[0], balances={"usd": 1}, interpret=True).fingerprint for each in (prices(), one)
    )
    assert plain != said


def test_rule_108_in_a_catalog_and_in_a_configuration_file(tmp_path: Path) -> None:
    catalog = bt.Catalog(tmp_path / "catalog")
    catalog.add_stream(prices(), exchange="nyse")
    assert catalog.candles("a_usd", adjusted="splits").adjusted == "splits"
    pl.DataFrame({"time": [AT], "instrument": ["a_usd"], "ratio": ["2:1"]}).write_parquet(tmp_path / "splits.parquet")
    (tmp_path / "run.toml").write_text(FILE)
    arguments = load(tmp_path / "run.toml").build()
    assert arguments["data"][0].adjusted == BOTH
    with pytest.raises(ConfigError, match="adjusted for splits and dividends: it would count twice"):
        bt.backtest(**arguments)


FILE = """
[balances]
usd = 100
[[data]]
kind = "candles"
path = "catalog"
instrument = "a_usd"
adjusted = "splits_and_dividends"
[[instruments]]
exchange = "nyse"
name = "a_usd"
[[cash_flows]]
kind = "split"
path = "splits.parquet"
[strategy]
object = "barter_bt.strategy.builtin:BuyAndHold"
"""
