"""What every kind of strategy turns into: how the engine's loop is to be driven."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from barter_bt.columns.block import Block, make_block
from barter_bt.columns.table import make_table
from barter_bt.data.duration import span_ns
from barter_bt.engine.event import TIMER, WAKE
from barter_bt.engine.sizing import UNITS
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import StrategyError, nearest
from barter_bt.instrument import IndexedInstruments, Scales

_None = make_table("None_", {"unused": "i8"})
_Nothing = make_block("Nothing", {"none": _None})


def nothing() -> Block:
    """The tables of a strategy that has none."""
    return _Nothing(none=_None(1))


@dataclass(frozen=True)
class Market:
    """What a strategy may know before a run: the index, the scales, the streams and the state's first form."""

    index: IndexedInstruments
    scales: Scales
    streams: tuple[Any, ...]
    reporting: int
    feed_ns: tuple[int, ...]  # feed latency of each stream; used where it has no arrival times
    told: tuple[str, ...] = ()  # columns of the user's own that events will bring, where there are no streams
    kept: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)  # what later runs need again

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        """What ``make`` gives, which is the same in every run on these streams; made in the first."""
        if key not in self.kept:
            self.kept[key] = make()
        return self.kept[key]


@dataclass(eq=False, repr=False)
class Driver:
    """How to drive the loop.

    Attributes
    ----------
    wake
        Kernel that stands in for :func:`barter_bt.engine.wake.wake`; None: the strategy is never woken.
    my
        The strategy's own tables.
    asked
        Bits of the events that wake it.
    hooks
        Bits of the hooks that it has.
    timer_ns
        Interval of its timer, 0 for none.
    history
        How many of the last candles of each instrument are kept for it.
    columns
        Columns of the user's own that it reads.
    decide
        Called in Python when the kernel returns for a decision.
    save, load
        What a strategy in Python remembers, as bytes and back, for checkpoints.
    schedule
        Columns of the schedule, by name; empty for none.
    source
        File and line of the user's function, for messages.
    size, with_fee, band, size_at_fill
        How targets in the schedule are sized, how far off they may be (rule 18), and when (rule 61).
    own
        Tables of each of several strategies, by name.
    warnings
        Finds what the user is to be told of the strategy, when somebody asks.
    manage
        Makes the kernel that stands in for :func:`barter_bt.engine.manage.manage` where the strategy is merged into the
        loop; None: there is no risk manager of the user's own.
    link
        Compiles its functions and tells the engine their addresses.
    managers
        Its tables, by name.
    raised
        What it raised, if it did.
    """

    wake: Callable[[EngineState, Any], int] | None = None
    my: Block = field(default_factory=nothing)
    asked: int = 0
    hooks: int = 0
    timer_ns: int = 0
    history: int = 0
    columns: tuple[str, ...] = ()
    decide: Callable[[EngineState], None] | None = None
    save: Callable[[], bytes] | None = None
    load: Callable[[bytes], None] | None = None
    schedule: Mapping[str, npt.NDArray[np.int64]] = field(default_factory=dict)
    source: tuple[str, int] | None = None
    size: int = UNITS
    with_fee: bool = True
    band: float = 0.0
    size_at_fill: bool = False
    own: Mapping[str, Block] = field(default_factory=dict)
    warnings: Callable[[], list[str]] = list
    manage: Callable[[], Callable[[EngineState, int], int]] | None = None
    link: Callable[[], None] | None = None
    managers: Mapping[str, Block] = field(default_factory=dict)
    raised: Callable[[], Exception | None] | None = None


class Strategy(Protocol):
    """Anything that can prepare a driver for a run."""

    name: str

    def prepare(self, market: Market) -> Driver:
        """The driver of one run; called once for each run."""
        ...


def wake_bits(wake: str | tuple[str, ...]) -> tuple[int, int]:
    """Bits and timer interval for what a strategy asked to be woken by.

    Raises
    ------
    StrategyError
        It names what wakes nobody, or several timers.
    ConfigError
        The timer has no length above 0.

    Examples
    --------
    >>> wake_bits(("fill", "timer:1m"))
    (72, 60000000000)
    """
    bits, timer_ns = 0, 0
    asked: Any = (wake,) if isinstance(wake, str) else wake
    if not isinstance(asked, (tuple, list)) or not all(isinstance(one, str) for one in asked):
        raise StrategyError(
            f"a strategy cannot be woken by {wake!r}; allowed: one or several of {', '.join(WAKE)}, timer:<interval>",
            'write for example wake = ("bar_close", "fill")',
        )
    for one in asked:
        if one.startswith("timer:"):
            length = span_ns(one.removeprefix("timer:"), "the timer of a strategy")
            if timer_ns not in (0, length):
                raise StrategyError(f"a strategy has one timer, not {wake!r}", "ask for the finer one, and count")
            bits, timer_ns = bits | TIMER, length
        elif one in WAKE:
            bits |= WAKE[one]
        else:
            like = f"timer:{one}" if one[:1].isdigit() else nearest(one, WAKE)
            raise StrategyError(
                f"a strategy cannot be woken by {one!r}; allowed: {', '.join(WAKE)}, timer:<interval>",
                f"did you mean {like!r}?" if like else None,
            )
    return bits, timer_ns


def candle_history(asked: object) -> int:
    """How many candles of each instrument a strategy wants to look back at.

    Raises
    ------
    StrategyError
        It is no whole number from 0.

    Examples
    --------
    >>> candle_history(200)
    200
    """
    if not isinstance(asked, int) or isinstance(asked, bool) or asked < 0:
        raise StrategyError(
            f"candle_history is {asked!r:.60}; it must be a whole number of candles, from 0",
            "200 keeps the last 200 candles of each instrument",
        )
    return asked


def without_candles(history: int, market: Market) -> list[str]:
    """Warn of a look back at candles where there are none."""
    if not history or any(stream.kind == "candles" for stream in market.streams):
        return []
    return [f"the strategy looks back at candles (candle_history={history}), and the data has none"]
