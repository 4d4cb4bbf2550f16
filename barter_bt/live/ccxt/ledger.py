"""What has been told of an account, so that nothing is told twice, or after what came behind it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from barter_bt.columns.names import NO_NAME, Names
from barter_bt.live.ccxt.tells import MS_NS, Row
from barter_bt.live.known import Known
from barter_bt.protocol import AccountSnapshot, Cancelled, Open, OpenFailed, Order, OrderResponseCancel, RequestOpen


class Progress(Known):
    """What is known.

    Parameters
    ----------
    began
        From when on trades count, ns since 1970.

    Attributes
    ----------
    asked, sent_at
        Of an order that has not ended, by its client id: its terms, and when it was sent.
    fees_elsewhere
        Fees in assets that are in no trade's profit.
    """

    def __init__(self, began: int) -> None:
        super().__init__()
        self.began = began
        self.asked: dict[str, RequestOpen] = {}
        self.sent_at: dict[str, int] = {}
        self.fees_elsewhere: dict[str, Decimal] = defaultdict(Decimal)
        self._trades = Names()
        self._last_ms: dict[str, int] = {}

    def cid_of(self, row: Row) -> str:
        """The client id of an order; its number where it has none, as one that was placed by hand."""
        number = str(row["id"])
        cid = str(self.cid(number) or row.get("clientOrderId") or number)
        self.name(cid, number)
        return cid

    def strategy_of(self, row: Row) -> str:
        """Whose a trade is, by its order."""
        return self.strategy(self.cid(str(row["order"])) or "")

    def is_new(self, row: Row) -> bool:
        """Whether a trade counts, and has not been told; it is then."""
        symbol, at_ms = str(row["symbol"]), int(row["timestamp"] or 0)
        key = f"{symbol} {row['id']}"
        if self._trades.find(key) != NO_NAME or at_ms * MS_NS < self.began - self.began % MS_NS:
            return False
        self._trades.entry(key)
        self._last_ms[symbol] = max(self._last_ms.get(symbol, 0), at_ms)
        return True

    def since_ms(self, symbol: str) -> int:
        """From when on trades of a symbol may not have been told."""
        return self._last_ms.get(symbol, self.began // MS_NS)

    def add_fees(self, fees: Iterable[tuple[Decimal, str]]) -> None:
        """Add up fees in other assets."""
        for cost, asset in fees:
            self.fees_elsewhere[asset] += cost

    def is_news(self, kind: Any) -> bool:
        """Whether something of an order is not behind what was told of it; all else is news."""
        if isinstance(kind, OrderResponseCancel):
            return not isinstance(kind.state, Cancelled) or self.end(kind.key.cid)
        if not isinstance(kind, Order):
            return True
        if not isinstance(kind.state, Open):
            return self.end(kind.key.cid) or isinstance(kind.state, OpenFailed)
        filled = kind.state.filled_quantity
        if self.has_ended(kind.key.cid) or filled < self.filled(kind.key.cid):
            return False
        self.fill(kind.key.cid, filled)
        return True

    def as_of_now(self, told: AccountSnapshot) -> AccountSnapshot:
        """A snapshot without orders of which something has been told since it was asked for that is behind it."""
        rows = tuple(replace(one, orders=tuple(filter(self.is_news, one.orders))) for one in told.instruments)
        return replace(told, instruments=rows)

    def end(self, cid: str) -> bool:
        """An order is told to have ended, so it is neither awaited nor amended; whether for the first time."""
        self.asked.pop(cid, None)
        self.sent_at.pop(cid, None)
        return super().end(cid)
