"""The venue before the first event."""

from __future__ import annotations

import numpy as np

from barter_bt.book.tables import make_books
from barter_bt.engine.agenda import NEVER
from barter_bt.engine.flows import BORROW_FEE, FEE, SPLIT
from barter_bt.engine.order import THIS_CLOSE
from barter_bt.engine.state.tables import EngineState
from barter_bt.venue.endings import plan_delistings
from barter_bt.venue.fee_tables import FeeTables
from barter_bt.venue.resting import LISTS, NOBODY
from barter_bt.venue.state import (
    FAR,
    NOT_VALUED,
    PLEDGED,
    Accounts,
    Endings,
    FillReasons,
    FillTerms,
    MarginTerms,
    Matches,
    OrderLists,
    Taken,
    VenueClock,
    VenueMarkets,
    VenueOrders,
    VenueState,
)


def begin_venue(
    state: EngineState, fill_terms: FillTerms, margin_terms: MarginTerms, endings: Endings, fees: FeeTables
) -> VenueState:
    """The tables of terms, and those of the venue's own, with the balances that the engine starts from."""
    accounts, markets = _accounts(state, margin_terms), _markets(len(state.instruments))
    _pledge(state, accounts, markets)
    lists = OrderLists(len(markets) * LISTS)
    lists.array("first")[:] = lists.array("last")[:] = NOBODY
    for row in np.flatnonzero(state.flows.array("kind") == FEE).tolist():
        fees.fee_terms.array("flow")[fees.fee_terms.array("asset") == state.flows.asset[row]] = row
    return VenueState(
        clock=_clock(state, fill_terms, fees),
        fault=state.fault,
        terms=state.terms,
        tiers=state.tiers,
        fill_terms=fill_terms,
        margin_terms=margin_terms,
        fee_terms=fees.fee_terms,
        levels=fees.levels,
        volumes=fees.volumes,
        intervals=fees.intervals,
        steps=fees.steps,
        endings=endings,
        links=state.links,
        delays=state.delays,
        flows=state.flows,
        pledges=state.pledges,
        accounts=accounts,
        markets=markets,
        books=make_books(len(markets)),
        taken=Taken(16),
        fill_reasons=FillReasons(16),
        sent=state.orders,
        amends=state.amends,
        wishes=state.wishes,
        orders=VenueOrders(4096),
        lists=lists,
        matches=Matches(16),
        requests=state.requests,
        reports=state.reports,
        agenda=state.agenda,
    )


def _accounts(state: EngineState, margin_terms: MarginTerms) -> Accounts:
    """The ledger, with the engine's balances."""
    assets = len(state.assets)
    accounts = Accounts(assets)
    for asset in range(assets):
        accounts.total[asset] = state.assets.total[asset]
        accounts.counterparty[asset] = -state.assets.total[asset]
        accounts.valued_at[asset] = NOT_VALUED
    accounts.array("liquidates")[:] = np.bincount(
        state.terms.array("quote"), margin_terms.array("liquidates"), minlength=assets
    )
    return accounts


def _markets(count: int) -> VenueMarkets:
    """Markets of which nothing has been seen."""
    markets = VenueMarkets(count)
    nothing = {-1: ("trade_buy", "quote_buy", "quote_fall"), FAR: ("trade_sell", "quote_sell", "quote_rise")}
    never = (
        "quote_time",
        "last_time",
        "opened",
        "closed",
        "candle_time",
        "split_told",
        "trade_time",
        "shown_time",
        "undecided_time",
    )
    for value, names in (nothing | {-NEVER: never}).items():
        for name in names:
            markets.array(name)[:] = value
    return markets


def _pledge(state: EngineState, accounts: Accounts, markets: VenueMarkets) -> None:
    """Which assets count for positions margined in others, and the markets that say what they are worth."""
    pledges = state.pledges
    for row in range(len(pledges)):
        i = pledges.instrument[row]
        accounts.backed[pledges.counts_in[row]], accounts.backs[pledges.asset[row]] = 1, pledges.counts_in[row] + 1
        markets.pledged[i], markets.watched[i], markets.alarm_low[i], markets.alarm_high[i] = 1, PLEDGED, FAR, -1


def _clock(state: EngineState, fill_terms: FillTerms, fees: FeeTables) -> VenueClock:
    """The venue's clock, and what it must know of the market also where it holds no orders."""
    clock = VenueClock(1)
    clock.time[0] = -NEVER
    clock.faulty[0] = int(max([*state.links.array("rejected"), *state.links.array("lost")], default=0) > 0)
    priced = np.isin(state.flows.array("kind"), (BORROW_FEE, SPLIT))
    converts = fees.steps.array("instrument") >= 0
    clock.delists[0] = plan_delistings(state)
    marks = state.terms.array("margined").any() or priced.any() or converts.any() or clock.delists[0] < NEVER
    clock.needs_marks[0] = int(marks)
    this_close = fill_terms.array("candle_fill") == THIS_CLOSE
    looks = (fill_terms.array("slip_by_candle") > 0) | (fill_terms.array("participation") > 0)
    clock.needs_candles[0] = int(looks.any())
    clock.needs_closes[0] = int(clock.needs_candles[0] or this_close.any())
    return clock
