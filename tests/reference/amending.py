"""Orders that are amended: rule 33. What the venue makes of an amend."""

from __future__ import annotations

from functools import partial

from . import mishaps
from .amend import Amend
from .latency import AMEND
from .offer import Offer
from .order import ENDS, Match, Order, Report
from .venue import Venue


def arrive(venue: Venue, order: Order, amend: Amend, now: int) -> None:
    """Class 7: it waits for what the order has met, and for amends of it that wait."""
    if mishaps.befalls(venue.spec.faults, AMEND, order.number, now):
        lost = Report(order.number, now, "amend_error", reason="lost", amend=amend.number, lost=True)
        venue.send(lost)
    elif order.matched or order.amends_waiting:
        wait(venue, order, amend, now)
    else:
        meet(venue, order, amend, now, force=False)


def wait(venue: Venue, order: Order, amend: Amend, now: int) -> None:
    """Rule 17: until all else of this time is settled."""
    venue.stage = 7
    order.amends_waiting += 1
    venue.note_match(Match(order, ENDS, partial(retry, venue, order, amend, now)), now)


def retry(venue: Venue, order: Order, amend: Amend, now: int, _: bool) -> bool:
    order.amends_waiting -= 1
    meet(venue, order, amend, now, force=True)
    return True


def meet(venue: Venue, order: Order, amend: Amend, now: int, *, force: bool) -> None:
    """All checks in order, then the new terms are in force."""
    venue.stage = 7
    if order in venue.working and 0 < amend.quantity <= order.filled:
        venue.end(order, now, "cancelled", "requested", amend.number)
        return
    before = order.price, order.quantity, order.trigger
    reason = "" if order in venue.working else "order_ended"
    is_active = order.held and not order.trigger.activation
    was_triggered = order.terms.trigger_kind and not (order.held or order.waits or order.held_back)
    if was_triggered and (amend.trigger or amend.gives_distance or amend.activation):
        reason = reason or "no_longer_held"
    if amend.activation and is_active:
        reason = reason or "already_active"
    keeps = keeps_place(order, amend)
    change(order, amend)
    reason = reason or objection(venue, order, now, keeps=keeps)
    short = not reason and is_short(venue, order)
    if reason or short:
        order.price, order.quantity, order.trigger = before
    if short and not force:
        wait(venue, order, amend, now)
    elif reason or short:
        reason = reason or "insufficient_balance"
        venue.send(Report(order.number, now, "amend_error", reason=reason, amend=amend.number))
    else:
        put_in_force(venue, order, amend, now, keeps=keeps)


def keeps_place(order: Order, amend: Amend) -> bool:
    """Whether what it gives changes nothing of what the order's place goes by."""
    if order.waits or order.held_back:
        return True
    if order.held:
        given, own = (amend.trail, amend.trail_rate), (order.trigger.trail, order.trigger.trail_rate)
        stays = amend.trigger in (0, order.trigger.price) and amend.activation in (0, order.trigger.activation)
        return stays and given in ((0, 0), own)
    return amend.price in (0, order.price) and amend.quantity <= order.quantity


def change(order: Order, amend: Amend) -> None:
    """All terms as they would be."""
    order.price, order.quantity = amend.price or order.price, amend.quantity or order.quantity
    order.trigger = order.trigger.amended(amend.trigger, amend.trail, amend.trail_rate, amend.activation)


def objection(venue: Venue, order: Order, now: int, *, keeps: bool) -> str:
    """Rules 17 and 32: minima always, the rest of what arrives anew; nothing of what is not there yet."""
    if order.waits or order.held_back or order.protects:
        return ""
    return order.instrument.too_small(order.quantity, order.price) if keeps else venue.objection(order, now)


def is_short(venue: Venue, order: Order) -> bool:
    """Whether it reserves more than now, and that is not free."""
    if order.held or order.waits or order.held_back or not venue.reserves(order):
        return False
    more = venue.reservation(order) - order.reserved
    return more > 0 and more > venue.accounts[order.pays].free


def put_in_force(venue: Venue, order: Order, amend: Amend, now: int, *, keeps: bool) -> None:
    """The engine is told; an order that does not keep its place arrives at this moment."""
    in_market = not (order.held or order.waits or order.held_back)
    if order.level is not None and order.waits:
        given = amend.trail, amend.trail_rate, amend.activation
        order.level = order.level.amended(amend.price or amend.trigger, *given)
    reserved = order.reserved
    if in_market:
        venue.reserve(order)
    balances = venue.snapshots(order.pays) if order.reserved != reserved else ()
    terms = order.price, order.trigger.price, order.trigger.trail, order.trigger.trail_rate
    told = Report(order.number, now, "amended", balances, quantity=order.quantity, terms=terms, amend=amend.number)
    venue.send(told._replace(activation=amend.activation))
    venue.check()
    if keeps:
        return
    venue.working.remove(order)
    venue.working.append(order)
    order.arrival, order.opens_seen = now, 0
    if in_market:
        order.resting, order.shown, order.shown_in, order.offer = False, 0, None, Offer()
        venue.take(order, now)
    else:
        venue.await_trigger(order, now)
