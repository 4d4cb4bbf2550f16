"""What a compiled strategy reads of the account: equity, balances, and margin (rule 19) at the prices that it knows."""

from __future__ import annotations

from math import isnan

from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import notional
from barter_bt.engine.isolated import required_at
from barter_bt.engine.state import margin as margins
from barter_bt.engine.state import valuation
from barter_bt.engine.state.market import price_ticks
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.terms import RATE, from_zero
from barter_bt.strategy.api.amounts import NOT_KNOWN, amount, is_unknown_asset, natural
from barter_bt.strategy.asking import is_unknown


def equity(s: EngineState) -> float:
    """What the account is worth now in the reporting asset (rule 5); NaN where something held has no price."""
    worth = _equity_units(s.whole)
    if worth == valuation.UNKNOWN:
        return NOT_KNOWN
    return natural(worth, s.whole.assets.units_per_unit[s.whole.engine.reporting[0]])


def cash(s: EngineState, i: int) -> float:
    """Balance of the asset that an instrument is paid in: its quote asset, a derivative's settlement asset."""
    return 0.0 if is_unknown(s.whole, i) else balance(s.whole, s.whole.terms.quote[i])


def free_cash(s: EngineState, i: int) -> float:
    """What of :func:`cash` no resting order reserves."""
    return 0.0 if is_unknown(s.whole, i) else free_balance(s.whole, s.whole.terms.quote[i])


def balance(s: EngineState, asset: int) -> float:
    """Balance of an asset, by its index, such as ``s.terms.base[i]``."""
    if is_unknown_asset(s, asset):
        return 0.0
    return natural(s.whole.assets.total[asset], s.whole.assets.units_per_unit[asset])


def free_balance(s: EngineState, asset: int) -> float:
    """What of :func:`balance` no resting order reserves."""
    if is_unknown_asset(s, asset):
        return 0.0
    return natural(s.whole.assets.free[asset], s.whole.assets.units_per_unit[asset])


def margin_used(s: EngineState, asset: int) -> float:
    """What the positions that are margined in an asset tie up of it, by its index, such as ``s.terms.quote[i]``."""
    return NOT_KNOWN if is_unknown_asset(s, asset) else amount(s.whole, asset, _used_margin_units(s.whole, asset))


def free_margin(s: EngineState, asset: int) -> float:
    """What of an asset new positions can tie up: free balance and value of positions, less :func:`margin_used`.

    Without margined positions it is :func:`free_balance`. It is below 0 while positions have less than they need.
    """
    return NOT_KNOWN if is_unknown_asset(s, asset) else amount(s.whole, asset, _free_margin_units(s.whole, asset))


def buying_power(s: EngineState, i: int) -> float:
    """The largest value of an instrument that can be bought now beside what is held, its fee left aside; 0.0 for none.

    In the quote or settlement asset, at the price as it is: in a cash account :func:`free_cash`, with margin what
    :func:`free_margin` suffices for, short as well as long; of an option, what its premiums may cost. Orders that only
    reduce a position need none of it. NaN where it depends on a price that is not known.
    """
    if is_unknown(s.whole, i):
        return NOT_KNOWN
    t, asset = s.whole.terms, s.whole.terms.quote[i]
    if t.margined[i] == 0:
        return max(free_balance(s, asset), 0.0)
    free = free_margin(s, asset)
    if not free > 0.0:
        return free if isnan(free) else 0.0
    if t.strike[i] > 0:
        return free
    if t.lot_margin_num[i] == 0:
        return free * RATE / t.margin_rate[i]
    if t.lot_margin_num[i] < 0:
        return _power_by_tier(s.whole, i, free)
    ticks = price_ticks(s.whole, i)
    if ticks == 0:
        return NOT_KNOWN
    worth = float(t.num[i]) / t.den[i]  # of a lot, at one tick
    return (
        free
        * t.lot_margin_den[i]
        / t.lot_margin_num[i]
        * (worth / ticks if t.derivative[i] < 0 else worth * from_zero(t, i, ticks))
    )


@unit
def _power_by_tier(s: EngineState, i: int, free: float) -> float:
    """The value that can be added to what is held, where a larger position may need more of all of it."""
    t, per_unit, lots = s.terms, s.assets.units_per_unit[s.terms.quote[i]], abs(s.instruments.quantity[i])
    held = natural(abs(notional(t, i, lots, price_ticks(s, i))) if lots > 0 else 0, per_unit)
    whole = free + natural(required_at(t, s.tiers, i, lots, price_ticks(s, i)), per_unit)
    most, above = 0.0, 0.0
    for row in range(t.tier_first[i], t.tier_end[i]):
        value = min(whole * RATE / max(t.margin_rate[i], s.tiers.rate[row]), natural(s.tiers.bound[row], per_unit))
        if value > above:
            most = value
        above = natural(s.tiers.bound[row], per_unit)
    return max(most - held, 0.0)


@unit
def _equity_units(s: EngineState) -> int:
    return valuation.equity(s)


@unit
def _used_margin_units(s: EngineState, asset: int) -> int:
    return margins.used_margin(s, asset)


@unit
def _free_margin_units(s: EngineState, asset: int) -> int:
    return margins.free_margin(s, asset)
