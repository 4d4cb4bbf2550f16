"""Instrument data: what market events leave behind, and the price that follows from it (rules 6 and 13)."""

from __future__ import annotations

from barter_bt.book.read import level_lots, level_ticks
from barter_bt.book.tables import ASKS, BIDS
from barter_bt.columns.marks import hot, unit
from barter_bt.engine.accounting import closing_price, mid, split_ask, split_bid, split_price, weighted_mid
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.terms import CLOSING, LARGEST, MID, holds_lot, price_steps, steps, whole_lots


@hot
def update_from_plain_trade(s: EngineState, i: int, time: int, price: float, amount: float) -> bool:
    """A public trade as most are; False, and nothing is done, if more must be looked at than the row."""
    ticks = steps(price, s.terms.ticks_per_unit[i], s.terms.price_noise[i])
    if not is_plain_trade(s, i, time, ticks, amount):
        return False
    note_plain_trade(s, i, time, ticks, amount)
    return True


@hot
def is_plain_trade(s: EngineState, i: int, time: int, ticks: int, amount: float) -> bool:
    """Whether a trade has a price above 0 and an amount, and none that is known is later."""
    return ticks > 0 and 0.0 < amount <= LARGEST and time >= s.instruments.last_time[i]


@hot
def note_plain_trade(s: EngineState, i: int, time: int, ticks: int, amount: float) -> None:
    """A public trade of which :func:`is_plain_trade` is true."""
    ins = s.instruments
    ins.last_time[i] = time
    ins.last[i] = ticks
    ins.last_amount[i] = amount
    ins.own_mark[i] = 0


@hot
def update_from_trade(s: EngineState, i: int, time: int, price: float, amount: float) -> bool:
    """A public trade; False if the row is malformed."""
    if update_from_plain_trade(s, i, time, price, amount):
        return True
    return bool(update_from_any_trade(s, i, time, price, amount))


def _note_trade(s: EngineState, i: int, time: int, ticks: int, amount: float) -> None:
    if time >= s.instruments.last_time[i]:
        note_plain_trade(s, i, time, ticks, amount)
    elif is_from_before(s, i, time):
        _note_last_before(s, i, time, ticks)


@hot
def update_from_plain_quote(
    s: EngineState, i: int, time: int, bid: float, bid_amount: float, ask: float, ask_amount: float
) -> bool:
    """A quote as most are, with both sides, and apart; False, and nothing is done, if more must be looked at."""
    t = s.terms
    per_unit, noise, per_lot, lot_noise = t.ticks_per_unit[i], t.price_noise[i], t.lots_per_unit[i], t.lot_noise[i]
    bid_ticks, ask_ticks = steps(bid, per_unit, noise), steps(ask, per_unit, noise)
    both = holds_lot(bid_amount, per_lot, lot_noise) & holds_lot(ask_amount, per_lot, lot_noise)
    if not both or not is_plain_quote(s, i, time, bid_ticks, ask_ticks, bid_amount, ask_amount):
        return False
    note_plain_quote(s, i, time, bid_ticks, ask_ticks, bid_amount, ask_amount)
    return True


@hot
def is_plain_quote(s: EngineState, i: int, time: int, bid: int, ask: int, bid_amount: float, ask_amount: float) -> bool:
    """Whether a quote whose sides hold a lot has prices above 0 that are apart, and none that is known is later."""
    known = (bid_amount <= LARGEST) & (ask_amount <= LARGEST)
    return known and 0 < bid < ask and time >= s.instruments.quote_time[i]


@hot
def note_plain_quote(
    s: EngineState, i: int, time: int, bid: int, ask: int, bid_amount: float, ask_amount: float
) -> None:
    """A quote of which :func:`is_plain_quote` is true."""
    ins = s.instruments
    ins.own_mark[i] = 0
    ins.quote_time[i] = time
    ins.bid[i], ins.ask[i] = bid, ask
    ins.bid_amount[i], ins.ask_amount[i] = bid_amount, ask_amount


@hot
def update_from_quote(
    s: EngineState, i: int, time: int, bid: float, bid_amount: float, ask: float, ask_amount: float
) -> bool:
    """Best bid and ask; an amount below one lot empties its side. False if malformed or crossed."""
    if update_from_plain_quote(s, i, time, bid, bid_amount, ask, ask_amount):
        return True
    return bool(update_from_any_quote(s, i, time, bid, bid_amount, ask, ask_amount))


