"""Balances, and positions in derivatives, held against trades (rule 84).

A balance may differ from the last one by own trades between the two, and by nothing else; so may a position, of which
the first that is told must be the engine's. What is left is *unexplained*; a message that explains it may still be on
its way, so it counts only after a while.

Money that no order moves is explained by the cash flow that tells it. A trade that names no asset of its fee bears it
as the exchange's terms say (rule 63): a buy, where they say so, in what it receives.

Known limits: assets in which a derivative is settled are not looked at, for funding and settlement change them without
a message; positions are looked at where an adapter tells them; a deposit that is told by no cash flow is unexplained,
and so it should be: nobody told the engine. A unit of the asset for each trade is put down to rounding.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from barter_bt.engine.terms import IN_ASSET, IN_QUOTE, IN_RECEIVED
from barter_bt.instrument import IndexedInstruments
from barter_bt.live.arrival import Arrival
from barter_bt.protocol import Account, AccountSnapshot, AssetBalance, CashFlow, CashFlowKind, Item, Side, Trade

_NONE = Decimal(0)
_MOST_CHANGES = 10_000  # of an asset that no balance has been told of since; then the older half of them is one
_UNPAID = (CashFlowKind.ENTITLEMENT, CashFlowKind.TRANSFER)  # which leave the total as it is


@dataclass(frozen=True)
class Unreconciled:
    """Money, or a position, that no report explains.

    Parameters
    ----------
    asset
        As ``exchange.asset``; of a position ``exchange.instrument``.
    amount
        By how much there is more, or less if it is below 0, than what was there before and the trades since make.
    since
        When that was told, ns since 1970.
    is_position
        Whether it is one.
    """

    asset: str
    amount: Decimal
    since: int
    is_position: bool = False

    def __str__(self) -> str:
        more = "more" if self.amount > 0 else "less"
        what = "positions" if self.is_position else "balances"
        return f"{abs(self.amount):f} {self.asset} {more} than {what} and trades explain"


@dataclass
class _Account:
    """One asset or position: what was told last, trades behind that, and what is not explained of it."""

    total: Decimal | None = None
    time: int = 0
    unexplained: Decimal = Decimal(0)
    since: int = 0
    trades: int = 0
    changes: list[tuple[int, Decimal]] = field(default_factory=list)


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
    position
        What the engine holds of an instrument now.
    fee_in
        What fees of an instrument are paid in now, as in the engine's terms.

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

    def __init__(
        self,
        index: IndexedInstruments,
        units: list[Decimal],
        grace_ns: int,
        position: Callable[[int], Decimal] = lambda i: Decimal(0),
        fee_in: Callable[[int], int] = lambda i: IN_QUOTE,
    ) -> None:
        self._index, self._units, self._grace_ns, self._position, self._fee_in = (
            index,
            units,
            grace_ns,
            position,
            fee_in,
        )
        self._accounts: dict[int, _Account] = defaultdict(_Account)
        self._positions: dict[int, _Account] = {}
        self._owed: dict[int, tuple[int, Decimal]] = {}  # by exchange: quote asset and fee of a trade a moment ago
        kinds = zip(index.instruments, index.settlement_assets, strict=True)
        self._left_out = {asset for one, asset in kinds if one.kind != "spot"}

    def see(self, arrival: Arrival) -> None:
        """Take what arrives into account, when the engine has processed it."""
        self._begin(arrival)
        for key, kind in account_items(arrival):
            exchange = self._index.exchanges[self._index.exchange(key)]
            balances = kind.balances if isinstance(kind, AccountSnapshot) else (kind,)
            if isinstance(kind, Trade):
                self._traded(kind, arrival.time)
            elif isinstance(kind, CashFlow):
                self._flowed(kind, exchange, arrival.time)
            for one in balances:
                if isinstance(one, AssetBalance):
                    asset = self._index.asset(one.asset, exchange if isinstance(one.asset, str) else None)
                    if asset not in self._left_out:
                        told = one.balance.total, one.time_exchange, arrival.time
                        self._told(self._accounts[asset], self._units[asset], *told)
        for held in arrival.positions:
            i = self._index.instrument(held.instrument)
            self._told(self._positions[i], _NONE, held.quantity, held.time_exchange, arrival.time)

    def _begin(self, arrival: Arrival) -> None:
        """The first position that is told of an instrument is held against the engine's before what arrives with it."""
        for held in arrival.positions:
            i = self._index.instrument(held.instrument)
            if i not in self._positions:
                traded = (kind for _, kind in account_items(arrival) if isinstance(kind, Trade))
                since = sum((_signed(t) for t in traded if self._index.instrument(t.instrument) == i), _NONE)
                self._positions[i] = _Account(self._position(i) - since, -1)

    def unexplained(self, now: int) -> list[Unreconciled]:
        """What has been unexplained for too long."""
        found = []
        for asset, one in self._accounts.items():
            if one.unexplained and self._is_due(one, self._units[asset], now):
                name = ".".join(self._index.assets[asset])
                found.append(Unreconciled(name, one.unexplained, one.since))
        for i, one in self._positions.items():
            if one.unexplained and self._is_due(one, _NONE, now):
                name = f"{self._index.instruments[i].exchange}.{self._index.names[i]}"
                found.append(Unreconciled(name, one.unexplained, one.since, is_position=True))
        return found

    def _is_due(self, one: _Account, unit: Decimal, now: int) -> bool:
        return _is_off(one, unit) and now - one.since >= self._grace_ns

    def accept(self) -> None:
        """Take what is unexplained as it is, as who enables trading again does."""
        for one in (*self._accounts.values(), *self._positions.values()):
            one.unexplained = Decimal(0)

    def _traded(self, trade: Trade, now: int) -> None:
        i = self._index.instrument(trade.instrument)
        one = self._index.instruments[i]
        if one.kind != "spot":
            if i in self._positions:
                _change(self._positions[i], _NONE, _signed(trade), trade.time_exchange, now)
            return
        sign = 1 if trade.side == Side.BUY else -1
        base, quote = self._index.bases[i], self._index.quotes[i]
        paid = trade.price * trade.quantity * Decimal(str(one.contract_size))
        in_base, in_quote = self._fees(i, trade, paid)
        self._change(base, sign * trade.quantity - in_base, trade.time_exchange, now)
        self._change(quote, -sign * paid - in_quote, trade.time_exchange, now)
        self._owed.pop(self._index.exchange(one.exchange), None)
        if trade.fees.asset is None and self._fee_in(i) == IN_ASSET:
            self._owed[self._index.exchange(one.exchange)] = quote, in_quote

    def _fees(self, i: int, trade: Trade, paid: Decimal) -> tuple[Decimal, Decimal]:
        """What a spot trade takes of its base asset and of its quote asset."""
        fee, asset, base = trade.fees.fees, trade.fees.asset, self._index.bases[i]
        if asset is not None:
            in_base = self._index.asset(asset, self._index.instruments[i].exchange) == base
            return (fee, _NONE) if in_base else (_NONE, fee)
        if trade.side == Side.SELL or self._fee_in(i) != IN_RECEIVED:
            return _NONE, fee
        worth = _whole(paid, self._units[self._index.quotes[i]])
        return _whole(fee * trade.quantity / worth, self._units[base]) if worth else _NONE, _NONE

    def _flowed(self, flow: CashFlow, exchange: str, now: int) -> None:
        """Money that no order moves explains itself; a fee in a third asset is not paid in quote then (rule 63)."""
        asset = self._index.asset(flow.asset, exchange if isinstance(flow.asset, str) else None)
        if flow.kind == CashFlowKind.FEE and (owed := self._owed.pop(self._index.exchange(exchange), None)):
            self._change(*owed, flow.time_exchange, now)
        if asset not in self._left_out:
            if flow.kind not in _UNPAID:
                self._change(asset, flow.amount, flow.time_exchange, now)
            self._told(self._accounts[asset], self._units[asset], flow.balance.total, flow.time_exchange, now)

    def _change(self, asset: int, amount: Decimal, time: int, now: int) -> None:
        """A trade explains a balance that was told before it, or one that is still to come; not of what is left out."""
        if asset not in self._left_out:
            _change(self._accounts[asset], self._units[asset], amount, time, now)

    def _told(self, one: _Account, unit: Decimal, total: Decimal, time: int, now: int) -> None:
        if one.total is not None and time < one.time:
            return
        explained = sum((amount for at, amount in one.changes if at <= time), Decimal(0))
        one.changes = [(at, amount) for at, amount in one.changes if at > time]
        if one.total is not None:
            _leave(one, unit, one.unexplained + total - one.total - explained, now)
        one.total, one.time = total, time


