"""`barter-bt paper` on a market of this machine: what a newcomer runs, as it is written down, and what it refuses."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import barter_bt as bt
from barter_bt.backtest.config import load
from barter_bt.cli import main
from barter_bt.cli.paper_systems import that_heard
from barter_bt.live import read_raw, read_session
from tests.live.unhurried import Unhurried

ROOT = Path(__file__).parents[2]
EXAMPLE = Path("docs") / "examples" / "paper.toml"
STRATEGY = """
import barter_bt as bt
class Once:
    '''Buys at the market at the first price.'''
    def generate_algo_orders(self, state):
        if len(state.raw.orders) or not state.price("btc_usdt"):
            return None
        return [], [bt.OrderRequest("btc_usdt", 1)]
"""
CONFIG = """
[paper]
exchange = "loopback"
pace = "1m"
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
fees = { maker = 0.01, taker = 0.02 }
[strategy]
object = "once.py:Once"
"""

MORE = """
[[instruments]]
exchange = "binance_spot"
name = "eth_usdt"
price_increment = "0.5"
quantity_increment = "0.01"
[balances]
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("barter_bt.live.Paced", Unhurried)
    (tmp_path / "once.py").write_text(STRATEGY)
    rows = [f"2024-01-01T00:00:{second:02}Z,{100 + second},5,buy" for second in range(30)]
    (tmp_path / "trades.csv").write_text("\n".join(["time_exchange,price,amount,side", *rows]) + "\n")
    (tmp_path / "paper.toml").write_text(CONFIG)
    return tmp_path / "paper.toml"


def documented() -> list[list[str]]:
    """The commands at the head of the example, without what they are said to do."""
    lines = re.findall(r"^#   barter-bt (.*?)(?:  +#.*)?$", (ROOT / EXAMPLE).read_text(), re.MULTILINE)
    return [shlex.split(line) for line in lines]


