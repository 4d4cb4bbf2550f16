"""EngineState: everything that the engine knows, as columns.

The nouns are Barter's: global state, connectivity, assets, instruments (market data and position), orders.
Times are ns since 1970 UTC, prices ticks, quantities lots, money units of its asset.
"""

from __future__ import annotations

from barter_bt.book.tables import Books
from barter_bt.columns.block import Block
from barter_bt.columns.column import F64, I8, I64, I64s
from barter_bt.columns.table import Table
from barter_bt.engine.agenda import Agenda
from barter_bt.engine.fault import Fault
from barter_bt.engine.latency import Delays
from barter_bt.engine.messages import Links, Reports, Requests
from barter_bt.engine.order import OrderRequest, Orders, OrderTerms
from barter_bt.engine.pledges import Pledges
from barter_bt.engine.state.amends import Amends
from barter_bt.engine.state.audits import AccountItems, Asked, Audits, MarketItems, Outputs
from barter_bt.engine.state.limits import Managers, Risk, RiskLimits
from barter_bt.engine.terms import Terms
from barter_bt.engine.tiers import MarginTiers


class Engine(Table, rows=1):
    """One row: the engine's clock, sequence and settings of the run."""

    time: I64
    sequence: I64  # events processed
    trading: I64  # 1: enabled
    wake: I64  # bits of the events that the strategy asked for
    hooks: I64  # bits of the hooks that it has
    pending: I64  # bits of hooks and updates that it is still to be told of
    bypass: I64  # 1: what is being sent bypasses the risk check
    audit: I64  # level of the audit
    shut: I64  # 1: a shutdown was commanded; only what is in flight goes on
    part: I64  # which event of a report is next
    market_time: I64  # arrival of the last market event
    market_ended: I64
    unhealthy: I64  # links that have not delivered since they were lost
    positions: I64  # positions opened so far
    strategy: I64  # index of the strategy that is deciding
    mark_every: I64  # ns; 0: at every candle close
    timer_every: I64
    reporting: I64  # asset of the equity
    foreign_quotes: I64  # instruments quoted in another asset
    foreign_rests: I64  # other assets of which something is held outside positions
    size: I64  # how targets are sized
    with_fee: I64
    size_at_fill: I64  # 1: they are sized again at their fill
    band: I64  # 1e-9 of a target that it may be off by without an order
    budget: I64  # rows until the loop shows itself to Python
    starved: I64  # cursor that needs its next chunk
    streams: I64
    recording: I64  # 0: no; 1: with each mark; 2: with each event
    turns: I64  # of the loop, at one time
    turn_time: I64
    history: I64  # candles of each instrument that are kept, because a strategy asked for so many
    keeping: I64  # 1: candles or columns are kept
    has_books: I64  # 1: a stream is of books
    repeats: I64  # 1: market events may arrive twice (rule 95)
    again: I64  # 1: the next one is a second time
    amends_asked: I64  # 1: amends may be among what is asked for
    margin_asked: I64  # 1: margin may be
    amends_first: I64  # the first that is in flight, and how many are
    amends_in_flight: I64


class Event(Table, rows=1):
    """One row: what woke the strategy."""

    kind: I64
    instrument: I64
    exchange: I64  # of a lost link
    command: I64  # its code
    order: I64  # -1 unless the event concerns an own order


class Health(Table):
    """One row per exchange: 1 is healthy, 0 reconnecting (as every link starts)."""

    market: I8
    account: I8


class Assets(Table):
    """One row per asset: the last balance, and how its amounts are converted to the reporting asset."""

    total: I64
    free: I64
    time: I64
    held: I64  # units that positions hold
    due: I64  # dividends that are still to be paid
    rest: I64  # total + due - held
    worth: I64  # scratch of the valuation
    unpriced: I64  # marks at which its worth was not known
    step: I64  # instrument whose price converts it one step; -1: the reporting asset or no path; -2: by rates
    next: I64  # asset after that step
    divides: I64  # 1 if the step divides by the price, from quote to base
    step_num: I64  # units x ticks x num / den = units of the next asset; dividing: units x num / (ticks x den)
    step_den: I64
    rate: I64  # row of `rates` that is next to hold for its step, of those to before the second
    rate_end: I64
    reaches: I64  # 1 if steps lead to the reporting asset
    units_per_unit: F64  # integer units in one natural unit


