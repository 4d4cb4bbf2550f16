"""An order that is asked for and filled at one instant, and that nobody watches, is written once: as it ended.

A target becomes a market order when a candle closes, and the next candle opens at that very time. Where nothing else
happens then, no message need travel: what the venue would say is worked out first, and if it is that all is filled,
the order, its trade and the balances are written as the last message would have left them. In every other case nothing
has been done, and the order goes its longer way (:mod:`barter_bt.simulation.short`, or by the loop), by which a test
holds every column of this one.
"""

from __future__ import annotations

from barter_bt.columns.ahead import fetch
from barter_bt.columns.exact import LIMIT, bounded_sum
from barter_bt.columns.marks import unit
from barter_bt.columns.memory import LINE
from barter_bt.engine.accounting import fee_of, notional
from barter_bt.engine.action.protect import NO_UNIT
from barter_bt.engine.agenda import NEVER, OPENING, REQUEST, SCHEDULE, beside_dealing
from barter_bt.engine.audit import begin
from barter_bt.engine.event import BALANCE
from barter_bt.engine.feed import Cursors, advance
from barter_bt.engine.latency import CONSTANT
from barter_bt.engine.order import ANY_FILL, ANY_PRICE, BUY, GTC, NEXT_OPEN, NO_TIME, SELL
from barter_bt.engine.report import record_trade
from barter_bt.engine.sizing import EQUITY, wished_lots
from barter_bt.engine.state.assets import update_from_balance
from barter_bt.engine.state.connectivity import heal_account
from barter_bt.engine.state.orders import record_filled
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.valuation import UNKNOWN, equity
from barter_bt.engine.targets import TARGET_ROW, is_met, is_within_band
from barter_bt.engine.terms import IN_QUOTE, price_steps
from barter_bt.simulation.short import catches_up
from barter_bt.venue.fill import affords
from barter_bt.venue.posting import post
from barter_bt.venue.state import BOOK, CANDLES, VenueState

_NONE = -1


def may_fill_instantly(s: EngineState, v: VenueState) -> bool:
    """Whether orders of this run may: nobody is woken, asked or limits them, and all is bought and sold for money."""
    e, links = s.engine, s.links
    if e.wake[0] or e.hooks[0] or e.mark_every[0] or e.size_at_fill[0] or s.risk.active[0] or v.clock.faulty[0]:
        return False
    if len(s.managers) > 0 or len(s.entries) > 0 or len(v.volumes) > 0:
        return False
    for exchange in range(len(links)):
        if links.request_form[exchange] != CONSTANT or links.request_ns[exchange] != 0:
            return False
    plain = True
    for i in range(len(v.terms)):
        plain = plain and _fills_at_opens(v, i) and _is_bought(v, i)
    return plain


def _fills_at_opens(v: VenueState, i: int) -> bool:
    """Whether a market order fills whole at the open of the next candle, at that price."""
    t = v.fill_terms
    at_opens = t.taker_fills_on[i] == CANDLES and t.candle_fill[i] == NEXT_OPEN
    by_book = t.maker_fills_on[i] == BOOK or t.on_book[i] != 0
    return bool(at_opens and not t.slips[i] and not t.participation[i] and not by_book)


def _is_bought(v: VenueState, i: int) -> bool:
    """Whether an instrument is paid for, with a fee by rate in its quote asset, and never ends."""
    t = v.terms
    by_rate = t.fee_in[i] == IN_QUOTE and not t.fee_by_order[i]
    return bool(by_rate and not t.margined[i] and not t.derivative[i] and t.expiry[i] == NEVER)


@unit
def fill_instantly(s: EngineState, v: VenueState, f: Cursors, now: int, until: int) -> int:
    """Follow the target that is due, and fill its order at the candle that opens now; 0 if that is not all there is."""
    p, first = s.schedule, s.agenda.first[SCHEDULE]
    end = _end_of_rows(s, now)
    row = _only_unmet(s, first, end)
    if row == _NONE or now != until or not (_is_plain(s, row) and _is_alone(s, v, p.instrument[row], now)):
        return 0
    i = p.instrument[row]
    change = _missing(s, row, i)
    c = _opening(s, v, f, i, until) if change != 0 else _NONE
    if c == _NONE:
        return 0
    at = _row_of(v, f, c, i)
    side, lots, ticks = BUY if change > 0 else SELL, abs(change), price_steps(v.terms, i, f.first[c][at])
    if lots < v.terms.quantity_min[i] or ticks <= 0:
        return 0
    value = notional(v.terms, i, lots, ticks)
    fee = fee_of(v.terms, i, value, lots, 0)
    if not affords(v, i, side, 0, lots, ticks, value, fee):
        return 0
    s.engine.sequence[0] += end - first
    s.agenda.first[SCHEDULE], s.agenda.due[SCHEDULE] = end, p.time[end] if end < len(p) else NEVER
    _deal(v, i, side, lots, ticks, value, fee, now)
    advance(f, c, _end(f, c))
    _hear(s, v, row, i, side, lots, ticks, value, fee, now)
    return 1


