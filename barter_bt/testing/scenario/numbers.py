"""Numbers of drawn scenarios: steps of an instrument as floats and decimal text."""

from __future__ import annotations

from decimal import Decimal

from barter_bt.testing.scenario.source import Source
from barter_bt.testing.scenario.spec import InstrumentSpec

SECOND = 10**9
START = 1_700_000_000 * SECOND
CENTER = 100  # prices in ticks move around it
NEAR = (CENTER - 4, CENTER + 4)
NANO = Decimal("0.000000001")


def worth(kind: str, tick: str, size: str) -> Decimal:
    """One contract at the middle price, in the asset that its money is in."""
    price = CENTER * Decimal(tick)
    return Decimal(size) / price if kind == "inverse" else Decimal(size) * price


def between(source: Source, span: tuple[int, int]) -> int:
    """A whole number in a span, both ends included; shrinks to its middle."""
    middle = sum(span) // 2
    return middle + source.integer(span[0] - middle, span[1] - middle)


def price(source: Source, item: InstrumentSpec, span: tuple[int, int] = NEAR) -> float:
    """A price within a span of ticks."""
    return in_ticks(item, between(source, span))


def in_ticks(item: InstrumentSpec, ticks: int) -> float:
    """So many ticks as a float."""
    return float(Decimal(item.tick) * ticks)


def amount(source: Source, item: InstrumentSpec, low: int) -> float:
    """An amount of up to nine lots, now and then half a lot more."""
    half = Decimal(source.pick(("0", "0", "0", "0.5")))
    if not item.declares_lot:  # a float may lie on either side of a half that is to be rounded
        half *= 0
    return float(Decimal(item.lot) * (source.integer(low, 9) + half))


def plain(value: Decimal) -> str:
    """A decimal text of as many places as there are."""
    return format(value.normalize(), "f")


def text(value: Decimal) -> str:
    """A decimal text of at most nine places."""
    return format(value.quantize(NANO).normalize(), "f")
