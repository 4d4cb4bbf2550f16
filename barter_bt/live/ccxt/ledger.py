"""What has been told of an account, so that nothing is told twice, or after what came behind it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from barter_bt.live.ccxt.tells import MS_NS, Row
from barter_bt.protocol import AccountSnapshot, Cancelled, Open, OpenFailed, Order, OrderResponseCancel, RequestOpen


class Progress:
    """What is known.

    Parameters
    ----------
    began
        From when on trades count, ns since 1970.

    Attributes
    ----------
    strategies, asked, numbers
        Of an order by its client id: whose it is, its terms, the exchange's number of it.
    fees_elsewhere
        Fees in assets that are in no trade's profit.
    """

    def __init__(self, began: int) -> None:
        self.began = began
        self.strategies: dict[str, str] = {}
        self.asked: dict[str, RequestOpen] = {}
        self.numbers: dict[str, str] = {}
        self.fees_elsewhere: dict[str, Decimal] = defaultdict(Decimal)
        self._cids: dict[str, str] = {}
        self._ended: set[str] = set()
        self._filled: dict[str, Decimal] = {}
        self._trades: set[tuple[str, str]] = set()
        self._last_ms: dict[str, int] = {}

    def number(self, cid: str, number: str) -> None:
        """The exchange's number of an order."""
        self.numbers[cid], self._cids[number] = number, cid

    def cid_of(self, row: Row) -> str:
        """The client id of an order; its number where it has none, as one that was placed by hand."""
        number = str(row["id"])
        cid = self._cids.get(number) or row.get("clientOrderId") or number
        self.number(str(cid), number)
        return str(cid)

    def strategy_of(self, row: Row) -> str:
        """Whose a trade is, by its order."""
        return self.strategies.get(self._cids.get(str(row["order"]), ""), "")

    def is_new(self, row: Row) -> bool:
        """Whether a trade counts, and has not been told; it is then."""
        key, at_ms = (str(row["symbol"]), str(row["id"])), int(row["timestamp"] or 0)
        if key in self._trades or at_ms * MS_NS < self.began - self.began % MS_NS:
            return False
        self._trades.add(key)
        self._last_ms[key[0]] = max(self._last_ms.get(key[0], 0), at_ms)
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
            return not isinstance(kind.state, Cancelled) or self._ends(kind.key.cid)
        if not isinstance(kind, Order):
            return True
        if not isinstance(kind.state, Open):
            return self._ends(kind.key.cid) or isinstance(kind.state, OpenFailed)
        filled = kind.state.filled_quantity
        if kind.key.cid in self._ended or filled < self._filled.get(kind.key.cid, Decimal(0)):
            return False
        self._filled[kind.key.cid] = filled
        return True

    def as_of_now(self, told: AccountSnapshot) -> AccountSnapshot:
        """A snapshot without orders of which something has been told since it was asked for that is behind it."""
        rows = tuple(replace(one, orders=tuple(filter(self.is_news, one.orders))) for one in told.instruments)
        return replace(told, instruments=rows)

    def _ends(self, cid: str) -> bool:
        if cid in self._ended:
            return False
        self._ended.add(cid)
        return True
