"""What a compiled strategy reads and asks for. Plain kernels: they run interpreted as they stand.

Accessors give floats in natural units; the raw columns (``s.instruments.quantity[i]``) give lots and ticks.
``s`` is the :class:`~barter_bt.engine.state.tables.EngineState`, ``i`` an instrument's index: instruments are numbered
by exchange and name, *not* in the order in which they were given. To have the number of one, give its name as a
parameter of the strategy. An index that is not there ends the run.
"""

from __future__ import annotations

from math import isnan

from barter_bt.columns.marks import unit
from barter_bt.engine.action.close_positions import ask_close
from barter_bt.engine.action.protect import BY_DISTANCE, BY_FRACTION, BY_PRICE
from barter_bt.engine.action.send import ask_cancel, ask_trading
from barter_bt.engine.agenda import NEVER
from barter_bt.engine.fault import BAD_ASSET, BAD_COLUMN, BAD_HISTORY, BAD_NUMBER, fail
from barter_bt.engine.order import (
    AT_CLOSE,
    AT_OPEN,
    BUY,
    DAY,
    FOK,
    GTC,
    IF_TOUCHED,
    IOC,
    NEXT_CLOSE,
    NEXT_OPEN,
    NO_TIME,
    SELL,
    STOP,
    THIS_CLOSE,
)
from barter_bt.engine.session import NO_SESSION
from barter_bt.engine.sizing import EQUITY, NOTIONAL, UNITS
from barter_bt.engine.state import margin as margins
from barter_bt.engine.state import position as positions
from barter_bt.engine.state import valuation
from barter_bt.engine.state.market import price_ticks
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.window import candle_row
from barter_bt.engine.terms import RATE
from barter_bt.strategy.asking import (
    ask_after,
    ask_cancel_all,
    ask_good_till,
    ask_group,
    ask_limit,
    ask_market,
    ask_protected,
    ask_reduce_only,
    ask_target,
    ask_trigger,
    is_unknown,
)
from barter_bt.strategy.asking_times import ask_candle_fill, ask_good_after, ask_session, find_session

__all__ = [
    "DISTANCE",
    "FOK",
    "FRACTION",
    "GTC",
    "IOC",
    "NEVER",
    "NEXT_CLOSE",
    "NEXT_OPEN",
    "NO_TIME",
    "PRICE",
    "THIS_CLOSE",
    "ask_amount",
    "ask_price",
    "at_close",
    "at_open",
    "balance",
    "bid_amount",
    "bid_price",
    "buy",
    "buy_if_touched",
    "buying_power",
    "cancel",
    "cancel_all",
    "candle_close",
    "candle_count",
    "candle_fill",
    "candle_high",
    "candle_low",
    "candle_open",
    "candle_time",
    "candle_time_open",
    "candle_volume",
    "cash",
    "close_position",
    "column",
    "day",
    "disable_trading",
    "enable_trading",
    "entry_average",
    "equity",
    "fees",
    "first_order",
    "free_balance",
    "free_cash",
    "free_margin",
    "good_after",
    "good_till",
    "is_open",
    "is_trading",
    "limit_buy",
    "limit_sell",
    "margin_used",
    "mark",
    "next_order",
    "now",
    "one_cancels_other",
    "one_triggers_other",
    "order_after",
    "order_leaves",
    "order_price",
    "order_quantity",
    "order_trigger",
    "position",
    "price",
    "protect",
    "realised",
    "reduce_only",
    "round_price",
    "round_quantity",
    "sell",
    "sell_if_touched",
    "session_close",
    "session_open",
    "stop_buy",
    "stop_sell",
    "target",
    "target_percent",
    "target_value",
    "time_in_position",
    "trailing_stop_buy",
    "trailing_stop_sell",
    "unrealised",
    "working",
]


NOT_KNOWN = float("nan")
PRICE, DISTANCE, FRACTION = BY_PRICE, BY_DISTANCE, BY_FRACTION


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
    return 0.0 if is_unknown(s.whole, i) else natural(price_ticks(s.whole, i), s.whole.terms.ticks_per_unit[i])


def bid_price(s: EngineState, i: int) -> float:
    """Best bid; 0.0 if there is none."""
    return 0.0 if is_unknown(s.whole, i) else natural(s.whole.instruments.bid[i], s.whole.terms.ticks_per_unit[i])


