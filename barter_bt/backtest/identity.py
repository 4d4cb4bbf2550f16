"""What a run is made from, value by value: a checkpoint keeps it, and a resume is held against it."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from barter_bt.backtest.portrait import column, portrait
from barter_bt.columns.storage import Arrays
from barter_bt.data import Stream
from barter_bt.strategy.driver import Driver
from barter_bt.strategy.group import StrategyGroup
from barter_bt.strategy.python import Python

Identity = dict[str, Any]
_TABLES = "tables"
_MOST, _AROUND = 8, 30
_TOLD_FIRST = ("time", "instrument", "target", "quantity")
_ROOMS = ("columns", "data", "engine", "venue", "simulation", "instrument", "risk", "strategy", "backtest")


def identity(
    config: Mapping[str, Any],
    streams: Sequence[Stream],
    strategy: Any,
    driver: Driver,
    tables: Arrays,
) -> Identity:
    """Flat names to plain values of all that decides what a run does.

    Parameters
    ----------
    config
        What ``backtest`` was given, but for data and strategy.
    streams
        The market data; its content counts, not where it lies.
    strategy, driver
        The strategy: its code and parameters, and the schedule that it became.
    tables
        Columns of engine, venue and strategy at the start: whatever reaches the engine stands in them, so that
        nothing can be forgotten above.
    """
    whole = {
        **_given(config, streams),
        "strategy": _strategy(strategy),
        "schedule": {name: column(driver.schedule[name]) for name in sorted(driver.schedule, key=_as_read)},
        _TABLES: {name: column(values) for name, values in tables.items()},
    }
    if driver.columns:
        whole["columns"] = {name: [stream.own_sha256(name) for stream in streams] for name in driver.columns}
    return dict(_flat("", whole))


def fingerprint(config: Mapping[str, Any], streams: Sequence[Stream]) -> str:
    """SHA-256 of what runs are made from, whatever their strategy."""
    return hashlib.sha256(json.dumps(_given(config, streams), sort_keys=True).encode()).hexdigest()


def _given(config: Mapping[str, Any], streams: Sequence[Stream]) -> dict[str, Any]:
    return {
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "barter_bt": {"code": _own_code()},
        "data": [_data(stream) for stream in streams],
        **{name: portrait(value) for name, value in config.items()},
    }


def differences(was: Identity, now: Identity) -> list[str]:
    """Each value that differs, by name, as it was and as it is; columns of tables only where nothing else does."""
    names = [name for name in now | was if was.get(name, _Missing) != now.get(name, _Missing)]
    told = [name for name in names if not name.startswith(_TABLES)] or names
    return [_told(name, *(repr(each[name]) if name in each else "not there" for each in (was, now))) for name in told]


def listed(lines: Sequence[str]) -> str:
    """The first lines, one below the other, and how many there are more."""
    rest = [f"and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
    return "".join(f"\n  {line}" for line in [*lines[:_MOST], *rest])


def _as_read(name: str) -> int:
    """A difference in what a reader knows of a schedule is told first."""
    return _TOLD_FIRST.index(name) if name in _TOLD_FIRST else len(_TOLD_FIRST)


class _Missing:
    """Equals no value."""


def _told(name: str, was: str, now: str) -> str:
    """Two values as text; of long ones what is around the first difference."""
    same = next((k for k, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), min(len(was), len(now)))
    low, high = max(same - _AROUND, 0), same + _AROUND

    def cut(text: str) -> str:
        if len(text) <= 2 * _AROUND:
            return text
        return f"{'...' if low else ''}{text[low:high]}{'...' if high < len(text) else ''}"

    return f"{name}: was {cut(was)}, is {cut(now)}"


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Each value in it by its path; what is empty is told by the one above."""
    if isinstance(value, Mapping) and value:
        for key, each in value.items():
            yield from _flat(f"{name}.{key}" if name else str(key), each)
    elif isinstance(value, list) and value:
        for number, each in enumerate(value):
            yield from _flat(f"{name}[{number}]", each)
    else:
        yield name, value


def _data(stream: Stream) -> dict[str, Any]:
    """Content of a stream: the bytes of its files and how they are read, or its columns."""
    known = stream.fingerprint()
    found = {name: known.get(name) for name in ("kind", "rows", "time_first", "time_last", "sha256")}
    found |= {"repair": portrait(stream.repair), "clock_offset_ns": stream.clock_offset_ns}
    found |= {"seen_by": stream.seen_by}
    found |= {} if stream.adjusted is None else {"adjusted": stream.adjusted}
    read = [(canon.instrument, canon.expressions) for source, canon in stream.given if hasattr(source, "path")]
    return found | {"columns": portrait(read)}


def _strategy(strategy: Any) -> Any:
    if isinstance(strategy, StrategyGroup):
        return {one.name: _strategy(one) for one in strategy.strategies}
    if isinstance(strategy, Python):
        return portrait(strategy.strategy) | {"name": strategy.name}
    return portrait(strategy)


@cache
def _own_code() -> str:
    """The source of the rooms that take part in a run: a version that is being worked on keeps its number."""
    package = Path(__file__).parents[1]
    files: Iterable[Path] = sorted(file for room in _ROOMS for file in (package / room).rglob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
