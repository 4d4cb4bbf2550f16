"""What the kernels of one pass read and write, as tables."""

from __future__ import annotations

from barter_bt.columns.block import Block
from barter_bt.columns.column import F64, I64, F64s, I64s
from barter_bt.columns.table import Table
from barter_bt.engine.terms import Terms
from barter_bt.venue.state import Intervals, Levels


class Bars(Table):
    """One row for each candle, by its close, then instrument."""

    time: I64
    time_open: I64
    open: I64  # ticks
    close: I64
    instrument: I64
    following: I64  # the next of the same instrument; -1: none


class Ranges(Table):
    """One row for each candle, in ticks; none where nothing is protected."""

    low: I64
    high: I64


class Samples(Table):
    """One row for each sample of the equity, as statistics take them: of which mark; mark 0 is the start's."""

    mark: I64


class Account(Table):
    """One row: how targets are followed, and in what."""

    cash: I64  # units at the start
    ends: I64  # time of the last mark
    unit: F64  # of money as a float: to divide by or, if not `divides`, to multiply with
    divides: I64
    size: I64
    with_fee: I64
    resize: I64
    band: I64
    on_change: I64  # 1: only targets that differ from the last are followed
    free: F64  # rate without risk of one return
    early: I64  # signed lots of the target of before the start, which is followed there (rule 12)
    refused: I64  # orders for such targets that need a price, which nobody knows there (rule 18)
    waits: I64  # 1: the first candle closes at the start, so that this order meets no price of it


class Targets(Table):
    """One row: the targets of one set of parameters, NaN where there is none."""

    value: F64s


class Protection(Table):
    """One row: what protects an entry, in ticks or in 1e-9 of its price; 0 for what does not (rule 31)."""

    stop_loss: I64
    take_profit: I64
    trailing_stop: I64
    unit: I64  # of `engine/action/protect.py`
    by_row: I64  # 1: they are those of the candle at whose close the entry is sent
    orders: I64  # how many orders protect one
    touch: I64  # 1: a limit makes where a price only touches it


class Guards(Table):
    """One row: what protects the entry of each candle, where that is computed."""

    stop_loss: I64s
    take_profit: I64s
    trailing_stop: I64s


class Each(Table):
    """One row for each instrument."""

    per_unit: F64  # steps of a target of 1
    slip_ticks: I64  # by which orders slip, and the part of the price in 1e-9
    slip_rate: I64
    last: F64  # the target of the candle before, NaN for none
    early: F64  # the last target before the start


class Given(Block):
    """The same for all sets."""

    terms: Terms
    bars: Bars
    ranges: Ranges
    samples: Samples
    levels: Levels


class Asked(Block):
    """One set of parameters."""

    account: Account
    targets: Targets
    each: Each
    protection: Protection
    guards: Guards


class Amounts(Table, growable=True):
    """Amounts of money as floats, one after the other."""

    value: F64


class Columns(Table):
    """Room for adding up in a stated order."""

    sum: F64


class Queue(Table, growable=True):
    """Instruments with an order at work, by its number."""

    instrument: I64


class Brackets(Table, growable=True):
    """What protects each entry that has filled, by the numbers of its orders."""

    lots: I64  # of the entry; 0: it has ended
    stop: I64  # trigger in ticks; 0: there is none
    profit: I64  # limit in ticks; 0: there is none
    trail: I64  # how far the stop follows, in the unit of what protects; 0: it does not
    best: I64  # the highest price that the stop has followed


class Volume(Table):
    """One row: what was traded in the interval that goes on, and what decides the rates (rule 62)."""

    now: I64
    place: I64  # of the oldest interval
    due: I64  # when the interval ends
    every: I64  # how long one is; 0: rates do not go by volume
    first_due: I64
    before: I64  # volume of each interval before the run


class Kept(Block):
    """What a run writes down; the next one starts anew in the same memory."""

    equity: Amounts  # at the samples
    returns: Amounts  # less the rate without risk
    terms: Amounts  # of a sum that is being added up
    fees: Amounts  # of fills
    notional: Amounts
    realised: Amounts  # of closed positions
    columns: Columns
    queue: Queue
    brackets: Brackets
    volume: Volume
    intervals: Intervals


class State(Table):
    """One row: the account as it goes, and the counts."""

    cash: I64
    peak: I64  # the highest equity, and the lowest since
    low: I64
    positions: I64  # open ones, and since when there is any
    since: I64
    held_ns: I64
    orders: I64
    filled: I64
    rejected: I64
    closed: I64  # positions, and how many of them with a gain
    wins: I64
    cut: I64  # fills of orders to what is left of the position
    beyond: I64  # 1: an amount is not far from the bounds of rule 2, or a target is beyond them


class Holdings(Table):
    """One row for each instrument."""

    quantity: I64  # lots
    cost_basis: I64
    realised: I64
    pending: I64  # signed lots of the order that waits for the next open
    fills_at: I64  # row of the candle whose open that is; -1: there is none
    last: I64  # ticks of the last close
    mark: I64  # ticks of an own fill that no close followed; -1: the position was just opened; 0: the last close


class Moments(Table):
    """One row: what figures are made of."""

    first: F64
    last: F64
    drawdown: F64
    mean_equity: F64
    defined: I64  # 1: every return is defined
    mean: F64
    deviation: F64
    downside: F64
    fees: F64
    notional: F64
    gains: F64
    losses: F64


class Found(Block):
    """What a run ends with."""

    state: State
    holdings: Holdings
    moments: Moments
