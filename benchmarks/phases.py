"""Where the time of a backtest goes: seconds of each phase, by functions that are timed while it runs."""

from __future__ import annotations

import importlib
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from benchmarks.measure import RUNS, TABLES, settle

if TYPE_CHECKING:
    from barter_bt.backtest import Result

KERNEL = "kernel"
PHASES = {
    "data: canonical columns and codes": ("data.rows:to_chunk", "data.canonical:Canon.apply"),
    "data: instruments, range and order": (
        "data.facts:instruments",
        "data.facts:price_range",
        "data.facts:opens_in_order",
    ),
    "data: checks of every row": ("data.validate:Guard.inspect",),
    "units and terms": (
        "backtest.prepare:choose_scales",
        "backtest.prepare:build_terms",
        "backtest.prepare:build_links",
        "backtest.prepare:build_fill_terms",
    ),
    "state before the first event": (
        "backtest.prepare:build_state",
        "backtest.prepare:begin_venue",
        "backtest.setup:Setup.begin",
    ),
    "signals computed": ("strategy.computed:computed", "strategy.targets:long_form"),
    "signals looked at for look-ahead": ("strategy.lookahead:warning", "strategy.stamps:warning"),
    "schedule of targets": ("strategy.schedule:Schedule.driver",),
    "compiled code looked up": ("backtest.run:Drive.__init__",),
    KERNEL: ("backtest.drive:Drive._advance",),
    "table of orders": ("backtest.journal:Frames.orders",),
    "table of trades": ("backtest.journal:Frames.trades",),
    "table of positions": ("backtest.journal:Frames.positions",),
    "table of balances": ("backtest.journal:Frames.balances",),
    "equity": ("backtest.journal:Frames.equity",),
}
"""Phase to functions; what one of them calls of another phase is counted there."""
REST = "everything else"


def seconds_of_phases(run: Callable[[], Result], runs: int = RUNS, tables: Sequence[str] = TABLES) -> dict[str, float]:
    """Median seconds of each phase of what has run before, with some tables of the result; ``whole`` is the sum."""
    found = []
    for _ in range(runs):
        settle()
        began = time.perf_counter()
        with _timed() as own:
            result = run()
            for name in tables:
                getattr(result, name)
        own[REST] = time.perf_counter() - began - sum(own.values())
        found.append(own)
        del result
    medians = {phase: statistics.median(own[phase] for own in found) for phase in found[0]}
    return medians | {"whole": sum(medians.values())}


@contextmanager
def around(path: str, made: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Iterator[None]:
    """Put another function in the place of ``module:name`` or ``module:Class.name`` for a while."""
    module, _, name = path.partition(":")
    holder: Any = importlib.import_module(f"barter_bt.{module}")
    *classes, last = name.split(".")
    for each in classes:
        holder = getattr(holder, each)
    before = getattr(holder, last)
    setattr(holder, last, made(before))
    try:
        yield
    finally:
        setattr(holder, last, before)


@contextmanager
def _timed() -> Iterator[dict[str, float]]:
    """Seconds of each phase, without those of phases inside it."""
    own, inside = dict.fromkeys(PHASES, 0.0), [0.0]

    def timed(phase: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            inside.append(0.0)
            began = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                seconds = time.perf_counter() - began
                own[phase] += seconds - inside.pop()
                inside[-1] += seconds

        return call

    with _all([(path, phase) for phase, paths in PHASES.items() for path in paths], timed):
        yield own


@contextmanager
def _all(
    paths: list[tuple[str, str]], timed: Callable[[str, Callable[..., Any]], Callable[..., Any]]
) -> Iterator[None]:
    if not paths:
        yield
        return
    (path, phase), *rest = paths
    with around(path, lambda function: timed(phase, function)), _all(rest, timed):
        yield
