"""What a run's user should know: what became of orders, targets, equity and data otherwise than they may think."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from barter_bt.backtest.amend_warnings import amend_warnings, given_another_quantity
from barter_bt.backtest.book_warnings import book_warnings
from barter_bt.backtest.protection_warnings import protection_warnings
from barter_bt.backtest.term_warnings import listed, names_of, term_warnings
from barter_bt.backtest.variation import AT_MARK
from barter_bt.backtest.volume_warnings import volume_warnings
from barter_bt.data.moment import moment
from barter_bt.engine.action.stop import STOPS
from barter_bt.engine.agenda import CASH_FLOW, COMMAND, NEVER, SCHEDULE
from barter_bt.engine.event import BAR_CLOSE, MARKET, MARKET_BOOK, MARKET_CANDLE, MARKET_QUOTE, MARKET_TRADE, WAKE
from barter_bt.engine.flows import VARIATION, VOLUME
from barter_bt.engine.order import (
    CANCEL_IN_FLIGHT,
    CANCELLED,
    DELISTING,
    EXPIRED,
    FILLED,
    INSTRUMENT_EXPIRED,
    LIQUIDATION,
    NO_PRICE,
    NOT_FILLED,
    REASONS,
    REFUSED,
    REJECTED,
)
from barter_bt.engine.order import MARKET as MARKET_ORDER
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.valuation import BY_RATE
from barter_bt.engine.targets import BELOW_LOT, TARGET_ROW
from barter_bt.errors import BarterBtError
from barter_bt.instrument import IndexedInstruments
from barter_bt.venue.build import CANDLE_PATHS, never_filled
from barter_bt.venue.state import CANDLES, VenueState

_WAKES = {
    "trades": MARKET_TRADE,
    "quotes": MARKET_QUOTE,
    "candles": MARKET_CANDLE | BAR_CLOSE,
    "book": MARKET_BOOK | MARKET_QUOTE,
}
_TOOK = (
    "what is worse for the account",
    "what is better for the account",
    "the high first",
    "the low first",
    "the extreme nearer to the open first",
)
_WAITS = ("trade", "quote", "candle", "book", "bar_close")


def run_warnings(
    s: EngineState,
    v: VenueState,
    index: IndexedInstruments,
    unit: Decimal,
    ticks: Sequence[Decimal],
    streams: Sequence[Any],
    partial: bool,
    error: BarterBtError | None = None,
    reasons: Sequence[str] = REASONS,
) -> list[str]:
    """All warnings of a run; ``unit`` is that of the reporting asset, ``ticks`` those of instruments.

    ``error`` is what ended it early, ``reasons`` are the names of what refuses orders.

    Examples
    --------
    >>> import barter_bt as bt
    >>> candles = bt.data.candles(bt.data.generate.candles(9, instrument="btc_usd"))
    >>> never = bt.Compiled(lambda s, my: None, wake="bar_close")
    >>> bt.backtest(candles, bt.Instrument("x", "btc_usd"), never, balances={"usd": 1}, interpret=True).warnings
    ['no order was sent']
    """
    found = [
        *_stopped(s),
        *_not_reached(s, partial),
        *_unpriced_at_start(s, index),
        *_not_sent(s, index, streams, partial),
        *_not_as_asked(s, reasons),
        *amend_warnings(s, reasons),
        *protection_warnings(s, index, ticks),
        *_on_purpose(s, index),
        *_locked(s, v, index),
        *book_warnings(s, v, index),
        *_liquidated(s, v),
        *_ended(s, v, index),
        *_undecided(v),
        *_hindsight(v),
        *term_warnings(s, v, index),
        *volume_warnings(s, v, index, streams),
        *_without_data(s, index, partial),
        *_never_filled(s, v, index),
        *_open_at_end(s, v, index),
        *_equity_unknown(s, index),
        *_equity_gone(s, index, unit),
    ]
    for stream in streams:
        found += [f"{stream.name}: {repair} changed {rows} row(s)" for repair, rows in stream.repairs.items() if rows]
    if error:
        found.append(f"the run ended with an error, its results end there: {error.message}")
    elif partial:
        found.append("the run was interrupted: its results end at the last event processed")
    return found


def of_orders(count: int, every: int, what: str) -> str:
    """What has become of so many of all orders."""
    if every == 1:
        return f"the only order was {what}"
    return f"{count:,} of {every:,} orders {'was' if count == 1 else 'were'} {what}"


def expiry_warnings(s: EngineState, index: IndexedInstruments, rows: npt.NDArray[np.int64]) -> list[str]:
    """What became of instruments that expired; ``rows`` counts their market events after it."""
    found = []
    for i in np.flatnonzero(s.terms.array("expiry") <= s.engine.market_time[0]).tolist():
        expiry, name = moment(s.terms.expiry[i]), index.names[i]
        if rows[i]:
            found.append(f"{rows[i]:,} row(s) of {name!r} lie after its expiry, {expiry}, and were passed over")
    o = s.orders
    mine = (o.array("status") == CANCELLED) & (o.array("reason") == INSTRUMENT_EXPIRED)
    if mine.any():
        found.append(of_orders(int(mine.sum()), len(o), "cancelled because the instrument expired"))
    return found


def _liquidated(s: EngineState, v: VenueState) -> Iterator[str]:
    """Positions that the venue closed because they were not covered any more, and what was owed then (rules 43, 46)."""
    o = s.orders
    mine = o.array("time_exchange")[(o.array("reason") == LIQUIDATION) & (o.array("status") == FILLED)]
    if len(mine):
        yield f"{len(mine):,} position(s) were liquidated, the first at {moment(mine[0])}: margin did not cover them"
    if v.clock.bankrupt[0]:
        yield (
            f"the account was bankrupt {v.clock.bankrupt[0]:,} time(s): an insurance paid what it owed, which no "
            "broker promises (cash_flows, reason 'insurance')"
        )


def _ended(s: EngineState, v: VenueState, index: IndexedInstruments) -> Iterator[str]:
    """What was delisted, and what was not delivered (rules 46 and 65)."""
    o = s.orders
    mine = (o.array("reason") == DELISTING) & (o.array("status") == FILLED)
    if mine.any():
        names = names_of(index, np.bincount(o.array("instrument")[mine], minlength=len(index)) > 0)
        yield f"{mine.sum():,} position(s) were closed because their instrument was delisted ({names})"
    t, total = s.terms, v.accounts.array("total")
    over = (t.array("derivative") == 0) & (t.array("strike") == 0) & (t.array("expiry") <= s.engine.market_time[0])
    stays = over & (total[t.array("base")] != 0)
    if stays.any():
        yield (
            f"of what {names_of(index, stays)} traded before it was delisted something is still held: it counts at the "
            "last price, or at that of what else trades it"
        )
    if v.clock.unassigned[0]:
        yield (
            f"{v.clock.unassigned[0]:,} assignment(s) were not made whole: the position was not so short, or not in "
            "the money at the mark of its underlying"
        )
    if v.clock.withheld[0]:
        yield (
            f"{v.clock.withheld[0]:,} transfer(s) of margin were not made whole: there was no position, or not so much "
            "to spare"
        )
    if v.clock.undelivered[0]:
        yield (
            f"{v.clock.undelivered[0]:,} position(s) were settled in cash instead of being delivered: what they "
            "deliver could not be paid or was not there"
        )


def _stopped(s: EngineState) -> Iterator[str]:
    if s.risk.stopped[0]:
        yield f"a stop disabled trading at {moment(s.risk.stopped_at[0])}: {STOPS[s.risk.stopped[0]]}"
    if s.engine.shut[0]:
        yield "a shutdown was commanded: the market data after it was not replayed"


def _not_reached(s: EngineState, partial: bool) -> Iterator[str]:
    if s.engine.shut[0] or partial:
        return
    f, last = s.flows, s.engine.market_time[0]
    goes_on = (f.array("kind") == VARIATION) & (f.array("num") == AT_MARK)  # closes of sessions do, behind the data
    whats = (
        ("row(s) of the strategy's schedule", s.schedule.array("time"), SCHEDULE),
        ("row(s) of the commands", s.commands.array("time"), COMMAND),
        ("row(s) of the cash flows", np.where(goes_on, NEVER, f.array("time")), CASH_FLOW),
    )
    for what, times, source in whats:
        missed = int((times[s.agenda.first[source] :] < NEVER).sum())
        if missed > 0:
            yield f"{missed} {what} lie after the last market event and were not reached"
    rates = (f.array("every") > 0) & (f.array("kind") != VOLUME)
    never = rates & (f.array("time") > last) & (f.array("time") - f.array("every") <= f.array("since"))
    if never.any():
        yield f"{never.sum()} rate(s) of interest were never due: the run ends before"


def _unpriced_at_start(s: EngineState, index: IndexedInstruments) -> Iterator[str]:
    """Targets of before the start that need a price, which nothing has there (rule 12)."""
    t = s.schedule
    if not len(t) or not len(s.equity) or not len(s.orders):
        return
    early = (t.array("time") < s.equity.time[0]) & (t.array("action") == TARGET_ROW) & (t.array("sent") >= 0)
    orders = t.array("sent")[early]
    unpriced = np.bincount(t.array("instrument")[early][s.orders.array("reason")[orders] == NO_PRICE])
    if count := int(unpriced.sum()):
        yield (
            f"{count:,} target(s) of before the run's start ({names_of(index, unpriced > 0)}) were not followed at it: "
            "they need a price, and no event of the run comes before them; with rebalance='always' signals are "
            "followed again at the next close, and targets in units need no price"
        )


def _not_sent(s: EngineState, index: IndexedInstruments, streams: Sequence[Any], partial: bool) -> Iterator[str]:
    """No order at all, and instruments of which every target rounds to nothing."""
    if len(s.orders) == 0 and not partial:
        yield "no order was sent" + _never_woken(int(s.engine.wake[0]), streams)
    reached = s.agenda.first[SCHEDULE]
    if reached == 0:
        return
    action, instrument, target, sent = (
        s.schedule.array(name)[:reached] for name in ("action", "instrument", "target", "sent")
    )
    below = (sent == BELOW_LOT) & (action == TARGET_ROW)
    wished = ((target != 0) & (action == TARGET_ROW)) | below
    counts = [np.bincount(instrument[rows], minlength=len(index)) for rows in (below, wished)]
    always = (counts[0] == counts[1]) & (counts[0] > 0)
    if always.any():
        yield (
            f"every target of {names_of(index, always)} is less than one lot, {counts[0][always].sum():,} in all: "
            "ask for more, or give a finer quantity_increment"
        )


def _never_woken(asked: int, streams: Sequence[Any]) -> str:
    """Why a strategy was woken by nothing: it waits for market events alone, of which the data has none."""
    there = 0
    for stream in streams:
        there |= _WAKES.get(stream.kind, 0) if stream.seen_by != "venue" else 0
    if not asked or asked & ~(MARKET | BAR_CLOSE) or asked & there:
        return ""
    waits = " or ".join(one for one in _WAITS if asked & WAKE[one])
    return f": the strategy waits for {waits}, which the data has none of"


def _without_data(s: EngineState, index: IndexedInstruments, partial: bool) -> Iterator[str]:
    """Instruments of which nothing was ever known: a name that the data spells otherwise would go unseen."""
    ins = s.instruments
    silent = (ins.array("last") == 0) & (ins.array("bid") == 0) & (ins.array("ask") == 0)
    if silent.any() and not partial:
        yield f"the data has no price of {names_of(index, silent)}"


def _on_purpose(s: EngineState, index: IndexedInstruments) -> Iterator[str]:
    """Faults that were asked for."""
    names = [name for name, faulty in zip(index.exchanges, s.links.array("faulty"), strict=True) if faulty]
    if names:
        yield f"messages of {listed(names)} fail, are late or come twice on purpose: faults were asked for"


def _not_as_asked(s: EngineState, names: Sequence[str]) -> Iterator[str]:
    """What became of orders otherwise than was asked for."""
    o = s.orders
    status, asked = o.array("status"), o.array("quantity_requested")
    for what, code in (("rejected by the venue", REJECTED), ("refused by the risk check", REFUSED)):
        reasons = np.bincount(o.array("reason")[status == code], minlength=len(names))
        told = ", ".join(f"{names[k]} {reasons[k]:,}" for k in np.argsort(-reasons, kind="stable") if reasons[k])
        if told:
            yield of_orders(int(reasons.sum()), len(o), f"{what}: {told}")
    less = (o.array("quantity") < asked) & ~given_another_quantity(s)
    is_cut = less & (o.array("wish") == 0)  # what is sized at its fill may be for less
    cut = int((is_cut & (status != REFUSED) & (status != REJECTED)).sum())
    if cut:
        yield of_orders(cut, len(o), "cut to what could be paid")
    over = (status == EXPIRED) & (o.array("reason") == NOT_FILLED)
    left = int((over & (o.array("kind") == MARKET_ORDER) & (o.array("wish") == 0)).sum())
    if left:
        what = "not filled whole: market orders that end at once (ioc, fok) met too little, or nothing"
        yield of_orders(left, len(o), what)


def _locked(s: EngineState, v: VenueState, index: IndexedInstruments) -> Iterator[str]:
    """Quotes that would have filled something, or given a price, were they not locked."""
    for i in np.flatnonzero(v.markets.array("locked")).tolist():
        yield (
            f"{v.markets.locked[i]:,} quote(s) of {index.names[i]!r} were locked (bid = ask) while orders waited: "
            "a locked quote fills nothing"
        )
    o, ins = s.orders, s.instruments
    unpriced = o.array("instrument")[o.array("reason") == NO_PRICE]
    locked = (ins.array("bid") == ins.array("ask")) & (ins.array("bid") > 0) & (ins.array("last") == 0)
    locked &= np.bincount(unpriced, minlength=len(index)) > 0
    if locked.any():
        yield f"the quotes of {names_of(index, locked)} are locked (bid = ask), which is no price: no_price"


def _undecided(v: VenueState) -> Iterator[str]:
    """Where a finer path of prices would have decided, and what has instead (rules 31, 59 and 105)."""
    path, count = v.fill_terms.array("candle_path"), v.markets.array("undecided")
    for code, (name, took) in enumerate(zip(CANDLE_PATHS, _TOOK, strict=True)):
        if candles := int(count[path == code].sum()):
            yield (
                f"in {candles:,} candle(s) several of an entry, its stop and its take profit (or of a group) were "
                f"reached, and which came first is not known: candle_path={name!r} took {took}; finer data tells more"
            )


def _hindsight(v: VenueState) -> Iterator[str]:
    """Fills that no trader could have had (rule 36)."""
    if v.clock.hindsight[0]:
        yield (
            f"{v.clock.hindsight[0]:,} order(s) met a close that was known before they were sent, as "
            "candle_fill='this_close' asks for: no trader can have that price"
        )


def _never_filled(s: EngineState, v: VenueState, index: IndexedInstruments) -> Iterator[str]:
    """Orders that waited for what the data does not have."""
    which = never_filled(v.fill_terms) & (np.bincount(s.orders.array("instrument"), minlength=len(index)) > 0)
    if which.any():
        yield f"orders of {names_of(index, which)} can never fill: the exchange sees no stream of what they are in"


def _open_at_end(s: EngineState, v: VenueState, index: IndexedInstruments) -> Iterator[str]:
    """Orders that end the run open, and those of them that nothing came by to fill."""
    o, held, b, t = s.orders, v.orders, v.markets, v.fill_terms
    live = np.flatnonzero(o.array("status") <= CANCEL_IN_FLIGHT)
    if not len(live):
        return
    text = of_orders(len(live), len(o), "still open at the end")
    live = live[live < len(held)]  # the others are on their way to the venue, in a run that was interrupted
    live = live[~never_filled(t)[o.array("instrument")[live]]]  # they are told of as such
    i = o.array("instrument")[live]
    arrival, pending = held.array("arrival")[live], held.array("pending")[live]
    resting = t.array("maker_fills_on")[i]
    latest = np.maximum(b.array("last_time"), b.array("quote_time"))[i]
    on_candles = (pending == 0) & (resting == CANDLES)  # a limit waits for a candle that opens after it came
    unmet = (b.array("opened")[i] < arrival) & (on_candles | (arrival >= latest))
    if unmet.any():
        which = np.bincount(i[unmet], minlength=len(index)) > 0
        text += f"; {unmet.sum():,} of them met no event that could fill them ({names_of(index, which)})"
    if back := int((o.array("good_after")[live] > s.engine.market_time[0]).sum()):
        text += f"; {back:,} of them were held back for a time behind the last market event"
    yield text


def _equity_unknown(s: EngineState, index: IndexedInstruments) -> Iterator[str]:
    """When the equity was null first, and which assets nothing converts or had no price."""
    known = s.equity.array("known") != 0
    if known.all():
        return
    reporting = index.asset_names[s.engine.reporting[0]]
    why = []
    for asset in np.flatnonzero(s.assets.array("unpriced")).tolist():
        name, path = index.asset_names[asset], _path(s, asset, index)
        if not s.assets.reaches[asset]:
            why.append(f"no instrument of the run, and none of its rates, leads from {name!r} to {reporting!r}")
        else:
            why.append(f"{name!r} is converted by {listed(path)}, without a price then")
    first = moment(s.equity.time[int(np.argmin(known))])
    told = "; ".join(why) or "it is beyond the range of ±2^62 units"
    yield f"equity is unknown (null) at {(~known).sum():,} of {len(known):,} marks, first at {first}: {told}"


def _path(s: EngineState, asset: int, index: IndexedInstruments) -> list[str]:
    """What converts an asset, step by step: instruments and pairs with a rate."""
    path = []
    while s.assets.reaches[asset] and asset != s.engine.reporting[0]:
        if s.assets.step[asset] >= 0:
            path.append(index.names[s.assets.step[asset]])
        elif s.assets.step[asset] == BY_RATE:
            path.append(f"{index.asset_names[asset]}/{index.asset_names[s.assets.next[asset]]}")
        asset = s.assets.next[asset]
    return path


def _equity_gone(s: EngineState, index: IndexedInstruments, unit: Decimal) -> Iterator[str]:
    equity = s.equity.array("equity")
    if equity.min(initial=1) > 0:  # one pass, as of most runs
        return
    gone = (s.equity.array("known") != 0) & (equity <= 0)
    if not gone.any():
        return
    row = int(np.argmax(gone))
    worth = (s.equity.equity[row] * unit).normalize()
    yield (
        f"equity is at or below zero at {gone.sum():,} of {len(gone):,} marks, first at {moment(s.equity.time[row])} "
        f"({worth:f} {index.asset_names[s.engine.reporting[0]]}); figures of returns mean nothing after that"
    )
