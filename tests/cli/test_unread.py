"""What a file says and a command does not do is told."""

from __future__ import annotations

from pathlib import Path

import pytest

import barter_bt as bt
from barter_bt.cli import main

MINE = """
import barter_bt as bt

class Idle:
    wake = "bar_close"

    def __init__(self, quantity=1):
        self.quantity = quantity

    def generate_algo_orders(self, state):
        return None
"""
CONFIG = """
data = [{ kind = "candles", path = "candles.parquet" }]
instruments = [{ exchange = "x", name = "walk_usd", price_increment = "0.0001" }]
balances = { usd = 10_000 }
strategy = { object = "mine.py:Idle" }
"""
SWEPT = ["--set", "quantity=1,2", "--quiet", "--no-plot", "--objective", "total_return"]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BARTER_BT_INTERPRET", "1")
    bt.data.generate.candles(60).write_parquet(tmp_path / "candles.parquet")
    (tmp_path / "mine.py").write_text(MINE)
    return tmp_path / "run.toml"


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["sweep", *SWEPT, "--out", "swept"], "sweep"),
        (["walk-forward", *SWEPT, "--train", "20m", "--test", "10m", "--out", "swept"], "walk-forward"),
        (["causality", "--cuts", "1"], "causality"),
        (["paper", "--pace", "max", "--quiet"], "paper"),
    ],
)
def test_what_only_a_backtest_does_is_told(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: list[str], command: str
) -> None:
    monkeypatch.chdir(config.parent)
    for key in ("", "[run]\ncandle_ranges = false\n"):
        config.write_text(CONFIG + key)
        assert main([words[0], str(config), *words[1:]]) == 0
        assert "has no effect" not in capsys.readouterr().err
    config.write_text(CONFIG + '[run]\ncandle_ranges = true\n[benchmark]\nname = "buy_and_hold"\n')
    assert main([words[0], str(config), *words[1:]]) == 0
    told = capsys.readouterr().err
    for key in ("run.candle_ranges", "benchmark"):
        assert f"note: {config}: {key} has no effect on barter-bt {command}; it is of backtest" in told


@pytest.mark.parametrize("command", ["paper", "live"])
@pytest.mark.parametrize(
    ("section", "said"),
    [
        (
            '[[commands]]\ntime = 2020-01-01T00:10:00Z\ncommand = "close_positions"\n',
            "commands: a live session",
        ),
        ('[record]\ncolumns = ["assets.free"]\n', "record: a live session has none"),
    ],
)
def test_what_a_session_cannot_follow_is_refused(
    config: Path, capsys: pytest.CaptureFixture[str], command: str, section: str, said: str
) -> None:
    """A scheduled close that never comes would cost money."""
    config.write_text(CONFIG + section)
    assert main([command, str(config), "--quiet"]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ('every = "mark"', "record names no columns"),
        (
            'colums = ["assets.free"]',
            "record has 'colums', which is not known; known: columns, every",
        ),
        ('columns = ["assets.fre"]', "cannot record 'assets.fre'\nHint: did you mean 'assets.free'?"),
    ],
)
def test_a_record_that_is_none_is_told(
    config: Path, capsys: pytest.CaptureFixture[str], section: str, said: str
) -> None:
    config.write_text(CONFIG + f"[record]\n{section}\n")
    assert main(["backtest", str(config), "--out", str(config.parent / "out"), "--quiet"]) == 2
    assert said in capsys.readouterr().err
