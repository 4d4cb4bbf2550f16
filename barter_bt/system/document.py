"""The documents that configure Barter's systems, in its shapes: what they say stands in :mod:`barter_bt.system.config`.

Wider than Barter: ``fee_rate`` is read in place of ``fees_percent``, ``risk_free_return`` beside the instruments too.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, TypeAlias

from barter_bt.protocol import AccountSnapshot, ExchangeId
from barter_bt.protocol.fault import Fault
from barter_bt.protocol.shape import Named, Struct, Variant

_MS, _MS_MAX = 1_000_000, (1 << 63) // 1_000_000


class _Milliseconds:
    """A time as milliseconds since 1970 in documents, nanoseconds inside."""

    def read(self, value: Any) -> int:
        if type(value) is not int or not -_MS_MAX <= value < _MS_MAX:
            raise Fault("expected a time in whole milliseconds since 1970, before the year 2262", value)
        return value * _MS

    def write(self, value: Any) -> int:
        if type(value) is not int or value % _MS:
            raise Fault("expected a time in int nanoseconds since 1970, of whole milliseconds", value)
        return value // _MS


Milliseconds: TypeAlias = Annotated[int, _Milliseconds()]
"""A time in nanoseconds since 1970, UTC, that documents hold in milliseconds."""


class QuoteAsset(StrEnum):
    """In which of its two assets an instrument is priced; also read in snake case.

    Examples
    --------
    >>> QuoteAsset("underlying_quote")
    <QuoteAsset.UNDERLYING_QUOTE: 'UnderlyingQuote'>
    """

    UNDERLYING_BASE = "UnderlyingBase"
    UNDERLYING_QUOTE = "UnderlyingQuote"

    @classmethod
    def _missing_(cls, value: object) -> QuoteAsset | None:
        return {"underlying_base": cls.UNDERLYING_BASE, "underlying_quote": cls.UNDERLYING_QUOTE}.get(str(value))


class _Lower(StrEnum):
    """Lower case in documents; also read in upper case and with a capital."""

    @classmethod
    def _missing_(cls, value: object) -> Any:
        text = str(value)
        return cls(text.lower()) if text in (text.upper(), text.capitalize()) and text.lower() in list(cls) else None


class OptionKind(_Lower):
    """The right to buy, or to sell.

    Examples
    --------
    >>> OptionKind("Call") is OptionKind("CALL") is OptionKind.CALL
    True
    """

    CALL = "call"
    PUT = "put"


class OptionExercise(_Lower):
    """When the right may be used.

    Examples
    --------
    >>> OptionExercise("European").value
    'european'
    """

    AMERICAN = "american"
    BERMUDAN = "bermudan"
    EUROPEAN = "european"


class Assets(Struct, frozen=True):
    """The two assets of an instrument, as the exchange spells them.

    Parameters
    ----------
    base, quote
        What is traded, and the other.
    """

    base: str
    quote: str


class Spot(Variant, frozen=True):
    """The assets themselves are exchanged."""

    TAG = "spot"


class Perpetual(Named, frozen=True):
    """A contract without an end.

    Parameters
    ----------
    contract_size, settlement_asset
        Units of the base asset in one contract, and what gains are paid in.
    """

    TAG = "perpetual"
    contract_size: Decimal
    settlement_asset: str


class Future(Named, frozen=True):
    """A contract that ends.

    Parameters
    ----------
    contract_size, settlement_asset
        As of a perpetual.
    expiry
        Its end, nanoseconds since 1970.
    """

    TAG = "future"
    contract_size: Decimal
    settlement_asset: str
    expiry: Milliseconds


class Option(Named, frozen=True):
    """A right to buy or to sell.

    Parameters
    ----------
    contract_size, settlement_asset, expiry
        As of a future.
    kind, exercise, strike
        Which right, when it may be used, and at which price.
    """

    TAG = "option"
    contract_size: Decimal
    settlement_asset: str
    kind: OptionKind
    exercise: OptionExercise
    expiry: Milliseconds
    strike: Decimal


class InAsset(Variant, frozen=True):
    """Quantities count units of an asset.

    Parameters
    ----------
    asset
        Which, as the exchange spells it.
    """

    TAG = "Asset"
    asset: str


class InContracts(Variant, frozen=True):
    """Quantities count contracts."""

    TAG = "Contract"


class InQuote(Variant, frozen=True):
    """Quantities count units of the quote asset."""

    TAG = "Quote"


class PriceSpec(Struct, frozen=True):
    """Which prices there are.

    Parameters
    ----------
    min, tick_size
        The lowest, and the step. Where the lowest is below 0, prices can be negative (rule 76).
    """

    min: Decimal
    tick_size: Decimal


class QuantitySpec(Struct, frozen=True):
    """Which quantities there are.

    Parameters
    ----------
    unit, min, increment
        What they count, the lowest, and the step.
    """

    unit: InAsset | InContracts | InQuote
    min: Decimal
    increment: Decimal


class NotionalSpec(Struct, frozen=True):
    """Which values of an order there are.

    Parameters
    ----------
    min
        The lowest, in quote.
    """

    min: Decimal


class InstrumentSpec(Struct, frozen=True):
    """What an order must keep to.

    Parameters
    ----------
    price, quantity, notional
        The limits of each.
    """

    price: PriceSpec
    quantity: QuantitySpec
    notional: NotionalSpec


class InstrumentConfig(Struct, frozen=True):
    """An instrument of the system.

    Parameters
    ----------
    exchange, name_exchange
        Where, and what it is called there.
    underlying, quote
        Its two assets, and in which it is priced.
    kind, spec
        What it is, and what an order must keep to.
    """

    exchange: ExchangeId
    name_exchange: str
    underlying: Assets
    quote: QuoteAsset
    kind: Spot | Perpetual | Future | Option
    spec: InstrumentSpec | None = None


class ExecutionConfig(Struct, frozen=True):
    """A simulated exchange.

    Parameters
    ----------
    mocked_exchange
        Which one it stands for.
    latency_ms
        From a request to its answer, there and back.
    initial_state
        The account before the run.
    fees_percent, fee_rate
        Fee of each trade as a fraction of its value, under Barter's name and under that of what it is.
    """

    mocked_exchange: ExchangeId
    latency_ms: int
    initial_state: AccountSnapshot
    fees_percent: Decimal | None = None
    fee_rate: Decimal | None = None


class SystemDocument(Struct, frozen=True):
    """Barter's ``SystemConfig``, as it is written.

    Parameters
    ----------
    instruments, executions
        What is traded, and where.
    risk_free_return
        As in :class:`BacktestDocument`; Barter's examples have it here too, where Barter does not look.
    """

    instruments: tuple[InstrumentConfig, ...]
    executions: tuple[ExecutionConfig, ...]
    risk_free_return: Decimal | None = None


class BacktestDocument(Struct, frozen=True):
    """What Barter's example of backtests reads.

    Parameters
    ----------
    risk_free_return
        A year's, as a fraction.
    system
        The rest.
    """

    risk_free_return: Decimal
    system: SystemDocument
