"""Several strategies on one engine: one account, one position for each instrument, orders by strategy."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from barter_bt.columns.block import Block, make_block
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.wake import SLEEP
from barter_bt.errors import StrategyError
from barter_bt.strategy.driver import Driver, Market, Strategy, nothing
from barter_bt.strategy.schedule import SIZES, merged

Wake = Callable[[EngineState, Any], int]


def _nobody(s: EngineState, my: Any) -> int:
    return SLEEP


def _before(one: Wake, number: int, bits: int, rest: Wake) -> Wake:
    """Wake one strategy, if it asked for the event, then the others; each has its own tables."""

    def wake(s: EngineState, my: Any) -> int:
        woken = SLEEP
        s.engine.strategy[0] = number
        if s.event.kind[0] & bits:
            woken = one(s, my.head)
        return woken | rest(s, my.tail)

    return wake


@dataclass(frozen=True)
class StrategyGroup:
    """Strategies that run on one engine; :func:`~barter_bt.backtest.backtest` wraps a list of them in it.

    Each is asked at the events that it asked for, compiled ones first, each kind in the order given. All see one
    account. Every order, trade and position bears the id of the strategy that asked for it.

    Parameters
    ----------
    strategies
        Any of the three kinds. Their names must differ; timers must agree, and so must the sizes of targets.
    """

    strategies: Sequence[Strategy]
    name: str = field(default="several", init=False)

    def __post_init__(self) -> None:
        if not self.strategies:
            raise StrategyError("strategy is an empty list", "give it one strategy, or a list of some")
        bare = next((one for one in self.strategies if not hasattr(one, "prepare")), None)
        if bare is not None:
            raise StrategyError(
                f"a group of strategies has {bare!r:.80}, which cannot be prepared", "give a run the list itself"
            )
        names = self.names
        for name in names:
            if names.count(name) > 1:
                raise StrategyError(f"two strategies have the name {name!r}", "give each its own with name=")

    @property
    def names(self) -> list[str]:
        """Their ids, in index order."""
        return [one.name for one in self.strategies]

    def prepare(self, market: Market) -> Driver:
        """The driver of one run: all of theirs as one."""
        drivers = [one.prepare(market) for one in self.strategies]
        wake, my = _chain(drivers)
        planned = {
            name: one.schedule
            for name, one in zip(self.names, drivers, strict=True)
            if one.schedule and len(one.schedule["time"])
        }
        sizes = {(one.size, one.with_fee, one.band, one.size_at_fill) for one in drivers if one.schedule}
        timers = {one.timer_ns for one in drivers if one.timer_ns}
        self._refuse_different("sizes of targets", [_size_of(one) if one.schedule else "" for one in drivers])
        self._refuse_different("timers", [f"{one.timer_ns:,} ns" if one.timer_ns else "" for one in drivers])
        plain = Driver.size, Driver.with_fee, Driver.band, Driver.size_at_fill
        size, with_fee, band, at_fill = sizes.pop() if sizes else plain
        asked = hooks = 0
        for one in drivers:
            asked, hooks = asked | one.asked, hooks | one.hooks
        return Driver(
            wake=wake,
            my=my,
            asked=asked,
            hooks=hooks,
            timer_ns=timers.pop() if timers else 0,
            history=max(one.history for one in drivers),
            columns=tuple(dict.fromkeys(name for one in drivers for name in one.columns)),
            decide=_decide(drivers),
            save=lambda: pickle.dumps([one.save() if one.save else b"" for one in drivers]),
            load=lambda memory: _load(drivers, memory),
            schedule=merged(planned, self.names, market.index) if planned else {},
            source=next((one.source for one in drivers if one.source), None),
            size=size,
            with_fee=with_fee,
            band=band,
            size_at_fill=at_fill,
            own={name: one.my for name, one in zip(self.names, drivers, strict=True)},
            warnings=lambda: [
                f"{name}: {text}" for name, one in zip(self.names, drivers, strict=True) for text in one.warnings()
            ],
        )

    def _refuse_different(self, what: str, said: Sequence[str]) -> None:
        """Of what holds for all; who says nothing goes along."""
        found = {text: name for name, text in zip(self.names[::-1], said[::-1], strict=True) if text}
        if len(found) > 1:
            told = "; ".join(f"{name!r} has {text}" for text, name in reversed(found.items()))
            raise StrategyError(f"the strategies differ in their {what}: {told}", "make them agree")


def _size_of(one: Driver) -> str:
    """What targets are, in words of their parameters."""
    size = next(name for name, code in SIZES.items() if code == one.size)
    at = "fill" if one.size_at_fill else "decision"
    return f"size={size!r}, with_fee={bool(one.with_fee)}, band={one.band}, size_at={at!r}"


def _chain(drivers: Sequence[Driver]) -> tuple[Wake, Block]:
    """One function that wakes them all, and one block of all their tables: head, and tail of the others."""
    wake: Wake = _nobody
    my = nothing()
    for number in range(len(drivers) - 1, -1, -1):
        one = drivers[number]
        if one.wake is not None:
            wake = _before(one.wake, number, one.asked | one.hooks, wake)
            my = make_block("StrategyGroup", {"head": type(one.my), "tail": type(my)})(head=one.my, tail=my)
    return wake, my


def _load(drivers: Sequence[Driver], memory: bytes) -> None:
    for one, own in zip(drivers, pickle.loads(memory), strict=True):
        if one.load:
            one.load(own)


def _decide(drivers: Sequence[Driver]) -> Callable[[EngineState], None]:
    """Ask the strategies in Python that asked for the event."""

    def decide(s: EngineState) -> None:
        for number, one in enumerate(drivers):
            if one.decide and s.event.kind[0] & (one.asked | one.hooks):
                s.engine.strategy[0] = number
                one.decide(s)

    return decide
