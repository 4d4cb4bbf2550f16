"""What the venue knows: its ledger, its view of the market, and the orders that it holds.

The engine never sees these tables. What it learns, it learns from reports, later.
"""

from __future__ import annotations

from barter_bt.columns.table import I8, I64, Block, Table
from barter_bt.execution.dealing import Terms
from barter_bt.execution.messages import Ends, Reports, Requests
from barter_bt.execution.order import Orders

NOT_VALUED = -(1 << 63)
FAR = 1 << 62  # a price that every market reaches

# Faults end a run; Python turns them into errors with names.
NO_FAULT, OUT_OF_RANGE, BAD_ROW, TIME_WENT_BACK, OFF_GRID, BAD_INSTRUMENT, ENDLESS, BAD_TARGET, BAD_ORDER = range(9)
FILL_IN_PAST, BAD_TERMS, BAD_ASSET = 9, 10, 11


class Links(Table):
    """One row per exchange: delays in ns, and when the last message of each direction arrives."""

    request_ns: I64
    response_ns: I64
    last_request: I64
    last_report: I64


class Fault(Table):
    """One row: the first thing that went wrong, and where."""

    code: I64
    instrument: I64
    asset: I64  # of an amount out of range; -1: of a quantity
    cursor: I64
    row: I64


class Accounts(Table):
    """One row per asset, in its units. ``total + counterparty + fees`` is 0 at every event."""

    total: I64
    reserved: I64
    counterparty: I64
    fees: I64
    # Sums over margined positions in this asset, as of `valued_at`.
    collateral: I64
    requirement: I64
    valued_at: I64
    incoming: I64  # matches still to be settled that will add to what is free


class Books(Table):
    """One row per instrument: the market as the venue last saw it, its live orders, and the own position."""

    last: I64  # ticks of the last trade or candle close
    last_time: I64
    fill_mark: I64  # ticks of an own fill that no priced event followed, else 0
    bid: I64
    ask: I64
    bid_left: I64  # lots on offer that no own order has taken
    ask_left: I64
    bid_lots: I64
    ask_lots: I64
    quote_time: I64
    locked: I64  # quotes that were locked while orders waited for them
    first: I64  # live orders in order of arrival
    final: I64
    live: I64
    # Prices at which an event would fill something: cheap to compare with each row.
    trade_buy: I64
    trade_sell: I64
    quote_buy: I64
    quote_sell: I64
    quantity: I64
    cost: I64
    value: I64
    need: I64
    glance: I64  # number of the last look back that met it


class Held(Table, growable=True):
    """The venue's side of each order, by order number."""

    quantity: I64
    filled: I64
    matched: I64  # lots that are matched and not yet settled
    reserved: I64
    arrival: I64
    live: I8
    pending: I8  # takes at the next evidence instead of resting
    met_open: I8  # has seen a candle's open
    before: I64
    after: I64


class Matches(Table, growable=True):
    """What the market does to orders at one time and in one class, until it is settled (rule 17)."""

    action: I8
    order: I64  # -1 once it is settled
    rank: I64  # what releases comes before what uses
    number: I64  # in order of noting
    lots: I64
    ticks: I64
    maker: I8
    reason: I8


class Desk(Table):
    """One row: the venue's clock, how many orders it holds, and whether it must know prices for margins."""

    time: I64
    stage: I64  # class of the venue's last event
    live: I64
    needs_marks: I64
    expiry: I64  # the next of an instrument that has live orders
    glances: I64


class VenueState(Block):
    """All exchanges of a run."""

    desk: Desk
    fault: Fault
    terms: Terms
    links: Links
    accounts: Accounts
    books: Books
    orders: Orders
    held: Held
    matches: Matches
    requests: Requests
    reports: Reports
    ends: Ends


def fail(fault: Fault, code: int, instrument: int) -> None:
    """Note the first fault; the loop stops at the next safe place."""
    if fault.code[0] == NO_FAULT:
        fault.code[0] = code
        fault.instrument[0] = instrument


def fail_range(fault: Fault, instrument: int, asset: int) -> None:
    """Note that an amount of an asset, or of an instrument's quantity (-1), left the range (rule 2)."""
    if fault.code[0] == NO_FAULT:
        fault.asset[0] = asset
    fail(fault, OUT_OF_RANGE, instrument)


def locate(fault: Fault, cursor: int, row: int) -> None:
    """Say which row the fault just met lies in, if there is one and it has no place yet."""
    if fault.code[0] != NO_FAULT and fault.cursor[0] < 0:
        fault.cursor[0] = cursor
        fault.row[0] = row
