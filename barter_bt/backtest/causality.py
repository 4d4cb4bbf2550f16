"""Whether what a strategy did depends on data that came later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from barter_bt.backtest import cut
from barter_bt.backtest.backtest import backtest
from barter_bt.backtest.divergence import Divergence, first_divergence
from barter_bt.backtest.expression import looked_ahead, stamped
from barter_bt.backtest.result import Result
from barter_bt.backtest.truncated import FullData, last_arrival_ns, with_data
from barter_bt.data import MarketData, Stream
from barter_bt.data.market import on_one_clock
from barter_bt.data.moment import moment
from barter_bt.errors import ConfigError, EngineError
from barter_bt.strategy.group import StrategyGroup
from barter_bt.strategy.schedule import Schedule
from barter_bt.strategy.signals import Signals

_UNUSED = ("checkpoint", "resume", "record", "audit", "progress")


@dataclass(frozen=True)
class Finding:
    """Something that changed when the data after a time was taken away.

    Attributes
    ----------
    until_ns
        The data ended here, nanoseconds since 1970 UTC.
    divergence
        The row that changed, its values with the whole data and without what came later. Table ``"signals"``: a value
        of the target's expression, the column is the smallest part of it that changed; or a target of a frame, and if
        the column is ``"time"``, one that bears the time at which a candle opens (the values: its open and its close).
        Table ``"run"``: without what came later the run fails.
    """

    until_ns: int
    divergence: Divergence

    def __repr__(self) -> str:
        if self.divergence.column == "time":
            return self.divergence.told("{}, when a candle opens that closes at {}: it was not known then")
        return self.divergence.told("{} with the whole data, {} without what came later")

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {"until_ns": self.until_ns, **self.divergence.to_dict()}


@dataclass(frozen=True, repr=False)
class Causality:
    """What a causality check found; made by :func:`check_causality`.

    Attributes
    ----------
    times_ns
        Where the data was cut, nanoseconds since 1970 UTC.
    findings
        What changed, by time of the cut; at most one of the signals and one of the tables for each cut.
    notes
        What was not checked.
    """

    times_ns: tuple[int, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing changed at any of the times."""
        return not self.findings

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        found = {"ok": self.ok, "times_ns": list(self.times_ns), "findings": [one.to_dict() for one in self.findings]}
        return {**found, "notes": list(self.notes)}

    def __repr__(self) -> str:
        stamps = [one for one in self.findings if one.divergence.column == "time"]
        bad = {one.until_ns for one in self.findings if one not in stamps}
        cuts = f"{len(self.times_ns)} cut(s)"
        lines = [
            f"Causality: not ok, later data changed what came before it at {len(bad)} of {cuts}"
            if bad
            else f"Causality: {'not ok, targets bear times of opens;' if stamps else 'ok,'} nothing changed before any "
            f"of {cuts}"
        ]
        lines += [f"  {one!r}" for one in stamps]
        for time_ns in sorted(bad):
            lines.append(f"  data until {moment(time_ns)}")
            lines += [f"    {one!r}" for one in self.findings if one.until_ns == time_ns and one not in stamps]
        return "\n".join(lines + [f"  note: {note}" for note in self.notes])

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(repr(self))}</pre>"


