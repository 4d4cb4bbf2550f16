"""Counts as floats in natural units, and what is not there."""

from __future__ import annotations

from barter_bt.engine.fault import BAD_ASSET, fail
from barter_bt.engine.state import valuation
from barter_bt.engine.state.tables import EngineState

NOT_KNOWN = float("nan")
NOT_GIVEN = float("nan")  # a price that is left out


def natural(count: int, per_unit: float) -> float:
    """Ticks, lots or units as a float: the nearest one to the decimal."""
    if per_unit >= 1.0:
        return count / per_unit
    return count * float(int(1.0 / per_unit + 0.5))


def price_of(s: EngineState, i: int, ticks: int) -> float:
    """Ticks of an instrument as a price; where there is none 0.0, or NaN if its price can be 0 (rule 76)."""
    if s.terms.zero[i] > 0:
        return natural(ticks - s.terms.zero[i], s.terms.ticks_per_unit[i]) if ticks > 0 else NOT_KNOWN
    return natural(max(ticks, 0), s.terms.ticks_per_unit[i])


def is_unknown_asset(s: EngineState, asset: int) -> bool:
    """Whether there is no such asset, which ends the run."""
    if 0 <= asset < len(s.whole.assets):
        return False
    fail(s.whole.fault, BAD_ASSET, asset)
    return True


def amount(s: EngineState, asset: int, units: int) -> float:
    """Units of an asset as an amount; NaN where they are not known."""
    return NOT_KNOWN if units == valuation.UNKNOWN else natural(units, s.assets.units_per_unit[asset])


def money(s: EngineState, i: int, units: int) -> float:
    """An amount of an instrument's quote or settlement asset."""
    return natural(units, s.assets.units_per_unit[s.terms.quote[i]])
