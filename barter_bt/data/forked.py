"""Processes that were forked: Polars' threads are not in them, and its first query there would wait for ever.

A fork copies one thread. What the others of Polars' pool were to do is never done, and no exception says so. So a
process that was forked after they were started is told at once; ``spawn`` and ``forkserver`` start processes anew.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from barter_bt.errors import EngineError

_WORKER = r"polars-\d+"  # names of the threads that carry out queries; others start with the import


class _Pool:
    """What is known of Polars' threads in this process."""

    is_started = False
    is_lost = False


def refuse_fork() -> None:
    """Refuse to go on in a process that was forked from one in which Polars had started its threads.

    Raises
    ------
    EngineError
        It is such a process.
    """
    if _Pool.is_lost:
        raise EngineError(
            "this process was forked from one in which Polars had started its threads; they are not in the fork, and a "
            "query here would wait for ever",
            'use multiprocessing.get_context("spawn") or "forkserver", or run in threads: Simulation.run leaves '
            "Python's lock",
        )


def _before() -> None:
    try:
        tasks = list(Path("/proc/self/task").iterdir())
        _Pool.is_started = any(re.match(_WORKER, (task / "comm").read_text()) for task in tasks)
    except OSError:  # not Linux, or a thread has just ended: they may be there
        _Pool.is_started = True


def _in_child() -> None:
    _Pool.is_lost |= _Pool.is_started


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_child=_in_child)
