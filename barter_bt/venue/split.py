"""A split of what an instrument trades: orders end, what is held is counted in new units, prices follow (rule 45).

Assumptions: nothing else has a price in the asset or trades it, so that one instrument's mark says what a fraction of a
lot is worth; the market's own prices are in new units from the first event after the split on.
"""

from __future__ import annotations

from barter_bt.columns.exact import LIMIT, bounded_sum, difference, muldiv, muldiv_floor
from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import base_amount, in_range, split_ask, split_bid, split_cost, split_lots, split_price
from barter_bt.engine.fault import fail_range
from barter_bt.engine.messages import CLOSED, SPLIT
from barter_bt.engine.order import CANCELLED, INSTRUMENT_SPLIT
from barter_bt.venue.alarm import watch
from barter_bt.venue.margin import mark_ticks
from barter_bt.venue.matches import note_worth
from barter_bt.venue.participation import on_quote
from barter_bt.venue.report import add_balance, close, report_flow, reserved_asset
from barter_bt.venue.resting import update_triggers
from barter_bt.venue.state import NOT_VALUED, VenueState


@unit
def split(v: VenueState, flow: int) -> None:
    """One split, told by one report, behind which those of the orders come that it ends."""
    f, a, t = v.flows, v.accounts, v.terms
    i, num, den = f.instrument[flow], f.num[flow], f.den[flow]
    quote, base, mark = t.quote[i], t.base[i], split_price(mark_ticks(v, i), num, den)
    _release(v, i)
    before = a.total[base]
    after = base_amount(t, i, muldiv_floor(abs(before), num, den * t.base_units[i]))
    after = after if before > 0 else -after
    paid = _worth_of_rest(v, i, before, after, num, den, mark)
    a.total[base], a.total[quote] = after, bounded_sum(a.total[quote], paid)
    a.counterparty[base] = bounded_sum(a.counterparty[base], before - after)
    a.counterparty[quote] = bounded_sum(a.counterparty[quote], -paid)
    a.valued_at[quote] = NOT_VALUED
    if not (in_range(after) and in_range(a.counterparty[base])):
        fail_range(v.fault, i, base)
    if not (in_range(paid) and in_range(a.total[quote]) and in_range(a.counterparty[quote])):
        fail_range(v.fault, i, quote)
    _split_position(v, i, num, den)
    v.markets.fee_credit[i] = 0
    _split_market(v, i, num, den, mark)
    row = report_flow(v, SPLIT, flow, paid)
    add_balance(v, row, base)
    v.markets.split_told[i] = v.reports.time[row]
    _end_orders(v, i)


def _release(v: VenueState, i: int) -> None:
    """What the orders that are to end reserve is free before anything is counted."""
    o = v.orders
    for order in range(len(o)):
        if o.live[order] and o.instrument[order] == i and o.reserved[order] > 0:
            v.accounts.reserved[reserved_asset(v, order, i)] -= o.reserved[order]
            o.reserved[order] = 0


def _end_orders(v: VenueState, i: int) -> None:
    """By number; also those that wait for a parent, which does not end them itself."""
    o = v.orders
    for order in range(len(o)):
        if o.live[order] and o.instrument[order] == i:
            o.children[order] = o.follows[order] = 0
    for order in range(len(o)):
        if o.live[order] and o.instrument[order] == i:
            close(v, order, i, CLOSED, CANCELLED, INSTRUMENT_SPLIT)
    update_triggers(v, i)


def _worth_of_rest(v: VenueState, i: int, before: int, after: int, num: int, den: int, mark: int) -> int:
    """What the fraction of a lot that is lost is worth; below 0 where it was owed."""
    t = v.terms
    lots = difference(abs(before), num, abs(after), den)  # in parts of a lot
    parts = den * t.base_units[i]
    if lots == 0 or mark == 0:
        return 0
    most = max(mark, t.num[i], lots)  # the other two are multiplied first, so that no more leaves the range than must
    one, other = (t.num[i], lots) if most == mark else (mark, lots if most == t.num[i] else t.num[i])
    if one > LIMIT // other or parts > LIMIT // t.den[i]:
        fail_range(v.fault, i, t.quote[i])
        return 0
    worth = muldiv(one * other, most, parts * t.den[i])
    return worth if before > 0 else -worth


def _split_position(v: VenueState, i: int, num: int, den: int) -> None:
    b, before = v.markets, v.markets.quantity[i]
    if abs(before) > LIMIT // num:
        fail_range(v.fault, i, -1)
    elif before != 0:
        after, t = split_lots(before, num, den), v.terms
        b.quantity[i] = after
        b.value[i] = b.need[i] = 0  # of what is left they are found anew
        if t.margined[i]:
            held = v.accounts.held
            held[t.base[i]] = bounded_sum(held[t.base[i]], (after - before) * t.base_units[i])
            watch(v, i, before)
            note_worth(v, t.quote[i])
        b.cost_basis[i] -= split_cost(b.cost_basis[i], abs(before), abs(after), num, den)


def _left_after(v: VenueState, i: int, shown: int, left: int, num: int, den: int) -> int:
    """What is left of a side so that own orders get what they would have got, in new lots, whatever others have."""
    ours = on_quote(v, i, shown, left)
    return muldiv_floor(ours, num, den) + left - ours


def _split_market(v: VenueState, i: int, num: int, den: int, mark: int) -> None:
    """Prices in new units, and how much of the standing quote is left."""
    b = v.markets
    b.fill_mark[i], b.increased[i] = mark, v.clock.time[0]  # candles of before are in old units
    b.last[i] = split_price(b.last[i], num, den)
    bid, ask = b.bid[i], b.ask[i]
    b.bid[i], b.ask[i] = split_bid(bid, ask, num, den), split_ask(bid, ask, num, den)
    b.bid_left[i] = _left_after(v, i, b.bid_lots[i], b.bid_left[i], num, den)
    b.ask_left[i] = _left_after(v, i, b.ask_lots[i], b.ask_left[i], num, den)
    b.candle_close[i] = split_price(b.candle_close[i], num, den)
    b.candle_range[i] = muldiv(b.candle_range[i], den, num)
    b.candle_lots[i] = muldiv_floor(b.candle_lots[i], num, den)
