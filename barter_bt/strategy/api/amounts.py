"""Counts as floats in natural units, and what is not there."""

from __future__ import annotations

from barter_bt.engine.fault import BAD_ASSET, fail
from barter_bt.engine.state import valuation
from barter_bt.engine.state.tables import EngineState

NOT_KNOWN = float("nan")


def natural(count: int, per_unit: float) -> float:
    """Ticks, lots or units as a float: the nearest one to the decimal."""
    if per_unit >= 1.0:
        return count / per_unit
    return count * float(int(1.0 / per_unit + 0.5))


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
