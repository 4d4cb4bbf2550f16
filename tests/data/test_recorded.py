"""What a recorded session heard of markets, in a catalog."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt import protocol as bp
from barter_bt.cli import main
from barter_bt.errors import ConfigError, DataError
from barter_bt.live import Arrival, Recorder
from barter_bt.system import Engine

SECOND = 10**9
START = 1_704_067_200 * SECOND
BTC, ETH = bt.Instrument("x", "btc_usd"), bt.Instrument("y", "eth_usd")


def heard(second: float, kind: Any, one: bt.Instrument = BTC) -> Arrival:
    at = START + int(second * SECOND)
    event = bp.Market(bp.Item(bp.MarketEvent(at, at + 1000, one.exchange, one.name, kind)))
    return Arrival(at + 1000, (event,))


def traded(second: float, price: float = 100.0, one: bt.Instrument = BTC) -> Arrival:
    return heard(second, bp.PublicTrade("1", price, 2.0, bp.Side.BUY), one)


def recorded(where: Path, arrivals: list[Arrival], *, ends: bool = True, rows: int = 4) -> Path:
    recorder = Recorder(where, rows)
    recorder.begin(Engine([BTC, ETH]))
    for arrival in arrivals:
        recorder.saw(arrival)
    if ends:
        recorder.close()
    elif recorder._journal is not None:
        recorder._journal.close()  # the program is killed
    return where


class Once:
    """Buys one at the first price."""

    def generate_algo_orders(self, state: Any) -> Any:
        return [], [] if len(state.raw.orders) else [bt.OrderRequest("btc_usd", 1)]


@pytest.mark.parametrize("ends", [True, False])
def test_a_session_is_backtested_in_a_line(tmp_path: Path, ends: bool) -> None:
    """Also one that was killed: what stands in its journal counts."""
    lost = Arrival(START, (bp.Market(bp.Reconnecting("x")),))
    where = recorded(tmp_path / "one", [*(traded(k, 100.0 + k) for k in range(9)), lost], ends=ends)
    catalog = bt.Catalog(tmp_path / "market")
    added = catalog.add_session(where)
    assert (added.rows, catalog.verify()) == (9, ())
    result = bt.backtest(catalog.trades("btc_usd"), BTC, Once(), balances={"usd": 1_000}, interpret=True)
    assert result.trades["price"].to_list() == [101]


def test_it_is_the_same_as_was_heard(tmp_path: Path) -> None:
    candle = bp.Candle(START + 60 * SECOND, 1.0, 4.0, 0.5, 2.0, 10.0, 3)
    later = bp.Candle(START + 120 * SECOND, 2.0, 2.0, 2.0, 2.0, 1.0, 3)
    quote = bp.OrderBookL1(START, bp.Level(Decimal(99), Decimal(1)), bp.Level(Decimal(101), Decimal(2)))
    told = [traded(1), heard(2, quote), traded(3, 9.0, ETH), heard(60, candle), heard(120, later)]
    catalog = bt.Catalog(tmp_path / "market")
    catalog.add_session(recorded(tmp_path / "one", told))
    files = catalog.files.select("kind", "exchange", "instrument", "rows").sort("kind", "exchange").rows()
    assert files == [("candles", "x", "btc_usd", 2), ("quotes", "x", "btc_usd", 1), ("trades", "x", "btc_usd", 1),
                     ("trades", "y", "eth_usd", 1)]  # fmt: skip
    frame = catalog.candles("btc_usd").frame().collect()
    assert frame["time_open"].dt.epoch("ns").to_list() == [START, START + 60 * SECOND]
    assert frame["high"].to_list() == [4.0, 2.0]
    trade = catalog.trades("eth_usd").frame().collect().row(0, named=True)
    assert (trade["price"], trade["amount"], trade["side"]) == (9.0, 2.0, 1)
    assert (
        frame.select(pl.col("time_received") - pl.col("time_exchange")).to_series().dt.total_nanoseconds().sum() == 2000
    )


def test_it_comes_once(tmp_path: Path) -> None:
    where = recorded(tmp_path / "one", [traded(k) for k in range(9)])
    catalog = bt.Catalog(tmp_path / "market")
    catalog.add_session(where)
    again = catalog.add_session(where)
    assert (again.rows, len(again.skipped)) == (0, 3)


def test_candles_of_two_lengths_cannot_be_told_apart(tmp_path: Path) -> None:
    one = bp.Candle(START, 1.0, 1.0, 1.0, 1.0, 1.0, 1)
    catalog = bt.Catalog(tmp_path / "market")
    with pytest.raises(DataError, match="several lengths"):
        catalog.add_session(recorded(tmp_path / "two", [heard(60, one), heard(60, one)]))
    single = recorded(tmp_path / "one", [heard(60, one)])
    with pytest.raises(DataError, match="how long it is"):
        catalog.add_session(single)
    catalog.add_session(single, interval="1m")
    assert catalog.candles("btc_usd").rows == 1


def test_what_is_no_market_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no recording"):
        bt.Catalog(tmp_path / "market").add_session(tmp_path)
    with pytest.raises(DataError, match="heard of no market"):
        bt.Catalog(tmp_path / "market").add_session(recorded(tmp_path / "one", [Arrival(1, (bp.Shutdown(),))]))
    damaged = recorded(tmp_path / "two", [traded(1)])
    (damaged / "part-000000.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="no part of a recorded session"):
        bt.Catalog(tmp_path / "market").add_session(damaged)


def test_the_command(tmp_path: Path, capsys: Any) -> None:
    where = recorded(tmp_path / "one", [traded(k) for k in range(9)])
    given = ["data", "import", "session", str(where), "--catalog", str(tmp_path / "market")]
    assert main(given) == 0
    assert "9 rows in 1 file(s) added" in capsys.readouterr().out
    assert main([*given, "--exchange", "x"]) == 2
    assert "says exchange, instruments and times itself" in capsys.readouterr().err
    assert main(["data", "import", "csv_trades", "a.csv", "--catalog", str(tmp_path / "market")]) == 2
    assert "--exchange is needed" in capsys.readouterr().err
