"""Positions that are not covered any more are closed by the venue (rules 42, 43, 70 and 72).

Assumptions: all that is margined in one asset stands together (cross margin) unless it is isolated, and is closed at
the price that showed that it must be; what the market offers does not bound it, and the liquidation fee is what it
costs. Of a candle only its extreme against a position counts, with all other positions at their marks.
"""

from __future__ import annotations

from barter_bt.columns.exact import bounded_sum
from barter_bt.columns.marks import unit
from barter_bt.engine.messages import CLOSED
from barter_bt.engine.order import CANCELLED, LIQUIDATION
from barter_bt.engine.terms import CROSS
from barter_bt.venue.alarm import set_alarm
from barter_bt.venue.closing import insure
from barter_bt.venue.margin import backing, mark_ticks, own_money, revalue
from barter_bt.venue.report import close
from barter_bt.venue.resting import update_triggers
from barter_bt.venue.short import (
    NOWHERE,
    has_shown_range,
    is_covered,
    liquidate,
    maintenance,
    price_short,
    spare_at,
    standing_price,
    step_down,
)
from barter_bt.venue.state import WATCHED, VenueState

NOBODY_REACHED = -1


@unit
def check_worth(v: VenueState, asset: int, is_first: int) -> None:
    """Liquidate an asset whose worth is below what its positions must keep; else say how far their marks may move.

    Behind the assets come the instruments, whose isolated positions stand alone. Each is looked at once.
    """
    i = asset - len(v.accounts)
    if i >= 0:
        if is_first:
            _check_isolated(v, i)
        v.markets.doubted[i] = 0
        return
    if is_first and v.accounts.watching[asset] > 0:
        _check_asset(v, asset)
    v.accounts.doubted[asset] = 0


def _check_asset(v: VenueState, asset: int) -> None:
    """Hold the ranges of candles against it, position by position, then the marks."""
    revalue(v, asset)
    for i in range(len(v.markets)):
        short = 1
        while short != NOWHERE and _stands_in(v, i, asset) and has_shown_range(v, i):
            short = price_short(v, i, _spare_beside(v, asset, i))
            if short != NOWHERE:
                _liquidate(v, asset, i, short)
    spare = bounded_sum(_worth(v, asset), -_kept(v, asset, NOBODY_REACHED))
    if spare < 0:
        _liquidate(v, asset, NOBODY_REACHED, NOWHERE)
        spare = bounded_sum(_worth(v, asset), -_kept(v, asset, NOBODY_REACHED))
    positions = v.accounts.watching[asset]
    for i in range(len(v.markets)):
        if _stands_in(v, i, asset):
            set_alarm(v, i, mark_ticks(v, i), spare // positions)


def _check_isolated(v: VenueState, i: int) -> None:
    """The same for a position that has only what it has set aside."""
    b, short = v.markets, 1
    while short != NOWHERE and b.watched[i] and has_shown_range(v, i):
        short = price_short(v, i, b.aside[i])
        if short != NOWHERE:
            _liquidate_isolated(v, i, short)
    if b.watched[i] and spare_at(v, i, mark_ticks(v, i), b.aside[i]) < 0:
        _liquidate_isolated(v, i, NOWHERE)
    if b.watched[i]:
        set_alarm(v, i, mark_ticks(v, i), spare_at(v, i, mark_ticks(v, i), b.aside[i]))


def _liquidate_isolated(v: VenueState, i: int, ticks: int) -> None:
    """Cancel the orders of the instrument, and close what must be; at ``ticks``, or at what stands there."""
    _cancel_all(v, -1, i)
    is_short = True
    while is_short and step_down(v, i, ticks if ticks != NOWHERE else standing_price(v, i)):
        mark = ticks if ticks != NOWHERE else mark_ticks(v, i)
        is_short = v.markets.quantity[i] != 0 and not is_covered(v, i, mark, v.markets.aside[i])
    if is_short:
        at = ticks if ticks != NOWHERE else standing_price(v, i)
        liquidate(v, i, abs(v.markets.quantity[i]), at)


def _stands_in(v: VenueState, i: int, asset: int) -> bool:
    return v.markets.watched[i] == WATCHED and v.terms.quote[i] == asset and v.terms.margined[i] == CROSS


def _worth(v: VenueState, asset: int) -> int:
    """Money of its own and values of the positions, as last valued."""
    own = bounded_sum(own_money(v, asset), -v.accounts.aside[asset])
    if v.accounts.backed[asset]:
        own = bounded_sum(own, backing(v, asset, -1, 0))
    return bounded_sum(own, v.accounts.collateral[asset])


def _kept(v: VenueState, asset: int, without: int) -> int:
    """What the positions in an asset must keep, but for one of them."""
    kept = 0
    for i in range(len(v.markets)):
        if i != without and _stands_in(v, i, asset):
            kept = bounded_sum(kept, maintenance(v, i, mark_ticks(v, i)))
    return kept


def _spare_beside(v: VenueState, asset: int, i: int) -> int:
    """What all others are worth beyond what they must keep."""
    return bounded_sum(bounded_sum(_worth(v, asset), -v.markets.value[i]), -_kept(v, asset, i))


def _liquidate(v: VenueState, asset: int, reached: int, ticks: int) -> None:
    """Cancel orders, close positions, and make good what is missing; ``reached`` is closed at ``ticks``."""
    _cancel_all(v, asset, -1)
    is_short = True
    while is_short and _step_down(v, asset, reached, ticks):
        is_short = _is_short(v, asset, reached, ticks)
    for i in range(len(v.markets)):
        if is_short and _stands_in(v, i, asset):
            liquidate(v, i, abs(v.markets.quantity[i]), ticks if i == reached else standing_price(v, i))
    insure(v, asset)


def _step_down(v: VenueState, asset: int, reached: int, ticks: int) -> bool:
    """Let all positions that can go down by a tier; says whether any could."""
    any_could = False
    for i in range(len(v.markets)):
        if _stands_in(v, i, asset) and step_down(v, i, ticks if i == reached else standing_price(v, i)):
            any_could = True
    return any_could


def _is_short(v: VenueState, asset: int, reached: int, ticks: int) -> bool:
    """Whether worth is still below maintenance, with ``reached`` at ``ticks``."""
    if reached != NOBODY_REACHED and v.markets.watched[reached] == WATCHED:
        return not is_covered(v, reached, ticks, _spare_beside(v, asset, reached))
    return bounded_sum(_worth(v, asset), -_kept(v, asset, NOBODY_REACHED)) < 0


def _cancel_all(v: VenueState, asset: int, instrument: int) -> None:
    """Cancel the orders of all that stand together in an asset, or of one instrument."""
    for order in range(len(v.orders)):
        i = v.orders.instrument[order]
        together = v.terms.margined[i] == CROSS and v.terms.quote[i] == asset
        if v.orders.live[order] and (together or i == instrument):
            close(v, order, i, CLOSED, CANCELLED, LIQUIDATION)
            update_triggers(v, i)
