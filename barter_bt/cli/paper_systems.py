"""The systems that trade on paper: on the data of a file, and on what a market tells."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from barter_bt.cli.live_parts import days_ahead
from barter_bt.cli.unread import tell_warnings
from barter_bt.errors import ConfigError

if TYPE_CHECKING:
    from barter_bt.backtest.config import Config
    from barter_bt.live import Arrival, Clock, Recorder, Source, System

_HALF_A_MINUTE = 30
_OF_A_BACKTEST = ("data", "start", "end")  # what comes now has no such times
FILLING: tuple[Literal["trades", "quotes"], ...] = ("trades", "quotes")
"""Streams of a market on which orders on paper fill."""


def on_data(
    loaded: Config, pace: str, recorder: Recorder | None, *, pace_key: str = "--pace", compiled: bool = False
) -> tuple[System, Clock]:
    """On the data of a file, at a pace; ``pace_key`` is what it is called where it was given."""
    from barter_bt.backtest import Simulation
    from barter_bt.live import paper

    built = loaded.build()
    strategy = built.pop("strategy")
    simulation = Simulation(**built)
    setup = simulation.setup
    tell_warnings(loaded, setup.warnings)
    begins = _left_at(recorder, setup.begins)
    clock = _clock(pace, pace_key, begins, max(stream.time_range()[1] for stream in setup.streams))
    return paper(simulation, strategy, clock=clock, recorder=recorder, compiled=compiled), clock


def on_a_market(
    loaded: Config,
    market: Source,
    clock: Clock | None,
    recorder: Recorder | None,
    heard: Sequence[str] = FILLING,
    *,
    compiled: bool = False,
    stale: str | int | None = None,
    behind: str | int | None = None,
) -> System:
    """On what a market does now, of which these streams are heard; trading begins disabled.

    Raises
    ------
    ConfigError
        None of them fills orders.
    """
    from barter_bt.live import MockExchange, System, WallClock, read_session

    fills_on = [one for one in FILLING if one in heard]
    if not fills_on:
        raise ConfigError(
            f"streams are {', '.join(heard)}, on which no order on paper fills", f"add {' or '.join(FILLING)}"
        )
    built = loaded.build()
    strategy = built.pop("strategy")
    for name in _OF_A_BACKTEST:
        built.pop(name, None)
    start = read_session(recorder.directory).start if recorder and recorder.resumes else None
    if "sessions" in built:
        now = (clock or WallClock()).now() if start is None else start
        built["sessions"] = days_ahead(built["sessions"], now)
    mock = MockExchange(market, clock=clock, start=start, fills_on=fills_on, **built)
    tell_warnings(loaded, mock.setup.warnings)
    return System(
        strategy=strategy, sources=[mock], clients=[mock], clock=clock, recorder=recorder, reconcile=False,
        compiled=compiled, stale=stale, behind=behind, **mock.engine_arguments(),
    )  # fmt: skip


def that_heard(loaded: Config, recording: Path) -> System:
    """As the one that heard a market and was recorded, to process its recording again."""
    from barter_bt.live import Virtual, read_session

    return on_a_market(loaded, _Silent(), Virtual(read_session(recording).start), None)


def _left_at(recorder: Recorder | None, begins: int) -> int:
    """When the session that is resumed was left, or the beginning of the data."""
    from barter_bt.live import read_session

    if recorder is None or not recorder.resumes:
        return begins
    return max([begins, *(arrival.time for arrival, _ in read_session(recorder.directory).arrivals())])


class _Silent:
    """A market that says nothing."""

    async def arrivals(self) -> AsyncIterator[Arrival]:
        return
        yield

    async def close(self) -> None:
        return None


def _clock(pace: str, key: str, begins: int, ends: int) -> Clock:
    from barter_bt.data.duration import duration_ns
    from barter_bt.live import Paced, Virtual
    from barter_bt.live.clock import SECOND_NS

    if pace == "max":
        return Virtual(begins)
    if pace == "auto":
        return Paced(begins, max(ends - begins, SECOND_NS) / SECOND_NS / _HALF_A_MINUTE, ends)
    try:
        return Paced(begins, duration_ns(pace, key) / SECOND_NS, ends)
    except ConfigError as error:
        raise ConfigError(error.message, "write 1s, 1h, 1d, auto or max") from error
