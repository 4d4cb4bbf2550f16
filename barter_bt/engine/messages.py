"""What travels between engine and venue: requests one way, reports the other, each in order of arrival."""

from __future__ import annotations

from barter_bt.columns.column import I8, I64
from barter_bt.columns.table import Table
from barter_bt.engine.agenda import NEVER, Agenda

REQUEST_OPEN, REQUEST_CANCEL, REQUEST_AMEND, REQUEST_TRANSFER = 0, 1, 2, 3

# What a report says. ACCEPTED: the order is open, of which ``quantity`` is filled. FILL: a trade and what it leaves of
# its order. CLOSED: the order has ended. TRIGGERED: the order was held for a trigger, and is no longer. CHANGED: its
# quantity, limit price and trigger are now these, and ``quantity`` its activation price, 0 where that stays. CLOSE_OUT:
# the venue has closed a position of instrument ~``order``, and the engine puts the number of an order of its own there.
# DELIVERED: likewise, lots of instrument ~``order``, sold where ``order_quantity`` is below 0, from a position of
# instrument ``trigger``. AMENDED, AMEND_REJECTED: answers to row ``quantity`` of the amends, like CHANGED, or like
# CLOSED where that has ended the order. In the middle stand those of accounts that tell things one by one: an order is
# being cancelled; a trade alone; balances alone. From FLOW on they concern no order (-1): money that no order has
# moved, row ``quantity`` of the cash flows and ``notional`` of its asset; the same of a split, with both of its
# balances; a dividend that is still to be paid; margin that was moved.
ACCEPTED, FILL, CLOSED, CANCEL_REJECTED, CANCELLING, TRADE, BALANCES, TRIGGERED, CHANGED, CLOSE_OUT = range(10)
DELIVERED = 10
AMENDED, AMEND_REJECTED = 11, 12
FLOW, SPLIT, ENTITLED, TRANSFERRED = 13, 14, 15, 16


class Requests(Table, growable=True):
    """Requests on their way to a venue; ``time`` is their arrival, ``order`` of an amend its row of the amends.

    Of margin that is to be moved ``order`` is the instrument, and ``amount`` how much of its settlement asset.
    """

    time: I64
    after: I64
    kind: I8
    order: I64
    amount: I64


class Reports(Table, growable=True):
    """Reports on their way to the engine; ``time`` is their arrival, ``time_exchange`` when it happened.

    ``quantity`` is the fill's, ``order_quantity`` the order's (a target's may have been cut). The first balance
    is the quote asset's, the second the base asset's; an asset of -1 means none.
    """

    time: I64
    after: I64
    kind: I8
    order: I64
    time_exchange: I64
    price: I64
    quantity: I64
    notional: I64
    fee: I64
    maker: I8
    order_quantity: I64
    trigger: I64
    status: I8
    reason: I8
    asset_first: I64
    total_first: I64
    free_first: I64
    asset_second: I64
    total_second: I64
    free_second: I64


def copy_report(to: Reports, row: int, given: Reports, given_row: int) -> None:
    """Copy what a report says, but not its place in a queue."""
    to.time[row], to.kind[row], to.order[row] = given.time[given_row], given.kind[given_row], given.order[given_row]
    to.time_exchange[row], to.price[row] = given.time_exchange[given_row], given.price[given_row]
    to.quantity[row], to.notional[row] = given.quantity[given_row], given.notional[given_row]
    to.fee[row], to.maker[row] = given.fee[given_row], given.maker[given_row]
    to.order_quantity[row], to.status[row] = given.order_quantity[given_row], given.status[given_row]
    to.reason[row], to.asset_first[row] = given.reason[given_row], given.asset_first[given_row]
    to.total_first[row], to.free_first[row] = given.total_first[given_row], given.free_first[given_row]
    to.asset_second[row], to.total_second[row] = given.asset_second[given_row], given.total_second[given_row]
    to.free_second[row], to.trigger[row], to.after[row] = given.free_second[given_row], given.trigger[given_row], -1


class Links(Table):
    """One row per exchange: delays in ns, and when the last message of each direction arrives.

    What does not always take as long has a form other than CONSTANT and so many rows of the delays, from the first on;
    then ``request_ns`` is the shortest. What can go wrong (rules 95 to 97) has chances of 2^32; where anything can,
    ``faulty`` is 1 and neither form is CONSTANT.
    """

    request_ns: I64
    response_ns: I64
    request_form: I64
    request_first: I64
    request_count: I64
    response_form: I64
    response_first: I64
    response_count: I64
    seed: I64
    last_request: I64
    last_report: I64
    faulty: I64
    fault_seed: I64
    rejected: I64
    lost: I64
    timeout_ns: I64
    late: I64
    late_ns: I64
    spike: I64
    spike_ns: I64
    spike_span_ns: I64
    outage: I64
    outage_span_ns: I64
    repeated: I64  # chance that market events of one time arrive twice


def enqueue(messages: Requests | Reports, agenda: Agenda, queue: int, row: int) -> None:
    """Put a written row in its place: behind all that arrive no later.

    ``messages`` may be either table; compiled code has one version for each.
    """
    time, last = messages.time[row], agenda.last[queue]
    if last < 0:
        messages.after[row] = -1
        agenda.first[queue] = row
        agenda.last[queue] = row
    elif messages.time[last] <= time:
        messages.after[row] = -1
        messages.after[last] = row
        agenda.last[queue] = row
    else:
        _insert(messages, agenda, queue, row)
    agenda.due[queue] = messages.time[agenda.first[queue]]


def _insert(messages: Requests | Reports, agenda: Agenda, queue: int, row: int) -> None:
    """Links of different exchanges may overtake each other; walk from the front."""
    before, here = -1, agenda.first[queue]
    while messages.time[here] <= messages.time[row]:
        before, here = here, messages.after[here]
    messages.after[row] = here
    if before < 0:
        agenda.first[queue] = row
    else:
        messages.after[before] = row


def dequeue(messages: Requests | Reports, agenda: Agenda, queue: int) -> None:
    """Drop the first message. An empty queue starts again at row 0, so that it stays small."""
    first = messages.after[agenda.first[queue]]
    agenda.first[queue] = first
    if first < 0:
        agenda.last[queue] = -1
        agenda.due[queue] = NEVER
        messages.truncate(0)
    else:
        agenda.due[queue] = messages.time[first]
