"""What a compiled strategy reads and asks for. Plain kernels: they run interpreted as they stand.

Accessors give floats in natural units; the raw columns (``s.instruments.quantity[i]``) give lots and ticks.
``s`` is the :class:`~barter_bt.engine.state.tables.EngineState`, ``i`` an instrument's index: instruments are numbered
by exchange and name, *not* in the order in which they were given. To have the number of one, give its name as a
parameter of the strategy. An index that is not there ends the run.
"""

from __future__ import annotations

from barter_bt.columns.exact import bounded_sum
from barter_bt.columns.marks import unit
from barter_bt.engine.action.close_positions import ask_close
from barter_bt.engine.action.send import ask, ask_cancel, ask_trading
from barter_bt.engine.fault import BAD_ASSET, BAD_INSTRUMENT, BAD_ORDER, BAD_TERMS, fail
from barter_bt.engine.order import BUY, FOK, GTC, IOC, LIMIT, MARKET, SELL
from barter_bt.engine.state import position as positions
from barter_bt.engine.state import valuation
from barter_bt.engine.state.market import price_ticks
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.terms import steps

__all__ = [
    "FOK",
    "GTC",
    "IOC",
    "ask_price",
    "balance",
    "bid_price",
    "buy",
    "cancel",
    "cancel_all",
    "cash",
    "close_position",
    "disable_trading",
    "enable_trading",
    "entry_average",
    "equity",
    "free_balance",
    "free_cash",
    "is_trading",
    "limit_buy",
    "limit_sell",
    "mark",
    "next_order",
    "now",
    "position",
    "price",
    "realised",
    "round_price",
    "round_quantity",
    "sell",
    "target",
    "unrealised",
    "working",
]


NOT_KNOWN = float("nan")


def natural(count: int, per_unit: float) -> float:
    """Ticks, lots or units as a float: the nearest one to the decimal."""
    if per_unit >= 1.0:
        return count / per_unit
    return count * float(int(1.0 / per_unit + 0.5))


def now(s: EngineState) -> int:
    """The engine's clock, ns since 1970 UTC."""
    return s.engine.time[0]


# The market


def price(s: EngineState, i: int) -> float:
    """Price of an instrument as the market shows it: weighted mid, else last trade or close (rule 6); 0.0 if unknown.

    An own fill is no price of the market: when a fill wakes the strategy, this is what the engine saw before it.
    What counts an own fill is :func:`mark`.
    """
    return 0.0 if _is_unknown(s, i) else natural(price_ticks(s.whole, i), s.whole.terms.ticks_per_unit[i])


def bid_price(s: EngineState, i: int) -> float:
    """Best bid; 0.0 if there is none."""
    return 0.0 if _is_unknown(s, i) else natural(s.whole.instruments.bid[i], s.whole.terms.ticks_per_unit[i])


def ask_price(s: EngineState, i: int) -> float:
    """Best ask; 0.0 if there is none."""
    return 0.0 if _is_unknown(s, i) else natural(s.whole.instruments.ask[i], s.whole.terms.ticks_per_unit[i])


# Positions


def position(s: EngineState, i: int) -> float:
    """Signed quantity of the open position."""
    return 0.0 if _is_unknown(s, i) else natural(s.whole.instruments.quantity[i], s.whole.terms.lots_per_unit[i])


def working(s: EngineState, i: int) -> float:
    """Signed quantity that live orders have not filled."""
    return 0.0 if _is_unknown(s, i) else natural(s.whole.instruments.working[i], s.whole.terms.lots_per_unit[i])


def entry_average(s: EngineState, i: int) -> float:
    """Average price at which the open position was entered (rule 4), as in the table of positions; 0.0 without one."""
    if _is_unknown(s, i):
        return 0.0
    t, ins = s.whole.terms, s.whole.instruments
    quantity = abs(natural(ins.quantity[i], t.lots_per_unit[i])) * t.contract_size[i]
    basis = _money(s.whole, i, ins.cost_basis[i])
    if quantity == 0.0 or basis == 0.0:
        return 0.0
    return quantity / basis if t.derivative[i] < 0 else basis / quantity


