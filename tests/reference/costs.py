"""What an order that takes pays: the slippage of rule 39 in ticks, the fees by order of rule 40 in units."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

from barter_bt.testing.scenario import InstrumentSpec

from .model import Instrument, Market, exact, rhe


def slippage(spec: InstrumentSpec, lots: int, size: int, shown: int, candle: Market | None) -> int:
    """Rule 39: by how many ticks a taker's price moves; ``shown`` are the lots of the event, ``candle`` the last.

    ``size`` are the ticks of the price, without a sign.
    """
    share = float(lots) / float(shown) if 0 < lots <= shown else 1.0
    reach = float(candle.prices[1] - candle.prices[2]) if candle else 0.0
    price = float(size)
    moved = spec.range_share * reach + (spec.volume_share * price) * (share * share)
    moved += (spec.impact * reach) * math.sqrt(share)
    return spec.slippage_ticks + math.ceil(exact(spec.slippage_rate) * size) + max(math.ceil(moved - 1e-6), 0)


class Paid(NamedTuple):
    """Of an order's fills: their fees by rule 3, their notional, and what it has paid, F of rule 40."""

    fees: int = 0
    notional: int = 0
    total: int = 0


NOTHING = Paid()


def by_order(spec: InstrumentSpec) -> bool:
    """Whether its fees have a term by order."""
    amounts = exact(spec.per_order) != 0 or exact(spec.fee_minimum) != 0
    return amounts or spec.fee_maximum is not None or spec.fee_increment is not None


def owed(instrument: Instrument, fees: int, notional: int) -> int:
    """Rule 40: F of an order with these fees by rule 3 and this notional."""
    spec = instrument.spec
    if not by_order(spec):
        return fees
    per_order, minimum, increment = (
        rhe(exact(amount) / instrument.quote_unit)
        for amount in (spec.per_order, spec.fee_minimum, spec.fee_increment or 0)
    )
    due = fees + per_order
    if minimum:
        due = max(due, minimum)
    if spec.fee_maximum is not None:
        due = min(due, rhe(notional * exact(spec.fee_maximum)))
    return rhe(Fraction(due, increment)) * increment if increment else due


def paid_behind(paid: Paid, instrument: Instrument, lots: int, notional: int, maker: bool) -> Paid:
    """After one more fill."""
    fees, whole = paid.fees + instrument.fee(lots, notional, maker), paid.notional + abs(notional)
    return Paid(fees, whole, owed(instrument, fees, whole))


def fee_behind(paid: Paid, instrument: Instrument, lots: int, notional: int, maker: bool) -> int:
    """Rule 40: the fee of one more fill."""
    return paid_behind(paid, instrument, lots, notional, maker).total - paid.total


def all_in(instrument: Instrument, lots: int, ticks: int) -> int:
    """Rules 18 and 40: what an order that takes spends on these lots, a rebate counting as 0."""
    notional = instrument.notional(lots, ticks)
    return notional + max(fee_behind(NOTHING, instrument, lots, notional, False), 0)
