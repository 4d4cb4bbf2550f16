"""Resident memory by time, and whether it grows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

_EVERY_SECONDS, _WARM_UP = 5, 0.2


def resident_mb() -> float:
    """Resident memory in MB; 0 where the system does not say so."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6
    except OSError:
        return 0.0


async def watch(into: list[tuple[float, float]]) -> None:
    """Write down seconds and MB, now and every few seconds."""
    began = time.perf_counter()
    while True:
        into.append((round(time.perf_counter() - began, 1), round(resident_mb(), 1)))
        await asyncio.sleep(_EVERY_SECONDS)


def by_minute(seen: Sequence[Sequence[float]]) -> list[float]:
    """MB at the begin of each minute, and in the end."""
    return [mb for i, (at, mb) in enumerate(seen) if i == 0 or at // 60 > seen[i - 1][0] // 60] + [seen[-1][1]]


def slope_mb_an_hour(seen: Sequence[Sequence[float]]) -> float:
    """By how much it grows behind the first fifth of the time, by least squares.

    Examples
    --------
    >>> slope_mb_an_hour([(0, 50), (60, 100), (120, 101), (180, 102), (240, 103), (300, 104)])
    60.0
    """
    begin = seen[-1][0] * _WARM_UP
    warm = [(at / 3600, mb) for at, mb in seen if at >= begin]
    if len(warm) < 2:
        return 0.0
    mean_at, mean_mb = (sum(one) / len(warm) for one in zip(*warm, strict=True))
    spread = sum((at - mean_at) ** 2 for at, _ in warm)
    return round(sum((at - mean_at) * (mb - mean_mb) for at, mb in warm) / spread, 1)