def mark(s: EngineState, i: int) -> float:
    """Price at which the open position is valued (rule 6): the market's, or that of an own fill that came later.

    A position just opened is valued at its entry average. Without a position it is :func:`price`.
    """
    if _is_unknown(s, i):
        return 0.0
    own = s.whole.instruments.own_mark[i]
    if s.whole.instruments.quantity[i] == 0 or own == 0:
        return price(s.whole, i)
    return entry_average(s.whole, i) if own < 0 else natural(own, s.whole.terms.ticks_per_unit[i])


def unrealised(s: EngineState, i: int) -> float:
    """Unrealised PnL of the open position at its mark (rule 5), in its quote or settlement asset."""
    return 0.0 if _is_unknown(s, i) else _money(s.whole, i, positions.unrealised(s.whole, i))


def realised(s: EngineState, i: int) -> float:
    """What the open position has realised so far, less fees, in its quote or settlement asset; 0.0 without one."""
    return 0.0 if _is_unknown(s, i) else _money(s.whole, i, s.whole.instruments.realised[i])


def unrealised_units(s: EngineState, i: int) -> int:
    """Unrealised PnL in integer units of the quote asset."""
    return 0 if _is_unknown(s, i) else positions.unrealised(s.whole, i)


# The account


def equity(s: EngineState) -> float:
    """What the account is worth now in the reporting asset (rule 5); NaN where something held has no price."""
    worth = _equity_units(s.whole)
    if worth == valuation.UNKNOWN:
        return NOT_KNOWN
    return natural(worth, s.whole.assets.units_per_unit[s.whole.engine.reporting[0]])


def cash(s: EngineState, i: int) -> float:
    """Balance of the asset that an instrument is paid in: its quote asset, a derivative's settlement asset."""
    return 0.0 if _is_unknown(s, i) else balance(s.whole, s.whole.terms.quote[i])


def free_cash(s: EngineState, i: int) -> float:
    """What of :func:`cash` no resting order reserves."""
    return 0.0 if _is_unknown(s, i) else free_balance(s.whole, s.whole.terms.quote[i])


def balance(s: EngineState, asset: int) -> float:
    """Balance of an asset, by its index, such as ``s.terms.base[i]``."""
    if _is_unknown_asset(s, asset):
        return 0.0
    return natural(s.whole.assets.total[asset], s.whole.assets.units_per_unit[asset])


def free_balance(s: EngineState, asset: int) -> float:
    """What of :func:`balance` no resting order reserves."""
    if _is_unknown_asset(s, asset):
        return 0.0
    return natural(s.whole.assets.free[asset], s.whole.assets.units_per_unit[asset])


# The grid


def round_price(s: EngineState, i: int, value: float) -> float:
    """The nearest price on the instrument's grid."""
    if _is_unknown(s, i):
        return 0.0
    per_unit = s.whole.terms.ticks_per_unit[i]
    return natural(int(value * per_unit + 0.5), per_unit)


def round_quantity(s: EngineState, i: int, value: float) -> float:
    """The largest quantity on the instrument's grid that is not above ``value`` ≥ 0 (but for float noise)."""
    if _is_unknown(s, i):
        return 0.0
    per_unit = s.whole.terms.lots_per_unit[i]
    return natural(int(value * per_unit + 1e-6), per_unit)


# Orders


def buy(s: EngineState, i: int, quantity: float) -> int:
    """Ask for a market buy."""
    return _market(s.whole, i, BUY, quantity)


def sell(s: EngineState, i: int, quantity: float) -> int:
    """Ask for a market sell."""
    return _market(s.whole, i, SELL, quantity)


def limit_buy(s: EngineState, i: int, quantity: float, at: float, time_in_force: int = GTC, post_only: int = 0) -> int:
    """Ask for a limit buy at a price; ``time_in_force`` is GTC, IOC or FOK, ``post_only`` 1 or 0."""
    return _limit(s.whole, i, BUY, quantity, at, time_in_force, post_only)


def limit_sell(s: EngineState, i: int, quantity: float, at: float, time_in_force: int = GTC, post_only: int = 0) -> int:
    """Ask for a limit sell at a price; ``time_in_force`` is GTC, IOC or FOK, ``post_only`` 1 or 0."""
    return _limit(s.whole, i, SELL, quantity, at, time_in_force, post_only)


