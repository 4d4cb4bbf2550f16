"""`barter-bt live --network loopback`: the adapter trades at an exchange on this machine, and the session replays."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import polars as pl
import pytest

from barter_bt.cli import main
from barter_bt.live import read_session
from barter_bt.live.metrics import Metrics
from tests.live.unhurried import Unhurried

STRATEGY = """
import barter_bt as bt
class Twice:
    '''Buys at the market at the first price, and bids for one more below it.'''
    def generate_algo_orders(self, state):
        if len(state.raw.orders) or not state.price("btc_usdt"):
            return None
        return [], [bt.OrderRequest("btc_usdt", 1), bt.OrderRequest("btc_usdt", 1, 98)]
"""
CONFIG = """
[run]
start = 2024-01-01T00:00:02Z
[[data]]
kind = "trades"
path = "trades.csv"
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
object = "twice.py:Twice"
"""
START = 1_704_067_202_000_000_000
PRICES = [500, 500, 100, 101, 100, 99, 98, 97, 99, 100]
GIVEN = ["--network", "loopback", "--pace", "10s", "--prefix", "p-"]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("barter_bt.live.Paced", Unhurried)
    monkeypatch.setattr(Unhurried, "given", [])
    (tmp_path / "twice.py").write_text(STRATEGY)
    rows = [f"2024-01-01T00:00:0{second}Z,{price},5,buy" for second, price in enumerate(PRICES)]
    rows[7] = rows[7].replace("buy", "sell")  # others sell at 97, into the bid of 98
    (tmp_path / "trades.csv").write_text("\n".join(["time_exchange,price,amount,side", *rows]) + "\n")
    (tmp_path / "loop.toml").write_text(CONFIG)
    return tmp_path / "loop.toml"


def test_it_trades_to_the_end_of_the_data_and_replays(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A market order takes the price that is made up of the last trade, a limit order waits; without any keys."""
    for name in ("BINANCE_TEST_KEY", "BINANCE_TEST_SECRET"):
        monkeypatch.delenv(name, raising=False)
    where = config.parent / "session"
    assert main(["live", str(config), *GIVEN, "--record", str(where), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["trades"] == 2
    assert Unhurried.given == [(START - 10 * 10**9, 10.0)], "a second of the machine's before the data begins"
    recording = read_session(where)
    assert recording.digest == told["digest"]
    trades = recording.frame().filter(pl.col("event").str.contains('"Trade"'))
    assert dict(trades.group_by("kind").len().rows()) == {"market": len(PRICES) - 2, "account": 2}
    assert main(["replay", str(config), str(where), "--live", "--prefix", "p-", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["digest"] == told["digest"]


def test_it_says_what_happens(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["live", str(config), *GIVEN]) == 0
    said = capsys.readouterr().out
    assert "bought 1.00000000 btc_usdt at 100.50000000, fee 1.00500000" in said
    assert "bought 1.00000000 btc_usdt at 98.00000000, fee 0.98000000" in said
    assert "2 trades at the loopback network; orders were sent" in said


def test_prometheus_and_a_webhook_hear_of_it(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the file; the URL is that of a variable."""
    posted, seen, ports, served = list[dict[str, str]](), list[str](), list[int](), Metrics.served

    @asynccontextmanager
    async def noted(self: Metrics, port: int) -> AsyncIterator[int]:
        async with served(self, port) as found:
            ports.append(found)
            yield found

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            with urllib.request.urlopen(f"http://127.0.0.1:{ports[0]}/metrics") as answer:
                seen.append(answer.read().decode())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Hook) as hook:
        thread = threading.Thread(target=hook.serve_forever)
        thread.start()
        monkeypatch.setattr(Metrics, "served", noted)
        monkeypatch.setenv("MY_HOOK", f"http://127.0.0.1:{hook.server_port}/secret")
        config.write_text(f'{CONFIG}[alerts]\nwebhook = "MY_HOOK"\n[metrics]\nport = 0\n')
        try:
            assert main(["live", str(config), *GIVEN, "--quiet"]) == 0
        finally:
            hook.shutdown()
            thread.join()
    assert [one["kind"] for one in posted] == ["ended"]
    assert 'barter_bt_trades_total{instrument="btc_usdt"} 2.0' in seen[0]


def test_a_webhook_that_is_not_set_is_told(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["live", str(config), *GIVEN, "--alerts", "NOT_THERE"]) == 2
    assert "NOT_THERE not set in the environment" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--network", "loopback", "--pace", "2m"], "requests are good for 5 s"),
        (["--network", "loopback", "--confirm"], "at --network loopback orders are sent"),
        (["--network", "loopback", "--exchange", "ccxt:okx"], "speaks as the file's instruments, not ccxt:okx"),
        (["--network", "loopback", "--resume", "--record", "r", "--prefix", "p"], "ends with its program"),
        (["--pace", "1s"], "a real exchange has its own"),
    ],
)
def test_what_has_no_effect_there_is_an_error(
    config: Path, capsys: pytest.CaptureFixture[str], given: list[str], words: str
) -> None:
    assert main(["live", str(config), *given]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("binance_spot", "xnas", "no spot instrument of 'binance_spot' with increments"),
        ('price_increment = "0.5"\n', "", "no spot instrument of 'binance_spot' with increments"),
        ("maker = 0.01", "maker = 0.02", "a loopback exchange has one"),
    ],
)
def test_a_file_that_is_not_for_it(
    config: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, words: str
) -> None:
    config.write_text(CONFIG.replace(old, new))
    assert main(["live", str(config), *GIVEN]) == 2
    assert words in capsys.readouterr().err
