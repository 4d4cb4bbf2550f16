"""What a configuration file says to a session at an exchange, which has data, balances and terms of its own.

Columns of the user's own stand in the file's data, which an exchange does not tell: a strategy that asks for one is an
error before the session begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from barter_bt.live import Recorder, System

_TAKEN = ("instruments", "strategy", "risk", "units", "reporting", "sessions")
_DAY_NS = 86_400 * 10**9
AHEAD_NS = 300 * _DAY_NS
"""For how long the days of a calendar are known to a session."""


def recorded_system(config: Path, prefix: str, recording: Path) -> System:
    """The system of a session at the exchange, to process its recording again."""
    from barter_bt.backtest.config import load
    from barter_bt.cli.places import Listener
    from barter_bt.live import System

    parts = parts_of(load(config).build(), _began(recording))
    exchanges = tuple(dict.fromkeys(one.exchange for one in parts["instruments"]))
    return System(**parts, prefix=prefix, sources=[], clients=[Listener(exchanges)])


def parts_of(built: Mapping[str, Any], begins: int) -> dict[str, Any]:
    """What of a configuration is not the exchange's own, for a session that begins then."""
    parts = {name: built[name] for name in _TAKEN if name in built}
    return parts | ({"sessions": days_ahead(parts["sessions"], begins)} if "sessions" in parts else {})


def days_ahead(given: Any, begins: int) -> Any:
    """Sessions, with the days of calendars from when a session begins: it has no data that would say which."""
    from barter_bt.data.sessions import sessions_around

    if isinstance(given, Mapping):
        return {name: days_ahead(one, begins) for name, one in given.items()}
    return sessions_around(given, begins, begins + AHEAD_NS) if isinstance(given, str) else given


def begins_at(recorder: Recorder | None) -> int:
    """When a session begins: now, or when the one did that it goes on with."""
    from barter_bt.live import WallClock

    return _began(recorder.directory) if recorder is not None and recorder.resumes else WallClock().now()


def _began(recording: Path) -> int:
    """The time of a session's first message; now where it has none."""
    from barter_bt.live import WallClock, read_session

    first = next(iter(read_session(recording).arrivals()), None)
    return WallClock().now() if first is None else first[0].time
