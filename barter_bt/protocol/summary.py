"""A summary of trading, as Barter's ``TradingSummary``: a tear sheet for each instrument and each asset."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, TypeAlias

from barter_bt.protocol.account import Balance
from barter_bt.protocol.fault import Fault
from barter_bt.protocol.keys import ExchangeId
from barter_bt.protocol.shape import Struct
from barter_bt.protocol.time import Time

NAMED_INTERVALS = ("annual_365", "annual_252", "daily")


class IntervalCodec:
    """Barter's intervals are types, so a document does not name them: null; a length is seconds and nanoseconds.

    Examples
    --------
    >>> IntervalCodec().write("annual_365"), IntervalCodec().write(1_500_000_000)
    (None, [1, 500000000])
    """

    def read(self, value: Any) -> int | None:
        """Nanoseconds of a length; None where the document does not say."""
        if value is None:
            return None
        if not (isinstance(value, list) and len(value) == 2 and all(type(each) is int for each in value)):
            raise Fault("expected null, or seconds and nanoseconds", value)
        return int(value[0] * 1_000_000_000 + value[1])

    def write(self, value: Any) -> list[int] | None:
        """Null of a named interval, else seconds and nanoseconds."""
        if value is None or value in NAMED_INTERVALS:
            return None
        if type(value) is not int:
            raise Fault(f"expected nanoseconds, None, or one of {', '.join(NAMED_INTERVALS)}", value)
        return list(divmod(value, 1_000_000_000))


Interval: TypeAlias = Annotated[str | int | None, IntervalCodec()]
"""What a figure is stated for: "annual_365", "annual_252", "daily", nanoseconds, or None where nobody says."""


class PerInterval(Struct, frozen=True):
    """A figure stated for an interval: Barter's ``SharpeRatio``, ``SortinoRatio``, ``CalmarRatio``, ``RateOfReturn``.

    Parameters
    ----------
    value
        The figure; None where it is undefined, which Barter has no word for.
    interval
        What it is stated for.

    Examples
    --------
    >>> from barter_bt.protocol import to_json
    >>> to_json(PerInterval(Decimal("1.5"), "annual_365"))
    '{"value":"1.5","interval":null}'
    """

    value: Decimal | None
    interval: Interval = None


class Ratio(Struct, frozen=True):
    """A figure of no interval: Barter's ``WinRate``, ``ProfitFactor``."""

    value: Decimal


class Drawdown(Struct, frozen=True):
    """A fall from a peak, as a fraction of it: Barter's ``Drawdown`` and ``MaxDrawdown``."""

    value: Decimal
    time_start: Time
    time_end: Time


class MeanDrawdown(Struct, frozen=True):
    """Mean depth and mean length, in milliseconds, of falls from a peak."""

    mean_drawdown: Decimal
    mean_drawdown_ms: int


class TearSheet(Struct, frozen=True):
    """What trading an instrument came to."""

    pnl: Decimal
    pnl_return: PerInterval
    sharpe_ratio: PerInterval
    sortino_ratio: PerInterval
    calmar_ratio: PerInterval
    pnl_drawdown: Drawdown | None = None
    pnl_drawdown_mean: MeanDrawdown | None = None
    pnl_drawdown_max: Drawdown | None = None
    win_rate: Ratio | None = None
    profit_factor: Ratio | None = None


class TearSheetAsset(Struct, frozen=True):
    """What became of an asset's balance."""

    balance_end: Balance | None = None
    drawdown: Drawdown | None = None
    drawdown_mean: MeanDrawdown | None = None
    drawdown_max: Drawdown | None = None


class ExchangeAsset(Struct, frozen=True):
    """An asset of an exchange."""

    exchange: ExchangeId
    asset: str


class TradingSummary(Struct, frozen=True):
    """Tear sheets of a run, by instrument (``exchange-name``) and by asset.

    Its document has the assets as an array of pairs, as Barter writes a state's assets: an object of JSON cannot have
    them as keys, so that Barter cannot write this summary at all.

    Examples
    --------
    >>> from barter_bt.protocol import to_json
    >>> to_json(TradingSummary(0, 0, {}, {ExchangeAsset("mock", "usdt"): TearSheetAsset()}))[102:]
    '"assets":[[{"exchange":"mock","asset":"usdt"},{"balance_end":null,"drawdown":null,"drawdown_mean":null,\
"drawdown_max":null}]]}'
    """

    time_engine_start: Time
    time_engine_end: Time
    instruments: dict[str, TearSheet]
    assets: dict[ExchangeAsset, TearSheetAsset]
