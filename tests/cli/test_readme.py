"""The Python blocks of the README run as they stand."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def engine_is_there():
    """Whether ``barter_bt.backtest`` and ``barter_bt.strategy`` have what the README uses."""
    import barter_bt.backtest
    import barter_bt.strategy

    return hasattr(barter_bt.backtest, "backtest") and hasattr(barter_bt.strategy, "Signals")


def test_the_example_fits_in_fifteen_lines():
    assert len(BLOCKS[0].splitlines()) <= 15


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_block_runs(number, tmp_path):
    if not engine_is_there():
        pytest.skip("barter_bt.backtest is not there yet")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", BLOCKS[number]],
        cwd=tmp_path,
        env={"PYTHONPATH": str(README.parent), "HOME": str(tmp_path), "MPLCONFIGDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
