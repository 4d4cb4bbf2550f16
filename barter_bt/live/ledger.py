"""Balances held against trades (rule 84).

A balance may differ from the last one by own trades between the two, and by nothing else. What is left is
*unexplained*; a message that explains it may still be on its way, so it counts only after a while.

Known limits: assets in which a derivative is settled are not looked at, for funding and settlement change them without
a message; a deposit, interest or a dividend is unexplained, and so it should be: nobody told the engine. A unit of the
asset for each trade is put down to rounding.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from barter_bt.instrument import IndexedInstruments
from barter_bt.live.arrival import Arrival
from barter_bt.protocol import Account, AccountSnapshot, AssetBalance, Item, Side, Trade


@dataclass(frozen=True)
class Unreconciled:
    """Money that no report explains.

    Parameters
    ----------
    asset
        As ``exchange.asset``.
    amount
        By how much there is more, or less if it is below 0, than the balance before and the trades since make.
    since
        When that was told, ns since 1970.
    """

    asset: str
    amount: Decimal
    since: int

    def __str__(self) -> str:
        more = "more" if self.amount > 0 else "less"
        return f"{abs(self.amount):f} {self.asset} {more} than balances and trades explain"


@dataclass
class _Account:
    """One asset: its last balance, trades behind that, and what is not explained of it."""

    total: Decimal | None = None
    time: int = 0
    unexplained: Decimal = Decimal(0)
    since: int = 0
    trades: int = 0


class Ledger:
    """Holds balances against trades.

    Parameters
    ----------
    index
        The instruments.
    units
        Smallest amount of each asset that is counted.
    grace_ns
        How long something may stay unexplained.

    Examples
    --------
    >>> from barter_bt.instrument import Instrument
    >>> from barter_bt.protocol import AccountEvent, Balance
    >>> ledger = Ledger(IndexedInstruments([Instrument("x", "btc_usd")]), [Decimal("0.01")] * 2, grace_ns=5)
    >>> for time, total in ((1, 10), (2, 12)):
    ...     told = AssetBalance("usd", Balance(Decimal(total), Decimal(total)), time)
    ...     ledger.see(Arrival(time, (Account(Item(AccountEvent("x", told))),)))
    >>> [str(one) for one in ledger.unexplained(6)], [str(one) for one in ledger.unexplained(7)]
    ([], ['2 x.usd more than balances and trades explain'])
    """

    def __init__(self, index: IndexedInstruments, units: list[Decimal], grace_ns: int) -> None:
        self._index, self._units, self._grace_ns = index, units, grace_ns
        self._accounts: dict[int, _Account] = defaultdict(_Account)
        self._changes: dict[int, list[tuple[int, Decimal]]] = defaultdict(list)
        kinds = zip(index.instruments, index.settlement_assets, strict=True)
        self._left_out = {asset for one, asset in kinds if one.kind != "spot"}

    def see(self, arrival: Arrival) -> None:
        """Take what arrives into account."""
        for key, kind in account_items(arrival):
            exchange = self._index.exchanges[self._index.exchange(key)]
            balances = kind.balances if isinstance(kind, AccountSnapshot) else (kind,)
            if isinstance(kind, Trade):
                self._traded(kind, arrival.time)
            for one in balances:
                if isinstance(one, AssetBalance):
                    asset = self._index.asset(one.asset, exchange if isinstance(one.asset, str) else None)
                    self._told(asset, one.balance.total, one.time_exchange, arrival.time)

    def unexplained(self, now: int) -> list[Unreconciled]:
        """What has been unexplained for too long."""
        return [
            Unreconciled(".".join(self._index.assets[asset]), one.unexplained, one.since)
            for asset, one in self._accounts.items()
            if self._is_off(asset, one) and now - one.since >= self._grace_ns
        ]

    def accept(self) -> None:
        """Take what is unexplained as it is, as who enables trading again does."""
        for one in self._accounts.values():
            one.unexplained = Decimal(0)

    def _is_off(self, asset: int, one: _Account) -> bool:
        return abs(one.unexplained) > self._units[asset] * one.trades

    def _traded(self, trade: Trade, now: int) -> None:
        i = self._index.instrument(trade.instrument)
        one = self._index.instruments[i]
        if one.kind != "spot":
            return
        sign = 1 if trade.side == Side.BUY else -1
        paid = trade.price * trade.quantity * Decimal(str(one.contract_size))
        asset = trade.fees.asset
        in_base = asset is not None and self._index.asset(asset, one.exchange) == self._index.bases[i]
        fees = (trade.fees.fees, Decimal(0)) if in_base else (Decimal(0), trade.fees.fees)
        self._change(self._index.bases[i], sign * trade.quantity - fees[0], trade.time_exchange, now)
        self._change(self._index.quotes[i], -sign * paid - fees[1], trade.time_exchange, now)

    def _change(self, asset: int, amount: Decimal, time: int, now: int) -> None:
        """A trade explains a balance that was told before it, or one that is still to come."""
        one = self._accounts[asset]
        one.trades += 1
        if one.total is not None and time <= one.time:
            self._leave(asset, one, one.unexplained - amount, now)
        else:
            self._changes[asset].append((time, amount))

    def _told(self, asset: int, total: Decimal, time: int, now: int) -> None:
        one = self._accounts[asset]
        if asset in self._left_out or (one.total is not None and time < one.time):
            return
        explained = sum((amount for at, amount in self._changes[asset] if at <= time), Decimal(0))
        self._changes[asset] = [(at, amount) for at, amount in self._changes[asset] if at > time]
        if one.total is not None:
            self._leave(asset, one, one.unexplained + total - one.total - explained, now)
        one.total, one.time = total, time

    def _leave(self, asset: int, one: _Account, unexplained: Decimal, now: int) -> None:
        was = self._is_off(asset, one)
        one.unexplained = unexplained
        if self._is_off(asset, one) and not was:
            one.since = now


def account_items(arrival: Arrival) -> Iterator[tuple[str | int, object]]:
    """What an arrival tells of accounts, with the exchange."""
    for event in arrival.events:
        if isinstance(event, Account) and isinstance(event.event, Item):
            yield event.event.value.exchange, event.event.value.kind