class Rates(Table):
    """Rates that were given for the conversion of assets, by time within those of one (rule 74)."""

    time: I64  # from which on it holds
    num: I64  # units x num / den = units of the next asset
    den: I64


class Instruments(Table):
    """One row per instrument: the market as the engine knows it, the open position, and orders at work."""

    last: I64  # ticks of the last trade or candle close, 0: none yet
    last_time: I64
    last_amount: F64
    bid: I64  # 0: empty
    ask: I64
    bid_amount: F64
    ask_amount: F64
    quote_time: I64
    open: F64
    high: F64
    low: F64
    close: F64
    volume: F64
    quantity: I64
    cost_basis: I64
    quantity_max: I64
    realised: I64
    fees_enter: I64
    fees_exit: I64
    time_enter: I64
    position: I64
    trade_enter: I64
    aside: I64  # what an isolated position has set aside
    settled: I64  # what daily settlement has paid of the open position (rule 102)
    own_mark: I64  # 0: the market marks the position; > 0: the last own fill does; -1: just opened, at cost
    # The last split: when, and new units for old. What is stamped no later is in old units; what of that came last.
    split_time: I64
    split_num: I64
    split_den: I64  # 0: there was none
    last_before: I64
    quote_before: I64
    value: I64  # at the mark, and unrealised PnL: refreshed only where a record asks for them
    unrealised: I64
    first: I64  # live orders in order of sending, -1: none
    final: I64
    live: I64
    working: I64  # signed lots that live orders have not filled
    chosen: I64  # 1: in the filter of the command that is being executed
    fee_credit: I64  # units of the base that fees have left of the lots that they took (rule 63)


class Windows(Table):
    """One row per instrument: how many of its last candles are kept, and where the latest of them stands."""

    count: I64
    latest: I64  # row of `candles`


class Candles(Table):
    """The last candles of each instrument in order of arrival, a ring of ``engine.history`` rows each."""

    time_open: I64  # NO_TIME where it is not known
    time: I64  # of the close
    open: F64
    high: F64
    low: F64
    close: F64
    volume: F64


class Columns(Table):
    """Columns of the user's own that strategies read, by number and then instrument: the last value that arrived."""

    value: F64  # NaN: none yet


class Actions(OrderRequest, growable=True):
    """What a strategy asked for in this wake-up: opens (``order`` is -1), cancels (from 0 on), amends (below -2)."""

    order: I64
    refused: I64  # a reason, for what cannot even be sent
    sent: I64  # the order that it became


class Decided(OrderTerms):
    """Orders that were decided before the run, by time; ``parent`` and ``group`` are rows that become orders."""

    time: I64
    protect_by: I8  # unit of what protects an entry: see `action/protect.py`
    stop_loss: I64
    take_profit: I64
    trailing_stop: I64
    trailing_activation: I64
    sent: I64  # order that the row became; below 0 if none


class Schedule(Decided):
    """Signals and orders that were decided before the run, in the order in which they are followed (class 5)."""

    strategy: I64
    action: I8
    ref: I64  # of a cancel, of an amend: the row of its open
    target: I64
    enter_by: I8  # unit of the price and the trigger at which a target enters, likewise; NO_UNIT: by a market order


class Entries(Table):
    """One row per instrument, none where no target enters by a limit or a stop: the order by which it did last."""

    order: I64  # -1: none yet


class Wishes(Table, growable=True):
    """Targets that are sized at their fill (rule 61)."""

    value: I64  # in units of quote
    side: I64
    with_fee: I64
    held: I64  # signed lots, position and in flight, when it was followed


class Commands(Decided):
    """Commands and other changes at given times (class 4); ``instrument`` is the exchange where they are of a link.

    A command may take several rows, one for each instrument that it names; ``more`` is 1 on all but its last.
    """

    command: I8
    more: I8
    order: I64


class CashFlows(Table):
    """Money that no order moves (rule 48): what is paid is ``num / den`` of what its kind says.

    First come those that are due again and again, whose time is the next, then all others by time.
    """

    time: I64
    given: I64  # place in the order given, which counts at one time
    every: I64  # ns until it is due again; 0: it is due once
    since: I64  # it is due later than this, and not later than that
    until: I64
    kind: I8
    instrument: I64  # -1: none
    asset: I64
    exchange: I64
    num: I64  # of the notional, of the units that are held or owed, or units of the asset; of a split the ratio
    den: I64
    pays: I64  # row of what is paid of an entitlement, and of that the row of what is withheld; -1: none


