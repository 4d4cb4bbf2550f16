"""Which rows of a book stream are one message, and which messages follow on from those before (rule 87)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from barter_bt.book.change import ASK, BID, ENDS, GAP, OLD, SNAPSHOT
from barter_bt.data.chunk import Chunk

Flags = npt.NDArray[np.int8]
_HEADER = ("instrument", "time_exchange", "time_received", "snapshot", "sequence", "previous_sequence")


def starts(columns: Mapping[str, np.ndarray]) -> npt.NDArray[np.bool_]:
    """Where a message starts: at a row that differs from the one above in instrument, times, numbers or snapshot.

    Examples
    --------
    >>> starts({"instrument": np.array([0, 0, 1]), "time_exchange": np.array([5, 5, 5])}).tolist()
    [True, False, True]
    """
    found = np.zeros(len(columns["instrument"]), np.bool_)
    found[:1] = True
    for name in _HEADER:
        if name in columns:
            found[1:] |= columns[name][1:] != columns[name][:-1]
    return found


class Numbering:
    """The numbers of the messages so far, by instrument: what each next message is held against."""

    def __init__(self) -> None:
        self._last: dict[int, int] = {}

    def flags(self, columns: Mapping[str, np.ndarray], first: npt.NDArray[np.bool_]) -> Flags:
        """What each row does to its book, of rows that hold whole messages; ``first`` is where these start."""
        side = columns["side"]
        flags = (side > 0).view(np.int8) * np.int8(BID) | (side < 0).view(np.int8) * np.int8(ASK)
        rows = np.flatnonzero(first)
        flags[rows[columns["snapshot"][rows] != 0]] |= SNAPSHOT
        flags[np.append(rows[1:], len(first)) - 1] |= ENDS
        if "sequence" not in columns:
            return flags
        instrument = columns["instrument"][rows]
        gap, old = np.zeros(len(rows), np.bool_), np.zeros(len(rows), np.bool_)
        for one in np.unique(instrument).tolist():
            mine = np.flatnonzero(instrument == one)
            at = rows[mine]
            before = columns["previous_sequence"][at] if "previous_sequence" in columns else None
            is_gap, is_old = self._judge(one, columns["snapshot"][at] != 0, columns["sequence"][at], before)
            gap[mine], old[mine] = is_gap, is_old
        flags[rows[gap]] |= GAP
        if old.any():
            flags[np.repeat(old, np.diff(np.append(rows, len(first))))] |= OLD
        return flags

    def _judge(
        self, one: int, snapshot: np.ndarray, sequence: np.ndarray, before: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Which messages of an instrument come after a gap, and which are old."""
        last = self._last.get(one)
        known = np.concatenate(([sequence[0] - 1 if last is None else last], sequence[:-1]))
        if before is None:
            before = np.minimum(known, sequence - 1)
        gap, old = ~snapshot & (before > known), ~snapshot & (sequence <= known)
        if last is None:
            gap[0] = False
        if old.any():
            gap, old = _one_by_one(last, snapshot, sequence, before)
        kept = sequence[~old]
        self._last[one] = int(kept[-1]) if len(kept) else int(known[0])
        return gap, old


def _one_by_one(
    last: int | None, snapshot: np.ndarray, sequence: np.ndarray, before: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The same where an old message is among them, so that its number is not that which the next follows."""
    gap, old = np.zeros(len(sequence), np.bool_), np.zeros(len(sequence), np.bool_)
    for k, (is_snapshot, number, previous) in enumerate(
        zip(snapshot.tolist(), sequence.tolist(), before.tolist(), strict=True)
    ):
        if is_snapshot or last is None:
            last = number
        elif number <= last:
            old[k] = True
        else:
            gap[k], last = previous > last, number
    return gap, old


def whole_messages(chunks: Iterable[Chunk], numbering: Numbering) -> Iterator[Chunk]:
    """Chunks that hold whole messages, with their flags; of each source the last message ends with it.

    The rows of a message that is cut by the end of a chunk are held back, and handed over in a chunk of their own.
    """
    held: Chunk | None = None
    for each in chunks:
        chunk = each
        if held is not None:
            joined, rest = _join(held, each)
            if rest is None:
                held = joined
                continue
            yield _flagged(joined, numbering)
            chunk = rest
        last = int(np.flatnonzero(starts(chunk.columns))[-1])
        if last > 0:
            yield _flagged(_slice(chunk, 0, last), numbering)
        held = _slice(chunk, last, chunk.rows)
    if held is not None:
        yield _flagged(held, numbering)


def _join(held: Chunk, chunk: Chunk) -> tuple[Chunk, Chunk | None]:
    """What is held back, with the rows of a chunk that go on with it, and the rest of the chunk if there is one."""
    if held.source != chunk.source:
        return held, chunk
    edge = {name: np.append(held.columns[name][-1:], chunk.columns[name]) for name in _HEADER if name in chunk.columns}
    others = np.flatnonzero(starts(edge)[1:])
    end = int(others[0]) if len(others) else chunk.rows
    if end == 0:
        return held, chunk
    columns = {name: np.append(values, chunk.columns[name][:end]) for name, values in held.columns.items()}
    for values in columns.values():
        values.flags.writeable = False
    own = None if held.own is None or chunk.own is None else np.append(held.own, chunk.own[:end], axis=0)
    joined = replace(held, rows=held.rows + end, columns=columns, own=own)
    return joined, None if end == chunk.rows else _slice(chunk, end, chunk.rows)


def _slice(chunk: Chunk, start: int, end: int) -> Chunk:
    if start == 0 and end == chunk.rows:
        return chunk
    columns = {name: values[start:end] for name, values in chunk.columns.items()}
    own = None if chunk.own is None else chunk.own[start:end]
    return replace(chunk, rows=end - start, first_row=chunk.first_row + start, columns=columns, own=own)


def _flagged(chunk: Chunk, numbering: Numbering) -> Chunk:
    """The chunk with its flags."""
    flags = numbering.flags(chunk.columns, starts(chunk.columns))
    flags.flags.writeable = False
    return replace(chunk, flags=flags)
