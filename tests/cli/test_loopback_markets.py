"""Perpetuals and order books at the loopback exchange of the command line, live and on paper; each session replays."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from barter_bt.cli import main
from barter_bt.live import read_raw, read_session
from tests.live.unhurried import Unhurried

STRATEGY = """
import barter_bt as bt
class Once:
    '''Sells at the market at the first price: a position that only a derivative has.'''
    def generate_algo_orders(self, state):
        if len(state.raw.orders) or not state.price("btc_usdt"):
            return None
        return [], [bt.OrderRequest("btc_usdt", SIDE * 1)]
"""
CONFIG = """
[[data]]
kind = "KIND"
path = "rows.csv"
instrument = "btc_usdt"
[[instruments]]
exchange = "binance_spot"
name = "btc_usdt"
price_increment = "0.5"
quantity_increment = "0.01"
[balances]
usdt = 1000
[venues.binance_spot]
fees = { maker = 0.01, taker = 0.01 }
[strategy]
object = "once.py:Once"
"""
PERPETUAL = CONFIG.replace("binance_spot", "binance_futures_usd").replace(
    'name = "btc_usdt"', 'name = "btc_usdt"\nkind = "perpetual"'
)
OTHER = '[[instruments]]\nexchange = "binance_spot"\nname = "eth_usdt"\n'
TRADES = ["time_exchange,price,amount,side", *(f"2024-01-01T00:00:{s:02}Z,{100 + s % 3},5,buy" for s in range(20))]
BOOK = [
    "time_exchange,sequence,snapshot,side,price,amount",
    "2024-01-01T00:00:00Z,1,true,bid,99,5",
    "2024-01-01T00:00:00Z,1,true,bid,98.5,7",
    "2024-01-01T00:00:00Z,1,true,ask,100,0.25",
    "2024-01-01T00:00:00Z,1,true,ask,101,9",
    *(f"2024-01-01T00:00:{s:02}Z,{s + 1},false,bid,99,{5 + s % 2}" for s in range(1, 20)),
]
LIVE = ["--network", "loopback", "--pace", "10s", "--prefix", "p-"]
PAPER = ["--exchange", "loopback", "--pace", "10s"]


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("barter_bt.live.Paced", Unhurried)


def written(where: Path, config: str, kind: str, rows: list[str], side: int = 1) -> Path:
    (where / "once.py").write_text(STRATEGY.replace("SIDE", str(side)))
    (where / "rows.csv").write_text("\n".join(rows) + "\n")
    (where / "run.toml").write_text(config.replace("KIND", kind))
    return where / "run.toml"


def kinds(where: Path) -> set[str]:
    """What of the market was recorded."""
    events = read_session(where).frame().filter(kind="market")["event"]
    return set(events.str.extract(r'"kind":\{"(\w+)"').drop_nulls())


def test_a_perpetual_is_sold_short(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By signed requests to a futures exchange, heard by a listen key, which is not in the raw messages."""
    config, where = written(tmp_path, PERPETUAL, "trades", TRADES, side=-1), tmp_path / "session"
    assert main(["live", str(config), *LIVE, "--record", str(where), "--raw", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["trades"] == 1
    assert main(["replay", str(config), str(where), "--live", "--prefix", "p-", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["digest"] == told["digest"]
    raw = read_raw(where)
    assert set(raw["adapter"]) == {"market", "account"}
    assert not raw.select(pl.any_horizontal(pl.col("raw", "source").str.contains("listen-key-"))).to_series().any()
    assert not raw.select(pl.any_horizontal(pl.col("raw", "source").str.contains("of-loopback"))).to_series().any()


def test_a_perpetual_on_paper(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config, where = written(tmp_path, PERPETUAL, "trades", TRADES), tmp_path / "session"
    assert main(["paper", str(config), *PAPER, "--record", str(where), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["trades"] == 1
    assert main(["replay", str(config), str(where), "--exchange", "loopback", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == told
    assert kinds(where) == {"Trade", "OrderBookL1"}


def test_an_order_goes_through_a_book(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A quarter at the best ask and the rest at the next; the strategy sees the book from its snapshot on."""
    config, where = written(tmp_path, CONFIG, "book", BOOK), tmp_path / "session"
    assert main(["live", str(config), *LIVE, "--record", str(where)]) == 0
    said = capsys.readouterr().out
    assert "bought 0.25000000 btc_usdt at 100.00000000" in said
    assert "bought 0.75000000 btc_usdt at 101.00000000" in said
    assert main(["replay", str(config), str(where), "--live", "--prefix", "p-", "--json"]) == 0
    assert kinds(where) == {"OrderBook", "OrderBookL1"}


def test_a_book_on_paper(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its best prices fill."""
    config, where = written(tmp_path, CONFIG, "book", BOOK), tmp_path / "session"
    assert main(["paper", str(config), *PAPER, "--record", str(where), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["trades"] >= 1
    assert main(["replay", str(config), str(where), "--exchange", "loopback", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == told
    assert kinds(where) == {"OrderBook", "OrderBookL1"}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "[balances]",
            '[[instruments]]\nexchange = "binance_spot"\nname = "eth_usdt"\n[balances]',
            "a loopback is one exchange",
        ),
        ('kind = "perpetual"', 'kind = "perpetual"\nsettlement = "usdc"', "not settled in usdt"),
    ],
)
def test_what_is_not_for_it(tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, words: str) -> None:
    config = written(tmp_path, PERPETUAL.replace(old, new), "trades", TRADES)
    assert main(["paper", str(config), *PAPER]) == 2
    assert words in capsys.readouterr().err
