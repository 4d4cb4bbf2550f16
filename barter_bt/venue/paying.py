"""What a fee is paid in: the quote asset, what a buy receives, or a third asset of the exchange (rule 63)."""

from __future__ import annotations

from barter_bt.columns.exact import bounded_sum, muldiv
from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import base_amount, fee_in_base, in_range
from barter_bt.engine.fault import fail_range
from barter_bt.engine.messages import FLOW
from barter_bt.engine.order import BUY
from barter_bt.engine.terms import IN_ASSET, IN_QUOTE, IN_RECEIVED, RATE
from barter_bt.venue.margin import own_money
from barter_bt.venue.matches import note_worth
from barter_bt.venue.report import report_flow
from barter_bt.venue.state import VenueState
from barter_bt.venue.volume import convert

NOT_THERE = -1  # in place of an amount of the third asset: the fee is paid in quote


def paid_in_quote(v: VenueState, i: int, side: int, fee: int) -> int:
    """How much of a fee is taken from the quote asset."""
    way = v.terms.fee_in[i]
    if way == IN_QUOTE:
        return fee
    if way == IN_RECEIVED:
        return 0 if side == BUY else fee
    if v.fee_terms.asset[i] == v.terms.quote[i]:
        return discounted(v, i, fee)
    return fee if amount_in_asset(v, i, side, fee) == NOT_THERE else 0


def reserved_for_fee(v: VenueState, i: int, fee: int) -> int:
    """How much of the quote asset a buy reserves for its fee; a third asset may turn out not to be there."""
    return 0 if v.terms.fee_in[i] == IN_RECEIVED else fee


def covers_fee(v: VenueState, i: int, lots: int, value: int, fee: int) -> bool:
    """Whether a buy's fee can be paid in what it receives and what is free of that."""
    a, base = v.accounts, v.terms.base[i]
    free = bounded_sum(a.total[base], -a.reserved[base])
    return fee_in_base(v.terms, i, lots, value, fee) <= bounded_sum(free, base_amount(v.terms, i, lots))


def discounted(v: VenueState, i: int, fee: int) -> int:
    """A fee that is paid in the third asset; a rebate has no discount."""
    return muldiv(fee, v.fee_terms.kept[i], RATE) if in_range(fee) and fee > 0 else fee


@unit
def amount_in_asset(v: VenueState, i: int, side: int, fee: int) -> int:
    """How much of the third asset a fee is; NOT_THERE if it is nothing, not free, without a price, or being sold."""
    f, a = v.fee_terms, v.accounts
    asset = f.asset[i]
    sold = asset == v.terms.base[i] and side != BUY
    if v.terms.fee_in[i] != IN_ASSET or asset == v.terms.quote[i] or sold or fee <= 0:
        return NOT_THERE
    amount = convert(v, f.step[i], discounted(v, i, fee))
    return amount if 0 < amount <= bounded_sum(own_money(v, asset), -a.reserved[asset]) else NOT_THERE


@unit
def pay_in_asset(v: VenueState, i: int, amount: int) -> None:
    """The account pays a fee in the third asset."""
    a, asset = v.accounts, v.fee_terms.asset[i]
    a.total[asset] = bounded_sum(a.total[asset], -amount)
    a.fees[asset] = bounded_sum(a.fees[asset], amount)
    if not (in_range(a.total[asset]) and in_range(a.fees[asset])):
        fail_range(v.fault, i, asset)
    report_flow(v, FLOW, v.fee_terms.flow[i], -amount)
    note_worth(v, asset)