def ask_price(s: EngineState, i: int) -> float:
    """Best ask; 0.0 if there is none."""
    return 0.0 if is_unknown(s.whole, i) else natural(s.whole.instruments.ask[i], s.whole.terms.ticks_per_unit[i])


def bid_amount(s: EngineState, i: int) -> float:
    """Amount at the best bid; 0.0 if there is none."""
    return 0.0 if is_unknown(s.whole, i) else s.whole.instruments.bid_amount[i]


def ask_amount(s: EngineState, i: int) -> float:
    """Amount at the best ask; 0.0 if there is none."""
    return 0.0 if is_unknown(s.whole, i) else s.whole.instruments.ask_amount[i]


# Candles that have closed and arrived: ``back`` counts from the last one, which is 0. A strategy says with
# ``candle_history`` how many are kept for it; to ask for one further back ends the run.


def candle_count(s: EngineState, i: int) -> int:
    """How many candles of an instrument can be looked back at now: at most ``candle_history``."""
    return 0 if is_unknown(s.whole, i) else s.whole.windows.count[i]


def candle_time(s: EngineState, i: int, back: int = 0) -> int:
    """When a candle closed, ns since 1970 UTC; ``NO_TIME`` if there have not been as many."""
    row = _candle(s.whole, i, back)
    return NO_TIME if row < 0 else s.whole.candles.time[row]


def candle_time_open(s: EngineState, i: int, back: int = 0) -> int:
    """When a candle opened, ns since 1970 UTC; ``NO_TIME`` if there have not been as many."""
    row = _candle(s.whole, i, back)
    return NO_TIME if row < 0 else s.whole.candles.time_open[row]


def candle_open(s: EngineState, i: int, back: int = 0) -> float:
    """Opening price of a candle; NaN if there have not been as many."""
    row = _candle(s.whole, i, back)
    return NOT_KNOWN if row < 0 else s.whole.candles.open[row]


def candle_high(s: EngineState, i: int, back: int = 0) -> float:
    """Highest price of a candle; NaN if there have not been as many."""
    row = _candle(s.whole, i, back)
    return NOT_KNOWN if row < 0 else s.whole.candles.high[row]


def candle_low(s: EngineState, i: int, back: int = 0) -> float:
    """Lowest price of a candle; NaN if there have not been as many."""
    row = _candle(s.whole, i, back)
    return NOT_KNOWN if row < 0 else s.whole.candles.low[row]


def candle_close(s: EngineState, i: int, back: int = 0) -> float:
    """Closing price of a candle; NaN if there have not been as many."""
    row = _candle(s.whole, i, back)
    return NOT_KNOWN if row < 0 else s.whole.candles.close[row]


def candle_volume(s: EngineState, i: int, back: int = 0) -> float:
    """Volume of a candle; NaN if there have not been as many."""
    row = _candle(s.whole, i, back)
    return NOT_KNOWN if row < 0 else s.whole.candles.volume[row]


# Columns of one's own


def column(s: EngineState, i: int, number: int) -> float:
    """The value of a column of one's own in the last row of an instrument that had one; NaN before the first.

    A strategy says with ``data_columns`` which columns it reads; ``my.columns.sentiment[0]`` is the number of one.
    """
    if is_unknown(s.whole, i):
        return NOT_KNOWN
    row = number * len(s.whole.instruments) + i
    if number < 0 or row >= len(s.whole.columns):
        fail(s.whole.fault, BAD_COLUMN, number)
        return NOT_KNOWN
    return s.whole.columns.value[row]


# Sessions; without those of the instrument the run ends


def session_open(s: EngineState, i: int) -> int:
    """When the present session opened, else when the next opens, in ns since 1970; NEVER where none follows."""
    row = find_session(s.whole, i)
    return NEVER if row == NO_SESSION else s.whole.sessions.open[row]


def session_close(s: EngineState, i: int) -> int:
    """When the present session closes, else the next, in ns since 1970; NEVER where none follows."""
    row = find_session(s.whole, i)
    return NEVER if row == NO_SESSION else s.whole.sessions.close[row]


def is_open(s: EngineState, i: int) -> int:
    """1 within a session: from its open until before its close; otherwise 0."""
    return int(session_open(s, i) <= s.whole.engine.time[0])


# Positions


