"""Checkpoints: a run that goes on from one is the run that was never interrupted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import barter_bt as bt
from barter_bt.data import generate
from barter_bt.engine.replica import differences
from barter_bt.errors import ConfigError, StrategyError
from barter_bt.strategy.api import buy, limit_buy, sell
from barter_bt.testing.scenario import random_scenario, to_backtest
from tests.engine.test_commands import commands
from tests.engine.tiny import A, flat, quotes, run, schedule

WALKS = [bt.Instrument("x", f"walk{k}_usd", price_increment="0.01", quantity_increment="0.001") for k in range(3)]
DELAY = bt.Latency(request_ns=30_000_000, response_ns=20_000_000, feed_ns=10_000_000)


def churn(s: Any, my: Any) -> None:
    """Rests orders and sells what it got."""
    i = s.event.instrument[0]
    my.per_instrument.seen[i] += 1
    if my.per_instrument.seen[i] % 7 == 0:
        buy(s, i, 0.5)
        limit_buy(s, i, 0.5, 99.0)
    if my.per_instrument.seen[i] % 11 == 0 and s.instruments.quantity[i] > 0:
        sell(s, i, 0.25)


class Churn:
    """The same in Python, with a memory of its own."""

    wake = "trade"
    every = 7

    def __init__(self, lots: float = 0.5) -> None:
        self.seen: dict[int, int] = {}
        self.lots = lots

    def generate_algo_orders(self, state: Any) -> Any:
        i = state.instrument
        self.seen[i] = self.seen.get(i, 0) + 1
        if sum(self.seen.values()) > sys.modules[__name__].Outside.fails_at:
            raise InterruptedError
        due = self.seen[i] % self.every == 0
        opens = [bt.OrderRequest(i, self.lots), bt.OrderRequest(i, self.lots, price=99.0)] if due else []
        if self.seen[i] % 11 == 0 and state.position(i) > 0:
            opens.append(bt.OrderRequest(i, -0.25))
        return (), opens


class Outside:
    """A failure of the world outside, which no code of the strategy can tell."""

    fails_at = 10**9


def several() -> Any:
    return [bt.Compiled(churn, per_instrument={"seen": 0}, wake="trade"), Churn()]


STRATEGIES = {
    "compiled": lambda: bt.Compiled(churn, per_instrument={"seen": 0}, wake="trade"),
    "python": Churn,
    "both": several,
}


def arguments(strategy: str) -> dict[str, Any]:
    return {
        "data": [bt.data.trades(generate.trades(600)), bt.data.quotes(generate.quotes(400))],
        "instruments": WALKS,
        "strategy": STRATEGIES[strategy](),
        "balances": {"usd": 1_000_000},
        "venues": bt.Venue(latency=DELAY, fees=bt.Fees(taker=0.001)),
        "risk": bt.Limits(order_rate=(50, "1h")),
        "audit": "full",
    }


@pytest.mark.parametrize("interpret", [True, False])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_resumed_run_is_the_whole_run(tmp_path, strategy, interpret):
    """Tables, equity, audit and state; with orders in flight and orders resting at the checkpoint."""
    path = tmp_path / "run.npz"
    whole = bt.backtest(**arguments(strategy), interpret=interpret, checkpoint=bt.Checkpoint(path, every_rows=370))
    again = bt.backtest(**arguments(strategy), interpret=interpret, resume=path)
    assert whole.trades.height > 20
    assert again.digests == whole.digests
    assert again.audit.equals(whole.audit)
    assert differences(again.state, whole.state) == []
    assert again.timings["run"] > 0


def test_after_a_failure_the_last_checkpoint_is_there(tmp_path, monkeypatch):
    """Something outside fails in the middle; when it works again, the run goes on."""
    path, given = tmp_path / "run.npz", arguments("python")
    whole = bt.backtest(**given, interpret=True)
    with monkeypatch.context() as patch:
        patch.setattr(Outside, "fails_at", 400)
        with pytest.raises(StrategyError, match="InterruptedError"):
            bt.backtest(**arguments("python"), interpret=True, checkpoint=bt.Checkpoint(path, every_rows=100))
    assert bt.backtest(**arguments("python"), interpret=True, resume=path).digest == whole.digest


PROGRAM = """
import json, sys
from tests.engine.test_checkpoint import arguments
import barter_bt as bt
result = bt.backtest(**arguments("both"), interpret=False, resume=sys.argv[1])
print(json.dumps(dict(result.digests)))
"""


def test_another_process_goes_on(tmp_path):
    """The file alone carries the run."""
    path = tmp_path / "run.npz"
    whole = bt.backtest(**arguments("both"), interpret=False, checkpoint=bt.Checkpoint(path, every_rows=300))
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(root), "PYTHONHASHSEED": "7"}
    command = [sys.executable, "-c", PROGRAM, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root, env=environment)
    assert json.loads(done.stdout) == dict(whole.digests)


@pytest.mark.parametrize("seed", range(4000, 4030))
def test_random_runs_resume(tmp_path, seed):
    """Any market, terms and schedule; candles too; a checkpoint at any row."""
    path, scenario = tmp_path / "run.npz", random_scenario(seed)
    whole = bt.backtest(**to_backtest(scenario, 3), checkpoint=bt.Checkpoint(path, every_rows=1 + seed % 9))
    if path.exists():
        again = bt.backtest(**to_backtest(scenario, 3), resume=path)
        assert again.digests == whole.digests


def test_streaming_runs_resume(tmp_path):
    """From Parquet by row group: the chunks that were passed are passed again."""
    frame = generate.trades(500)
    frame.write_parquet(tmp_path / "trades.parquet", row_group_size=16)
    given = arguments("compiled") | {"data": bt.data.trades(tmp_path / "trades.parquet")}
    path = tmp_path / "run.npz"
    whole = bt.backtest(**given, interpret=False, checkpoint=bt.Checkpoint(path, every_rows=210))
    assert bt.backtest(**given, interpret=False, resume=path).digests == whole.digests


def test_what_cannot_be_resumed_is_an_error(tmp_path):
    """No checkpoint, or one of another run."""
    path = tmp_path / "run.npz"
    data = quotes(*((k, 99, 9, 101, 9) for k in range(1, 10)))
    run(data, schedule({"at": 1, "buy": 1}), checkpoint=bt.Checkpoint(path, every_rows=4))
    assert run(data, schedule({"at": 1, "buy": 1}), resume=path).orders.height == 1
    with pytest.raises(ConfigError, match="another run"):
        run([data, flat(1, 2)], schedule({"at": 1, "buy": 1}), A, resume=path)
    with pytest.raises(ConfigError, match=r"schedule.lots: was \[1\], is \[2\]|schedule.*: was 1"):
        run(data, schedule({"at": 1, "buy": 2}), resume=path)
    with pytest.raises(ConfigError, match="not a checkpoint"):
        run(data, schedule({"at": 1, "buy": 1}), resume=tmp_path / "nothing.npz")
    path.write_bytes(b"no")
    with pytest.raises(ConfigError, match="not a checkpoint"):
        run(data, schedule({"at": 1, "buy": 1}), resume=path)
    with pytest.raises(ConfigError, match="positive"):
        bt.Checkpoint(path, every_rows=0)


def test_commands_after_the_checkpoint_are_obeyed_once(tmp_path):
    """Their cursor is state, too."""
    path = tmp_path / "run.npz"
    data = quotes(*((k, 99, 9, 101, 9) for k in range(1, 10)))
    rows = [{"at": k + 0.5, "do": "open", "on": "a_usd", "quantity": 1.0} for k in range(1, 9)]
    given = {"strategy": schedule({"at": 9, "sell": 2}), "commands": commands(*rows)}
    whole = run(data, **given, checkpoint=bt.Checkpoint(path, every_rows=5))
    assert run(data, **given, resume=path).digests == whole.digests
    assert whole.orders.height == 9
