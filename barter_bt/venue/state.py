"""What the venue knows: its ledger, its view of the market, and the orders that it holds.

The engine never sees these tables. What it learns, it learns from reports, later.
"""

from __future__ import annotations

from barter_bt.book.tables import Books
from barter_bt.columns.block import Block
from barter_bt.columns.column import F64, I8, I64
from barter_bt.columns.table import Table
from barter_bt.engine.agenda import Agenda
from barter_bt.engine.fault import Fault
from barter_bt.engine.latency import Delays
from barter_bt.engine.messages import Links, Reports, Requests
from barter_bt.engine.order import Orders, OrderTerms
from barter_bt.engine.pledges import Pledges
from barter_bt.engine.state.amends import Amends
from barter_bt.engine.state.tables import CashFlows, Wishes
from barter_bt.engine.terms import Terms
from barter_bt.engine.tiers import MarginTiers

QUOTES, TRADES, CANDLES = 1, 2, 3  # evidence for fills
MARKS = 4  # and what triggers may look at besides
BOOK = 5  # for orders that rest: trades and the levels of a book, by their place in its queue
TAKEN, QUEUE, THROUGH, CROSSED = 1, 2, 3, 4  # why an order on a book has filled
FILL_REASONS = ("taken", "queue", "traded_through", "crossed")
CONSERVATIVE, POWER, LOGARITHMIC = 0, 1, 2  # how much of what leaves a queue without a trade stood ahead
FIFO = 3  # a book by order tells
RELATIVE_POWER = 4
NOT_SHOWN = -1  # an order came to rest while nobody knew the book
# What a candle does that it does not tell: what is worse for the account, or better; or the way through its prices.
PESSIMISTIC, OPTIMISTIC, HIGH_FIRST, LOW_FIRST, NEARER_FIRST = 0, 1, 2, 3, 4
NOT_VALUED = -(1 << 63)
# Held for a trigger, triggered but not told yet, triggered; waiting for the fill of a parent; held back for a time, and
# from that time on until it is told.
NOT_HELD, HELD, UNTOLD, WAS_HELD, WAITING, DELAYED, RELEASED = 0, 1, 2, 3, 4, 5, 6
WATCHED, PLEDGED = 1, 2
FAR = 1 << 62  # a price that every market reaches


class FillTerms(Table):
    """One row per instrument, constant through a run: what fills its orders, and at what price."""

    taker_fills_on: I64  # evidence that fills takers, and orders that rest
    maker_fills_on: I64
    triggers_on: I64
    last_on: I64  # evidence of last prices, and of quotes, for triggers that choose; 0: it has none
    quotes_on: I64
    touch: I64  # 1: a limit fills where the market touches its price
    max_age: I64  # ns after which a standing quote fills nothing; 0: never
    fills_locked: I64  # 1: a quote fills although it is locked
    fills_beyond: I64  # 1: what a quote has not enough for fills one tick worse
    candle_fill: I64  # which price of a candle takers meet
    candle_path: I64
    on_book: I64  # 1: takers walk the levels of a book
    queue: I64
    queue_power: I64
    participation: I64  # share of what the market shows that own orders get, in 1e-9; 0: all (rule 38)
    slips: I64  # 1: takers slip, by the terms that follow (rule 39)
    slip_ticks: I64
    slip_rate: I64
    slip_by_candle: I64  # 1: one of the last three is above 0
    range_share: F64
    volume_share: F64
    impact: F64


class MarginTerms(Table):
    """One row per instrument, constant through a run: what a position needs as long as it is held, and its end."""

    maintenance_rate: I64  # of its notional, in 1e-9
    lot_maintenance_num: (
        I64  # or per lot, in units of quote; 0: by rate; below 0: by tier, which the rate is the last of
    )
    lot_maintenance_den: I64
    steps: I64  # 1: a liquidation goes by tier
    liquidates: I64  # 1: positions that are margined in its asset are liquidated
    liquidation_rate: I64  # of what is liquidated, beside the taker fee, in 1e-9


class Endings(Table):
    """One row per instrument, constant through a run: what becomes of a position when it expires (46, 64 and 65)."""

    settlement: I64  # ticks at which it is settled, of an option those of the underlying; -1: at a mark
    pays_rest: I64  # 1: what of the base of spot no position holds is paid for, too
    right: I64  # 1: an option to buy, -1: to sell, 0: none
    american: I64
    delivers: I64  # 1: the underlying is delivered
    underlying: I64  # -1: none of the run
    num: I64  # a tick of the underlying is num / den of its own
    den: I64
    ratio: I64  # lots of the underlying that one of its own delivers
    strike: I64  # ticks of the underlying at which an option delivers it