def position(s: EngineState, i: int) -> float:
    """Signed quantity of the open position."""
    return 0.0 if is_unknown(s.whole, i) else natural(s.whole.instruments.quantity[i], s.whole.terms.lots_per_unit[i])


def working(s: EngineState, i: int) -> float:
    """Signed quantity that live orders have not filled."""
    return 0.0 if is_unknown(s.whole, i) else natural(s.whole.instruments.working[i], s.whole.terms.lots_per_unit[i])


def entry_average(s: EngineState, i: int) -> float:
    """Average price at which the open position was entered (rule 4), as in the table of positions; 0.0 without one."""
    if is_unknown(s.whole, i):
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
    if is_unknown(s.whole, i):
        return 0.0
    own = s.whole.instruments.own_mark[i]
    if s.whole.instruments.quantity[i] == 0 or own == 0:
        return price(s.whole, i)
    return entry_average(s.whole, i) if own < 0 else natural(own, s.whole.terms.ticks_per_unit[i])


def unrealised(s: EngineState, i: int) -> float:
    """Unrealised PnL of the open position at its mark (rule 5), in its quote or settlement asset."""
    return 0.0 if is_unknown(s.whole, i) else _money(s.whole, i, positions.unrealised(s.whole, i))


def realised(s: EngineState, i: int) -> float:
    """What the open position has realised so far, less fees, in its quote or settlement asset; 0.0 without one."""
    return 0.0 if is_unknown(s.whole, i) else _money(s.whole, i, s.whole.instruments.realised[i])


def fees(s: EngineState, i: int) -> float:
    """Fees of the open position so far, in its quote or settlement asset; 0.0 without one."""
    if is_unknown(s.whole, i):
        return 0.0
    ins = s.whole.instruments
    return _money(s.whole, i, ins.fees_enter[i] + ins.fees_exit[i])


def time_in_position(s: EngineState, i: int) -> int:
    """Nanoseconds since the open position was opened at its exchange; 0 without one."""
    if is_unknown(s.whole, i) or s.whole.instruments.quantity[i] == 0:
        return 0
    return s.whole.engine.time[0] - s.whole.instruments.time_enter[i]


def unrealised_units(s: EngineState, i: int) -> int:
    """Unrealised PnL in integer units of the quote asset."""
    return 0 if is_unknown(s.whole, i) else positions.unrealised(s.whole, i)


# The account


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
    if _is_unknown_asset(s, asset):
        return 0.0
    return natural(s.whole.assets.total[asset], s.whole.assets.units_per_unit[asset])


def free_balance(s: EngineState, asset: int) -> float:
    """What of :func:`balance` no resting order reserves."""
    if _is_unknown_asset(s, asset):
        return 0.0
    return natural(s.whole.assets.free[asset], s.whole.assets.units_per_unit[asset])


# Margin (rule 19), at the prices that the engine knows


def margin_used(s: EngineState, asset: int) -> float:
    """What the positions that are margined in an asset tie up of it, by its index, such as ``s.terms.quote[i]``."""
    return NOT_KNOWN if _is_unknown_asset(s, asset) else _amount(s.whole, asset, margins.used_margin(s.whole, asset))


def free_margin(s: EngineState, asset: int) -> float:
    """What of an asset new positions can tie up: free balance and value of positions, less :func:`margin_used`.

    Without margined positions it is :func:`free_balance`. It is below 0 while positions have less than they need.
    """
    return NOT_KNOWN if _is_unknown_asset(s, asset) else _amount(s.whole, asset, margins.free_margin(s.whole, asset))


def buying_power(s: EngineState, i: int) -> float:
    """The largest value of an instrument that can be bought now beside what is held, its fee left aside; 0.0 for none.

    In the quote or settlement asset, at the price as it is: in a cash account :func:`free_cash`, with margin what
    :func:`free_margin` suffices for, short as well as long. Orders that only reduce a position need none of it. NaN
    where it depends on a price that is not known.
    """
    if is_unknown(s.whole, i):
        return NOT_KNOWN
    t, asset = s.whole.terms, s.whole.terms.quote[i]
    if t.margined[i] == 0:
        return max(free_balance(s, asset), 0.0)
    free = free_margin(s, asset)
    if not free > 0.0:
        return free if isnan(free) else 0.0
    if t.lot_margin_num[i] == 0:
        return free * RATE / t.margin_rate[i]
    ticks = price_ticks(s.whole, i)
    if ticks == 0:
        return NOT_KNOWN
    worth = float(t.num[i]) / t.den[i]  # of a lot, at one tick
    return free * t.lot_margin_den[i] / t.lot_margin_num[i] * (worth / ticks if t.derivative[i] < 0 else worth * ticks)


