"""The scripts that stand where Barter's examples stand run, and print what they say they show."""

import os
import subprocess
import sys

import pytest

from tests.docs.blocks import ROOT

FOLDER = ROOT / "docs" / "examples" / "barter"
SHOWN = {
    "backtests_concurrent.py": "3 backtests",
    "engine_async_historic.py": "those of a backtest: True",
    "engine_live_with_audit.py": "the audit told of Market Account events",
    "engine_sync_historic.py": "closing aapl_usd: Sell 100",
    "engine_with_audit_replica.py": "columns that differ: []",
    "engine_with_multiple_strategies.py": "slow: ",
    "engine_with_risk_manager.py": "refused because of ['two already']",
    "statistical_trading_summary.py": "xnas-aapl_usd: PnL ",
}


def test_each_script_is_run_here():
    assert sorted(path.name for path in FOLDER.glob("*.py")) == sorted([*SHOWN, "market.py"])


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_it_runs(name):
    if name == "engine_live_with_audit.py":
        pytest.importorskip("aiohttp", reason="the loopback exchange needs the extra live")
    environment = {**os.environ, "BARTER_BT_INTERPRET": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(FOLDER / name)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert SHOWN[name] in done.stdout
