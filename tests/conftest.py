"""What holds for all tests."""

import os
import subprocess
import sys

import pytest
from hypothesis import settings

# The tests run in several processes already: none of them may start others to compile for it.
os.environ.setdefault("BARTER_BT_COMPILE_JOBS", "0")

# A busy machine is no fault of what is tested: no property has a deadline. The gate draws the same examples each time,
# so that it speaks of a change alone; `HYPOTHESIS_PROFILE=explore` draws new ones.
settings.register_profile("gate", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))

_WARM = "from barter_bt.backtest.warm import is_cold, linked; is_cold() and linked()"


def pytest_configure(config: pytest.Config) -> None:
    """Compile the engine before pytest-xdist starts its workers, each of which would compile all of it."""
    workers = getattr(config.option, "numprocesses", None)  # None in a worker
    if workers and os.environ.get("BARTER_BT_INTERPRET", "0") in ("", "0"):
        helpers = {"BARTER_BT_COMPILE_JOBS": str(workers - 1)}
        subprocess.run([sys.executable, "-c", _WARM], env=os.environ | helpers, cwd=config.rootpath, check=False)
