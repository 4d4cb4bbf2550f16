"""Limits that every order is held against before it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from functools import partial
from typing import Any, cast

import numpy as np

from barter_bt.columns.exact import LIMIT
from barter_bt.data.duration import duration_ns
from barter_bt.engine.agenda import NEVER
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.terms import RATE
from barter_bt.errors import ConfigError, InstrumentError, nearest
from barter_bt.instrument import IndexedInstruments, Scales
from barter_bt.instrument.number import Number, decimal, fraction

_AMOUNTS = ("order_quantity", "order_notional", "position_quantity", "position_notional", "exposure", "daily_loss")
_FRACTIONS = ("price_band", "leverage", "drawdown")
_OF_THE_ACCOUNT = ("exposure", "leverage", "drawdown", "daily_loss", "by_instrument")
_MOST_TIMES = 1_000_000  # orders whose times one order rate may have to remember
_LONGEST_WINDOW_NS = 100 * 366 * 86_400_000_000_000


@dataclass(frozen=True)
class Limits:
    """Hold every order against limits: it is approved, made smaller, or refused.

    A refused order stands in ``orders`` with status ``refused`` and a reason, and is never sent. Limits are looked at
    in a fixed order, and the first that is violated is the reason: ``price_band``, ``open_orders``, ``order_rate``,
    ``order_quantity``, ``order_notional``, ``position_quantity``, ``position_notional``, ``exposure``, ``leverage``.

    Working orders (sent and not known to be closed, so also those in flight and those being cancelled) count as if
    they filled: those of one side, as if those of the other never did. The price of an instrument is that of rule 6;
    a limit that needs one refuses with ``no_price`` while there is none. An order that does not take the position
    further from zero, working orders of its side included, is never refused by the limits on positions, exposure and
    leverage; one that leaves the largest position that working orders may lead to as it is, not by the last two.
    Orders of commands and hooks bypass all limits (rule 22), and count in them.

    Parameters
    ----------
    order_quantity
        Largest quantity of one order. Reason ``order_quantity_limit``.
    order_notional
        Largest notional of one order in quote, at its limit price, or at the market's for a market order.
        Reason ``order_notional_limit``.
    position_quantity
        Largest quantity, long or short, of the position after the order and all working orders of its side.
        Reason ``position_limit``.
    position_notional
        Largest notional in quote of that same position, at the market's price when the order is sent: a price that
        moves later refuses nothing but what would add to the position. Reason ``position_notional_limit``.
    open_orders
        Most working orders, the new one included: of the whole account, or in ``by_instrument`` of the instrument
        (both hold). An order that will fill at once is no exception. Reason ``open_orders_limit``.
    order_rate
        Number and length of time, such as ``(10, "1s")``: at most so many orders sent within so long, on the engine's
        clock; of the whole account, or in ``by_instrument`` of the instrument (both hold). Cancels and refused orders
        do not count. One sent exactly that long ago does not count any more. Reason ``order_rate_limit``.
    price_band
        Fraction, or text such as ``"5%"``: how far a limit price may lie from the market's, above it to buy and below
        it to sell. Prices on the other side, and market orders, are not held against it. Reason ``price_band``.
    exposure
        Largest gross exposure of the account in the reporting asset: the sum over instruments of the notional, at the
        market's price, of the largest position that its working orders may lead to. Starting balances are no
        position. Reason ``exposure_limit``.
    leverage
        Largest gross exposure as a multiple of the equity (0 where that is negative). Reason ``leverage_limit``.
    drawdown
        Stop: a fraction. Where the equity falls further below its highest mark, trading is disabled, every order is
        cancelled and every position with a price closed (rule 27).
    daily_loss
        The same for an amount of the reporting asset, against the equity that the UTC day began with: the last mark up
        to its midnight.
    resize
        Send an order that is too large with the most that violates no limit instead; ``quantity_requested`` keeps what
        was asked for. It is refused where nothing would be left, and by limits that know no size. Off if not given.
    by_instrument
        Limits of single instruments by name, as ``Limits`` or as a mapping of its parameters. What is given there
        takes the place of what is given here, what is left out stays; limits of the account cannot be given.

    Raises
    ------
    ConfigError
        A limit is not a positive, finite number, or is given where it cannot be.

    Examples
    --------
    >>> limits = Limits(order_quantity=5, order_rate=(10, "1s"), by_instrument={"btc_usd": {"order_quantity": 1}})
    >>> limits.by_instrument["btc_usd"].order_quantity
    1
    >>> Limits(price_band=-0.05)
    Traceback (most recent call last):
    barter_bt.errors.ConfigError: price_band is -0.05; a limit must be positive
    Hint: leave it out for no limit
    """

    order_quantity: Number | None = None
    order_notional: Number | None = None
    position_quantity: Number | None = None
    position_notional: Number | None = None
    open_orders: int | None = None
    order_rate: tuple[int, str | int] | None = None
    price_band: Number | None = None
    exposure: Number | None = None
    leverage: Number | None = None
    drawdown: Number | None = None
    daily_loss: Number | None = None
    resize: bool | None = None
    by_instrument: Mapping[str, Limits] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in _FRACTIONS:
            if isinstance(getattr(self, name), str):
                object.__setattr__(self, name, fraction(getattr(self, name), name))
        for name in (*_AMOUNTS, *_FRACTIONS):
            _amount(getattr(self, name), name)
        if self.drawdown is not None and decimal(self.drawdown, "drawdown") > 1:
            raise ConfigError(
                f"drawdown is {self.drawdown}; a fall from the peak is a fraction, above 0 to 1", "50 % is 0.5"
            )
        if self.open_orders is not None:
            _count(self.open_orders, "open_orders")
        if any(_rate(self.order_rate)):
            object.__setattr__(self, "order_rate", tuple(self.order_rate or ()))  # a list from a file
        if self.resize not in (None, True, False):
            raise ConfigError(f"resize is {self.resize!r}; allowed: True, False")
        if not isinstance(self.by_instrument, Mapping):
            raise ConfigError(
                f"by_instrument is {type(self.by_instrument).__name__}; it must be a mapping of names to limits"
            )
        own = {name: _of_instrument(name, limits) for name, limits in self.by_instrument.items()}
        object.__setattr__(self, "by_instrument", own)

    @property
    def is_idle(self) -> bool:
        """Whether no order is ever held against anything, and no loss ends the trading."""
        given = [each.name for each in fields(self) if each.name not in ("resize", "by_instrument")]
        own = self.by_instrument.values()
        return all(getattr(self, name) is None for name in given) and all(each.is_idle for each in own)

    def apply(self, state: EngineState, index: IndexedInstruments, scales: Scales) -> None:
        """Write the limits into the state's tables, in lots and units.

        Raises
        ------
        InstrumentError
            An instrument is unknown.
        ConfigError
            A limit is less than one step of what it limits, or an instrument is named twice.
        """
        own = self._own(index)
        for i in range(len(index)):
            _apply_counts(state, i, own.get(i, Limits()))
        _apply_counts(state, len(index), self)
        self.apply_amounts(state, index, scales)

    def apply_amounts(
        self, state: EngineState, index: IndexedInstruments, scales: Scales, *, again: bool = False
    ) -> None:
        """Write all but the limits on numbers of orders; ``again`` where a unit has changed: one of it is the least."""
        own, rows, account = self._own(index), state.limits, len(index)
        whole = partial(_whole, least=int(again))
        for i in range(len(index)):
            limits = self._over(own.get(i, Limits()))
            lot, unit = scales.lots[i], scales.units[index.settlement_assets[i]]
            rows.order_quantity[i] = whole(limits.order_quantity, lot, "order_quantity")
            rows.order_notional[i] = whole(limits.order_notional, unit, "order_notional")
            rows.position_quantity[i] = whole(limits.position_quantity, lot, "position_quantity")
            rows.position_notional[i] = whole(limits.position_notional, unit, "position_notional")
            rows.price_band[i] = whole(limits.price_band, _FRACTION, "price_band")
            rows.resize[i] = int(bool(limits.resize))
        reporting = scales.units[state.engine.reporting[0]]
        rows.exposure[account] = whole(self.exposure, reporting, "exposure")
        rows.leverage[account] = whole(self.leverage, _FRACTION, "leverage")
        state.risk.active[0] = 1
        state.risk.drawdown[0] = whole(self.drawdown, _FRACTION, "drawdown")
        state.risk.daily_loss[0] = whole(self.daily_loss, reporting, "daily_loss")
        state.risk.stops[0] = int(state.risk.drawdown[0] > 0 or state.risk.daily_loss[0] > 0)

    def _own(self, index: IndexedInstruments) -> dict[int, Limits]:
        """Limits of single instruments, by index."""
        own: dict[int, Limits] = {}
        for name, limits in self.by_instrument.items():
            i = index.instrument(name)
            if i in own:
                raise ConfigError(f"by_instrument names {index.names[i]!r} twice", "give its limits in one place")
            own[i] = limits
        return own

    def _over(self, own: Limits) -> Limits:
        """These limits with those of one instrument in their place."""
        given = {each.name: getattr(own, each.name) for each in fields(own) if each.name != "by_instrument"}
        return replace(self, **{name: value for name, value in given.items() if value is not None})


_FRACTION = Decimal(1) / RATE


def limits_of(given: Any, where: str) -> Limits:
    """Limits, or a mapping of their parameters, as a configuration file gives it.

    Examples
    --------
    >>> limits_of({"order_quantity": 5, "drawdown": "20%"}, "risk").drawdown
    Decimal('0.20')
    """
    if isinstance(given, Limits):
        return given
    if not isinstance(given, Mapping):
        raise ConfigError(
            f"{where} is {given!r:.60}; it must be Limits or a mapping of its parameters", "Limits(order_quantity=5)"
        )
    known = [each.name for each in fields(Limits)]
    for key in given:
        if key not in known:
            guess = nearest(str(key), known)
            raise ConfigError(
                f"{where}: {key!r} is not known; known: {', '.join(known)}",
                f"did you mean {guess!r}?" if guess else None,
            )
    try:
        return Limits(**given)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error.message}", error.hint) from error


def _of_instrument(name: str, given: Limits | Mapping[str, Any]) -> Limits:
    where = f"by_instrument of {name!r}"
    limits = limits_of(given, where)
    for key in _OF_THE_ACCOUNT:
        if getattr(limits, key):
            raise ConfigError(f"{where} has {key}, which limits the whole account", "give it beside by_instrument")
    return limits


def _apply_counts(state: EngineState, row: int, limits: Limits) -> None:
    """Limits on numbers of orders, with a ring of the times at which the last were sent."""
    state.limits.open_orders[row] = min(limits.open_orders or 0, LIMIT)
    count, window = _rate(limits.order_rate)
    state.limits.order_rate[row], state.limits.order_window[row] = count, window
    if count > 0:
        state.limits.point("sent", row, np.full(count, -NEVER, np.int64))


def _amount(value: Number | None, what: str) -> Decimal:
    """A positive, finite number; 0 for None."""
    if value is None:
        return Decimal(0)
    try:
        amount = decimal(value, what)
    except InstrumentError as error:
        raise ConfigError(error.message, error.hint) from error
    if amount <= 0:
        raise ConfigError(f"{what} is {value}; a limit must be positive", "leave it out for no limit")
    return amount


def _count(value: object, what: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ConfigError(f"{what} is {value!r}; it must be a positive whole number", "leave it out for no limit")
    return value


def _rate(given: object) -> tuple[int, int]:
    """Orders and nanoseconds; zeros for None."""
    if given is None:
        return 0, 0
    if isinstance(given, str) or not isinstance(given, Sequence) or len(given) != 2:
        raise ConfigError(f"order_rate is {given!r}", 'write orders and a length of time, such as (10, "1s")')
    count, window = _count(given[0], "order_rate"), duration_ns(cast("str | int", given[1]), "order_rate")
    if not 0 < window <= _LONGEST_WINDOW_NS:
        raise ConfigError(f"order_rate is within {given[1]!r}; allowed: above 0 to 100 years")
    if count > _MOST_TIMES:
        raise ConfigError(f"order_rate is {count} orders; allowed: up to {_MOST_TIMES}", "take a shorter time")
    return count, window


def _whole(limit: Number | None, step: Decimal, what: str, least: int = 0) -> int:
    """The limit in steps, rounded down; beyond the range of amounts it limits nothing more."""
    amount = _amount(limit, what)
    steps = max(int(amount / step), least if amount else 0)
    if steps == 0 and amount:
        raise ConfigError(f"{what} is {limit}, less than one step of {step}: it would refuse everything")
    return min(steps, LIMIT)
