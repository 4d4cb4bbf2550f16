"""Rule 108: what prices are adjusted for must not be given once more."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.backtest.config import load
from barter_bt.cli import main
from barter_bt.errors import ConfigError, DataError

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


def test_rule_108_a_catalog_knows_what_its_prices_are_adjusted_for(tmp_path: Path) -> None:
    """Said once, when the rows come in; it holds for streams, also aggregated ones, and of a copy in a store."""
    catalog = bt.Catalog(tmp_path / "catalog")
    frame = bt.data.generate.candles(120, 1, "a_usd")
    catalog.add_stream(bt.data.candles(frame.head(60), adjusted=BOTH), exchange="nyse")
    stream = catalog.candles("a_usd")
    assert stream.adjusted == catalog.candles("a_usd", adjusted=BOTH).adjusted == BOTH
    assert bt.data.aggregate(stream, every="5m").adjusted == BOTH
    assert catalog.files["adjusted"].to_list() == [BOTH]
    with pytest.raises(ConfigError, match="it would count twice"):
        run(stream, flows=DIVIDEND)
    with pytest.raises(ConfigError, match="are to be adjusted for splits, and were adjusted for splits and dividends"):
        catalog.candles("a_usd", adjusted="splits")
    for other in (None, "splits"):
        with pytest.raises(DataError, match="prices of <frame> are .*, and those of the catalog adjusted for splits"):
            catalog.add_stream(bt.data.candles(frame.tail(60), adjusted=other), exchange="nyse")
    catalog.add_stream(bt.data.candles(frame, adjusted=BOTH), exchange="nyse", overlap="merge")
    assert catalog.candles("a_usd").rows == 120
    catalog.copy_to(f"file://{tmp_path}/store")
    assert bt.Catalog(f"file://{tmp_path}/store", copies=tmp_path / "copies").candles("a_usd").adjusted == BOTH
    manifest = tmp_path / "catalog/manifest.json"
    manifest.write_text(manifest.read_text().replace(f'"adjusted": "{BOTH}"', '"older": 1'))  # as it once was
    assert catalog.candles("a_usd").adjusted is None
    assert catalog.candles("a_usd", adjusted="splits").adjusted == "splits"


def test_rule_108_is_said_of_files_that_are_imported(tmp_path: Path) -> None:
    candles, flows = tmp_path / "candles.csv", tmp_path / "splits.csv"
    bt.data.generate.candles(9, 1, "a_usd").write_csv(candles)
    SPLIT.frame.write_csv(flows)
    catalog = str(tmp_path / "catalog")
    given = ["--catalog", catalog, "--exchange", "nyse", "--adjusted", "splits"]
    assert main(["data", "import", "csv_candles", str(candles), *given]) == 0
    assert bt.Catalog(catalog).candles("a_usd").adjusted == "splits"
    assert bt.data.load("csv_candles", candles, adjusted=BOTH).adjusted == BOTH
    with pytest.raises(ConfigError, match="adjusted is for trades, quotes, candles, and has no effect"):
        bt.data.load("csv_splits", flows, adjusted=BOTH)


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
