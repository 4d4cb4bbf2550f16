"""Scenarios made from scenarios, for relations between runs that hold without knowing the right answer."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from barter_bt.testing.scenario import ExchangeSpec, InstrumentSpec, Row, Scenario
from barter_bt.testing.scenario.shift import changed

MINUTE = 60 * 10**9
PRICES = {"trades": (3,), "quotes": (3, 5), "candles": (4, 5, 6, 7)}
SLIPS = ("slippage_ticks", "slippage_rate", "range_share", "volume_share", "impact")
NO_SLIPPAGE: dict[str, Any] = {name: getattr(InstrumentSpec, name) for name in SLIPS}  # as by default
NAME = {"trades": 2, "quotes": 2, "candles": 3}


def shift_of(scenario: Scenario) -> int:
    """A shift that keeps marks and intervals of volume where they are: many of them.

    None at all where a drawn delay hangs on a time: what is of no order sent has that as its number (rule 52).
    """
    if any(hangs_on_time(spec, scenario) for spec in scenario.exchanges):
        return 0
    return (scenario.mark_every_ns or MINUTE) * 1_000_003


def hangs_on_time(spec: ExchangeSpec, scenario: Scenario) -> bool:
    """Whether an exchange has faults, draws its feed, or draws responses and may pay cash flows or close positions."""
    if spec.faults is not None or (spec.feed_delays is not None and spec.feed_delays[0] != "by_time"):
        return True
    if spec.response_delays is None or spec.response_delays[0] == "by_time":
        return False
    margined = any(item.exchange == spec.name and item.kind != "spot" for item in scenario.instruments)
    pays = any(item.exchange == spec.name and item.paid_in != "quote" for item in scenario.instruments)
    return bool(scenario.cash_flows) or margined or pays or spec.account == "margin"


def flat(scenario: Scenario, ticks: int) -> Scenario | None:
    """Every price the same, without slippage; None for scenarios with quotes or books, whose two sides cannot be."""
    if any(stream.kind in ("quotes", "book", "book_orders") for stream in scenario.streams):
        return None
    price = {spec.name: float(ticks * Decimal(spec.tick)) for spec in scenario.instruments}

    def same(kind: str, row: Row) -> Row:
        return changed(row, dict.fromkeys(PRICES[kind], price[row[NAME[kind]]]))

    streams = tuple(replace(one, rows=tuple(same(one.kind, row) for row in one.rows)) for one in scenario.streams)
    schedule = tuple(
        changed(row, {4: price[row[2]]}) if row[0] == "open" and row[4] is not None else row
        for row in scenario.schedule
    )
    instruments = tuple(replace(one, **NO_SLIPPAGE) for one in scenario.instruments)
    return replace(scenario, instruments=instruments, streams=streams, schedule=schedule)


def dealt(scenario: Scenario, hands: int) -> Scenario:
    """The rows of each stream dealt out in turn to so many: an instrument has several of one kind, and no path.

    A book stays whole.
    """
    streams = [
        replace(one, rows=rows)
        for one in scenario.streams
        for hands_of in (1 if one.kind.startswith("book") else hands,)
        for k in range(hands_of)
        if (rows := one.rows[k::hands_of])
    ]
    pathless = tuple(replace(one, candle_path="pessimistic") for one in scenario.exchanges)  # rule 59
    return replace(scenario, streams=tuple(streams), exchanges=pathless)
