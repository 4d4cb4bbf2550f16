"""Measured latencies of orders in files of hftbacktest, as delays by time (rule 52).

An npz archive has an array ``data`` with a row for each request that somebody sent: ``req_ts``, when it was sent,
``exch_ts``, when the exchange dealt with it, 0 or less where it refused to for want of capacity, and ``resp_ts``, when
the answer was there; nanoseconds since 1970 (docs.rs/hftbacktest, ``OrderLatencyRow``, looked at 2026-11-27).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from barter_bt.engine.latency import BY_TIME
from barter_bt.errors import DataError
from barter_bt.venue.delays import Delays, Integers

_FIELDS = ("req_ts", "exch_ts", "resp_ts")


def read_latency_rows(paths: Sequence[str | Path], leave_out_refused: bool) -> tuple[Delays, Delays]:
    """Delays of requests from when they are sent, and of answers from when the exchange sends them."""
    parts = [_rows(Path(path), leave_out_refused) for path in paths]
    sent, dealt, heard = (np.concatenate([part[k] for part in parts] or [np.empty(0, np.int64)]) for k in range(3))
    if not len(sent):
        raise DataError(
            f"no row of order latencies in {', '.join(map(str, paths)) or 'no file'}; at least one must have an exch_ts"
        )
    return _by_time(sent, dealt - sent), _by_time(dealt, heard - dealt)


def _rows(path: Path, leave_out_refused: bool) -> list[Integers]:
    table = _table(path)
    if not set(_FIELDS) <= set(table.dtype.names or ()):
        raise DataError(f"{path.name}: no array 'data' with the fields {', '.join(_FIELDS)}")
    sent, dealt, heard = (table[name].astype(np.int64) for name in _FIELDS)
    refused = dealt <= 0
    if refused.any() and not leave_out_refused:
        raise DataError(
            f"{path.name}: row {int(np.argmax(refused))} has no exch_ts ({int(refused.sum())} row(s)): the exchange "
            "refused these requests",
            "leave_out_refused=True reads the others; Faults(reject=...) refuses orders",
        )
    for name, early, late in (("exch_ts before req_ts", sent, dealt), ("resp_ts before exch_ts", dealt, heard)):
        bad = np.flatnonzero((late < early) & ~refused)
        if len(bad):
            row = int(bad[0])
            raise DataError(
                f"{path.name}: row {row} has {name}, {late[row]} and {early[row]} ns ({len(bad)} row(s)); "
                "no message arrives before it is sent",
                "correct the offset between the two clocks",
            )
    return [each[~refused] for each in (sent, dealt, heard)]


def _table(path: Path) -> Any:
    if not path.is_file():
        raise DataError(f"{path} is no file", "give the paths of npz files")
    try:
        with path.open("rb") as file, np.load(file) as archive:
            return archive["data"] if "data" in archive.files else np.empty(0)
    except (
        ValueError,
        TypeError,
        AttributeError,
        EOFError,
        BadZipFile,
    ) as error:  # text, one bare array, a broken archive
        raise DataError(
            f"{path.name} is no npz archive of order latencies", "np.savez(path, data=rows) writes one"
        ) from error


def _by_time(times: Integers, delays: Integers) -> Delays:
    """A step for each change; of rows of one time the last counts."""
    order = np.argsort(times, kind="stable")
    times, delays = times[order], delays[order]
    last = np.append(times[1:] != times[:-1], True)
    times, delays = times[last], delays[last]
    changes = np.append(True, delays[1:] != delays[:-1])
    return Delays(BY_TIME, tuple(delays[changes].tolist()), tuple(times[changes].tolist()))