def target(s: EngineState, i: int, quantity: float) -> int:
    """Ask for the market order that brings position and working orders to ``quantity``; -1 if none is needed.

    Like a target of the signals driver it is cut to what can be paid.
    """
    return _target(s.whole, i, quantity)


def cancel(s: EngineState, order: int) -> None:
    """Ask to cancel an order by its number; one that is closed, or being cancelled, is left alone."""
    ask_cancel(s.whole, order)


def cancel_all(s: EngineState, i: int) -> None:
    """Ask to cancel all live orders of an instrument."""
    if not _is_unknown(s, i):
        _cancel_all(s.whole, i)


def close_position(s: EngineState, i: int) -> int:
    """Ask for an opposite market order for the whole position, immediate or cancel; -1 without position or price."""
    return -1 if _is_unknown(s, i) else ask_close(s.whole, i)


def is_trading(s: EngineState) -> int:
    """1 while trading is enabled."""
    return s.whole.engine.trading[0]


def enable_trading(s: EngineState) -> None:
    """Enable trading from the next event on."""
    ask_trading(s.whole, 1)


def disable_trading(s: EngineState) -> None:
    """Disable trading: from the next event on the strategy is only told through its hooks."""
    ask_trading(s.whole, 0)


def next_order(s: EngineState) -> int:
    """The number that the first open asked for in this wake-up will have (cancels take none)."""
    return len(s.whole.orders)


# What strategies call gets a view of the state; what follows gets the state itself.


def _is_unknown(s: EngineState, i: int) -> bool:
    """Whether there is no such instrument, which ends the run."""
    if 0 <= i < len(s.whole.instruments):
        return False
    fail(s.whole.fault, BAD_INSTRUMENT, i)
    return True


def _is_unknown_asset(s: EngineState, asset: int) -> bool:
    """Whether there is no such asset, which ends the run."""
    if 0 <= asset < len(s.whole.assets):
        return False
    fail(s.whole.fault, BAD_ASSET, asset)
    return True


def _money(s: EngineState, i: int, units: int) -> float:
    """An amount of an instrument's quote or settlement asset."""
    return natural(units, s.assets.units_per_unit[s.terms.quote[i]])


@unit
def _equity_units(s: EngineState) -> int:
    return valuation.equity(s)


def _market(s: EngineState, i: int, side: int, quantity: float) -> int:
    if _is_unknown(s, i):
        return -1
    lots = steps(quantity, s.terms.lots_per_unit[i], s.terms.lot_noise[i])
    if lots <= 0:
        fail(s.fault, BAD_ORDER, i)
        return -1
    return ask(s, i, side, MARKET, GTC, 0, 0, lots)


def _limit(s: EngineState, i: int, side: int, quantity: float, at: float, time_in_force: int, post_only: int) -> int:
    if _is_unknown(s, i):
        return -1
    lots = steps(quantity, s.terms.lots_per_unit[i], s.terms.lot_noise[i])
    ticks = steps(at, s.terms.ticks_per_unit[i], s.terms.tick_noise[i])
    if lots <= 0 or ticks <= 0:
        fail(s.fault, BAD_ORDER, i)
        return -1
    if not (GTC <= time_in_force <= FOK and 0 <= post_only <= 1):
        fail(s.fault, BAD_TERMS, i)
        return -1
    return ask(s, i, side, LIMIT, time_in_force, post_only, ticks, lots)


def _target(s: EngineState, i: int, quantity: float) -> int:
    if _is_unknown(s, i):
        return -1
    lots = steps(abs(quantity), s.terms.lots_per_unit[i], s.terms.lot_noise[i])
    if lots < 0:
        fail(s.fault, BAD_ORDER, i)
        return -1
    wished = lots if quantity > 0 else -lots
    change = bounded_sum(wished, -bounded_sum(s.instruments.quantity[i], s.instruments.working[i]))
    if change == 0:
        return -1
    row = ask(s, i, BUY if change > 0 else SELL, MARKET, GTC, 0, 0, abs(change))
    s.actions.resize[row] = 1
    return row


def _cancel_all(s: EngineState, i: int) -> None:
    order = s.instruments.first[i]
    while order >= 0:
        ask_cancel(s, order)
        order = s.orders.after[order]