@hot
def _note_quote(s: EngineState, i: int, time: int, bid: int, ask: int, bid_amount: float, ask_amount: float) -> None:
    ins = s.instruments
    if time >= ins.quote_time[i]:
        if not 0 < bid < ask and ins.last[i] == 0:
            _freeze_mark(s, i)
        else:
            ins.own_mark[i] = 0
        ins.quote_time[i] = time
        ins.bid[i], ins.ask[i] = bid, ask
        ins.bid_amount[i], ins.ask_amount[i] = bid_amount, ask_amount
    elif is_from_before(s, i, time):
        _note_quote_before(s, i, time, bid, ask, bid_amount, ask_amount)


def _freeze_mark(s: EngineState, i: int) -> None:
    """A quote leaves the instrument without a price: a position keeps the mark that it had."""
    if s.instruments.own_mark[i] == 0:
        s.instruments.own_mark[i] = market_mark(s, i)


@hot
def update_from_book(s: EngineState, i: int, time: int) -> bool:
    """A message has been applied: the best of its book is a quote (rule 89). Says whether that is another."""
    ins, t, b, bids, asks = s.instruments, s.terms, s.books, 2 * i + BIDS, 2 * i + ASKS
    bid, ask, bid_amount, ask_amount = ins.bid[i], ins.ask[i], ins.bid_amount[i], ins.ask_amount[i]
    best_bid, bid_lots = level_ticks(b, bids, 0), level_lots(b, bids, 0)
    best_ask, ask_lots = level_ticks(b, asks, 0), level_lots(b, asks, 0)
    if best_bid > best_ask > 0:  # a crossed book shows nothing, and a stale one has no levels
        best_bid = best_ask = bid_lots = ask_lots = 0
    per_lot = t.lots_per_unit[i]
    _note_quote(s, i, time, best_bid, best_ask, bid_lots / per_lot, ask_lots / per_lot)
    same = bid == ins.bid[i] and ask == ins.ask[i]
    return not (same and bid_amount == ins.bid_amount[i] and ask_amount == ins.ask_amount[i])


@hot
def update_from_candle(
    s: EngineState, i: int, time: int, open_: float, high: float, low: float, close: float, volume: float
) -> bool:
    """A candle that has closed; False if malformed."""
    if update_from_positive_candle(s, i, time, open_, high, low, close, volume):
        return True
    return s.terms.zero[i] > 0 and bool(update_from_signed_candle(s, i, time, open_, high, low, close, volume))


@hot
def update_from_positive_candle(
    s: EngineState, i: int, time: int, open_: float, high: float, low: float, close: float, volume: float
) -> bool:
    """A candle of an instrument whose prices must be above 0; False if it is none or malformed."""
    ticks = closing_steps(s, i, open_, high, low, close, volume)
    if ticks <= 0:
        return False
    note_candle(s, i, time, ticks, open_, high, low, close, volume)
    return True


@hot
def closing_steps(s: EngineState, i: int, open_: float, high: float, low: float, close: float, volume: float) -> int:
    """The close in ticks of a candle whose prices must be above 0; at most 0 if it is malformed."""
    t = s.terms
    ticks = steps(close, t.ticks_per_unit[i], t.price_noise[i])
    spans = (low > 0.0) & (low <= open_) & (open_ <= high) & (low <= close) & (close <= high)  # no branch for each
    return ticks if spans & (0.0 <= volume) & (volume <= LARGEST) else -1


@hot
def note_candle(
    s: EngineState, i: int, time: int, ticks: int, open_: float, high: float, low: float, close: float, volume: float
) -> None:
    """A candle that is well formed, with its close in ticks."""
    if time >= s.instruments.last_time[i]:
        note_close(s, i, time, ticks)
        note_span(s, i, open_, high, low, close, volume)
    elif is_from_before(s, i, time) and _note_last_before(s, i, time, ticks):
        note_span(s, i, open_, high, low, close, volume)


@hot
def note_close(s: EngineState, i: int, time: int, ticks: int) -> None:
    """The close of a candle than which none that is known is later."""
    ins = s.instruments
    ins.last_time[i] = time
    ins.last[i] = ticks
    ins.own_mark[i] = 0


@hot
def note_span(s: EngineState, i: int, open_: float, high: float, low: float, close: float, volume: float) -> None:
    """What is known of the last candle."""
    ins = s.instruments
    ins.open[i], ins.high[i], ins.low[i], ins.close[i], ins.volume[i] = open_, high, low, close, volume


@unit
def update_from_any_trade(s: EngineState, i: int, time: int, price: float, amount: float) -> int:
    """A trade with a price of either sign (rule 76) or from before a split, apart from the hot path; 0 if malformed."""
    ticks = price_steps(s.terms, i, price)
    if ticks <= 0 or not 0.0 < amount <= LARGEST:
        return 0
    _note_trade(s, i, time, ticks, amount)
    return 1


