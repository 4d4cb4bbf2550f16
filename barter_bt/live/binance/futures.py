"""An account at Binance's USD-M futures exchange: as at spot, with positions, margin and funding.

The same code sends requests and finds out what became of them (:mod:`barter_bt.live.binance.account`). What differs:

- The account is heard over a stream with a listen key, which lives an hour: it is kept alive every half an hour, and
  the stream is built anew when it has expired.
- *Positions* are held against own trades (rule 84): by each ``ACCOUNT_UPDATE`` and each snapshot. One that trades do
  not explain stops trading: traded by hand, or there before the session began.
- *One-way mode* is required, in which an instrument has one position. It is asked for, as leverage and margin mode are
  (:attr:`FuturesAccount.terms`); nothing of these is ever changed here.
- *Funding* and other money that is not from trades is asked for as income (:attr:`FuturesAccount.cash_flows`), and is
  in the balance; it is in no position's profit.

Known limits: margin that is moved by hand at the exchange's page is not told to the engine as such. A balance told
between two snapshots counts as free what is not margin of isolated positions, for ``ACCOUNT_UPDATE`` does not say what
orders and positions hold; the next snapshot does.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from barter_bt.errors import ConfigError, ConnectionFailed
from barter_bt.instrument import Instrument
from barter_bt.live.binance.account import BinanceAccount
from barter_bt.live.binance.dialect import FUTURES, Dialect
from barter_bt.live.binance.endpoints import FUTURES_TEST_NETWORK, Endpoints
from barter_bt.live.binance.futures_history import CashFlow, FuturesHistory, MarginTerms
from barter_bt.live.binance.futures_margin import Moved, move
from barter_bt.live.binance.futures_messages import AccountUpdate, ConfigUpdate, ListenKey, OrderTradeUpdate
from barter_bt.live.binance.history import History
from barter_bt.live.binance.keys import Keys
from barter_bt.live.binance.messages import Kind
from barter_bt.live.binance.reader import BinanceWarning
from barter_bt.live.binance.refusals import BAD_TIME, Refusal
from barter_bt.live.clock import SECOND_NS
from barter_bt.protocol import EngineError, ExecutionChannelUnhealthy, MarginRequest, OrderRequestOpen

_BEGIN, _FLOWS = object(), object()
_ALIVE_NS, _RETRY_NS = 30 * 60 * SECOND_NS, 60 * SECOND_NS


class FuturesAccount(BinanceAccount):
    """A source of account events of USD-M futures, and the client to them.

    Parameters
    ----------
    instruments
        Perpetuals and futures of ``"binance_futures_usd"``.
    keys
        Of the account, see :meth:`Keys.from_environment`.
    endpoints
        Which network; by default the test network.
    reduce_only
        Says of an order whether it may only make a position smaller, besides those that ask for it themselves
        (``reduce_only`` of their conditions); for strategies of the event engine whose requests do not.
    **options
        As of :class:`BinanceAccount`: ``dry_run``, ``clock``, ``random``, ``silence``, ``deaf``, ``reconcile_every``,
        ``last_trades``, ``raw``.

    Raises
    ------
    ConfigError
        An instrument is not the exchange's, or the endpoints are of another exchange. While it runs: the account is in
        hedge mode, or keys are wrong.
    """

    exchanges: tuple[str, ...] = (FUTURES.exchange,)
    conditions: tuple[str, ...] = ("reduce_only",)
    _dialect: Dialect = FUTURES
    _make_history: type[History] = FuturesHistory
    _history: FuturesHistory

    def __init__(
        self,
        instruments: Sequence[Instrument],
        keys: Keys,
        *,
        endpoints: Endpoints = FUTURES_TEST_NETWORK,
        reduce_only: Callable[[OrderRequestOpen], bool] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(instruments, keys, endpoints=endpoints, **options)
        self._reduces, self._is_kept = reduce_only, False

    @property
    def terms(self) -> dict[str, MarginTerms]:
        """Leverage and margin mode of each instrument, as the exchange has them; read, and never changed."""
        return dict(self._history.terms)

    @property
    def cash_flows(self) -> list[CashFlow]:
        """Money that came and went since the session began, but for profits and fees of trades: funding, transfers."""
        return list(self._history.cash_flows)

    async def _address(self) -> str:
        try:
            await self._check()
            await self._history.read_terms(self._rest.server_ms())
            key = msgspec.json.decode(await self._rest.listen_key("POST"), type=ListenKey).listenKey
        except Refusal as refusal:
            if refusal.is_limit or refusal.code == BAD_TIME:
                raise
            raise ConfigError(
                f"Binance does not tell of the account: {refusal.text} ({refusal.code})",
                "are the keys those of this network, and may they trade futures from this address?",
            ) from refusal
        self._tap.hide(key)
        if not self._is_kept:
            self._is_kept = True
            self._start(self._keep_alive())
        return f"{self._endpoints.api}/{key}"

    async def _prepare(self, socket: Any) -> None:
        self._tell(_BEGIN)

    async def _keep_alive(self) -> None:
        """Let the listen key live on; if it is gone, the stream is."""
        wait = _ALIVE_NS
        while True:
            await self._clock.sleep_until(self._clock.now() + wait)
            wait = _ALIVE_NS
            try:
                await self._rest.listen_key("PUT")
            except Refusal as refusal:
                self._link.drop(f"the listen key is gone: {refusal.text} ({refusal.code})")
            except ConnectionFailed:
                wait = _RETRY_NS

    async def _events(self, item: Any) -> list[Any]:
        if item is _BEGIN:
            return await self._begin()
        if item is _FLOWS:
            await self._history.ask_for_flows()
            return []
        if isinstance(item, Moved):
            return [await self._history.moved(item.instrument, item.amount)]
        return await super()._events(item)

    async def _heard(self, text: str) -> list[Any]:
        match msgspec.json.decode(text, type=Kind).e:
            case "ORDER_TRADE_UPDATE":
                return await self._history.reported(msgspec.json.decode(text, type=OrderTradeUpdate).report())
            case "ACCOUNT_UPDATE":
                told = msgspec.json.decode(text, type=AccountUpdate)
                if told.a.m != "ORDER":
                    self._inbox.remind(_FLOWS)
                return self._history.updated(told)
            case "listenKeyExpired":
                self._link.drop("the listen key has expired")
            case "ACCOUNT_CONFIG_UPDATE":
                self._history.configured(msgspec.json.decode(text, type=ConfigUpdate))
            case "MARGIN_CALL":
                warnings.warn(
                    "the exchange calls for margin: positions may be liquidated", BinanceWarning, stacklevel=2
                )
        return []

    def _params(self, request: OrderRequestOpen, symbol: str) -> dict[str, Any]:
        params = super()._params(request, symbol)
        asked = request.state.conditions
        is_reducing = (asked is not None and asked.reduce_only) or (
            self._reduces is not None and self._reduces(request)
        )
        return params | {"reduceOnly": "true"} if is_reducing else params

    def move_margin(self, request: MarginRequest) -> EngineError | None:
        """Send a request to move margin of an isolated position; a ``CashFlow`` says how much was moved: all, or 0.

        Where nothing was, a :class:`BinanceWarning` says why.
        """
        if not self._is_listening:
            return ExecutionChannelUnhealthy("the account's stream is not there: nobody would hear what became of it")
        self._start(self._move(request))
        return None

    async def _move(self, request: MarginRequest) -> None:
        self._tell(await move(self._rest, self._symbols.of[str(request.instrument)], request, is_dry=self._is_dry))

    @property
    def funding(self) -> dict[str, Decimal]:
        """What funding has brought since the session began, by asset; below 0 it was paid."""
        return self._history.funding()
