"""`barter-bt live` at the loopback exchange: a dry run unless told otherwise, keys from the environment, recordings."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from barter_bt.cli import main
from barter_bt.live import WallClock, binance, read_session
from barter_bt.protocol import TradingState, TradingStateUpdate, to_json
from barter_bt.testing.exchange import Late, LoopbackExchange

STRATEGY = """
import barter_bt as bt
class Once:
    def generate_algo_orders(self, state):
        asked = len(state.raw.orders) or not state.price("btc_usdt")
        return [], [] if asked else [bt.OrderRequest("btc_usdt", 1)]
"""
CONFIG = """
[[data]]
kind = "trades"
path = "trades.csv"
instrument = "btc_usdt"
[[instruments]]
exchange = "binance_spot"
name = "btc_usdt"
price_increment = "0.01"
quantity_increment = "0.00001"
[balances]
usdt = 1000
[strategy]
object = "once.py:Once"
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "once.py").write_text(STRATEGY)
    (tmp_path / "trades.csv").write_text("time_exchange,price,amount,side\n2024-01-01T00:00:00Z,100,1,buy\n")
    (tmp_path / "live.toml").write_text(CONFIG)
    monkeypatch.setenv("BINANCE_TEST_KEY", "key")
    monkeypatch.setenv("BINANCE_TEST_SECRET", "secret")
    return tmp_path / "live.toml"


PAUSE_SECONDS, PATIENCE_SECONDS = 0.001, 300
DISABLED = to_json(TradingStateUpdate(TradingState.DISABLED))


@contextmanager
def exchange(
    monkeypatch: pytest.MonkeyPatch, is_over: Callable[[LoopbackExchange], bool]
) -> Iterator[LoopbackExchange]:
    """An exchange in a thread of its own, which interrupts the program when a session has done what it should.

    That is something the session did, never how much was said to it: a slow machine has not heard it yet.
    """
    ready, ended, made = threading.Event(), threading.Event(), list[LoopbackExchange]()

    async def quote(served: LoopbackExchange) -> None:
        sizes = count(2)
        while not (is_over(served) or ended.is_set()):
            served.quote("99", "101", str(next(sizes)))
            await served.flush()
            await asyncio.sleep(PAUSE_SECONDS)  # the program has a turn

    async def serve() -> None:
        async with LoopbackExchange(WallClock()) as served:
            made.append(served)
            ready.set()
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await quote(served)
            finally:
                if not ended.is_set():
                    os.kill(os.getpid(), signal.SIGINT)
            while not ended.is_set():
                await asyncio.sleep(PAUSE_SECONDS)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(PATIENCE_SECONDS)
    for network in ("TEST_NETWORK", "MAIN_NETWORK"):
        monkeypatch.setattr(binance, network, made[0].endpoints)
    try:
        yield made[0]
    finally:
        ended.set()
        thread.join()


def asked(exchange: LoopbackExchange, route: str) -> int:
    return sum(1 for one, _ in exchange.requests if one == route)


def journal(where: Path) -> list[tuple[str, str]]:
    """Kind and text of each event of a session that runs; all but the last have been processed."""
    lines = [line for file in where.glob("*.jsonl") for line in file.read_text().splitlines(keepends=True)]
    rows = [json.loads(line) for line in lines if line.endswith("\n")]
    return [(row[3], row[5]) for row in rows]


def has_traded(where: Path) -> bool:
    """It knows of a fill of its own, so that it comes before the end."""
    return any(kind == "account" and '"Trade"' in text for kind, text in journal(where))


def could_trade(where: Path) -> bool:
    """Trading was enabled, and it was asked at a price behind that: the second shows that the first is done with."""
    kinds = [kind for kind, _ in journal(where)]
    return "trading" in kinds and kinds[kinds.index("trading") :].count("market") > 1


def has_heard(where: Path) -> bool:
    return len(journal(where)) > 5


