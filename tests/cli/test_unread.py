"""What a file says and a command does not do is told."""

from __future__ import annotations

from pathlib import Path

import pytest

import barter_bt as bt
from barter_bt.backtest.config.sections import AlertsSection, File, RunSection
from barter_bt.cli import main
from barter_bt.cli.unread import UNREAD

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
    assert f"note: {config}: run.candle_ranges, benchmark have no effect on barter-bt {command}: that is for" in told


SESSIONS = (
    '[run]\nseed = 1\nmark_every = "1h"\ntrading = "disabled"\n[[cash_flows]]\nkind = "deposit"\npath = "d.csv"\n'
)
TERMS = '[venues.x]\nfees = { taker = 0.1, per_order = 1 }\nlatency = { request = "1ms" }\n'


def test_what_a_session_at_an_exchange_passes_over_is_told(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything else is asked for; at a loopback the fee counts, and the file's data."""
    config.write_text(CONFIG + SESSIONS + TERMS)
    (config.parent / "d.csv").write_text("time,asset,amount\n2020-01-01T00:05:00Z,usd,5\n")
    assert main(["live", str(config), "--quiet"]) == 2
    assert capsys.readouterr().err.splitlines()[:2] == [
        f"note: {config}: {told}"
        for told in (
            "run.seed, run.mark_every have no effect on barter-bt live: that is for barter-bt backtest",
            "venues, cash_flows, data, balances have no effect on barter-bt live: the exchange has its own",
        )
    ]
    assert main(["live", str(config), "--quiet", "--network", "loopback"]) == 2
    assert capsys.readouterr().err.splitlines()[1] == (
        f"note: {config}: venues.x.fees.per_order, venues.x.latency.request, cash_flows have no effect on barter-bt "
        "live --network loopback: the exchange has its own"
    )


READ = {
    "paper": {
        *("data", "instruments", "balances", "strategy", "units", "rates", "venues", "risk", "cash_flows", "sessions"),
        *("paper", "alerts", "alerts.webhook", "alerts.kinds", "metrics"),
        *("run.reporting", "run.mark_every", "run.start", "run.end", "run.interpret", "run.trading"),
    }
}
READ["paper at an exchange"] = READ["paper"] - {"data", "run.start", "run.end"} | {"alerts.stale", "alerts.behind"}
READ["live"] = READ["paper at an exchange"] - {
    *("balances", "venues", "rates", "cash_flows", "paper", "run.mark_every", "run.interpret")
}
READ["live --network loopback"] = READ["live"] - {"alerts.stale", "alerts.behind"} | {
    "data",
    "balances",
    "run.start",
    "run.end",
}
READ["replay"] = READ["paper"] - {"alerts", "metrics", "alerts.webhook", "alerts.kinds"}
READ["replay --live"] = READ["live"] - {
    "alerts",
    "metrics",
    "alerts.webhook",
    "alerts.kinds",
    "alerts.stale",
    "alerts.behind",
}
REFUSED = {"commands", "record"}


@pytest.mark.parametrize("command", READ)
def test_every_key_is_read_or_told(command: str) -> None:
    """A new one needs a decision; what is told of a section is told of its keys."""
    sections = {"run": RunSection, "alerts": AlertsSection}
    there = set(File.__struct_fields__) - {"run"} - REFUSED
    there |= {f"{name}.{key}" for name, kind in sections.items() for key in kind.__struct_fields__}
    told = {one for one in there if one in UNREAD[command] or one.partition(".")[0] in UNREAD[command]}
    assert READ[command] | told == there
    assert READ[command] & told == set()


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
