"""A scenario whose assets are counted in tens or tenths of what they were: every journal has the same integers.

What is an amount of an asset grows by its power of ten, a price by that of its quote less that of its base; contracts,
rates and times stay. Units are given (rule 1), so that they grow, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from barter_bt.testing.scenario import Conditions, InstrumentSpec, Row, Scenario, StreamSpec
from barter_bt.testing.scenario.numbers import plain
from barter_bt.testing.scenario.shift import changed
from barter_bt.testing.scenario.spec import conditions_of

NAME = {"trades": 2, "quotes": 2, "candles": 3, "book": 2, "book_orders": 2}
PRICES = {"trades": (3,), "quotes": (3, 5), "candles": (4, 5, 6, 7), "book": (4,), "book_orders": (6,)}
AMOUNTS = {"trades": (4,), "quotes": (4, 6), "candles": (8,), "book": (5,), "book_orders": (7,)}
OF_PRICE = ("stop", "if_touched", "trailing", "activation")
PROTECTS = ("stop_loss", "take_profit", "trailing_stop", "trailing_activation")


class Denomination:
    """Powers of ten by asset.

    Parameters
    ----------
    powers
        By name of the asset: equal names convert one to one (rule 24).
    scenario
        Whose amounts they are of.
    """

    def __init__(self, powers: Mapping[str, int], scenario: Scenario) -> None:
        self._powers, self._scenario = powers, scenario
        self._items = {item.name: item for item in scenario.instruments}

    def price(self, item: InstrumentSpec) -> int:
        """The power of a price."""
        return self._powers[item.quote] - self._powers[item.base]

    def quantity(self, item: InstrumentSpec) -> int:
        """That of a quantity: contracts stay as many."""
        return self._powers[item.base] if item.kind == "spot" else 0

    def money(self, item: InstrumentSpec) -> int:
        """That of what it costs."""
        return self._powers[item.money]

    def of(self, asset: str) -> int:
        """That of an asset."""
        return self._powers[asset]

    def item(self, item: InstrumentSpec) -> InstrumentSpec:
        """An instrument and its terms."""
        price, quantity, money = self.price(item), self.quantity(item), self.money(item)
        size = {"spot": 0, "inverse": self._powers[item.quote]}.get(item.kind, self._powers[item.base])
        tiers = item.fee_tiers
        if tiers is not None:
            of = self._powers[tiers[1]]
            levels = tuple((_text(volume, of), maker, taker) for volume, maker, taker in tiers[0])
            tiers = (levels, *tiers[1:4], _text(tiers[4], of))
        return replace(
            item,
            tick=_text(item.tick, price),
            lot=_text(item.lot, quantity),
            contract_size=_text(item.contract_size, size),
            quantity_min=_text(item.quantity_min, quantity),
            notional_min=_text(item.notional_min, money),
            price_min=_text(item.price_min, price),
            per_contract=_text(item.per_contract, money - quantity),
            margin_per_contract=_text(item.margin_per_contract, money - quantity),
            maintenance_per_contract=_text(item.maintenance_per_contract, money - quantity),
            per_order=_text(item.per_order, money),
            fee_minimum=_text(item.fee_minimum, money),
            fee_increment=_text(item.fee_increment, money),
            settlement_price=_text(item.settlement_price, price),
            strike=_text(item.strike, price),
            tiers=tuple((_text(up_to, money), rate, kept) for up_to, rate, kept in item.tiers),
            fee_tiers=tiers,
        )

    def stream(self, one: StreamSpec) -> StreamSpec:
        """Market events."""
        rows = []
        for row in one.rows:
            item = self._items[row[NAME[one.kind]]]
            cells = {k: _number(row[k], self.price(item)) for k in PRICES[one.kind]}
            rows.append(changed(row, cells | {k: _number(row[k], self.quantity(item)) for k in AMOUNTS[one.kind]}))
        return replace(one, rows=tuple(rows))

    def row(self, row: Row) -> Row:
        """A row of the schedule."""
        kind, schedule = row[0], self._scenario.schedule
        item = self._items[schedule[row[2]][2] if kind in ("cancel", "amend") else row[2]]
        price, quantity, money = self.price(item), self.quantity(item), self.money(item)
        powers: dict[int, int] = {}
        if kind == "open":
            powers = {3: quantity, 4: price}
        elif kind == "amend":
            powers = {3: price, 4: quantity, 5: price, 6: price}
        elif kind == "target":
            powers = {3: {"units": quantity, "notional": money}.get(self._scenario.size, 0)}
        elif kind == "exercise":
            powers = {3: quantity}
        elif kind == "margin":
            powers = {3: money}
        row = changed(row, {place: _number(row[place], power) for place, power in powers.items()})
        if isinstance(row[-1], Conditions):
            row = (*row[:-1], self._conditions(conditions_of(row), price))
        return row

    def _conditions(self, terms: Conditions, price: int) -> Conditions:
        protects = 0 if self._scenario.protect_by == "fraction" else price
        powers = dict.fromkeys(OF_PRICE, price) | dict.fromkeys(PROTECTS, protects)
        found: dict[str, Any] = {name: _number(getattr(terms, name), power) for name, power in powers.items()}
        if terms.entry is not None:
            power = 0 if self._scenario.price_by == "fraction" else price
            names = ("limit", "stop")
            found["entry"] = replace(
                terms.entry, **{name: _number(getattr(terms.entry, name), power) for name in names}
            )
        return replace(terms, **found)

    def flow(self, row: Row) -> Row:
        """A cash flow."""
        if row[0] in ("cash", "deposit"):
            return changed(row, {4: _number(row[4], self._powers[row[3]])})
        if row[0] in ("interest", "borrow", "funding", "split", "assignment"):
            return row
        item = self._items[row[2]]
        return changed(row, {3: _number(row[3], self.money(item) if row[0] == "margin" else self.price(item))})


def redenominated(scenario: Scenario, powers: Mapping[str, int], units: Mapping[tuple[str, str], str]) -> Scenario:
    """The scenario in other denominations, with units by exchange and asset that are those given, in the new ones."""
    by = Denomination(powers, scenario)
    return replace(
        scenario,
        instruments=tuple(map(by.item, scenario.instruments)),
        streams=tuple(map(by.stream, scenario.streams)),
        schedule=tuple(map(by.row, scenario.schedule)),
        cash_flows=tuple(map(by.flow, scenario.cash_flows)),
        balances=tuple((one, asset, _text(amount, by.of(asset))) for one, asset, amount in scenario.balances),
        units=tuple((*key, _text(unit, by.of(key[1]))) for key, unit in units.items()),
        rates=tuple(
            (base, quote, tuple((time, _text(rate, by.of(quote) - by.of(base))) for time, rate in rows))
            for base, quote, rows in scenario.rates
        ),
    )


def _text(value: Any, power: int) -> Any:
    return None if value is None else plain(Decimal(value).scaleb(power))


def _number(value: Any, power: int) -> Any:
    return None if value is None else float(Decimal(repr(value)).scaleb(power))
