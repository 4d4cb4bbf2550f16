"""Times of orders, and the price of a candle that takers meet: rules 35 and 36."""

from __future__ import annotations

from collections.abc import Sequence

from barter_bt.testing.scenario.spec import Conditions, Entry, Session

from .order import Order, Terms


def settled(terms: Terms, sessions: Sequence[Session], now: int) -> Terms:
    """Rule 35: what a time in force of sessions stands for at this time of the engine; no other is changed."""
    if terms.tif == "at_open":
        opens = min(opens for opens, _ in sessions if opens >= now)
        return terms._replace(tif="ioc", good_after=opens, candle_fill="next_open")
    if terms.tif not in ("day", "at_close"):
        return terms
    close = min(closes for _, closes in sessions if closes > now)
    if terms.tif == "day":
        return terms._replace(tif="gtc", good_till=close + 1)
    return terms._replace(tif="ioc", good_after=close, candle_fill="this_close")


def check_times(terms: Terms, said: Conditions | Entry, sent: int) -> None:
    """Rules 35 and 36: what goes together, and what is still to come when the order is asked for."""
    till, after = said.good_till, said.good_after
    if terms.tif in ("day", "at_open", "at_close"):
        assert (till, after) == (None, None), "rule 35: sessions go with no other times"
        goes = terms.tif == "day" or not (terms.trigger_kind or terms.candle_fill)
        assert goes, "rule 35: nor at an open or a close with a trigger or a choice"
    assert till is None or (terms.tif == "gtc" and sent < till), "rule 35: good till is of what does not end at once"
    assert after is None or sent < after < (till or after + 1), "rule 35: it is let in later, and before it ends"
    takes = not terms.trigger_kind and (not terms.price or terms.tif in ("ioc", "fok"))
    assert takes or not terms.candle_fill, "rule 36: of what rests, or is held, that is an error"


def is_early(order: Order, now: int) -> bool:
    """Rule 35: it is held back."""
    return order.terms.good_after is not None and now < order.terms.good_after


def is_over(order: Order, now: int) -> bool:
    """Rule 35: the time that it is good till has come."""
    return order.terms.good_till is not None and now >= order.terms.good_till


def is_late(order: Order, now: int) -> bool:
    """Rule 35: the time of one that ends at once has gone by."""
    return order.terms.good_after is not None and now > order.terms.good_after and order.tif != "gtc"
