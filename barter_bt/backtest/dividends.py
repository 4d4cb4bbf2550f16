"""Dividends with a pay date or a withholding as columns of the engine's state (rule 45)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from barter_bt.engine.flows import ENTITLEMENT, PAYOUT

NOTHING = -1


def paid_later(row: Mapping[str, Any]) -> bool:
    """Whether a row of dividends is more than an amount that is paid at once."""
    return row.get("pay_date") is not None or row.get("withholding", 0.0) > 0


def payout_rows(entitlement: Mapping[str, Any], pay_ns: int, withholding: float) -> Iterator[dict[str, Any]]:
    """What is due at the ex-date, what is paid, and what is withheld of it.

    ``pays`` counts from the row itself, until all rows have their places.
    """
    yield {**entitlement, "kind": ENTITLEMENT, "pays": 1}
    part = Fraction(Decimal(repr(withholding)))
    later = {**entitlement, "kind": PAYOUT, "time": pay_ns, "until": pay_ns, "num": 0, "den": 1, "pays": NOTHING}
    yield {**later, "pays": 1 if part else NOTHING}
    if part:
        yield {**later, "num": part.numerator, "den": part.denominator, "reason": "withholding"}
