"""What names an exchange, an asset or an instrument, and the side of a trade.

Barter's engine knows things by index, its clients by name; the types of messages are generic over that. So a key here
is either: an int, the index, or a text, the name.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, TypeAlias

from barter_bt.errors import InstrumentError
from barter_bt.instrument.exchange import exchange_id
from barter_bt.protocol.fault import Fault
from barter_bt.protocol.scalar import Count, Text
from barter_bt.protocol.shape import Struct

_count = Count().read


class KeyCodec:
    """An index or a name."""

    def read(self, value: Any) -> int | str:
        """The index or the name."""
        if isinstance(value, str):
            return value if value.isascii() else Text().read(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise Fault("expected an index or a name", value)
        return _count(value)

    write = read


class ExchangeCodec:
    """The name of an exchange: one of Barter's closed list, or any other in snake case, as users name their own."""

    def read(self, value: Any) -> str:
        """The one spelling of a name."""
        if not isinstance(value, str):
            raise Fault("expected the name of an exchange, like 'binance_spot'", value)
        return known_exchange(value)

    write = read


class ExchangeKeyCodec(KeyCodec):
    """The index or the name of an exchange."""

    def read(self, value: Any) -> int | str:
        """The index, or the one spelling of a name."""
        return known_exchange(value) if isinstance(value, str) else super().read(value)

    write = read


class FeeAssetCodec:
    """The index or the name of an asset, or None for the instrument's quote asset."""

    def read(self, value: Any) -> int | str | None:
        """The index, the name or None."""
        return None if value is None else KeyCodec().read(value)

    write = read


@lru_cache(1024)
def known_exchange(name: str) -> str:
    """The name, in the one spelling that Barter writes."""
    try:
        return exchange_id(name)
    except InstrumentError as error:
        raise Fault("expected the name of an exchange in snake case, like 'binance_spot'", name, error.hint) from None


ExchangeId: TypeAlias = Annotated[str, ExchangeCodec()]
"""Name of an exchange."""
ExchangeKey: TypeAlias = Annotated[int | str, ExchangeKeyCodec()]
"""Index or name of an exchange."""
AssetKey: TypeAlias = Annotated[int | str, KeyCodec()]
"""Index or name of an asset."""
FeeAsset: TypeAlias = Annotated[int | str | None, FeeAssetCodec()]
"""Index or name of an asset, None for the instrument's quote asset."""
InstrumentKey: TypeAlias = Annotated[int | str, KeyCodec()]
"""Index or name of an instrument."""


class Side(StrEnum):
    """Which way a trade or an order goes; four more spellings are read.

    Examples
    --------
    >>> Side("buy") is Side("b") is Side.BUY
    True
    """

    BUY = "Buy"
    SELL = "Sell"

    @classmethod
    def _missing_(cls, value: object) -> Side | None:
        """The side of another spelling."""
        return {"buy": cls.BUY, "BUY": cls.BUY, "b": cls.BUY, "sell": cls.SELL, "SELL": cls.SELL, "s": cls.SELL}.get(
            str(value)
        )


class Underlying(Struct, frozen=True):
    """The two assets of an instrument.

    Parameters
    ----------
    base, quote
        Index or name of the asset that is traded, and of the one in which it is priced.

    Examples
    --------
    >>> Underlying(base="btc", quote="usdt")
    Underlying(base='btc', quote='usdt')
    """

    base: AssetKey
    quote: AssetKey