def _whole(amount: Decimal, unit: Decimal) -> Decimal:
    """In whole units, half to even."""
    return (amount / unit).to_integral_value() * unit


def _signed(trade: Trade) -> Decimal:
    return trade.quantity if trade.side == Side.BUY else -trade.quantity


def _change(one: _Account, unit: Decimal, amount: Decimal, time: int, now: int) -> None:
    one.trades += 1
    if len(one.changes) >= _MOST_CHANGES:  # nobody tells balances
        older, one.changes = one.changes[: _MOST_CHANGES // 2], one.changes[_MOST_CHANGES // 2 :]
        one.changes.append((max(at for at, _ in older), sum((amount for _, amount in older), _NONE)))
    if one.total is not None and time <= one.time:
        _leave(one, unit, one.unexplained - amount, now)
    else:
        one.changes.append((time, amount))


def _leave(one: _Account, unit: Decimal, unexplained: Decimal, now: int) -> None:
    was = _is_off(one, unit)
    one.unexplained = unexplained
    if _is_off(one, unit) and not was:
        one.since = now


def _is_off(one: _Account, unit: Decimal) -> bool:
    return abs(one.unexplained) > unit * one.trades


def account_items(arrival: Arrival) -> Iterator[tuple[str | int, object]]:
    """What an arrival tells of accounts, with the exchange."""
    for event in arrival.events:
        if isinstance(event, Account) and isinstance(event.event, Item):
            yield event.event.value.exchange, event.event.value.kind