def test_the_documented_commands_trade_record_and_replay(tmp_path: Path) -> None:
    """Each, word by word, in a copy of the project; sessions end when they have traded."""
    for name in ("docs", "datasets"):
        (tmp_path / name).symlink_to(ROOT / name)
    environment = os.environ | {"BARTER_BT_INTERPRET": "1", "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    digests = []
    kinds = [words[0] for words in documented()]
    assert kinds == ["paper", "paper", "replay", "data", "live"]
    for words in documented()[1:4]:
        command = [sys.executable, "-m", "barter_bt.cli", *words]
        with subprocess.Popen(command, stdout=-1, stderr=-1, env=environment, cwd=tmp_path, text=True) as running:
            assert running.stdout is not None
            if words[0] == "paper":
                assert any("bought 1 " in line for line in running.stdout)
                running.send_signal(signal.SIGTERM)
            said, errors = running.communicate(timeout=600)
        assert running.returncode == (130 if words[0] == "paper" else 0), errors
        digests += re.findall(r"Digest (\w+), ", said)
        if words[0] == "paper":
            assert f"barter-bt {shlex.join(documented()[2])}" in said  # it says what to do next
            assert "no exchange was contacted" in said
    assert len(digests) == 2
    assert digests[0] == digests[1]
    assert read_raw(tmp_path / "runs" / "session").height
    assert bt.Catalog(tmp_path / "runs" / "market").trades("btc_usdt").rows


def test_it_goes_to_the_end_of_the_data_and_replays(config: Path, capsys: Any) -> None:
    """Fees are those of the file's venue, for the exchange that fills is simulated; the loopback has one fee alone."""
    where = config.parent / "session"
    assert main(["paper", str(config), "--record", str(where), "--raw", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["trades"] == 1
    assert main(["replay", str(config), str(where), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == told
    recording = read_session(where)
    assert that_heard(load(config), where).session.now == recording.start > 1_704_000_000 * 10**9  # as it began then
    frame = recording.frame()
    assert frame.filter(kind="market")["event"].str.contains('"Trade"').sum() == 28
    assert set(read_raw(where)["adapter"]) == {"market"}
    assert b"key-of-loopback" not in b"".join(path.read_bytes() for path in where.rglob("*.json"))


def test_the_command_line_stands_before_the_file(config: Path, capsys: Any) -> None:
    """The file's data as in a backtest; and a loopback where the file says nothing."""
    assert main(["paper", str(config), "--exchange", "file", "--pace", "max", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    result = bt.backtest(**load(config).build() | {"interpret": True})
    assert told["trades"] == result.trades.height == 1
    assert told["summary"]["total_return"] == result.summary()["total_return"]
    config.write_text(CONFIG.replace('[paper]\nexchange = "loopback"\npace = "1m"\n', ""))
    where = config.parent / "session"
    given = ["--exchange", "loopback"]
    assert main(["paper", str(config), *given, "--pace", "1m", "--record", str(where), "--json"]) == 0
    digest = json.loads(capsys.readouterr().out)["digest"]
    assert main(["replay", str(config), str(where), *given, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["digest"] == digest


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--network", "main"], "--network main has no effect on exchange 'loopback'"),
        (["--exchange", "file", "--streams", "trades"], "has no effect on exchange 'file'"),
        (["--exchange", "binance_spot", "--pace", "1s"], "--pace 1s has no effect on exchange 'binance_spot'"),
        (["--pace", "2m"], "write 1s to 1m"),
        (["--pace", ""], "--pace is '', which is not a length of time"),
        (
            ["--streams", "1m"],
            "the data says no '1m', so that nothing would be heard\nHint: allowed: trades, quotes, book",
        ),
        (["--metrics", "65536"], "metrics cannot be served at port 65536\nHint: allowed: 0 to 65535"),
        (["--raw"], "--raw is without --record"),
        (["--exchange", "file", "--record", "r", "--raw"], "a file has no messages"),
        (["--exchange", "ccxt:okx", "--record", "r", "--raw"], "ccxt does not tell messages"),
        (["--exchange", "nowhere"], "there is no adapter of 'nowhere'"),
        (["--exchange", "nowhere"], "allowed: file, loopback, binance_spot"),
    ],
)
def test_what_has_no_effect_is_an_error(
    config: Path, capsys: pytest.CaptureFixture[str], given: list[str], words: str
) -> None:
    assert main(["paper", str(config), *given]) == 2
    assert words in capsys.readouterr().err


def test_an_order_fills_on_what_is_heard(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of trades alone the next trade, not a quote that nobody hears; what fills no order is an error."""
    assert main(["paper", str(config), "--streams", "trades", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["trades"] == 1
    assert main(["paper", str(config), "--streams", "book"]) == 2
    assert "streams are book, on which no order on paper fills\nHint: add trades or quotes" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["paper"], ["live", "--network", "loopback", "--pace", "1m"]])
def test_trading_that_a_file_disables_stays_so(
    config: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    config.write_text(
        CONFIG.replace("[run]", '[run]\ntrading = "disabled"').replace("maker = 0.01, taker = 0.02", "taker = 0.0")
    )
    assert main([words[0], str(config), *words[1:], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["trades"] == 0


def test_keys_of_another_place_are_told(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["paper", str(config), "--exchange", "file", "--pace", "max", "--json"]) == 0
    assert f"note: {config}: paper.pace passed over: that is for exchange 'loopback'" in capsys.readouterr().err


def test_what_a_simulation_warns_of_is_told(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is counted of an amount that is no whole number of units."""
    config.write_text(CONFIG.replace("usdt = 1000", "usdt = 1000.005") + '[units]\nusdt = "0.01"\n')
    assert main(["paper", str(config), "--json"]) == 0
    assert "balance of usdt is 1000.005, of which 1000.0 is counted" in capsys.readouterr().err


def test_streams_that_are_none_are_an_error(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(CONFIG.replace('pace = "1m"', "streams = []"))
    assert main(["paper", str(config)]) == 2
    assert "streams are none, so that nothing would be heard" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('exchange = "loopback"', 'exchange = "lopback"', "there is no adapter of 'lopback'"),
        ('pace = "1m"', 'pace = "2m"', "paper.toml: paper.pace is 2m"),
        ('pace = "1m"', 'pace = "quick"', "paper.toml: paper.pace is 'quick'"),
        ('pace = "1m"', 'network = "main"', "paper.toml: paper.network main has no effect"),
        ('pace = "1m"', 'network = "mian"', "paper.network: 'mian' is not known; known: test, main"),
        ('instrument = "btc_usdt"', 'instrument = "eth_usdt"', "'eth_usdt'"),
        ("[balances]", MORE, "there is no data of eth_usdt"),
    ],
)
def test_what_is_wrong_in_the_section_is_named_as_the_file_has_it(
    config: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, words: str
) -> None:
    config.write_text(CONFIG.replace(old, new))
    assert main(["paper", str(config)]) == 2
    assert words in capsys.readouterr().err
