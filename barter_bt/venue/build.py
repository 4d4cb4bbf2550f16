"""From configuration to the terms of every instrument, and the links to exchanges."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from barter_bt.columns.exact import LIMIT, TOO_LARGE
from barter_bt.engine.agenda import NEVER
from barter_bt.engine.latency import Delays as DelayTable
from barter_bt.engine.messages import Links
from barter_bt.engine.order import CANDLE_FILLS
from barter_bt.engine.terms import CROSS, ISOLATED, RATE, Terms, zero_of
from barter_bt.engine.tiers import BY_TIER, MarginTiers
from barter_bt.errors import ConfigError
from barter_bt.instrument import IndexedInstruments, Scales
from barter_bt.instrument.contract import expiry_ns
from barter_bt.instrument.instrument import Instrument, Number, decimal
from barter_bt.venue.alike import content_of, firsts
from barter_bt.venue.costs import Fees
from barter_bt.venue.delays import Delays
from barter_bt.venue.endings import strike_ticks
from barter_bt.venue.faults import set_faults
from barter_bt.venue.fee_tables import way_to_pay
from barter_bt.venue.margins import Margin
from barter_bt.venue.simulated import refuse_not_simulated
from barter_bt.venue.state import BOOK, CANDLES, QUOTES, TRADES, FillTerms, MarginTerms
from barter_bt.venue.terms import Venue

CANDLE_PATHS = ("pessimistic", "optimistic", "open_high_low_close", "open_low_high_close", "adaptive")
MARKS = ("weighted_mid", "closing", "mid", "last")
CLOSING_WITH_FEE = "closing_with_fee"
EVIDENCE = {"quotes": QUOTES, "trades": TRADES, "candles": CANDLES, "book": BOOK}
QUEUES = ("conservative", "power", "logarithmic", "fifo", "relative_power")
_TAKERS = ("book", "quotes", "trades", "candles")
_TRIGGERS = ("trades", "candles", "quotes")
_LAST = ("trades", "candles")
_MAKERS = ("book", "trades", "quotes", "candles")
_FLOAT_NOISE = 1e-6  # of a step


def _pick(chosen: str, order: tuple[str, ...], has: frozenset[str], name: str, what: str) -> int:
    if chosen == "auto":
        return next((EVIDENCE[kind] for kind in order if kind in has), 0)
    if chosen not in has:
        raise ConfigError(
            f"{what} of {name!r} is {chosen!r}, but the data has no {chosen} of it",
            f"it has: {', '.join(sorted(has)) or 'nothing'}",
        )
    return EVIDENCE[chosen]


# Most instruments share their steps and fees. Typed, for a float equals the decimal of its bits, not of its text.
_shared = lru_cache(typed=True)


@_shared
def _ceil(least: Number | None, step: Decimal) -> int:
    """A minimum in whole steps; beyond the range nothing reaches it."""
    return min(math.ceil(Fraction(decimal(least or 0, "minimum")) / Fraction(step)), TOO_LARGE)


@_shared
def _per_lot(amount: float | None, contracts: Decimal, unit: Decimal) -> tuple[int, int]:
    if not amount:
        return 0, 1
    fraction = Fraction(decimal(amount, "amount per contract")) * Fraction(contracts) / Fraction(unit)
    if max(fraction.numerator, fraction.denominator) > LIMIT:
        raise ConfigError(
            f"an amount per contract of {amount} is {float(fraction):.3g} units of {unit} for a lot of {contracts}, "
            "which is no fraction of int64",
            "give it with fewer digits, or coarser increments",
        )
    return fraction.numerator, fraction.denominator


@_shared
def _rate(rate: Number, what: str) -> int:
    return round(decimal(rate, what) * RATE)


@_shared
def _units(amount: float, unit: Decimal) -> int:
    """An amount of money in whole units, half to even; beyond the range it can never be paid."""
    return min(round(Fraction(decimal(amount, "fee")) / Fraction(unit)), TOO_LARGE)


def _whole(amount: float, unit: Decimal, what: str, key: str) -> int:
    """A fee that is charged, or what fees are rounded to, in units, of which it must be at least one."""
    if decimal(amount, what) < unit:
        raise ConfigError(
            f"a {what} of {key!r} is {amount}, less than a unit of its money, which is {unit}",
            "leave it out, or count money in finer units: units={...}",
        )
    return _units(amount, unit)


@_shared
def _per_unit(step: Decimal) -> float:
    return float(1 / Fraction(step))


def _too_far_apart(index: IndexedInstruments, scales: Scales, i: int, value: Fraction) -> ConfigError:
    """One tick × one lot is so little, or so much, that it is no fraction of int64."""
    key, asset = index.instruments[i].key, index.settlement_assets[i]
    coarser = Decimal(10) ** (len(str(value.denominator)) - 15)
    unit = scales.units[asset] * Decimal(10) ** (len(str(value.numerator)) - 9)
    return ConfigError(
        f"the units of {key!r} are too far apart: a tick of {scales.ticks[i]} × a lot of {scales.lots[i]} is "
        f"{float(value):.3g} units of {scales.units[asset]} {index.asset_names[asset]}",
        f"give a quantity_increment of {(scales.lots[i] * coarser).normalize()}, or a coarser price_increment"
        if value.denominator > LIMIT
        else f"count money in coarser units: units={{{index.asset_names[asset]!r}: {str(unit.normalize())!r}}}",
    )


def _fees_and_margin(venue: Venue, one: Instrument) -> tuple[Fees, Margin]:
    """Those of an instrument, where it has its own."""
    return venue.fees_by_instrument.get(one.name, venue.fees), venue.margin_by_instrument.get(one.name, venue.margin)


def build_terms(index: IndexedInstruments, scales: Scales, venues: Mapping[str, Venue]) -> Terms:
    """Terms of every instrument."""
    terms, tiers, units = Terms(len(index)), 0, scales.units

    def key(i: int, one: Instrument) -> Hashable:
        venue = venues[one.exchange]
        fees, margin = _fees_and_margin(venue, one)
        steps = scales.ticks[i], scales.lots[i], units[index.bases[i]], index.settlement_assets[i]
        return one.exchange, id(fees), id(margin), i if margin.tiers else -1, steps, content_of(one)

    for i, one in firsts(index, key, [terms]):
        venue = venues[one.exchange]
        fees, margin = _fees_and_margin(venue, one)
        refuse_not_simulated(one)
        tick, lot, unit = scales.ticks[i], scales.lots[i], scales.units[index.settlement_assets[i]]
        terms.exchange[i] = index.exchanges.index(one.exchange)
        terms.margined[i] = _how_margined(one, venue, margin)
        _set_worth(terms, i, index, scales)
        _set_fees(terms, i, one, fees, lot, unit)
        _set_margin(terms, i, margin, lot, unit)
        terms.tier_first[i], terms.tier_end[i], tiers = tiers, tiers + len(margin.tiers), tiers + len(margin.tiers)
        _set_bounds(terms, i, one, tick, lot, unit)
        with_fee = venue.mark == CLOSING_WITH_FEE
        terms.mark_by[i] = MARKS.index("closing" if with_fee else venue.mark)
        terms.closing_rate[i] = max(terms.taker_rate[i], 0) if with_fee else 0
    base = terms.array("base")
    base[:] = np.where(base < 0, -1, index.bases)  # the one thing that is each one's own
    return terms


def _set_worth(terms: Terms, i: int, index: IndexedInstruments, scales: Scales) -> None:
    """What a tick and a lot of an instrument are worth, and in which assets."""
    one, tick, lot, value = index.instruments[i], scales.ticks[i], scales.lots[i], scales.value(index, i)
    if max(value.numerator, value.denominator) > LIMIT:
        raise _too_far_apart(index, scales, i, value)
    terms.base[i] = -1 if one.is_derivative else index.bases[i]  # of those that are alike see `build_terms`
    terms.quote[i] = index.settlement_assets[i]
    terms.derivative[i] = -1 if one.is_inverse else int(one.kind in ("perpetual", "future"))
    terms.num[i], terms.den[i] = value.numerator, value.denominator
    terms.den_inverse[i] = 1.0 / value.denominator
    terms.base_units[i] = 0 if one.is_derivative else int(lot / scales.units[terms.base[i]])
    most = terms.base_units[i] if one.is_inverse else max(value.numerator, terms.base_units[i])
    terms.lots_max[i] = -1 if one.price_can_be_negative else LIMIT // max(most, 1)
    terms.contract_size[i] = float(one.contract_size)
    terms.ticks_per_unit[i], terms.lots_per_unit[i] = _per_unit(tick), _per_unit(lot)
    terms.tick_noise[i] = _FLOAT_NOISE if one.price_increment else 1.0
    terms.price_noise[i] = -math.inf if one.price_can_be_negative else terms.tick_noise[i]
    terms.lot_noise[i] = _FLOAT_NOISE if one.quantity_increment else 1.0


def _set_fees(terms: Terms, i: int, one: Instrument, fees: Fees, lot: Decimal, unit: Decimal) -> None:
    terms.maker_rate[i] = _rate(fees.maker, "maker fee")
    terms.taker_rate[i] = _rate(fees.taker, "taker fee")
    terms.lot_fee_num[i], terms.lot_fee_den[i] = _per_lot(fees.per_contract, lot, unit)
    terms.fee_by_order[i] = int(fees.by_order)
    terms.fee_in[i] = way_to_pay(one, fees, terms.margined[i])
    for column, amount in ((terms.order_fee, fees.per_order), (terms.fee_min, fees.minimum)):
        column[i] = _whole(amount, unit, "fee", one.key) if amount else 0
    terms.fee_max_rate[i] = 0 if fees.maximum is None else _rate(fees.maximum, "maximum fee")
    terms.fee_step[i] = 0 if fees.increment is None else _whole(fees.increment, unit, "fee increment", one.key)


def _set_margin(terms: Terms, i: int, margin: Margin, lot: Decimal, unit: Decimal) -> None:
    terms.margin_rate[i] = _rate(margin.rate or 1, "margin rate")
    terms.lot_margin_num[i], terms.lot_margin_den[i] = _per_lot(margin.per_contract, lot, unit)
    if margin.tiers:
        terms.lot_margin_num[i] = BY_TIER


def _set_bounds(terms: Terms, i: int, one: Instrument, tick: Decimal, lot: Decimal, unit: Decimal) -> None:
    """What orders must be at least, which prices there are, and when the instrument ends."""
    terms.quantity_min[i] = max(_ceil(one.quantity_min, lot), 1)
    terms.notional_min[i] = _ceil(one.notional_min, unit)
    terms.zero[i] = zero_of(one)
    terms.price_min[i] = terms.zero[i] + _ceil(one.price_min, tick) if one.price_min is not None else 0
    terms.strike[i] = strike_ticks(one, tick)
    terms.expiry[i] = NEVER if one.expiry is None else expiry_ns(one.expiry, one.name)


def _how_margined(one: Instrument, venue: Venue, margin: Margin) -> int:
    """Cross or isolated; 0 for spot in a cash account."""
    if not one.is_derivative and venue.account == "cash":
        return 0
    if one.kind == "option" and (margin.mode != "cross" or margin.tiers):
        raise ConfigError(
            f"the margin of {one.key!r}, which is an option, is isolated or has tiers; options have neither (rule 64)",
            f"give it terms of its own: margin_by_instrument={{{one.name!r}: Margin(...)}}",
        )
    if margin.mode == "cross":
        return CROSS
    if not one.is_derivative:
        raise ConfigError(
            f"the margin of {one.key!r}, which is spot, has mode 'isolated'; only derivatives are margined alone",
            f"give it terms of its own: margin_by_instrument={{{one.name!r}: Margin(...)}}",
        )
    return ISOLATED


def build_links(index: IndexedInstruments, venues: Mapping[str, Venue]) -> tuple[Links, DelayTable]:
    """The link to each exchange, on which nothing has been sent yet, and delays that are not always the same."""
    links, rows = Links(len(index.exchanges)), list[tuple[int, int]]()
    for e, name in enumerate(index.exchanges):
        latency = venues[name].latency
        links.seed[e] = latency.seed
        for way in ("request", "response"):
            given = getattr(latency, f"{way}_ns")
            if venues[name].faults.any and not isinstance(given, Delays):
                given = Delays.measured([given])  # always as long, but for what goes wrong
            if isinstance(given, Delays):
                getattr(links, f"{way}_form")[e] = given.form
                getattr(links, f"{way}_first")[e], getattr(links, f"{way}_count")[e] = len(rows), len(given.delays)
                rows += zip(given.times or [0] * len(given.delays), given.delays, strict=True)
                given = min(given.delays)
            getattr(links, f"{way}_ns")[e] = given
        links.last_request[e] = links.last_report[e] = -NEVER
        set_faults(links, e, venues[name].faults)
    delays = DelayTable(len(rows))
    for row, (time, ns) in enumerate(rows):
        delays.time[row], delays.ns[row] = time, ns
    return links, delays


def build_fill_terms(
    index: IndexedInstruments, venues: Mapping[str, Venue], evidence: Mapping[int, frozenset[str]]
) -> FillTerms:
    """What fills the orders of every instrument; ``evidence`` names the kinds of streams that each has."""
    terms = FillTerms(len(index))

    def key(i: int, one: Instrument) -> Hashable:
        slippage = venues[one.exchange].slippage_by_instrument.get(one.name, venues[one.exchange].slippage)
        return one.exchange, evidence.get(i), id(slippage), one.price_increment is None

    for i, one in firsts(index, key, [terms]):
        venue, has = venues[one.exchange], evidence.get(i, frozenset())
        taking = _pick(venue.taker_fills_on, _TAKERS, has, one.key, "taker_fills_on")
        terms.on_book[i], terms.taker_fills_on[i] = int(taking == BOOK), QUOTES if taking == BOOK else taking
        terms.maker_fills_on[i] = _pick(venue.maker_fills_on, _MAKERS, has, one.key, "maker_fills_on")
        terms.triggers_on[i] = _pick(venue.triggers_on, _TRIGGERS, has, one.key, "triggers_on")
        terms.last_on[i] = _pick("auto", _LAST, has, one.key, "")
        terms.quotes_on[i] = QUOTES if "quotes" in has else 0
        _refuse_on_book(venue, one, BOOK in (taking, terms.maker_fills_on[i]))
        if terms.maker_fills_on[i] == BOOK:
            _refuse_fifo(venue, one, has)
        terms.queue[i], terms.queue_power[i] = QUEUES.index(venue.queue), venue.queue_power or 0
        terms.touch[i] = int(venue.limit_fill == "touch")
        terms.max_age[i] = venue.max_age_ns
        terms.fills_locked[i] = int(venue.locked_quotes == "fill")
        terms.fills_beyond[i] = int(_goes_beyond(venue, one))
        terms.candle_fill[i] = CANDLE_FILLS.index(venue.candle_fill)
        terms.candle_path[i] = CANDLE_PATHS.index(venue.candle_path)
        terms.participation[i] = 0 if venue.participation is None else _rate(venue.participation, "participation")
        slippage = venue.slippage_by_instrument.get(one.name, venue.slippage)
        if slippage.ticks and one.price_increment is None:
            raise ConfigError(
                f"slippage of {slippage.ticks} ticks for {one.key!r}, whose tick is not declared",
                'give it a price_increment, or a rate: Slippage(rate="0.05%")',
            )
        terms.slip_ticks[i], terms.slip_rate[i] = slippage.ticks, _rate(slippage.rate, "slippage rate")
        terms.slip_by_candle[i] = int(slippage.by_candle)
        terms.slips[i] = int(slippage.ticks > 0 or terms.slip_rate[i] > 0 or slippage.by_candle)
        terms.range_share[i], terms.volume_share[i] = slippage.range_share, slippage.volume_share
        terms.impact[i] = slippage.impact
    return terms


def never_filled(terms: FillTerms) -> npt.NDArray[np.bool_]:
    """Instruments of which the venue sees no stream: it takes their orders, and fills none."""
    found: npt.NDArray[np.bool_] = (terms.array("taker_fills_on") == 0) & (terms.array("maker_fills_on") == 0)
    return found


def _refuse_on_book(venue: Venue, one: Instrument, on_book: bool) -> None:
    """Bounds on what one quote gives, and all beyond it, are no terms of a book, which has levels (rule 90)."""
    if on_book and (venue.participation is not None or venue.beyond_size != "wait"):
        name = "participation" if venue.participation is not None else "beyond_size"
        raise ConfigError(
            f"{name} of {one.exchange!r} is {getattr(venue, name)!r}, and orders of {one.key!r} fill on its book",
            'leave it out, or let them fill on "quotes"',
        )


def _refuse_fifo(venue: Venue, one: Instrument, has: frozenset[str]) -> None:
    """Exact places need a book by order (rule 94)."""
    if venue.queue == "fifo" and "book_orders" not in has:
        raise ConfigError(
            f"queue of {one.exchange!r} is 'fifo', and the book of {one.key!r} is by price, which tells nobody's place",
            "give its orders by id, with data.book_orders, or choose another queue",
        )


def _goes_beyond(venue: Venue, one: Instrument) -> bool:
    """Whether what a quote has not enough for fills one tick worse (rule 14)."""
    if venue.beyond_size == "wait":
        return False
    if one.price_increment is None:
        raise ConfigError(
            f"beyond_size is 'one_tick_worse' for {one.key!r}, whose tick is not declared",
            "give it a price_increment",
        )
    return True


def build_margin_terms(index: IndexedInstruments, scales: Scales, venues: Mapping[str, Venue]) -> MarginTerms:
    """What positions of every instrument need as long as they are held, and how they end."""
    terms = MarginTerms(len(index))

    def key(i: int, one: Instrument) -> Hashable:
        _, margin = _fees_and_margin(venues[one.exchange], one)
        return one.exchange, id(margin), scales.lots[i], index.settlement_assets[i], one.is_derivative

    for i, one in firsts(index, key, [terms]):
        venue, lot = venues[one.exchange], scales.lots[i]
        margin, unit = venue.margin_by_instrument.get(one.name, venue.margin), scales.units[index.settlement_assets[i]]
        highest = margin.tiers[-1].maintenance if margin.tiers else margin.maintenance
        terms.maintenance_rate[i] = _rate(highest or 0, "maintenance margin")
        given = highest is not None or margin.maintenance_per_contract is not None
        terms.liquidates[i] = int(one.is_derivative or (venue.account == "margin" and given))
        terms.lot_maintenance_num[i], terms.lot_maintenance_den[i] = _per_lot(
            margin.maintenance_per_contract, lot, unit
        )
        if margin.tiers:
            terms.lot_maintenance_num[i] = BY_TIER
        terms.steps[i] = int(margin.liquidation == "by_tier")
        terms.liquidation_rate[i] = _rate(margin.liquidation_fee, "liquidation fee")
    return terms


def build_tiers(index: IndexedInstruments, scales: Scales, venues: Mapping[str, Venue]) -> MarginTiers:
    """Tiers of every instrument that has any, in index order (rule 71)."""
    rows: list[tuple[int, int, int, int]] = []
    for i, one in enumerate(index.instruments):
        venue = venues[one.exchange]
        margin, unit = venue.margin_by_instrument.get(one.name, venue.margin), scales.units[index.settlement_assets[i]]
        before, exact, kept = 0, 0, 0
        for tier in margin.tiers:
            bound = LIMIT if tier.up_to is None else _units(tier.up_to, unit)
            if not before < bound <= LIMIT:
                raise ConfigError(
                    f"a tier of the margin of {one.key!r} goes up to {tier.up_to}, which is {bound} units of {unit}",
                    "bounds go up, by a unit at least; count money in other units: units={...}",
                )
            rate, maintenance = _rate(tier.rate, "margin rate"), _rate(tier.maintenance, "maintenance margin")
            exact, kept = exact + before * (maintenance - kept), maintenance
            rows.append((bound, rate, maintenance, round(Fraction(exact, RATE))))
            before = bound
    tiers = MarginTiers(len(rows))
    for name, values in zip(MarginTiers.schema, zip(*rows, strict=True), strict=False):
        tiers.array(name)[:] = values
    return tiers
