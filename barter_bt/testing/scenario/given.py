"""Instruments and data that are given, in the form in which random orders and rows are made for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

import polars as pl

from barter_bt.instrument import Instrument
from barter_bt.testing.scenario.numbers import SECOND
from barter_bt.testing.scenario.spec import Contract, InstrumentSpec, Scenario, StreamSpec

_LOW = ("low", "bid_price", "price")
_HIGH = ("high", "ask_price", "price")


def spec_of(one: Instrument) -> InstrumentSpec:
    """An instrument as plain data; where it declares no steps, 0.01 and 0.001."""
    kinds: dict[str, Contract] = {"spot": "spot", "perpetual": "perpetual", "future": "future"}
    return InstrumentSpec(
        one.name,
        one.exchange,
        one.base,
        one.quote,
        "inverse" if one.is_inverse else kinds[one.kind],
        str(one.price_increment or "0.01"),
        str(one.quantity_increment or "0.001"),
        str(one.contract_size),
        declares_tick=one.price_increment is not None,
        declares_lot=one.quantity_increment is not None,
    )


@dataclass(frozen=True)
class Plan:
    """What random orders go by: when, and near which prices.

    Parameters
    ----------
    scenario
        Instruments and the time of the data.
    step_ns
        Usual time from one order to the next.
    spans
        Lowest and highest price of each instrument, in ticks.
    """

    scenario: Scenario
    step_ns: int
    spans: Mapping[str, tuple[int, int]]

    def sized(self, size: Literal["units", "notional", "equity"]) -> Scenario:
        """The same with targets of this kind."""
        return replace(self.scenario, size=size)


def plan_of(frames: Sequence[pl.DataFrame], instruments: Sequence[Instrument], reporting: str | None) -> Plan:
    """What random orders on this data go by."""
    firsts = [frame["time_open" if "time_open" in frame.columns else "time_exchange"] for frame in frames]
    first = min(int(times.to_physical().min()) for times in firsts)  # type: ignore[arg-type]  # integers
    last = max(int(frame["time_exchange"].to_physical().max()) for frame in frames)  # type: ignore[arg-type]
    specs = tuple(spec_of(one) for one in instruments)
    time = StreamSpec("candles", ((first, last),))
    scenario = Scenario(specs, (), (time,), (), reporting=reporting or specs[0].money)
    return Plan(scenario, max(SECOND, (last - first) // 20), {one.name: _span(one, frames) for one in specs})


def _span(one: InstrumentSpec, frames: Sequence[pl.DataFrame]) -> tuple[int, int]:
    """Lowest and highest price in ticks; of quotes, of their sides that are there."""
    found: list[int] = []
    for frame in frames:
        mine = frame.filter(pl.col("instrument").cast(pl.String) == one.name)
        for names in (_LOW, _HIGH):
            column = next(name for name in names if name in frame.columns)
            prices = mine[column].filter(mine[column] > 0)
            found += [round(Decimal(repr(price)) / Decimal(one.tick)) for price in prices.unique()]
    return (max(1, min(found)), max(found)) if found else (1, 1)