# Orders at work: ``order = first_order(s, i)``, then ``order = order_after(s, order)`` while it is not -1. All else of
# an order stands in its row of ``s.orders``.


def first_order(s: EngineState, i: int) -> int:
    """Number of the first of an instrument's live orders, in order of sending; -1 without one."""
    return -1 if is_unknown(s.whole, i) else s.whole.instruments.first[i]


def order_after(s: EngineState, order: int) -> int:
    """Number of the next live order of the same instrument; -1 behind the last."""
    return -1 if _is_unknown_order(s.whole, order) else s.whole.orders.after[order]


def order_quantity(s: EngineState, order: int) -> float:
    """Signed quantity of an order."""
    return 0.0 if _is_unknown_order(s.whole, order) else _lots(s.whole, order, s.whole.orders.quantity[order])


def order_leaves(s: EngineState, order: int) -> float:
    """Signed quantity that an order has not filled."""
    if _is_unknown_order(s.whole, order):
        return 0.0
    return _lots(s.whole, order, s.whole.orders.quantity[order] - s.whole.orders.filled[order])


def order_price(s: EngineState, order: int) -> float:
    """Limit price of an order; 0.0 of a market order."""
    return 0.0 if _is_unknown_order(s.whole, order) else _price(s.whole, order, s.whole.orders.price[order])


def order_trigger(s: EngineState, order: int) -> float:
    """Price at which an order is held no longer; 0.0 without one, or while a trailing stop has yet to set it."""
    return 0.0 if _is_unknown_order(s.whole, order) else _price(s.whole, order, s.whole.orders.trigger[order])


# The grid


def round_price(s: EngineState, i: int, value: float) -> float:
    """The nearest price on the instrument's grid."""
    if is_unknown(s.whole, i):
        return 0.0
    per_unit = s.whole.terms.ticks_per_unit[i]
    return natural(int(value * per_unit + 0.5), per_unit)


def round_quantity(s: EngineState, i: int, value: float) -> float:
    """The largest quantity on the instrument's grid that is not above ``value`` ≥ 0 (but for float noise)."""
    if is_unknown(s.whole, i):
        return 0.0
    per_unit = s.whole.terms.lots_per_unit[i]
    return natural(int(value * per_unit + 1e-6), per_unit)


# Orders


def buy(s: EngineState, i: int, quantity: float) -> int:
    """Ask for a market buy."""
    return ask_market(s.whole, i, BUY, quantity)


def sell(s: EngineState, i: int, quantity: float) -> int:
    """Ask for a market sell."""
    return ask_market(s.whole, i, SELL, quantity)


def limit_buy(s: EngineState, i: int, quantity: float, at: float, time_in_force: int = GTC, post_only: int = 0) -> int:
    """Ask for a limit buy at a price; ``time_in_force`` is GTC, IOC or FOK, ``post_only`` 1 or 0."""
    return ask_limit(s.whole, i, BUY, quantity, at, time_in_force, post_only)


def limit_sell(s: EngineState, i: int, quantity: float, at: float, time_in_force: int = GTC, post_only: int = 0) -> int:
    """Ask for a limit sell at a price; ``time_in_force`` is GTC, IOC or FOK, ``post_only`` 1 or 0."""
    return ask_limit(s.whole, i, SELL, quantity, at, time_in_force, post_only)


def stop_buy(s: EngineState, i: int, quantity: float, at: float, limit: float = 0.0, time_in_force: int = GTC) -> int:
    """Ask for a buy once the price has risen to ``at`` (rule 28): market, or a limit if one is given."""
    return ask_trigger(s.whole, _plain(s, i, BUY, quantity, limit, time_in_force), STOP, at, 0.0, 0.0)


def stop_sell(s: EngineState, i: int, quantity: float, at: float, limit: float = 0.0, time_in_force: int = GTC) -> int:
    """Ask for a sell once the price has fallen to ``at`` (rule 28): market, or a limit if one is given."""
    return ask_trigger(s.whole, _plain(s, i, SELL, quantity, limit, time_in_force), STOP, at, 0.0, 0.0)


