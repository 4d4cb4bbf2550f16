"""Chunks of data in memory are kept from the second run on; those of files are not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import barter_bt as bt
from barter_bt.backtest.kept import KeptChunks
from barter_bt.data import Stream, generate

FRAME = generate.trades(100, instruments=1)
BOTH = [FRAME.head(40), FRAME.tail(60)]


def kept(stream: Stream) -> KeptChunks:
    return KeptChunks(stream, {"walk0_usd": 0})


def shared(one: list[object], other: list[object]) -> bool:
    assert len(one) == len(other) > 0
    return all(a is b for a, b in zip(one, other, strict=True))


def test_the_second_reader_keeps_what_is_in_memory_for_those_after() -> None:
    chunks = kept(bt.data.trades(FRAME))
    first, second, third, fourth = (list(chunks) for _ in range(4))
    assert not shared(first, second)
    assert shared(second, third)
    assert shared(third, fourth)


def test_a_reader_that_stops_early_keeps_nothing() -> None:
    chunks = kept(bt.data.trades(BOTH))
    whole = list(chunks)
    assert len(whole) == 2
    early: Iterator[object] = iter(chunks)
    next(early)
    assert [len(list(chunks)) for _ in range(2)] == [2, 2]


@pytest.mark.parametrize("with_frame", [False, True])
def test_files_are_read_anew(tmp_path: Path, with_frame: bool) -> None:
    """Also where some of the data is in memory."""
    path = tmp_path / "trades.parquet"
    BOTH[0].write_parquet(path)
    stream = bt.data.trades([path, BOTH[1]] if with_frame else path)
    chunks = kept(stream)
    _, second, third = (list(chunks) for _ in range(3))
    assert not shared(second, third)
