"""What ends: spot that is delisted, options, their exercise and physical delivery; rules 46, 64 and 65."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from .flows import Flow
from .model import LIMIT, Fill, Instrument, World, checked, exact, fill_position, rhe
from .money import Money
from .order import RELEASES, Match, Order, Report, Terms

if TYPE_CHECKING:
    from .venue import Venue


class Exercise(Terms):
    """What a request to exercise says."""

    @property
    def kind(self) -> str:
        return "exercise"


EXERCISE = Exercise(tif="ioc", reduce_only=True)


def close_ended(venue: Venue, item: Instrument, now: int) -> bool:
    """Rule 46: right behind its orders the position is closed; whether there was anything to close."""
    position = venue.positions.get(item.index)
    if position is None:
        return False
    lots = position.quantity
    if item.spot and venue.spec.account == "cash":
        lots = min(lots, venue.accounts[item.base].total // item.held(1)) if position.side > 0 else 0
    if lots <= 0:
        return False
    if item.option:
        ticks, reason = exercised(venue, item, now)
    else:
        ticks, reason = price_at_end(venue, item), "delisting" if item.spot else "settlement"
        of = underlying_of(venue.world, item)
        if item.spec.physical and of and deliver(venue, item, delivery_price(item, of, ticks), lots, "delivery", now):
            reason = "delivery"
    venue.close(item, ticks, 0, reason, now, lots)
    return True


def price_at_end(money: Money, item: Instrument) -> int:
    """Of what is no option: the one that is given, else the venue's mark."""
    given = item.spec.settlement_price
    return money.marks[item.index] if given is None else item.ticks_of(given)


def remains(money: Money, item: Instrument, reporting: str, now: int) -> list[Flow]:
    """Rule 46: what is paid for what the account has left of a base asset that nothing else trades."""
    total, unit, quote = money.accounts[item.base].total, money.world.units[item.base], money.world.units[item.quote]
    others = (one for one in money.world.instruments if one is not item and one.spec.exchange == item.spec.exchange)
    shared = any(item.spec.base in (one.spec.base, one.spec.quote, one.spec.money) for one in others)
    priced = item.spec.settlement_price is not None or item.index in money.marks
    if total == 0 or not priced or shared or item.spec.base == reporting:
        return []
    amount = rhe(Fraction(abs(total) * price_at_end(money, item)) * item.ratio / item.base_units)
    amount = amount if total > 0 else -amount
    return [
        Flow("delisting", now, item, item.base, -total * unit, "delisting"),
        Flow("delisting", now, item, item.quote, amount * quote, "delisting"),
    ]


# Options


def underlying_of(world: World, item: Instrument) -> Instrument | None:
    """The instrument of the run that it is on, if there is one."""
    found = (one for one in world.instruments if one.spec.exchange == item.spec.exchange)
    return next((one for one in found if one.spec.name == item.spec.underlying), None)


def mark_of_underlying(money: Money, item: Instrument) -> int | None:
    """Rule 64: S by the venue's mark, in ticks of the option."""
    of = underlying_of(money.world, item)
    mark = money.marks.get(of.index) if of else None
    return None if of is None or mark is None else rhe(mark * of.tick / item.tick)


def gain_of(item: Instrument, price: int) -> int:
    """Rule 64: X, by how many ticks it is in the money."""
    return price - item.strike if item.spec.right == "call" else item.strike - price


def exercised(venue: Venue, item: Instrument, now: int) -> tuple[int, str]:
    """Rule 64: at which price an option's position is closed at expiry, and why; what is delivered comes before."""
    given, position = item.spec.settlement_price, venue.positions[item.index]
    price = mark_of_underlying(venue, item) if given is None else rhe(exact(given) / item.tick)
    if price is None:
        return venue.marks[item.index], "settlement"
    gain, reason = gain_of(item, price), "exercise" if position.side > 0 else "assignment"
    if gain < 1:
        return 0, "expiry"
    return (0 if delivers_strike(venue, item, position.quantity, reason, now) else gain), reason


