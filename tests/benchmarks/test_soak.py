"""The soak, for half a second: whole, in both processes."""

from __future__ import annotations

import asyncio

from benchmarks.soak import soak


def test_nothing_is_lost_and_nothing_doubled() -> None:
    figures = asyncio.run(soak(0.6, 2_000, seed=1))
    assert figures["trades"] == 1200
    assert figures["wrong"] == figures["doubled"] == 0
    assert figures["orders"] == 2
