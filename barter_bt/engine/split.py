"""The engine learns of a split: position, prices and marks in the new units at once (rule 45)."""

from __future__ import annotations

from barter_bt.columns.exact import LIMIT, bounded_sum
from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import in_range, split_ask, split_bid, split_cost, split_lots, split_price
from barter_bt.engine.agenda import NEVER
from barter_bt.engine.audit import POSITION_EXIT, note_output
from barter_bt.engine.fault import fail_range
from barter_bt.engine.state.market import market_mark
from barter_bt.engine.state.position import hold_lots, record_exit
from barter_bt.engine.state.tables import EngineState

NO_TRADE = -1


@unit
def apply_split(s: EngineState, row: int) -> None:
    """All that a report of a split changes, but for the balances."""
    r, f, ins = s.reports, s.flows, s.instruments
    flow = r.quantity[row]
    i, num, den, time = f.instrument[flow], f.num[flow], f.den[flow], r.time_exchange[row]
    before, position = ins.quantity[i], ins.position[i] if ins.quantity[i] != 0 else -1
    mark = ins.own_mark[i]
    if mark == 0 and max(ins.last_time[i], ins.quote_time[i]) <= time:
        mark = market_mark(s, i)  # else there is one in new units
    _split_prices(s, i, num, den, time)
    if before != 0:
        _split_position(s, i, num, den, time, mark)
    ins.fee_credit[i] = 0
    journal = s.splits.append()
    j = s.splits
    j.time_exchange[journal], j.time_engine[journal] = time, s.engine.time[0]
    j.flow[journal], j.instrument[journal], j.trade[journal] = flow, i, len(s.trades)
    j.position[journal], j.before[journal], j.after[journal] = position, before, ins.quantity[i]
    j.total_before[journal], j.total_after[journal] = s.assets.total[s.terms.base[i]], r.total_second[row]
    j.amount[journal] = r.notional[row]


def _split_prices(s: EngineState, i: int, num: int, den: int, time: int) -> None:
    """What came early is in the new units already; what comes late does not replace them as if it were."""
    ins = s.instruments
    ins.split_time[i], ins.split_num[i], ins.split_den[i] = time, num, den
    ins.last_before[i] = ins.quote_before[i] = NEVER
    if ins.last_time[i] <= time:
        ins.last[i] = split_price(ins.last[i], num, den)
        ins.last_before[i], ins.last_time[i] = ins.last_time[i], time + 1
    if ins.quote_time[i] <= time:
        bid, ask = ins.bid[i], ins.ask[i]
        ins.bid[i], ins.ask[i] = split_bid(bid, ask, num, den), split_ask(bid, ask, num, den)
        ins.quote_before[i], ins.quote_time[i] = ins.quote_time[i], time + 1


def _split_position(s: EngineState, i: int, num: int, den: int, time: int, mark: int) -> None:
    ins, before = s.instruments, s.instruments.quantity[i]
    if max(abs(before), ins.quantity_max[i]) > LIMIT // num:
        fail_range(s.fault, i, -1)
        return
    after = split_lots(before, num, den)
    out = split_cost(ins.cost_basis[i], abs(before), abs(after), num, den)
    ins.realised[i] = bounded_sum(ins.realised[i], -out if before > 0 else out)
    if not in_range(ins.realised[i]):
        fail_range(s.fault, i, s.terms.quote[i])
    if after == 0:
        _exit(s, i, time)
    else:
        ins.quantity[i], ins.cost_basis[i] = after, ins.cost_basis[i] - out
        ins.quantity_max[i] = max(split_lots(ins.quantity_max[i], num, den), abs(after))
        ins.own_mark[i] = split_price(mark, num, den) if mark > 0 else mark
    hold_lots(s, i, after - before)


def _exit(s: EngineState, i: int, time: int) -> None:
    """Not a whole lot is left: the position ends in the units before, without a fill."""
    ins, closed = s.instruments, len(s.positions)
    order = s.trades.order[ins.trade_enter[i]]
    record_exit(s, i, ins.quantity[i], ins.cost_basis[i], time, NO_TRADE, s.orders.strategy[order])
    ins.quantity[i] = ins.cost_basis[i] = 0
    if s.engine.audit[0]:
        note_output(s, POSITION_EXIT, closed, -1)