class FeeTerms(Table):
    """One row per instrument: by what its fees change, and what they are paid in (rules 62 and 63)."""

    counter: I64  # row of `volumes` by which its rates go; -1: none
    level_first: I64  # its rows of `levels` are these to before `level_end`
    level_end: I64
    asset: I64  # in which fees are paid; -1: in what is paid or received anyway
    kept: I64  # of a fee that is paid there, in 1e-9
    step: I64  # row of `steps` by which it is converted
    flow: I64  # row of the cash flows that says so


class Levels(Table):
    """Rates from a volume on, ascending."""

    volume: I64
    maker_rate: I64
    taker_rate: I64


class Volumes(Table):
    """What an exchange counts of what was traded there, in units of an asset."""

    exchange: I64
    window: I64  # so many intervals decide
    first: I64  # of them in `intervals`, a ring
    place: I64  # which of them is the oldest
    now: I64  # volume of the interval that goes on
    step_first: I64  # rows of `steps`, one for each instrument


class Intervals(Table):
    """Volumes of intervals that have ended."""

    amount: I64


class Steps(Table):
    """How an amount of one asset is converted to another (rule 62): units x ticks x num / den, or divided by ticks."""

    instrument: I64  # whose mark it takes; -1: the assets are one
    divides: I64
    num: I64
    den: I64


class Accounts(Table):
    """One row per asset, in its units. ``total + counterparty + fees`` is 0 at every event."""

    total: I64
    reserved: I64  # by orders, and what is set aside
    aside: I64  # of it by isolated positions
    counterparty: I64
    fees: I64
    held: I64  # of it by margined spot positions, as their base; what they are worth counts in another asset
    # Sums over margined positions in this asset, as of `valued_at`.
    collateral: I64
    requirement: I64
    valued_at: I64
    liquidates: I64  # instruments that make its positions be liquidated; 0: they never are
    watching: I64  # positions margined in it that may be liquidated together
    backed: I64  # 1: other assets count for its positions
    backs: I64  # one more than the asset in which this one counts; 0: in none
    doubted: I64  # 1: whether its positions are covered is to be seen when all of this time is settled
    incoming: I64  # matches still to be settled that will add to what is free


class VenueMarkets(Table):
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
    low: I64  # of the last candle that met orders, and when it closed
    high: I64
    closed: I64
    time_open: I64  # of that candle, and where it has a path the extreme that it met first, and its close
    first_point: I64
    last_point: I64
    undecided: I64  # candles that reached several that end each other, or an entry and its end; the last of them
    undecided_time: I64
    opened: I64  # when a candle last opened while orders were live
    # The last candle, its close where something looks at it (`clock.needs_closes`), all of it where orders slip by it
    # (`clock.needs_candles`), and lots of the last trade that met orders.
    candle_time: I64
    candle_close: I64
    candle_range: I64
    candle_lots: I64
    traded: I64
    trade_offer: I64  # lots that own orders may still get of the last trade, of the last candle's open or close ...
    candle_offer: I64
    open_given: I64  # ... and what they got at opens of `opened`, where participation is bounded
    # The last trade, where something looks at it (`clock.needs_trades`).
    trade_ticks: I64
    trade_time: I64
    trade_amount: F64
    trade_side: I64  # of that which meets queues: 1 bought, -1 sold, 0 nobody knows
    newest: I64  # last place of an order in a book by order, where own orders have exact places
    locked: I64  # quotes that were locked while orders waited for them
    live: I64
    reducing: I64  # of them, reduce-only
    mixed: I64  # 1: an order has been held that chooses which prices trigger it
    # Prices at which an event would fill something: cheap to compare with each row.
    trade_buy: I64
    trade_sell: I64
    quote_buy: I64
    quote_sell: I64
    quote_fall: I64
    quote_rise: I64
    quantity: I64
    cost_basis: I64
    aside: I64  # what an isolated position has set aside
    value: I64
    need: I64
    watched: I8  # 1: a position that may be liquidated; 2: none, but its mark says what an asset counts
    pledged: I8  # 1: its mark says so
    doubted: I8  # 1: whether an isolated one is covered is to be seen when all of this time is settled
    increased: I64  # when a fill last enlarged or turned it
    fee_credit: I64  # units of the base that fees have left of the lots that they took (rule 63)
    shown_time: I64  # when a candle last closed whose extreme counts against it, and what that was, from which open
    shown_open: I64
    shown_extreme: I64
    alarm_low: I64  # beyond these ticks it is to be seen whether its asset's positions are covered
    alarm_high: I64
    pass_seen: I64  # number of the last look back that met it
    split_told: I64  # when the engine learns of the last split: orders sent before are in old units