def test_it_trades_when_confirmed_and_its_recording_replays(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    where = config.parent / "session"
    with exchange(monkeypatch, lambda _: has_traded(where)) as served:
        code = main(["live", str(config), "--confirm", "--record", str(where), "--prefix", "p-", "--json"])
    assert code == 130
    told = json.loads(capsys.readouterr().out)
    assert told["trades"] == 1
    assert [one.client_id for one in served.account.orders] == ["p-0"]
    assert main(["replay", str(config), str(where), "--live", "--prefix", "p-", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["digest"] == told["digest"]


@pytest.mark.parametrize("insists", [False, True])
def test_sigterm_waits_for_an_answer_and_a_second_signal_does_not(
    insists: bool, config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exchange has refused an order, and not said so yet, when the signal comes."""
    (config.parent / "once.py").write_text(STRATEGY.replace("1)]", "-1000)]"))
    where, late, order = config.parent / "session", Late(), "POST /api/v3/order"
    faults, signals = [late], [signal.SIGTERM]

    def is_over(served: LoopbackExchange) -> bool:
        if faults:
            served.answer_next(order, faults.pop())
        if signals and asked(served, order):
            os.kill(os.getpid(), signals.pop())
        is_draining = [text for kind, text in journal(where) if kind == "trading"][-1:] == [DISABLED]
        if is_draining and not insists:
            late.release()
        return is_draining and insists  # the second signal is sent

    with exchange(monkeypatch, is_over):
        arguments = ["live", str(config), "--confirm", "--record", str(where), "--prefix", "p-"]
        assert main(arguments) == 130
    told = read_session(where).frame().select("kind", "event").rows()
    was_told = [i for i, (kind, text) in enumerate(told) if kind == "account" and "OpenFailed" in text]
    assert len(was_told) == (not insists)
    assert (told[-1][0] == "shutdown") == (not insists)


@pytest.mark.parametrize("was_killed", [True, False])
def test_a_session_goes_on_with_its_own_ids(
    was_killed: bool, config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Behind its shutdown, and where its recording is left as a killed one leaves it, without its end."""
    where = config.parent / "session"
    given = ["live", str(config), "--confirm", "--record", str(where), "--prefix", "p-", "--json"]
    with exchange(monkeypatch, lambda _: has_traded(where)):
        assert main(given) == 130
    (part,) = where.glob("part-*.parquet")
    if was_killed:
        frame = pl.read_parquet(part)
        frame.filter(pl.col("kind") != "shutdown").write_parquet(part)
    capsys.readouterr()
    with exchange(monkeypatch, lambda _: could_trade(where)) as served:
        assert main([*given, "--resume"]) == 130
    told = json.loads(capsys.readouterr().out)
    assert told["trades"] == 1  # it has bought already
    assert served.account.orders == []
    assert main(["replay", str(config), str(where), "--live", "--prefix", "p-", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["digest"] == told["digest"]
    assert main(["live", str(config), "--resume"]) == 2
    assert "--resume needs --record and --prefix" in capsys.readouterr().err


def test_without_confirmation_nothing_is_sent(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with exchange(monkeypatch, lambda x: asked(x, "POST /api/v3/order/test") > 0) as served:
        assert main(["live", str(config)]) == 130
    said = capsys.readouterr().out
    assert "a dry run: no order was sent" in said
    assert served.account.orders == []


def test_without_keys_it_says_which(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("BINANCE_TEST_SECRET")
    assert main(["live", str(config)]) == 2
    assert "BINANCE_TEST_SECRET not set" in capsys.readouterr().err
    arguments: list[Any] = ["live", str(config), "--network", "main", "--confirm"]
    assert main(arguments) == 2
    assert "BINANCE_KEY and BINANCE_SECRET" in capsys.readouterr().err


def test_what_the_market_says_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without keys, from the main network."""
    for name in ("BINANCE_KEY", "BINANCE_SECRET"):
        monkeypatch.delenv(name, raising=False)
    where = tmp_path / "kept"

    with exchange(monkeypatch, lambda _: has_heard(where)):
        arguments = ["record", "BTCUSDT", "--out", str(where), "--streams", "quotes", "--json"]
        assert main(arguments) == 130
    told = json.loads(capsys.readouterr().out)
    assert told["gaps"] == told["reconnects"] == 0
    frame = read_session(where).frame()
    assert frame.height == told["events"] > 5
    assert set(frame["kind"]) == {"market", "shutdown"}


def test_paper_on_a_market_sends_no_order_and_needs_no_keys(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("BINANCE_TEST_KEY", "BINANCE_TEST_SECRET"):
        monkeypatch.delenv(name)
    where = config.parent / "session"
    with exchange(monkeypatch, lambda _: has_traded(where)) as served:
        assert main(["paper", str(config), "--exchange", "binance_spot", "--record", str(where)]) == 130
    said = capsys.readouterr().out
    assert "bought 1 btc_usdt at 101" in said
    assert "no order was sent to binance_spot" in said
    assert not any(route.startswith("POST") for route, _ in served.requests)


def through_ccxt(monkeypatch: pytest.MonkeyPatch, served: LoopbackExchange) -> None:
    """Whatever exchange ccxt is asked for is the loopback exchange."""
    from barter_bt.live import ccxt
    from tests.live.ccxt.rig import loopback

    def connect(name: str, secrets: Any = None, *, sandbox: bool = True) -> ccxt.Connection:
        assert (name, sandbox) == ("binance", True)
        return loopback(served, secrets=secrets or ccxt.Secrets("", ""))

    monkeypatch.setattr(ccxt, "connect", connect)


CCXT = CONFIG.replace("binance_spot", "binance")


def test_any_exchange_through_ccxt(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(CCXT)
    with exchange(monkeypatch, lambda x: bool(x.account.trades)) as served:
        through_ccxt(monkeypatch, served)
        arguments = ["live", str(config), "--exchange", "ccxt:binance", "--confirm", "--prefix", "p-"]
        assert main(arguments) == 130
    assert [one.client_id for one in served.account.orders] == ["p-0"]
    where = config.parent / "kept"

    with exchange(monkeypatch, lambda _: has_heard(where)) as served:
        through_ccxt(monkeypatch, served)
        given = ["--exchange", "ccxt:binance", "--network", "test", "--streams", "quotes", "--json"]
        assert main(["record", "BTC/USDT", "--out", str(where), *given]) == 130
    assert read_session(where).frame().height > 5


def test_an_exchange_without_an_adapter_is_told(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(CONFIG.replace("binance_spot", "okx"))
    assert main(["live", str(config)]) == 2
    assert "no adapter of 'okx'" in capsys.readouterr().err
    assert main(["live", str(config), "--exchange", "ccxt:okx"]) == 2
    assert "OKX_TEST_KEY and OKX_TEST_SECRET not set" in capsys.readouterr().err


BY_SESSIONS = """
import barter_bt as bt
class Once:
    def generate_algo_orders(self, state):
        asked = len(state.raw.orders) or not state.price("btc_usdt") or not state.is_open("btc_usdt")
        return [], [] if asked else [bt.OrderRequest("btc_usdt", 1)]
"""


@pytest.mark.parametrize("told", ["24/7", "days.csv"])
def test_a_strategy_knows_the_sessions_of_the_file(
    told: str, config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the name of a calendar, of which the days to come are known, and of a file; its recording replays."""
    where = config.parent / "session"
    config.write_text(f'sessions = "{told}"\n{CONFIG}')
    (config.parent / "once.py").write_text(BY_SESSIONS)
    (config.parent / "days.csv").write_text("open,close\n2024-01-01T00:00:00Z,2124-01-01T00:00:00Z\n")
    with exchange(monkeypatch, lambda _: has_traded(where)):
        assert main(["live", str(config), "--confirm", "--record", str(where), "--prefix", "p-", "--json"]) == 130
    told_digest = json.loads(capsys.readouterr().out)["digest"]
    assert main(["replay", str(config), str(where), "--live", "--prefix", "p-", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["digest"] == told_digest


def test_a_column_of_the_files_data_is_none_of_an_exchanges(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is told before the session begins, and not read as nothing."""
    (config.parent / "once.py").write_text(STRATEGY.replace("Once:", 'Once:\n    data_columns = ("mood",)'))
    (config.parent / "trades.csv").write_text("time_exchange,price,amount,side,mood\n2024-01-01T00:00:00Z,1,1,buy,7\n")
    assert main(["live", str(config)]) == 2
    assert "the strategy asks for a column 'mood' of the data" in capsys.readouterr().err
