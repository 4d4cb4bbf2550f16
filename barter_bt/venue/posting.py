"""What a fill posts: in the accounts, and in the position that goes with them."""

from __future__ import annotations

from barter_bt.columns.exact import bounded_sum
from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import after_fill, fee_in_base, in_range, lots_taken, notional
from barter_bt.engine.fault import fail_range
from barter_bt.engine.order import BUY
from barter_bt.engine.terms import CROSS, IN_RECEIVED, ISOLATED
from barter_bt.venue.alarm import watch
from barter_bt.venue.isolated import set_aside
from barter_bt.venue.margin import replace_contribution, revalue
from barter_bt.venue.matches import note_worth
from barter_bt.venue.paying import discounted, paid_in_quote
from barter_bt.venue.state import VenueState


@unit
def pay(v: VenueState, i: int, side: int, lots: int, ticks: int, value: int, fee: int) -> int:
    """Book a fill whose fee may be paid in something else than the quote asset; returns what the fee is then."""
    if v.terms.fee_in[i] == IN_RECEIVED and side == BUY:
        _post_received(v, i, lots, ticks, value, fee)
        return fee
    charged = paid_in_quote(v, i, side, fee)
    post(v, i, side, lots, ticks, value, charged)
    return discounted(v, i, fee) if charged != fee else fee


def post(v: VenueState, i: int, side: int, lots: int, ticks: int, value: int, fee: int) -> None:
    """Book a fill with a fee in the quote asset: each amount leaves one account and enters another."""
    _post_net(v, i, side, lots, ticks, value, lots, value, fee, 0)


def _post_received(v: VenueState, i: int, lots: int, ticks: int, value: int, fee: int) -> None:
    """Book a buy that pays its fee in what it receives (rule 63)."""
    a, b, t, base = v.accounts, v.markets, v.terms, v.terms.base[i]
    amount = fee_in_base(t, i, lots, value, fee)
    taken = lots_taken(t, i, lots, amount, b.fee_credit[i])
    b.fee_credit[i] += taken * t.base_units[i] - amount
    a.fees[base] = bounded_sum(a.fees[base], amount)
    _post_net(v, i, BUY, lots, ticks, value, lots - taken, notional(t, i, lots - taken, ticks), 0, amount)
    if not in_range(a.fees[base]):
        fail_range(v.fault, i, base)


def _post_net(
    v: VenueState, i: int, side: int, lots: int, ticks: int, value: int, net: int, worth: int, fee: int, fee_base: int
) -> None:
    """Book a fill of ``lots`` for ``value``, of which a position gets ``net`` lots for ``worth``."""
    a, b, t, quote = v.accounts, v.markets, v.terms, v.terms.quote[i]
    if t.margined[i]:
        revalue(v, quote)
        if t.margined[i] == ISOLATED:
            set_aside(v, i, side, lots, ticks)
    before = b.quantity[i]
    quantity, basis, gain = after_fill(t, i, before, b.cost_basis[i], side, net, ticks, worth)
    paid = gain if t.derivative[i] else -side * value
    b.quantity[i], b.cost_basis[i], b.fill_mark[i] = quantity, basis, ticks
    a.fees[quote] = bounded_sum(a.fees[quote], fee)
    _move(v, i, quote, paid, fee)
    if not (in_range(a.fees[quote]) and in_range(basis)):
        fail_range(v.fault, i, quote)
    base = t.base[i]
    if base >= 0:
        _move(v, i, base, side * lots * t.base_units[i], fee_base)
        if t.margined[i]:
            a.held[base] = bounded_sum(a.held[base], side * lots * t.base_units[i])
    if not in_range(quantity):
        fail_range(v.fault, i, -1)
    if t.margined[i]:
        if t.margined[i] == CROSS:
            replace_contribution(v, i, ticks)
        watch(v, i, before)
    note_worth(v, quote)
    if base >= 0:
        note_worth(v, base)


def _move(v: VenueState, i: int, asset: int, paid: int, fee: int) -> None:
    """The account gets ``paid`` from the counterparty, less a fee; beyond the range the run ends (rule 2)."""
    a = v.accounts
    a.total[asset] = bounded_sum(a.total[asset], bounded_sum(paid, -fee))
    a.counterparty[asset] = bounded_sum(a.counterparty[asset], -paid)
    if not (in_range(a.total[asset]) and in_range(a.counterparty[asset])):
        fail_range(v.fault, i, asset)
