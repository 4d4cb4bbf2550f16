"""What can be traded: kinds, contract terms and the increments that the venue enforces."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from barter_bt.errors import InstrumentError
from barter_bt.instrument.contract import check_contract, expiry_ns
from barter_bt.instrument.exchange import exchange_id
from barter_bt.instrument.negative import NEGATIVE_PRICES, check_negative_prices
from barter_bt.instrument.number import Number, decimal
from barter_bt.instrument.specification import Delivery, Exercise, Kind, OptionKind, QuantityUnit, Specification

__all__ = ["Delivery", "Exercise", "Instrument", "Kind", "Number", "OptionKind", "QuantityUnit", "decimal"]

_POSITIVE = (
    "contract_size",
    "price_increment",
    "quantity_increment",
    "quantity_min",
    "notional_min",
    "price_min",
    "settlement_price",
    "strike",
)


@dataclass(frozen=True)
class Instrument(Specification):
    """One tradable instrument of one exchange.

    Every kind can be declared and indexed. A backtest deals in spot, in perpetuals and futures that are settled in
    their quote or base asset, and in European and American options that are settled in their quote asset, derivatives
    counted in contracts; it refuses the others.

    Parameters
    ----------
    exchange
        Exchange id in snake case, for example ``"binance_spot"``: one of :data:`~barter_bt.instrument.EXCHANGES` or
        your own.
    name
        Canonical name, lower case, unique within the exchange, for example ``"btc_usdt"``.
    base, quote
        Asset names in lower case. By default the two halves of ``name`` at its last underscore.
    kind
        ``"spot"``, ``"perpetual"``, ``"future"`` or ``"option"``.
    contract_size
        Units of the base asset per contract (1 for spot).
    price_increment, quantity_increment
        The tick and the lot, in natural units. ``None``: no grid is declared. Prices are then rounded to 1e-9, finer
        where the data's smallest price asks for it, quantities to 1e-9, coarser where that is worth too little.
    quantity_min, notional_min
        Smallest order that the venue accepts, in lots' natural units and in quote.
    name_exchange
        The exchange's own spelling, verbatim; ``name`` if not given.
    settlement
        Asset in which a derivative is settled, lower case; the quote asset if not given. Spot has none.
    expiry
        End of a future or an option, or when a spot instrument is delisted: a datetime with a zone, its ISO text, or
        nanoseconds since 1970; kept as nanoseconds. An option needs one. From then on nothing of it trades: the
        simulated venue cancels its orders, rejects new ones, passes over its market data, and settles a position (rules
        46, 64 and 65).
    strike, option_kind, exercise
        Of an option: price in quote, ``"call"`` or ``"put"``, ``"american"``, ``"bermudan"`` or ``"european"``.
    price_min
        Lowest limit price that the venue accepts.
    settlement_price
        The price at which positions are settled at the expiry; of an option that of its underlying, of a spot
        instrument what is paid for it when it is delisted, which may be 0. None: the last that the venue has seen.
    quantity_unit
        What an order's quantity counts: ``"asset"`` (units of base, the default of spot), ``"contract"`` (the default
        of the others) or ``"quote"``.
    base_name_exchange, quote_name_exchange, settlement_name_exchange
        The exchange's own spelling of the assets, verbatim; the names if not given.
    underlying
        Of an option, or a future with physical delivery: the name of an instrument of the same exchange. An option
        whose ``settlement_price`` is known needs none.
    delivery
        Of a future or an option: ``"cash"`` (None is cash), or ``"physical"``, by which the underlying is delivered.

    price_can_be_negative
        Whether its price can be 0 or below, as of oil in April 2020, of power and of spreads (rule 76). It is a
        perpetual or a future that is settled in cash, in another asset than its base, with a ``price_increment``.
        Without it such prices are errors.

    Raises
    ------
    InstrumentError
        The instrument is badly specified: the message names the field, the value and what is allowed.

    Examples
    --------
    >>> Instrument("binance_spot", "btc_usdt", price_increment="0.01").quote
    'usdt'
    >>> call = Instrument("deribit", "btc_usd_50k", "btc", "usd", "option", settlement="btc", strike=50_000,
    ...     option_kind="call", exercise="european", expiry="2024-06-28T08:00:00Z", name_exchange="BTC-28JUN24-50000-C")
    >>> call.settlement, call.expiry, call.quantity_unit
    ('btc', 1719561600000000000, 'contract')
    """

    def __post_init__(self) -> None:
        self._set("exchange", exchange_id(self.exchange))
        if self.name != self.name.lower() or not self.name:
            raise InstrumentError(
                f"instrument name {self.name!r} is not lower case", "put the exchange's spelling in name_exchange"
            )
        self._name_assets()
        check_contract(self)
        if self.is_derivative:
            self._set("settlement", self.settlement or self.quote)
        if self.quantity_unit is None:
            self._set("quantity_unit", "contract" if self.is_derivative else "asset")
        if self.expiry is not None:
            self._set("expiry", expiry_ns(self.expiry, self.name))
        for field in _POSITIVE:
            value = getattr(self, field)
            if value is None:
                continue
            amount = decimal(value, f"{field} of {self.name!r}")
            worthless = amount == 0 and field == "settlement_price" and self.kind == "spot"
            of_either_sign = self.price_can_be_negative and field in ("settlement_price", "price_min")
            if amount <= 0 and not (worthless or of_either_sign):
                raise InstrumentError(
                    f"{field} of {self.name!r} is {value}; it must be positive",
                    NEGATIVE_PRICES if field in ("settlement_price", "price_min") else None,
                )
        if self.price_can_be_negative:
            check_negative_prices(self)

    @classmethod
    def option(
        cls,
        exchange: str,
        name: str,
        right: OptionKind,
        strike: Number,
        expiry: datetime | str | int,
        underlying: str | None = None,
        *,
        exercise: Exercise = "european",
        delivery: Delivery = "cash",
        **terms: Any,
    ) -> Instrument:
        """An option: base and quote are by default the two halves of its underlying's name.

        Parameters
        ----------
        exchange, name, strike, expiry, underlying, exercise, delivery
            As of :class:`Instrument`.
        right
            ``"call"``, to buy the underlying at the strike, or ``"put"``, to sell it.
        **terms
            All else of :class:`Instrument`.

        Raises
        ------
        InstrumentError
            As :class:`Instrument`.

        Examples
        --------
        >>> june = "2024-06-21T20:00Z"
        >>> call = Instrument.option("x", "aapl_call_200", "call", 200, june, "aapl_usd", contract_size=100)
        >>> call.base, call.quote, call.option_kind, call.exercise
        ('aapl', 'usd', 'call', 'european')
        """
        base, _, quote = (underlying or "").rpartition("_")
        halves = {"base": base, "quote": quote} if base else {}
        return cls(
            exchange,
            name,
            kind="option",
            strike=strike,
            expiry=expiry,
            option_kind=right,
            exercise=exercise,
            underlying=underlying,
            delivery=delivery,
            **halves | terms,
        )

    def _name_assets(self) -> None:
        head, _, tail = self.name.rpartition("_")
        for field, default in (("base", head or self.name), ("quote", tail if head else "")):
            if not getattr(self, field):
                self._set(field, default)
        if not self.quote:
            raise InstrumentError(f"instrument {self.name!r} has no quote asset", "give base= and quote=")
        if self.base == self.quote:
            raise InstrumentError(f"instrument {self.name!r} has base and quote {self.base!r}; they must differ")
        for field in ("base", "quote", "settlement"):
            asset = getattr(self, field)
            if asset is not None and (not asset or asset != asset.lower()):
                raise InstrumentError(
                    f"{field} of {self.name!r} is {asset!r}; asset names are lower case",
                    f"put the exchange's spelling in {field}_name_exchange",
                )

    def _set(self, field: str, value: object) -> None:
        object.__setattr__(self, field, value)

    def check_order(self, quantity: Number, price: Number | None = None) -> str | None:
        """Check an order by the specification, as the venue will on its arrival (rule 17).

        Parameters
        ----------
        quantity
            In the instrument's quantity unit; the sign is of no consequence.
        price
            Limit price. Without one ``price_min`` and ``notional_min`` hold nothing back, as for a market order.

        Returns
        -------
        str or None
            ``"below_minimum"`` or ``"below_price_min"``, the reason with which the venue would reject the order;
            ``"off_grid"`` if quantity or price is not a whole number of increments, or the price is one that the
            instrument cannot have: such an order cannot be sent at all. ``None`` if the specification has no objection;
            the balance and post-only are the venue's to check.

        Notes
        -----
        The notional counts in units of 1e-9 of the quote asset; an account of more than 1e7 of it counts in coarser
        ones (rule 1), which matters within one unit of ``notional_min`` only.

        Examples
        --------
        >>> btc = Instrument("x", "btc_usd", price_increment="0.5", quantity_increment="0.01", notional_min=10)
        >>> btc.check_order("0.02", 499.5), btc.check_order("0.02", 500), btc.check_order("0.02")
        ('below_minimum', None, None)
        >>> btc.check_order("0.025")
        'off_grid'
        """
        from barter_bt.instrument.objection import objection

        return objection(self, quantity, price)
