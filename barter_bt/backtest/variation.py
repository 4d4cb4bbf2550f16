"""When futures are settled by day, and at what: at prices by time, or at the close of each session (rule 102)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from barter_bt.backtest.settlements import NEVER_SETTLED
from barter_bt.data.flows import CashFlows
from barter_bt.data.sessions import Sessions
from barter_bt.engine.flows import VARIATION
from barter_bt.errors import ConfigError
from barter_bt.instrument import IndexedInstruments, Scales
from barter_bt.venue.endings import settlement_ticks
from barter_bt.venue.terms import Venue

AT_MARK = 0  # in place of ticks


def variation_rows(
    flows: Sequence[CashFlows],
    sessions: Mapping[int, Sessions],
    index: IndexedInstruments,
    scales: Scales,
    venues: Mapping[str, Venue],
    begins: int,
) -> list[dict[str, Any]]:
    """A row for each time at which a future is settled, by instrument, then by time, also behind the data.

    Raises
    ------
    ConfigError
        Nothing says when it is settled; a price is not a whole number of ticks, or 0 where prices are above 0.
    """
    found, by_day = [], set(_settled_by_day(index, venues))
    for i, one in enumerate(index.instruments):
        if i not in by_day and one.expiry is None and any(_prices(flows, index, i, scales)):
            raise ConfigError(
                NEVER_SETTLED.format(one.key),
                "only what expires is settled, or a future by day: Margin(settlement='daily')",
            )
    for i in sorted(by_day):
        rows = list(_prices(flows, index, i, scales))
        if not rows and i not in sessions:
            raise ConfigError(
                f"{index.instruments[i].key!r} is settled daily, and nothing says when",
                "give cash_flows=data.settlement_prices(...) of it, or sessions=",
            )
        times = [] if rows else sessions[i].closes_ns.tolist()
        rows += [(time, AT_MARK) for time in times if time > begins]
        found += [_row(index, i, time, ticks) for time, ticks in rows]
    return found


def _settled_by_day(index: IndexedInstruments, venues: Mapping[str, Venue]) -> Iterator[int]:
    for i, one in enumerate(index.instruments):
        venue = venues[one.exchange]
        if venue.margin_by_instrument.get(one.name, venue.margin).settlement != "daily":
            continue
        if one.kind == "future":
            yield i
        elif one.name in venue.margin_by_instrument:
            raise ConfigError(
                f"settlement of the margin of {one.key!r} is 'daily', and it is {one.kind}: only futures are settled",
                "leave settlement out",
            )


def _prices(flows: Sequence[CashFlows], index: IndexedInstruments, i: int, scales: Scales) -> Iterator[tuple[int, int]]:
    """Times and ticks of the settlement prices of an instrument."""
    one = index.instruments[i]
    for flow in flows:
        if flow.kind != "settlement":
            continue
        times, names = flow.frame["time"].to_physical().to_list(), flow.frame["instrument"].to_list()
        for time, name, price in zip(times, names, flow.frame["price"].to_list(), strict=True):
            if name not in (one.name, one.key):
                continue
            ticks = settlement_ticks(one, repr(price), scales.ticks[i])
            if ticks <= 0:
                raise ConfigError(f"a settlement price of {one.key!r} is {price}; its prices are above 0")
            yield time, ticks


def _row(index: IndexedInstruments, i: int, time: int, ticks: int) -> dict[str, Any]:
    asset = index.settlement_assets[i]
    return {
        "time": time, "since": time, "until": time, "kind": VARIATION, "reason": "variation_margin", "instrument": i,
        "asset": asset, "exchange": index.exchanges.index(index.assets[asset][0]), "num": ticks,
    }  # fmt: skip