def delivers_strike(venue: Venue, item: Instrument, lots: int, reason: str, now: int) -> bool:
    """Rule 64: whether so many lots of an option's position deliver, at the strike."""
    of = underlying_of(venue.world, item)
    if not item.spec.physical or of is None:
        return False
    price = exact(item.spec.strike or "") / of.tick
    assert price.denominator == 1, "rule 65: it is refused"
    return deliver(venue, item, int(price), lots, reason, now)


def refusal(venue: Venue, order: Order, now: int) -> str:
    """Rule 64: why a request to exercise is rejected; empty if it is not."""
    item, position = order.instrument, venue.positions.get(order.instrument.index)
    if item.has_expired(now):
        return "expired"
    if not (item.option and item.spec.american):
        return "not_american"
    if reason := item.too_small(order.quantity, 0):
        return reason
    if position is None or position.side < 0:
        return "reduce_only"
    price = mark_of_underlying(venue, item)
    if price is None:
        return "no_price"
    return "not_in_the_money" if gain_of(item, price) < 1 else ""


def exercise(venue: Venue, order: Order, now: int) -> None:
    """Rule 64: acknowledged and filled at once, or rejected; margins are looked at behind the requests of its time."""
    if reason := refusal(venue, order, now):
        venue.end(order, now, "rejected", reason)
        return
    item = order.instrument
    price = mark_of_underlying(venue, item)
    assert price is not None, "it is not refused"
    lots = min(order.quantity, venue.positions[item.index].quantity)
    venue.accept(order, now)
    ticks = 0 if delivers_strike(venue, item, lots, "exercise", now) else gain_of(item, price)
    venue.fill_exercise(order, lots, ticks, now)
    venue.note_match(Match(order, RELEASES, lambda _: True), now)  # rule 43


def assign(venue: Venue, flow: Flow, now: int) -> None:
    """Rule 81: of so many contracts, as far as the position is short, if it is in the money."""
    item = flow.instrument
    assert item is not None
    position, price = venue.positions.get(item.index), mark_of_underlying(venue, item)
    if position is None or position.side > 0 or price is None or gain_of(item, price) < 1:
        return
    lots = min(item.lots_of(float(flow.number)), position.quantity)
    ticks = 0 if delivers_strike(venue, item, lots, "assignment", now) else gain_of(item, price)
    venue.close(item, ticks, 0, "assignment", now, lots)
    if item.index not in venue.positions:
        venue.end_reductions(item, 1, now)


# Delivery


def delivery_price(item: Instrument, of: Instrument, ticks: int) -> int:
    """Rule 65: of a future at this price, in ticks of the underlying."""
    return max(rhe(ticks * item.tick / of.tick), 1)


def deliver(venue: Venue, item: Instrument, ticks: int, lots: int, reason: str, now: int) -> bool:
    """Rule 65: buy or sell the underlying of so many lots of a position, unless it cannot be delivered."""
    of, position = underlying_of(venue.world, item), venue.positions[item.index]
    assert of is not None, "it is refused"
    ratio = item.lot * exact(item.spec.contract_size) / (of.lot * exact(of.spec.contract_size))
    assert ratio.denominator == 1, "rule 65: it is refused"
    side = -position.side if item.option and item.spec.right == "put" else position.side
    delivered = lots * int(ratio)
    fill = Fill(side, delivered, ticks, of.notional(delivered, ticks), 0, False)
    if not can_deliver(venue, of, fill, now):
        return False
    venue.book_delivery(of, fill, reason, now)
    return True


def can_deliver(money: Money, of: Instrument, fill: Fill, now: int) -> bool:
    """Rule 65: whether it has not expired, stays within the range, and can be paid."""
    if of.has_expired(now) or fill.notional > LIMIT:
        return False
    try:
        checked(fill_position(money.positions.get(of.index), of, fill))
    except OverflowError:
        return False
    if money.is_margined(of):
        return money.has_margin(of, fill)
    if fill.side > 0:
        return fill.notional <= money.accounts[of.quote].free
    return of.held(fill.lots) <= money.accounts[of.base].free


def told_of(instrument: Instrument, fill: Fill, reason: str, now: int, money: Money) -> Report:
    """Rule 43: as of a fill, of an order that the engine numbers."""
    told = Report(-1, now, "fill", money.balances_of(instrument), fill, "filled", reason, fill.lots)
    return told._replace(instrument=instrument.index)