def _end_of_rows(s: EngineState, now: int) -> int:
    """The row of the schedule behind those that are due."""
    p, row = s.schedule, s.agenda.first[SCHEDULE]
    while row < len(p) and p.time[row] == now:
        if row % LINE == 0:
            fetch(p, row + LINE)
        row += 1
    return row


def _only_unmet(s: EngineState, first: int, end: int) -> int:
    """The only row that asks for something; none if several do, or all are met."""
    found = _NONE
    for row in range(first, end):
        if not is_met(s, row):
            if found != _NONE:
                return _NONE
            found = row
    return found


def _is_plain(s: EngineState, row: int) -> bool:
    """Whether a row of the schedule asks for a target by a market order without conditions."""
    p = s.schedule
    plain = p.action[row] == TARGET_ROW and p.time_in_force[row] == GTC and p.candle_fill[row] == ANY_FILL
    timely = p.good_after[row] == NO_TIME and p.good_till[row] == NEVER
    return bool(plain and timely and p.protect_by[row] == NO_UNIT and p.trigger_by[row] == ANY_PRICE)


def _is_alone(s: EngineState, v: VenueState, i: int, now: int) -> bool:
    """Whether orders go out, none is at work or under way, and nothing else is due than the market."""
    e, links, exchange = s.engine, s.links, s.terms.exchange[i]
    at_work = v.clock.live[0] > 0 or s.instruments.live[i] > 0 or len(v.matches) > 0
    later = min(beside_dealing(s.agenda), s.agenda.due[REQUEST]) > now
    in_time = max(e.time[0], links.last_request[exchange], links.last_report[exchange]) <= now
    return bool(later and in_time and not at_work and e.trading[0] and not e.pending[0] and not e.shut[0])


def _opening(s: EngineState, v: VenueState, f: Cursors, i: int, now: int) -> int:
    """The first cursor of which a candle of an instrument opens now; the venue has caught up with the market then.

    All else of the market is later, and what opens with it concerns nobody, as no other order is at work.
    """
    if not catches_up(s, v, f, now):
        return _NONE
    for c in range(2 * s.engine.streams[0], len(f)):
        if f.due[c] == now and _row_of(v, f, c, i) != _NONE:
            return c if f.last[c] or f.time[c][f.rows[c] - 1] > now else _NONE
    return _NONE


def _missing(s: EngineState, row: int, i: int) -> int:
    """Signed lots that are missing to a target; 0 also where its order would not be sent as any other."""
    e, target = s.engine, s.schedule.target[row]
    worth = equity(s) if e.size[0] == EQUITY else UNKNOWN
    wished = wished_lots(s, i, target, worth, e.size[0], e.with_fee[0])
    if wished == UNKNOWN:
        return 0
    change = bounded_sum(wished, -s.instruments.quantity[i])
    return 0 if abs(change) > LIMIT or is_within_band(s, wished, change) else change


def _row_of(v: VenueState, f: Cursors, c: int, i: int) -> int:
    """The candle of an instrument among those that open now; none if a row among them is of no instrument."""
    found = _NONE
    for row in range(f.row[c], _end(f, c)):
        each = f.instrument[c][row]
        if not 0 <= each < len(v.markets):
            return _NONE
        if found == _NONE and each == i:
            found = row
    return found


def _end(f: Cursors, c: int) -> int:
    """The row behind those that are due."""
    row, now = f.row[c], f.due[c]
    while row < f.rows[c] and f.time[c][row] == now:
        row += 1
    return row


def _deal(v: VenueState, i: int, side: int, lots: int, ticks: int, value: int, fee: int, now: int) -> None:
    """What the venue does of it."""
    links, exchange = v.links, v.terms.exchange[i]
    v.clock.time[0], v.clock.stage[0] = now, OPENING
    v.markets.opened[i] = now
    links.last_request[exchange] = links.last_report[exchange] = now
    post(v, i, side, lots, ticks, value, fee)


def _hear(
    s: EngineState, v: VenueState, row: int, i: int, side: int, lots: int, ticks: int, value: int, fee: int, now: int
) -> None:
    """What the engine has asked for and heard of it: an acceptance, a fill with its balances."""
    e, a, quote, base = s.engine, v.accounts, s.terms.quote[i], s.terms.base[i]
    e.time[0] = now
    e.sequence[0] += 5 if base >= 0 else 4
    e.strategy[0] = s.schedule.strategy[row]
    order = record_filled(s, i, side, lots, s.schedule.resize[row], value, fee)
    s.schedule.sent[row] = order
    begin(s, BALANCE, i, order, -1, -1)
    heal_account(s, s.terms.exchange[i])
    record_trade(s, order, lots, ticks, value, fee, 0, now)
    update_from_balance(s, quote, now, a.total[quote], bounded_sum(a.total[quote], -a.reserved[quote]))
    if base >= 0:
        update_from_balance(s, base, now, a.total[base], bounded_sum(a.total[base], -a.reserved[base]))