def check_causality(
    data: Stream | MarketData | Sequence[Stream],
    instruments: Any,
    strategy: Any,
    *,
    at: Sequence[datetime] | None = None,
    n: int = 5,
    **arguments: Any,
) -> Causality:
    """Run a backtest again on data that ends earlier, and look for rows that change before that end.

    What was decided by a time can depend only on what was known then, so taking away what came later must change
    nothing that a run put out until then. For signals the target's expression is evaluated on both as well, and the
    smallest part of it that changed is named. Every kind of strategy, and several of them, can be checked.

    A frame of targets or orders is the same with and without later data. Of it the check sees only whether its targets
    bear the times at which candles open, when what they were computed from was not known: that counts as a finding. To
    check how they were computed, give a function that makes the frame from the data: it is made again from less.

    A finding proves that the strategy uses later data (or that it does not decide the same twice: it draws random
    numbers or keeps something outside of itself). No finding proves nothing beyond the times that were tried: a look
    ahead that changed no decision there is not seen, and a short one, such as ``shift(-1)``, changes only what is next
    to the cut. Not seen either: data that the strategy holds itself or reads from a file, parameters that were chosen
    on the same data, and a look at what has happened at the venue but has not arrived yet. Where a strategy is made
    from the data, give a function that makes it.

    The data is cut by venue time. Of a candle that is open at the cut, the venue knows the open, the strategy nothing.
    Units and the events that fill orders, which a run takes from its data as a whole, stay as they were. The data
    is held in memory. Backtest's ``end`` would not do: signals are computed over the whole frame (rule 8).

    Parameters
    ----------
    data, instruments, arguments
        As for :func:`barter_bt.backtest`. Checkpoints, records, audits and progress are left out.
    strategy
        As for :func:`barter_bt.backtest`, copied for each run; or a function (or class) that makes it from the data,
        which it is given in the same form: a stream, :class:`~barter_bt.data.MarketData` or a list of streams.
    at
        Times with a zone at which to cut.
    n
        Without ``at``: how many times to choose; half of them, rounded up, when orders were sent, the others evenly.

    Returns
    -------
    Causality

    Raises
    ------
    ConfigError
        For a time without zone or outside the data, and for a strategy that cannot be copied.

    Examples
    --------
    >>> import barter_bt as bt
    >>> candles = bt.data.candles(bt.data.generate.candles(300, instrument="btc_usd"))
    >>> btc = bt.Instrument("x", "btc_usd", price_increment="0.0001")
    >>> higher = (pl.col("close").shift(-1) > pl.col("close")).cast(pl.Float64)
    >>> report = bt.check_causality(candles, btc, bt.Signals(higher), balances={"usd": 1_000}, interpret=True)
    >>> report.ok, report.findings[0].divergence.column
    (False, 'col("close").shift([dyn int: -1])')
    >>> bt.check_causality(candles, btc, bt.strategy.builtin.SmaCross(), balances={"usd": 1_000}, interpret=True)
    Causality: ok, nothing changed before any of 5 cut(s)
    """
    streams = _streams(data)
    arguments = {name: value for name, value in arguments.items() if name not in _UNUSED}
    make = _maker(strategy, data)
    whole = FullData(streams)
    full = make(streams)
    span = whole.span_ns(cut.start_ns(arguments))
    try:
        result = _run(streams, instruments, full, arguments)
    except EngineError:
        if report := _signals_alone(make, full, whole, cut.choose(at, n, span, None, arguments)):
            return report
        raise
    times = cut.choose(at, n, span, result, arguments)
    findings, notes = _given_frames(strategy, streams)
    for time_ns in times:
        known, dealt = whole.known(time_ns), whole.dealt(time_ns)
        try:
            part = make(known)
            found = [looked_ahead(a, b, streams, known, time_ns) for a, b in _signals(full, part)]
            findings += [Finding(time_ns, one) for one in found if one is not None][:1]
            commands = cut.ended(arguments.get("commands"), time_ns)
            again = _run(dealt, instruments, with_data(part, known), {**arguments, "commands": commands})
        except Exception as error:  # a strategy may raise what it likes
            text = f"{type(error).__name__}: {error}"
            findings.append(Finding(time_ns, Divergence("run", 0, time_ns, "error", ("none", text))))
            continue
        limit = min(time_ns, last_arrival_ns(dealt))
        one = first_divergence(cut.until(result, limit), cut.until(again, limit))
        findings += [] if one is None else [Finding(time_ns, one)]
    return Causality(tuple(times), tuple(findings), tuple(notes))


def _given_frames(strategy: Any, streams: Sequence[Stream]) -> tuple[list[Finding], list[str]]:
    """What can be said of decisions that were given, not made: their stamps, and that this is all."""
    findings, notes = [], []
    for one in _each(strategy):
        if isinstance(one, Schedule) or (isinstance(one, Signals) and not isinstance(one.target, pl.Expr)):
            found = stamped(one, streams)
            findings += [] if found is None else [Finding(found.time_ns, found)]
            notes.append(
                f"strategy {one.name!r} is a frame of decisions, and nothing shows how they were found; to check that, "
                "give a function that makes the strategy from the data, such as lambda data: Signals(mine(data))"
            )
    return findings, notes


def _signals_alone(
    make: Callable[[list[Stream]], Any], full: Any, whole: FullData, times: Sequence[int]
) -> Causality | None:
    """Compare expressions where the run itself fails, as one does that grows beyond all bounds by looking ahead."""
    findings = []
    for time_ns in times:
        known = whole.known(time_ns)
        for a, b in _signals(full, make(known)):
            one = looked_ahead(a, b, whole.streams, known, time_ns)
            findings += [] if one is None else [Finding(time_ns, one)]
    return Causality(tuple(times), tuple(findings)) if findings else None


def _streams(data: Stream | MarketData | Sequence[Stream]) -> list[Stream]:
    streams = data.streams if isinstance(data, MarketData) else data
    return on_one_clock([streams] if isinstance(streams, Stream) else list(streams))


def _maker(strategy: Any, data: Any) -> Callable[[list[Stream]], Any]:
    """What gives a fresh strategy for streams."""
    is_one = hasattr(strategy, "prepare") or hasattr(strategy, "generate_algo_orders")
    if callable(strategy) and (isinstance(strategy, type) or not is_one):
        if isinstance(data, Stream):
            return lambda streams: strategy(streams[0])
        return lambda streams: strategy(MarketData(tuple(streams)) if isinstance(data, MarketData) else streams)
    try:
        first = deepcopy(strategy)
    except TypeError as error:
        hint = "give a function that makes it from the data, such as lambda data: Mine()"
        raise ConfigError(f"the strategy cannot be copied for each run: {error}", hint) from error
    return lambda _: deepcopy(first)


def _run(streams: list[Stream], instruments: Any, strategy: Any, arguments: dict[str, Any]) -> Result:
    result = backtest(streams, instruments, strategy, **arguments)
    if result.partial:
        raise KeyboardInterrupt
    return result


def _each(strategy: Any) -> list[Any]:
    if isinstance(strategy, StrategyGroup):
        return list(strategy.strategies)
    return list(strategy) if isinstance(strategy, list | tuple) else [strategy]


def _signals(full: Any, part: Any) -> list[tuple[Any, Any]]:
    """Pairs of what is decided before the run."""
    pairs = zip(_each(full), _each(part), strict=False)
    return [(a, b) for a, b in pairs if isinstance(a, Signals | Schedule) and isinstance(b, type(a))]
