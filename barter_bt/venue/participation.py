"""How much of what the market shows own orders get (rule 38).

Assumptions: others were there first, and own orders get a fixed share of each event; what they have got does not make
the market show less later. At the open of a candle its volume is not known; that of the candle before stands for it.
"""

from __future__ import annotations

from barter_bt.columns.exact import muldiv_floor
from barter_bt.engine.agenda import OPENING
from barter_bt.engine.terms import RATE
from barter_bt.venue.state import TRADES, VenueState


def share_of(v: VenueState, i: int, shown: int) -> int:
    """The most lots that own orders get of ``shown``."""
    part = v.fill_terms.participation[i]
    return muldiv_floor(shown, part, RATE) if part > 0 else shown


def offer_trade(v: VenueState, i: int, lots: int) -> None:
    """A trade gives own orders their share."""
    v.markets.trade_offer[i] = share_of(v, i, lots)


def offer_open(v: VenueState, i: int) -> None:
    """A candle opens: the last one's volume says what it gives."""
    b = v.markets
    b.candle_offer[i] = share_of(v, i, b.candle_lots[i])
    if b.opened[i] != v.clock.time[0]:
        b.open_given[i] = 0


def offer_close(v: VenueState, i: int, time_open: int) -> None:
    """A candle closes, and gives what is left of its share."""
    b = v.markets
    given = b.open_given[i] if b.opened[i] == time_open else 0
    b.candle_offer[i] = max(share_of(v, i, b.candle_lots[i]) - given, 0)


def on_offer(v: VenueState, i: int, lots: int, evidence: int) -> int:
    """What an order that wants ``lots`` gets of a trade or a candle, as far as participation bounds it."""
    if not v.fill_terms.participation[i]:
        return lots
    return min(lots, v.markets.trade_offer[i] if evidence == TRADES else v.markets.candle_offer[i])


def give(v: VenueState, i: int, lots: int, evidence: int) -> None:
    """An order got ``lots`` of a trade or a candle."""
    if not v.fill_terms.participation[i]:
        return
    if evidence == TRADES:
        v.markets.trade_offer[i] -= lots
    else:
        v.markets.candle_offer[i] -= lots
        if v.clock.stage[0] == OPENING:  # what was taken at the open is not there at the close
            v.markets.open_given[i] += lots


def on_quote(v: VenueState, i: int, shown: int, left: int) -> int:
    """What is left for own orders of a side of a quote that had ``shown``, of which they took all but ``left``."""
    return left - (shown - share_of(v, i, shown))