class VenueOrders(OrderTerms, growable=True):
    """The orders as the venue knows them, by order number: copied from the request when it arrives."""

    filled: I64
    matched: I64  # lots that are matched and not yet settled
    reserved: I64
    arrival: I64
    live: I8
    held: I8  # for a trigger, for its parent, or for a time
    first_price: I64  # ticks of its first fill
    fees: I64  # of its fills by rule 3, their notional, and what it has paid (rule 40), where fees are by order
    value: I64
    paid: I64
    children: I64  # live orders that protect it
    followers: I64  # orders that waited for it to fill whole
    ended_with: I64  # one more than the order whose end has ended it, where it followed others
    next_member: I64  # of its group, -1: none
    last_member: I64  # of the group whose first it is
    met: I64  # price that triggered it and that it meets, else 0
    since: I64  # arrival, or the last move of a trigger
    pending: I8  # takes at the next evidence instead of resting
    # Where it rests in a book: others' lots ahead of it, what was displayed at its price when that was last looked at
    # (-1: nobody knew), and lots traded there since, or the last place that was taken when it came (rule 94).
    ahead: F64
    shown: I64
    traded: I64
    before: I64  # neighbours in its list, -1 at the ends
    after: I64


class OrderLists(Table):
    """One row for each list of live orders of an instrument (:mod:`barter_bt.venue.resting`), -1 where it is empty."""

    first: I64
    last: I64


class Taken(Table, growable=True):
    """What own orders have taken of levels of books, as long as these stand."""

    side: I64
    rank: I64
    lots: I64


class FillReasons(Table, growable=True):
    """Why orders that a book may fill have filled, a row for each fill; 0: not on a book."""

    order: I64
    why: I64


class Matches(Table, growable=True):
    """What the market does to orders at one time and in one class, until it is settled (rule 17)."""

    action: I8
    order: I64  # -1 once it is settled
    rank: I64  # what releases comes before what uses
    place: I64  # rank, and the order's number or that of its group, where stops come first
    number: I64  # in order of noting
    lots: I64
    ticks: I64
    maker: I8
    reason: I8
    why: I8


class VenueClock(Table, rows=1):
    """One row: the venue's clock, how much it attends to, and what it must know of the market without that."""

    time: I64
    stage: I64  # class of the venue's last event
    live: I64  # orders that it holds, and positions that it watches: as long as there are any, it sees the market
    needs_marks: I64
    needs_candles: I64  # range and volume of the last
    needs_closes: I64  # its close, also where it holds no orders
    needs_trades: I64
    passes: I64
    hindsight: I64  # fills at a close that was known before they were asked for
    bankrupt: I64  # how often an insurance paid
    delists: I64  # when a spot instrument is delisted next, NEVER: none is; the venue looks then, whatever it holds
    unassigned: I64  # assignments that were not made whole
    withheld: I64  # transfers of margin that were not made whole
    quiet: I64  # 1: nobody looks at what is said at once: a market order is accepted without a report
    instant: I64  # 1: nobody looks at orders that are filled when they are asked for, and nothing keeps them from it
    accepted: I64  # one more than the order that was, of which the engine is still to know; 0: none
    faulty: I64  # 1: requests may be lost or rejected on purpose
    overdue: I64  # ns after which the report that is being written arrives; 0: as any other
    undelivered: I64  # positions that were settled in cash, for what they deliver could not be paid or was not there


class VenueState(Block):
    """All exchanges of a run."""

    clock: VenueClock
    fault: Fault
    terms: Terms
    tiers: MarginTiers
    fill_terms: FillTerms
    margin_terms: MarginTerms
    fee_terms: FeeTerms
    levels: Levels
    volumes: Volumes
    intervals: Intervals
    steps: Steps
    endings: Endings
    links: Links
    delays: Delays
    flows: CashFlows
    pledges: Pledges
    accounts: Accounts
    markets: VenueMarkets
    books: Books
    taken: Taken
    fill_reasons: FillReasons
    sent: Orders  # the engine's, read where a request arrives
    amends: Amends  # as well
    wishes: Wishes  # likewise
    orders: VenueOrders
    lists: OrderLists
    matches: Matches
    requests: Requests
    reports: Reports
    agenda: Agenda
