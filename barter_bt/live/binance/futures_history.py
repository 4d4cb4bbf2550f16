"""What is known of an account of USD-M futures: as at spot, with what is held, on what terms, and what came of it."""

from __future__ import annotations

import warnings
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from barter_bt.errors import ConfigError
from barter_bt.live.arrival import HeldPosition
from barter_bt.live.binance.dialect import FUTURES
from barter_bt.live.binance.futures_messages import (
    BOTH,
    AccountUpdate,
    ConfigUpdate,
    FuturesState,
    FuturesTrade,
    Income,
    PositionMode,
    PositionRisk,
    SymbolConfig,
)
from barter_bt.live.binance.history import History
from barter_bt.live.binance.messages import OwnTrade
from barter_bt.live.binance.reader import BinanceWarning
from barter_bt.live.binance.rest import MS_NS
from barter_bt.protocol import AssetBalance, CashFlowKind
from barter_bt.protocol import CashFlow as MovedMargin

_OF_TRADES = frozenset({"REALIZED_PNL", "COMMISSION"})
_FUNDING, _PAGE, _LATE_MS = "FUNDING_FEE", 1000, 600_000
_V3 = "/fapi/v3"


@dataclass(frozen=True)
class MarginTerms:
    """On what terms a position is held.

    Parameters
    ----------
    leverage
        How many times its margin a position is worth at most.
    is_isolated
        Whether it has margin of its own.
    """

    leverage: int
    is_isolated: bool


@dataclass(frozen=True)
class CashFlow:
    """Money that came or went otherwise than by a trade.

    Parameters
    ----------
    kind
        As the exchange calls it: ``"FUNDING_FEE"``, ``"TRANSFER"``, ...
    instrument
        Of which; None where it is of none that is traded.
    asset, amount
        How much of what; below 0 it was paid.
    time
        When, ns since 1970.
    """

    kind: str
    instrument: str | None
    asset: str
    amount: Decimal
    time: int


class FuturesHistory(History):
    """What is known of an account of futures.

    Attributes
    ----------
    terms
        Of each instrument.
    cash_flows
        Since the beginning.
    """

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.terms: dict[str, MarginTerms] = {}
        self.cash_flows: list[CashFlow] = []
        self._flows_since = -1
        self._known: dict[tuple[str, int], int] = {}  # flows since then by kind and number: when they were, ms

    async def read_terms(self, now_ms: int) -> None:
        """Ask how positions are held.

        Raises
        ------
        ConfigError
            An instrument may be long and short at once.
        """
        self._flows_since = now_ms if self._flows_since < 0 else self._flows_since
        if (await self._ask("/fapi/v1/positionSide/dual", PositionMode, "mode")).dualSidePosition:
            raise _hedged()
        for row in await self._ask("/fapi/v1/symbolConfig", list[SymbolConfig], "terms"):
            if row.symbol in self._symbols.names:
                self.terms[self._symbols.names[row.symbol]] = MarginTerms(row.leverage, row.marginType == "ISOLATED")

    def configured(self, told: ConfigUpdate) -> None:
        """Somebody has changed the leverage."""
        if told.ac is not None and told.ac.s in self._symbols.names:
            name = self._symbols.names[told.ac.s]
            was = self.terms[name]
            self.terms[name] = MarginTerms(told.ac.l, was.is_isolated)
            what = f"the leverage of {name!r} was changed from {was.leverage} to {told.ac.l}"
            warnings.warn(f"{what}, and not by this session", BinanceWarning, stacklevel=2)

    async def reconcile(self) -> list[Any]:
        """Everything, what is held included."""
        asked_ms = self._rest.server_ms()
        self._untold = await super().reconcile()
        rows = await self._ask(f"{_V3}/positionRisk", list[PositionRisk], "positions")
        await self.ask_for_flows()
        held = {row.symbol: (row.positionAmt, row.updateTime) for row in rows if self._is_ours(row)}
        none = (Decimal(0), asked_ms)
        return self.take_untold() + [
            self._held(symbol, amount, max(time_ms, 0) or asked_ms)
            for symbol in self._symbols.names
            for amount, time_ms in [held.get(symbol, none)]
        ]

    def _is_ours(self, row: PositionRisk) -> bool:
        if row.positionSide != BOTH and row.positionAmt:
            raise _hedged()
        return row.positionSide == BOTH

    def _held(self, symbol: str, amount: Decimal, time_ms: int) -> HeldPosition:
        return HeldPosition(FUTURES.exchange, self._symbols.names[symbol], amount, time_ms * MS_NS)

    def updated(self, told: AccountUpdate) -> list[Any]:
        """Balances and positions that changed."""
        if any(row.ps != BOTH and row.pa for row in told.a.P):
            raise _hedged()
        rows = ((row.a, row.cw, row.wb - row.cw) for row in told.a.B)
        ours = [row for row in told.a.P if row.ps == BOTH and row.s in self._symbols.names]
        return [*self.tells.of_assets(rows, told.T), *(self._held(row.s, row.pa, told.T) for row in ours)]

    async def ask_for_flows(self) -> None:
        """Ask for money that came and went."""
        since = self._flows_since
        while True:
            rows: list[Income] = await self._get("income", list[Income], startTime=since, limit=_PAGE)
            for row in rows:
                self._flowed(row)
            last = max((row.time for row in rows), default=since)
            self._flows_since = max(self._flows_since, last - _LATE_MS)
            self._known = {key: time for key, time in self._known.items() if time >= self._flows_since}
            if len(rows) < _PAGE:
                return
            since = max(last, since + 1)

    def _flowed(self, row: Income) -> None:
        key = row.incomeType, row.tranId
        if row.incomeType in _OF_TRADES or key in self._known:
            return
        self._known[key] = row.time
        asset, name = self._symbols.assets.get(row.asset, row.asset.lower()), self._symbols.names.get(row.symbol)
        self.cash_flows.append(CashFlow(row.incomeType, name, asset, row.income, row.time * MS_NS))

    def funding(self) -> dict[str, Decimal]:
        """The sum of funding, by asset."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        for flow in self.cash_flows:
            if flow.kind == _FUNDING:
                found[flow.asset] += flow.amount
        return dict(found)

    async def moved(self, name: str, amount: Decimal) -> MovedMargin:
        """Margin that was moved to a position, with the balance behind it."""
        asset = self._symbols.assets[self._symbols.settled[name]]
        found = next(one for one in await self._balances() if one.asset == asset)
        return MovedMargin(CashFlowKind.TRANSFER, found.asset, amount, found.time_exchange, found.balance, name)

    async def _balances(self) -> list[AssetBalance]:
        asked_ms = self._rest.server_ms()
        state: FuturesState = await self._ask(f"{_V3}/account", FuturesState, "account")
        known = {one.asset: (one.availableBalance, one.walletBalance - one.availableBalance) for one in state.assets}
        none = (Decimal(0), Decimal(0))
        rows = ((asset, *known.get(asset, none)) for asset in sorted(set(self._symbols.settled.values())))
        return self.tells.of_assets(rows, asked_ms)

    async def _own_trades(self, **params: Any) -> list[OwnTrade]:
        return await self._get(self._trades_at, list[FuturesTrade], **params)  # type: ignore[no-any-return]

    async def _ask(self, path: str, kind: type[Any], name: str) -> Any:
        return await self._rest.get(path, kind, weight=FUTURES.weights[name], signed=True)


def _hedged() -> ConfigError:
    return ConfigError(
        "the account is in hedge mode, in which an instrument may be held long and short at once",
        "choose one-way mode on the exchange's page, when nothing is held",
    )
