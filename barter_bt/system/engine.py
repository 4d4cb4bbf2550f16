"""``Engine.process``: one event in, the state updated, the strategy asked, one audit out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from barter_bt.engine.audit import (
    FULL,
    begin,
    note_event,
)
from barter_bt.engine.event import ENGINE_UPDATE
from barter_bt.engine.state.build import build_state
from barter_bt.engine.state.connectivity import lose_account, lose_market, set_trading
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import BarterBtError
from barter_bt.errors import EngineError as RunError
from barter_bt.execution.build import build_terms, build_venue
from barter_bt.execution.messages import NEVER
from barter_bt.execution.order import BUY
from barter_bt.execution.terms import Venue
from barter_bt.instrument import IndexedInstruments, Instrument, Scales, choose_scales
from barter_bt.protocol import (
    Account,
    CancelInFlight,
    CancelOrders,
    ClosePositions,
    Command,
    CommandKind,
    EngineEvent,
    InstrumentFilter,
    Market,
    Open,
    OrderRequestCancel,
    OrderRequestOpen,
    Reconnecting,
    RequestCancel,
    SendCancelRequests,
    SendOpenRequests,
    Shutdown,
    Side,
    TradingState,
    TradingStateUpdate,
)
from barter_bt.risk import Limits
from barter_bt.system.accounts import Accounts
from barter_bt.system.audit import (
    AccountDisconnect,
    AlgoOrders,
    Audit,
    Commanded,
    MarketDisconnect,
    Output,
    PositionExit,
    Request,
    Sent,
    TradingDisabled,
)
from barter_bt.system.book import Book
from barter_bt.system.filters import many
from barter_bt.system.markets import apply_market, event_time
from barter_bt.system.requests import Requests, Send
from barter_bt.system.saved import load_state, save_state
from barter_bt.system.strategy import Strategy
from barter_bt.system.units import Units
from barter_bt.system.view import View


class Engine(View):
    """Barter's engine over columns, one event at a time.

    Parameters
    ----------
    instruments
        What can be traded.
    strategy
        Asked after each event while trading is enabled.
    balances
        Starting balance of each asset, by ``asset`` or ``exchange.asset``; they are not an event.
    risk
        Limits that the strategy's orders are held against.
    trading
        Whether trading is enabled at first.
    send
        Sends a request to its exchange; by default requests are only kept in the audits.
    start
        The clock's first time, ns since 1970.

    Attributes
    ----------
    state
        The state in columns, :class:`~barter_bt.engine.state.tables.EngineState`; its audit is full.

    Examples
    --------
    >>> from barter_bt.protocol import Item, MarketEvent, PublicTrade
    >>> engine = Engine([Instrument("x", "btc_usd", price_increment="0.5")])
    >>> trade = PublicTrade("1", 100.5, 2.0, Side.BUY)
    >>> audit = engine.process(Market(Item(MarketEvent(7, 7, "x", "btc_usd", trade))))
    >>> audit.sequence, audit.time, engine.price("btc_usd")
    (0, 7, Decimal('100.5'))
    """

    def __init__(
        self,
        instruments: Iterable[Instrument],
        strategy: Strategy | None = None,
        *,
        balances: Mapping[str, Decimal | int | str] | None = None,
        risk: Limits | None = None,
        trading: TradingState = TradingState.DISABLED,
        send: Send | None = None,
        start: int = 0,
    ) -> None:
        index = IndexedInstruments(instruments)
        amounts = {index.asset(name): Decimal(amount) for name, amount in (balances or {}).items()}
        scales = choose_scales(index, {}, amounts)
        units, book = Units(index, scales), Book()
        super().__init__(index, units, _build(index, scales, units, amounts, start), book)
        self.strategy = strategy or Strategy()
        self.state.engine.trading[0] = int(trading == TradingState.ENABLED)
        if risk:
            risk.apply(self.state, index, scales)
        self._accounts = Accounts(self.state, index, units, book)
        self._requests = Requests(self.state, index, units, book, send or _keep)
        self._outputs: list[Output] = []
        self.terminated = False

    # Processing

    def process(self, event: EngineEvent) -> Audit:
        """Process one event: the clock, the state, then, if trading is enabled, the strategy.

        Raises
        ------
        RunError
            After a shutdown or an unrecoverable error.
        BarterBtError
            The event names what is not in the index, or holds what cannot be. It is not applied; of an account
            snapshot the items before the wrong one are.
        """
        if self.terminated:
            raise RunError("the engine has ended: after a shutdown or an unrecoverable error it processes nothing")
        self._outputs = []
        sequence = self.state.engine.sequence[0]
        self.state.engine.sequence[0] = sequence + 1
        time = self.state.engine.time[0]
        try:
            errors = self._update(event)
        except BarterBtError:
            self._take_back(sequence, time)
            raise
        if not errors and self.state.engine.trading[0] and not isinstance(event, Shutdown):
            errors = self._generate()
        self.terminated = bool(errors) or isinstance(event, Shutdown)
        return Audit(sequence, self.state.engine.time[0], event, tuple(self._outputs), tuple(errors))

    def save(self, path: str | Path) -> None:
        """Write the state to a file; what the strategy remembers is the strategy's."""
        save_state(Path(path), self.state, self._book, self.index.names, ended=self.terminated)

    def load(self, path: str | Path) -> None:
        """Go back to a state that :meth:`save` wrote, in this process or another, over the same instruments.

        Raises
        ------
        ConfigError
            It is no such file, of another version, or of other instruments.
        """
        self.terminated = load_state(Path(path), self.state, self._book, self.index.names)

    def _take_back(self, sequence: int, time: int) -> None:
        """An event that could not be applied has no number, unless a part of it stands in the audit."""
        audits = self.state.audits
        if not len(audits) or audits.sequence[len(audits) - 1] < sequence:
            self.state.engine.sequence[0], self.state.engine.time[0] = sequence, time

    def run(self, events: Iterable[EngineEvent]) -> list[Audit]:
        """Process events until they end, a shutdown, or an unrecoverable error."""
        audits = []
        for event in events:
            audits.append(self.process(event))
            if self.terminated:
                break
        return audits

    def _update(self, event: EngineEvent) -> Sequence[Any]:
        if isinstance(event, Market):
            self._market(event)
        elif isinstance(event, Account):
            self._account(event)
        else:
            self._begin(-1)
            if isinstance(event, TradingStateUpdate):
                self.set_trading(event.state)
            elif isinstance(event, Command):
                return self._command(event.kind)
        return ()

    def _begin(self, exchange: int) -> None:
        begin(self.state, ENGINE_UPDATE, -1, -1, exchange, -1)
        note_event(self.state, -1)

    def _advance(self, time: int | None) -> None:
        if time is not None:
            self.state.engine.time[0] = max(self.state.engine.time[0], time)

    def _market(self, event: Market) -> None:
        if isinstance(event.event, Reconnecting):
            exchange = self.index.exchange(event.event.exchange)
            self._begin(exchange)
            lose_market(self.state, exchange)
            name = self.index.exchanges[exchange]
            self._outputs.append(MarketDisconnect(name, self.strategy.on_disconnect(self, name)))
            return
        item = event.event.value
        self._advance(item.time_exchange)
        apply_market(self.state, self.index.instrument(item.instrument), item)

    def _account(self, event: Account) -> None:
        if isinstance(event.event, Reconnecting):
            exchange = self.index.exchange(event.event.exchange)
            self._begin(exchange)
            lose_account(self.state, exchange)
            name = self.index.exchanges[exchange]
            self._outputs.append(AccountDisconnect(name, self.strategy.on_disconnect(self, name)))
            return
        item, closed = event.event.value, len(self.state.positions)
        self._advance(event_time(item.kind))
        self._accounts.apply(self.index.exchange(item.exchange), item.kind)
        self._outputs += [self._exit(row) for row in range(closed, len(self.state.positions))]

    def _exit(self, row: int) -> PositionExit:
        p, units = self.state.positions, self.units
        i, lots = p.instrument[row], p.quantity[row]
        one = self.index.instruments[i]
        worth = units.quantity(i, lots) * Decimal(str(one.contract_size))
        cost = units.in_quote(i, p.cost[row])
        return PositionExit(
            i,
            Side.BUY if p.side[row] == BUY else Side.SELL,
            worth / cost if one.is_inverse else cost / worth,
            units.quantity(i, p.quantity_max[row]),
            units.in_quote(i, p.realised[row]),
            units.in_quote(i, p.fees_enter[row]),
            units.in_quote(i, p.fees_exit[row]),
            p.time_enter[row],
            p.time_exit[row],
            (p.trade_enter[row], p.trade_exit[row]),
        )

    def set_trading(self, state: TradingState) -> None:
        """Enable or disable trading; the strategy is told when enabled becomes disabled."""
        was = self.state.engine.trading[0]
        set_trading(self.state, int(state == TradingState.ENABLED))
        self.state.engine.pending[0] = 0
        if was and state == TradingState.DISABLED:
            self._outputs.append(TradingDisabled(self.strategy.on_trading_disabled(self)))

    # Acting

    def _command(self, command: CommandKind) -> Sequence[Any]:
        cancels: Iterable[OrderRequestCancel] = ()
        opens: Iterable[OrderRequestOpen] = ()
        if isinstance(command, SendCancelRequests):
            cancels = many(command.requests)
        elif isinstance(command, SendOpenRequests):
            opens = many(command.requests)
        elif isinstance(command, ClosePositions):
            cancels, opens = self.strategy.close_positions(self, self.select(command.filter))
        elif isinstance(command, CancelOrders):
            cancels = self._cancels(command.filter)
        output = Commanded(command, *self._requests.send(cancels, opens))
        self._outputs.append(output)
        return output.cancels.unrecoverable + output.opens.unrecoverable

    def send(self, cancels: Iterable[OrderRequestCancel], opens: Iterable[OrderRequestOpen]) -> tuple[Sent, Sent]:
        """Send requests past the risk manager, from a hook."""
        return self._requests.send(cancels, opens)

    def _cancels(self, chosen: InstrumentFilter) -> list[OrderRequestCancel]:
        """Cancels of all orders that are not being cancelled already."""
        orders = [order for i in self.select(chosen) for order in self.orders(i)]
        return [
            OrderRequestCancel(order.key, RequestCancel(order.state.id if isinstance(order.state, Open) else None))
            for order in orders
            if not isinstance(order.state, CancelInFlight)
        ]

    def _generate(self) -> Sequence[Any]:
        cancels, opens = self.strategy.generate_algo_orders(self)
        approved, refused = self._requests.check(list(opens))
        output = AlgoOrders(*self._requests.send(cancels, approved), tuple(refused))
        if output.cancels or output.opens or output.refused:
            self._outputs.append(output)
        return output.cancels.unrecoverable + output.opens.unrecoverable


def _keep(request: Request) -> None:
    return None


def _build(
    index: IndexedInstruments, scales: Scales, units: Units, amounts: Mapping[int, Decimal], start: int
) -> EngineState:
    """The state before the first event: no link has said anything."""
    venues = dict.fromkeys(index.exchanges, Venue())
    balances = {asset: units.money(asset, amount) for asset, amount in amounts.items()}
    venue = build_venue(index, build_terms(index, scales, venues, {}), venues, balances)
    state = build_state(index, scales, venue, index.moneys[0], start, 16)
    state.engine.sequence[0], state.engine.audit[0] = 0, FULL
    for exchange in range(len(index.exchanges)):
        lose_account(state, exchange)
    state.engine.pending[0] = 0
    for asset in set(range(len(index.assets))) - set(amounts):
        state.assets.time[asset] = -NEVER  # nobody has told of it, so its first balance is news at any time
    for table in (state.audits, state.outputs, state.balances):
        table.truncate(0)
    return state
