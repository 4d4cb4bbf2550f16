"""The first run ever: other processors compile units at the same time.

Numba compiles one function at a time in a process. So a few processes of our own compile what will be needed,
beginning at the other end of the list, and save it in the cache, where this process finds it; nobody waits for
anybody. ``BARTER_BT_COMPILE_JOBS`` says how many (0: none; default: up to 3, one processor is left to this one).
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from collections.abc import Iterable
from types import FunctionType

_running: list[subprocess.Popen[bytes]] = []
_process = os.getpid()
_HELPER = f"{__package__}.helper"  # by its name: it compiles, so it stands above this module


def jobs() -> int:
    """How many processes may help; workers of a pool, which is as large as it should be, have none."""
    pool = sys.modules.get("multiprocessing")  # which is loaded in every process that it starts
    if pool is not None and pool.parent_process() is not None:
        return 0
    chosen = os.environ.get("BARTER_BT_COMPILE_JOBS", "")
    return int(chosen) if chosen.isdigit() else min(3, (os.cpu_count() or 1) - 1)


def start(units: Iterable[FunctionType]) -> None:
    """Let others compile these units, last first; does nothing the second time."""
    if _running or getattr(sys, "frozen", False) or not sys.executable:
        return
    names = [f"{unit.__module__}:{unit.__name__}" for unit in units][::-1]
    quiet, alone = subprocess.DEVNULL, os.environ | {"BARTER_BT_COMPILE_JOBS": "0"}  # helpers have no helpers
    program = f"import sys; sys.path[:] = {sys.path!r}; from {_HELPER} import work; work(sys.argv[1:])"
    for k in range(jobs()):
        command = [sys.executable, "-c", program, *names[k :: jobs()]]
        _running.append(subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, env=alone))


def start_apart(code: str) -> None:
    """Let another process run some code, in its own time, also when this one has ended."""
    if jobs() == 0 or getattr(sys, "frozen", False) or not sys.executable:
        return
    patient = "import os, sys; getattr(os, 'nice', int)(10); "
    command = [sys.executable, "-c", f"{patient}sys.path[:] = {sys.path!r}; {code}"]
    quiet = subprocess.DEVNULL
    started = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
    started.returncode = 0  # nobody waits for it


@atexit.register
def _stop() -> None:
    if os.getpid() != _process:  # a fork, whose helpers they are not
        return
    for process in _running:
        process.kill()
        process.wait()