def buy_if_touched(
    s: EngineState, i: int, quantity: float, at: float, limit: float = 0.0, time_in_force: int = GTC
) -> int:
    """Ask for a buy once the price has fallen to ``at`` (rule 28): market, or a limit if one is given."""
    return ask_trigger(s.whole, _plain(s, i, BUY, quantity, limit, time_in_force), IF_TOUCHED, at, 0.0, 0.0)


def sell_if_touched(
    s: EngineState, i: int, quantity: float, at: float, limit: float = 0.0, time_in_force: int = GTC
) -> int:
    """Ask for a sell once the price has risen to ``at`` (rule 28): market, or a limit if one is given."""
    return ask_trigger(s.whole, _plain(s, i, SELL, quantity, limit, time_in_force), IF_TOUCHED, at, 0.0, 0.0)


def trailing_stop_buy(
    s: EngineState, i: int, quantity: float, distance: float = 0.0, rate: float = 0.0, at: float = 0.0
) -> int:
    """Ask for a market buy once the price has risen so far from its lowest (rule 34).

    Either ``distance``, in price, or ``rate``, a fraction of the price, is above 0; ``at`` is the trigger to start at.
    """
    return ask_trigger(s.whole, ask_market(s.whole, i, BUY, quantity), STOP, at, distance, rate)


def trailing_stop_sell(
    s: EngineState, i: int, quantity: float, distance: float = 0.0, rate: float = 0.0, at: float = 0.0
) -> int:
    """Ask for a market sell once the price has fallen so far from its highest; as ``trailing_stop_buy``."""
    return ask_trigger(s.whole, ask_market(s.whole, i, SELL, quantity), STOP, at, distance, rate)


def good_till(s: EngineState, asked: int, time: int) -> int:
    """Let an order end at a time of its exchange (rule 35): ``good_till(s, limit_buy(s, i, 1.0, 9.0), now(s) + hour)``.

    The time is in ns since 1970 and after :func:`now`; the order is good till cancelled.
    """
    return ask_good_till(s.whole, asked, time)


def good_after(s: EngineState, asked: int, time: int) -> int:
    """Let the exchange hold an order back until a time (rule 35): ``good_after(s, buy(s, i, 1.0), now(s) + hour)``.

    The time is in ns since 1970, after :func:`now` and before that of :func:`good_till`.
    """
    return ask_good_after(s.whole, asked, time)


def day(s: EngineState, asked: int) -> int:
    """Let an order end with the present session, else the next (rule 35): ``day(s, limit_buy(s, i, 1.0, 9.0))``."""
    return ask_session(s.whole, asked, DAY)


def at_open(s: EngineState, asked: int) -> int:
    """Let an order, market or limit, meet the open of the next session, or expire (rule 35)."""
    return ask_session(s.whole, asked, AT_OPEN)


def at_close(s: EngineState, asked: int) -> int:
    """Let an order, market or limit, meet the close of the present session, else of the next, or expire (rule 35)."""
    return ask_session(s.whole, asked, AT_CLOSE)


def candle_fill(s: EngineState, asked: int, which: int) -> int:
    """Let an order that takes meet ``NEXT_OPEN``, ``NEXT_CLOSE`` or ``THIS_CLOSE`` of a candle (rule 36)."""
    return ask_candle_fill(s.whole, asked, which)


def reduce_only(s: EngineState, asked: int) -> int:
    """Let an order do nothing but reduce the position (rule 32): ``reduce_only(s, stop_sell(s, i, 1.0, 99.0))``."""
    return ask_reduce_only(s.whole, asked)


def protect(
    s: EngineState,
    asked: int,
    stop_loss: float = 0.0,
    take_profit: float = 0.0,
    trailing_stop: float = 0.0,
    unit: int = PRICE,
) -> int:
    """Protect an entry (rule 31): ``protect(s, buy(s, i, 1.0), 0.02, 0.05, 0.0, FRACTION)``.

    What is 0.0 is left out. ``unit`` says what the amounts are: ``PRICE``, ``DISTANCE`` from the price of the entry, or
    ``FRACTION`` of it; ``trailing_stop`` is never a price.
    """
    return ask_protected(s.whole, asked, unit, stop_loss, take_profit, trailing_stop)