class Entitlements(Table, growable=True):
    """Dividends that were still to be paid, as the engine learnt of them."""

    time_engine: I64
    flow: I64  # row of the cash flows
    amount: I64  # after what will be withheld


class Sessions(Table):
    """Trading sessions, by time within those of one calendar."""

    open: I64
    close: I64


class Calendars(Table):
    """One row per instrument: its sessions are rows ``first`` to before ``end``; it has none where they are equal."""

    first: I64
    end: I64


class Payments(Table, growable=True):
    """Cash flows that were paid, as the engine learnt of them."""

    time_exchange: I64
    time_engine: I64
    flow: I64  # row of the cash flows
    amount: I64  # in units of its asset
    trade: I64  # whose fee it is, of variation margin the last before it; -1: none


class Worths(Table, growable=True):
    """Of each of the payments, in units of the reporting asset; UNKNOWN of the valuation where there was no price."""

    worth: I64
    equity_before: I64  # just before a deposit; UNKNOWN of all else


class Splits(Table, growable=True):
    """Splits, as the engine learnt of them: the position and the base asset before and after (rule 45)."""

    time_exchange: I64
    time_engine: I64
    flow: I64  # row of the cash flows, which has the ratio
    instrument: I64
    trade: I64  # own fills before it
    position: I64  # that was open; -1: none
    before: I64  # signed lots
    after: I64
    total_before: I64  # units of the base asset
    total_after: I64
    amount: I64  # paid for what was less than a lot, in units of the quote asset


class Trades(Table, growable=True):
    """Own fills, one row each, as the engine learnt of them; what was opened and closed is a row of `positions`."""

    time_exchange: I64
    time_engine: I64
    order: I64
    instrument: I64
    side: I8
    maker: I8
    price: I64
    quantity: I64
    notional: I64
    fees: I64
    position: I64


class Positions(Table, growable=True):
    """Closed positions."""

    position: I64
    instrument: I64
    strategy: I64
    side: I8
    quantity_max: I64
    quantity: I64  # lots that the last fill closed and their cost: the entry average derives from them
    cost_basis: I64
    realised: I64
    fees_enter: I64
    fees_exit: I64
    time_enter: I64
    time_exit: I64
    trade_enter: I64
    trade_exit: I64


class Balances(Table, growable=True):
    """Balance snapshots."""

    time_exchange: I64
    asset: I64
    total: I64
    free: I64


class Equity(Table, growable=True):
    """Marks; ``known`` is 0 where something held has no price in the reporting asset."""

    time: I64
    equity: I64
    known: I8


class Watched(Table):
    """One row per number that is recorded: element ``row`` of a column, as its eight bytes."""

    column: I64s
    row: I64


class Records(Table, growable=True):
    """When the state was recorded."""

    time: I64
    sequence: I64


class Readings(Table, growable=True):
    """What was recorded: as many rows as there are watched numbers for each row of `records`."""

    value: I64


class EngineState(Block):
    """The engine's state and journals, its requests out and the reports in."""

    engine: Engine
    event: Event
    fault: Fault
    terms: Terms
    tiers: MarginTiers
    links: Links
    delays: Delays
    health: Health
    assets: Assets
    rates: Rates
    pledges: Pledges
    instruments: Instruments
    books: Books
    windows: Windows
    candles: Candles
    columns: Columns
    orders: Orders
    amends: Amends
    actions: Actions
    schedule: Schedule
    entries: Entries
    wishes: Wishes
    commands: Commands
    flows: CashFlows
    sessions: Sessions
    calendars: Calendars
    requests: Requests
    reports: Reports
    agenda: Agenda
    splits: Splits
    trades: Trades
    positions: Positions
    balances: Balances
    entitlements: Entitlements
    payments: Payments
    worths: Worths
    equity: Equity
    watched: Watched
    records: Records
    readings: Readings
    limits: RiskLimits
    risk: Risk
    managers: Managers
    audits: Audits
    outputs: Outputs
    asked: Asked
    market_items: MarketItems
    account_items: AccountItems
