"""Trading on paper from the command line: the example that a newcomer runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from barter_bt.backtest import backtest
from barter_bt.backtest.config import load
from barter_bt.cli import main
from barter_bt.live import read_session

ROOT = Path(__file__).parents[2]
LAST = date(2012, 12, 31)
EXAMPLE = ROOT / "docs" / "examples" / "stocks.toml"


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The example, of its last year alone."""
    text = EXAMPLE.read_text().replace("2008-01-01", "2012-03-01")
    text = text.replace("../../datasets", str(ROOT / "datasets"))
    (tmp_path / "paper_strategy.py").write_text((EXAMPLE.parent / "paper_strategy.py").read_text())
    (tmp_path / "paper.toml").write_text(text)
    return tmp_path / "paper.toml"


def test_the_example_trades_and_its_recording_comes_to_the_same(example: Path, capsys: Any) -> None:
    """The fills are those of a backtest on the same file."""
    where = example.parent / "session"
    assert main(["paper", str(example), "--pace", "max", "--record", str(where), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert main(["replay", str(example), str(where), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == told
    result = backtest(**load(example).build() | {"interpret": True})
    assert told["trades"] == result.trades.height > 10
    assert told["summary"]["total_return"] == result.summary()["total_return"]


def test_it_says_what_happens(example: Path, capsys: Any) -> None:
    assert main(["paper", str(example), "--pace", "100000d"]) == 0
    said = capsys.readouterr().out
    assert "bought 100 aapl_usd at" in said
    assert "no exchange was contacted" in said
    assert said.index("sent: buy 100") < said.index("bought 100")


@pytest.mark.parametrize(("pace", "words"), [("fast", "write 1s, 1h"), ("0s", "pace")])
def test_a_pace_that_is_none(example: Path, capsys: Any, pace: str, words: str) -> None:
    assert main(["paper", str(example), "--pace", pace]) == 2
    assert words in capsys.readouterr().err


def quiet(example: Path, where: Path) -> subprocess.Popen[bytes]:
    """A session that is recorded; behind its first trades the market is quiet for two hundred years."""
    quiet = example.parent / "quiet.parquet"
    candles = pl.read_parquet(ROOT / "datasets" / "stocks_daily.parquet")
    pause = pl.when(pl.col("time_exchange").dt.date() > LAST).then(pl.duration(days=73_000)).otherwise(pl.duration())
    candles.with_columns(pl.col("time_exchange", "time_open") + pause).write_parquet(quiet)
    example.write_text(example.read_text().replace(str(ROOT / "datasets" / "stocks_daily.parquet"), str(quiet)))
    command = [sys.executable, "-m", "barter_bt.cli", "paper", str(example), "--pace", "200d", "--record", str(where)]
    environment = os.environ | {"BARTER_BT_INTERPRET": "1", "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)


def test_sigterm_shuts_down_in_good_order_and_it_goes_on(example: Path, capsys: Any) -> None:
    """What was recorded by then ends with a shutdown and has the digest of the session; resumed, it does all the rest.

    It still runs, however late it is told.
    """
    where = example.parent / "session"
    with quiet(example, where) as running:
        assert running.stdout is not None
        running.stdout.readline()  # it has traded
        running.send_signal(signal.SIGTERM)
        said, errors = running.communicate(timeout=600)
    assert running.returncode == 130, errors
    assert b"Digest" in said
    recording = read_session(where)
    assert recording.digest is not None
    frame = recording.frame()
    assert frame["kind"][-1] == "shutdown"
    assert frame["time_exchange"].drop_nulls().dt.date().max() <= LAST
    assert b"the same command with --resume goes on where it was" in said
    given = ["paper", str(example), "--pace", "max", "--json", "--record", str(where)]
    assert main([*given, "--resume"]) == 0
    told = json.loads(capsys.readouterr().out)
    result = backtest(**load(example).build() | {"interpret": True})
    assert told["trades"] == result.trades.height
    assert told["summary"]["total_return"] == result.summary()["total_return"]
    assert main(["replay", str(example), str(where), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == told


def test_it_is_told_and_killed_from_another_program(example: Path, capsys: Any) -> None:
    where = example.parent / "session"
    with quiet(example, where) as running:
        assert running.stdout is not None
        running.stdout.readline()  # it has traded
        assert main(["tell", str(where), "disable", "--patience", "300"]) == 0
        assert "done: disable\n" in capsys.readouterr().out
        assert main(["tell", str(where), "explode"]) == 2
        assert "there is no command 'explode'" in capsys.readouterr().err
        assert main(["kill", str(where), "--patience", "300", "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        _, errors = running.communicate(timeout=600)
    assert running.returncode == 130, errors
    assert (told["done"], told["orders"]) == (["disable", "cancel", "shutdown"], [])
    assert told["positions"]
    kinds = read_session(where).frame()["kind"].to_list()
    assert kinds[-1] == "shutdown"
    assert kinds.count("trading") == 2
    assert kinds.count("command") == 1
    assert main(["kill", str(where)]) == 2
    assert "has ended" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--resume"], "--resume is without --record"),
        (["--resume", "--record", "r", "--exchange", "loopback"], "a loopback ends with its program"),
    ],
)
def test_what_cannot_be_resumed(example: Path, capsys: Any, given: list[str], words: str) -> None:
    assert main(["paper", str(example), *given]) == 2
    assert words in capsys.readouterr().err
