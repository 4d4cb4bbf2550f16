"""What a figure depends on: processor, memory, system and versions. Nothing else about where it ran."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from barter_bt.version import VERSION
from benchmarks.measure import Entry

PACKAGES = ("numpy", "polars", "numba", "pyarrow")


def machine(peers: Iterable[Entry] = ()) -> dict[str, str]:
    """Names and values of the machine table, versions of the peers last."""
    found = {
        "CPU": _cpu(),
        "cores": str(os.cpu_count()),
        "memory": _memory(),
        "system": _system(),
        "barter_bt": VERSION,
        "python": platform.python_version(),
    }
    found |= {name: version(name) for name in PACKAGES}
    return found | {entry["tool"]: entry["version"] for entry in peers if "version" in entry}


def _cpu() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory() -> str:
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.0f} GB"
    except (AttributeError, ValueError, OSError):
        return "unknown"


def _system() -> str:
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        name = f"{platform.system()} {platform.release()}"
    return f"{name}, {platform.machine()}"