def one_cancels_other(s: EngineState, first: int, other: int) -> int:
    """Let the first fill of one order end the other (rule 57): ``one_cancels_other(s, stop_buy(...), stop_sell(...))``.

    A third joins by ``one_cancels_other(s, first, third)``. Both have been asked for in this wake-up, in this order, at
    one exchange. Returns ``other``.
    """
    return ask_group(s.whole, first, other)


def one_triggers_other(s: EngineState, first: int, then: int) -> int:
    """Let an order wait until another has filled whole (rule 58): ``one_triggers_other(s, limit_buy(...), sell(...))``.

    Both have been asked for in this wake-up, in this order, at one exchange. Returns ``then``.
    """
    return ask_after(s.whole, first, then)


def _plain(s: EngineState, i: int, side: int, quantity: float, limit: float, time_in_force: int) -> int:
    if limit == 0.0 and time_in_force == GTC:
        return ask_market(s.whole, i, side, quantity)
    return ask_limit(s.whole, i, side, quantity, limit, time_in_force, 0)


def target(s: EngineState, i: int, quantity: float) -> int:
    """Ask for the market order that brings position and working orders to ``quantity``; -1 if none is needed.

    Like a target of the signals driver it is cut to what can be paid.
    """
    return ask_target(s.whole, i, quantity, UNITS)


def target_value(s: EngineState, i: int, value: float) -> int:
    """The same for a position worth ``value`` in its quote or settlement asset, less its fee (rule 18).

    Refused (``no_price``) while the instrument has no price.
    """
    return ask_target(s.whole, i, value, NOTIONAL)


def target_percent(s: EngineState, i: int, fraction: float) -> int:
    """The same for a position worth a ``fraction`` of the equity as it is now, less its fee: 0.5 is half of it.

    The instrument must be quoted in the reporting asset. Refused (``no_price``) while there is no price, or no equity.
    """
    return ask_target(s.whole, i, fraction, EQUITY)


def cancel(s: EngineState, order: int) -> None:
    """Ask to cancel an order by its number; one that is closed, or being cancelled, is left alone."""
    ask_cancel(s.whole, order)


def cancel_all(s: EngineState, i: int) -> None:
    """Ask to cancel all live orders of an instrument."""
    if not is_unknown(s.whole, i):
        ask_cancel_all(s.whole, i)


def close_position(s: EngineState, i: int) -> int:
    """Ask for an opposite market order for the whole position, immediate or cancel; -1 without position or price."""
    return -1 if is_unknown(s.whole, i) else ask_close(s.whole, i)


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


def _is_unknown_asset(s: EngineState, asset: int) -> bool:
    """Whether there is no such asset, which ends the run."""
    if 0 <= asset < len(s.whole.assets):
        return False
    fail(s.whole.fault, BAD_ASSET, asset)
    return True


def _is_unknown_order(s: EngineState, order: int) -> bool:
    """Whether there is no such order, which ends the run."""
    if 0 <= order < len(s.orders):
        return False
    fail(s.fault, BAD_NUMBER, order)
    return True


def _lots(s: EngineState, order: int, lots: int) -> float:
    """Lots of an order as a signed quantity."""
    return s.orders.side[order] * natural(lots, s.terms.lots_per_unit[s.orders.instrument[order]])


def _price(s: EngineState, order: int, ticks: int) -> float:
    """Ticks of an order as a price; what is none is 0.0."""
    return natural(max(ticks, 0), s.terms.ticks_per_unit[s.orders.instrument[order]])


def _amount(s: EngineState, asset: int, units: int) -> float:
    """Units of an asset as an amount; NaN where they are not known."""
    return NOT_KNOWN if units == valuation.UNKNOWN else natural(units, s.assets.units_per_unit[asset])


def _money(s: EngineState, i: int, units: int) -> float:
    """An amount of an instrument's quote or settlement asset."""
    return natural(units, s.assets.units_per_unit[s.terms.quote[i]])


def _candle(s: EngineState, i: int, back: int) -> int:
    """Row of a candle, -1 if there have not been as many; further back than are kept ends the run."""
    if is_unknown(s, i):
        return -1
    if not 0 <= back < s.engine.history[0]:
        fail(s.fault, BAD_HISTORY, back)
        return -1
    return candle_row(s, i, back)


@unit
def _equity_units(s: EngineState) -> int:
    return valuation.equity(s)