@unit
def update_from_any_quote(
    s: EngineState, i: int, time: int, bid: float, bid_amount: float, ask: float, ask_amount: float
) -> int:
    """The same of a quote, with both sides or without; 0 also if crossed."""
    t = s.terms
    bid_ticks = price_steps(t, i, bid) if holds_lot(bid_amount, t.lots_per_unit[i], t.lot_noise[i]) else 0
    ask_ticks = price_steps(t, i, ask) if holds_lot(ask_amount, t.lots_per_unit[i], t.lot_noise[i]) else 0
    known = bid_ticks >= 0 and ask_ticks >= 0 and not bid_ticks > ask_ticks > 0
    if not (known and 0.0 <= bid_amount <= LARGEST and 0.0 <= ask_amount <= LARGEST):
        return 0
    _note_quote(s, i, time, bid_ticks, ask_ticks, bid_amount, ask_amount)
    return 1


@unit
def update_from_signed_candle(
    s: EngineState, i: int, time: int, open_: float, high: float, low: float, close: float, volume: float
) -> int:
    """The same of a candle."""
    ticks = price_steps(s.terms, i, close)
    spans = -LARGEST <= low <= open_ <= high <= LARGEST and low <= close <= high
    if ticks <= 0 or not (spans and 0.0 <= volume <= LARGEST):
        return 0
    note_candle(s, i, time, ticks, open_, high, low, close, volume)
    return 1


def is_from_before(s: EngineState, i: int, time: int) -> bool:
    """Whether a row that is older than what is known was only overtaken by the news of a split (rule 45)."""
    return s.instruments.split_den[i] > 0 and time <= s.instruments.split_time[i]


@unit
def _note_last_before(s: EngineState, i: int, time: int, ticks: int) -> bool:
    """A last price in the units before the split, unless the engine has had a later one of them."""
    ins = s.instruments
    if time < ins.last_before[i] or ins.last_time[i] > ins.split_time[i] + 1:
        return False
    ins.last_before[i] = time
    ins.last[i] = split_price(ticks, ins.split_num[i], ins.split_den[i])
    ins.own_mark[i] = 0
    return True


@unit
def _note_quote_before(
    s: EngineState, i: int, time: int, bid: int, ask: int, bid_amount: float, ask_amount: float
) -> None:
    ins = s.instruments
    if time < ins.quote_before[i] or ins.quote_time[i] > ins.split_time[i] + 1:
        return
    num, den = ins.split_num[i], ins.split_den[i]
    bid, ask = split_bid(bid, ask, num, den), split_ask(bid, ask, num, den)
    if not 0 < bid < ask and ins.last[i] == 0:
        _freeze_mark(s, i)
    else:
        ins.own_mark[i] = 0
    ins.quote_before[i] = time
    ins.bid[i], ins.ask[i] = bid, ask
    ins.bid_amount[i], ins.ask_amount[i] = bid_amount, ask_amount


def price_ticks(s: EngineState, i: int) -> int:
    """The instrument's price in ticks (rules 6 and 73); 0 while unknown."""
    ins, t = s.instruments, s.terms
    bid, ask = ins.bid[i], ins.ask[i]
    if 0 < bid < ask:
        if t.mark_by[i] >= MID:
            return _other_price(s, i)
        bid_lots = whole_lots(ins.bid_amount[i], t.lots_per_unit[i], t.lot_noise[i])
        ask_lots = whole_lots(ins.ask_amount[i], t.lots_per_unit[i], t.lot_noise[i])
        return weighted_mid(bid, bid_lots, ask, ask_lots)
    return ins.last[i]


@unit
def _other_price(s: EngineState, i: int) -> int:
    """Where the exchange does not go by the weighted mid: the mid, or the last price, if there is one."""
    ins, t = s.instruments, s.terms
    if t.mark_by[i] == MID:
        return mid(ins.bid[i], ins.ask[i])
    if ins.last[i] > 0:
        return ins.last[i]
    bid_lots = whole_lots(ins.bid_amount[i], t.lots_per_unit[i], t.lot_noise[i])
    ask_lots = whole_lots(ins.ask_amount[i], t.lots_per_unit[i], t.lot_noise[i])
    return weighted_mid(ins.bid[i], bid_lots, ins.ask[i], ask_lots)


def market_mark(s: EngineState, i: int) -> int:
    """What the market marks the position at: the price, or what closes it (rule 73)."""
    return closing_ticks(s, i) if s.terms.mark_by[i] == CLOSING else price_ticks(s, i)


@unit
def closing_ticks(s: EngineState, i: int) -> int:
    """The side of the book that takes the position; the price where there are not both."""
    ins = s.instruments
    if ins.quantity[i] == 0 or not 0 < ins.bid[i] < ins.ask[i]:
        return price_ticks(s, i)
    return closing_price(s.terms, i, ins.quantity[i], ins.bid[i], ins.ask[i])
