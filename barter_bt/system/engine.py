"""``Engine.process``: one event in, the state updated, the strategy asked, one audit out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from barter_bt.engine.action.risk import check_risk, count_sent
from barter_bt.engine.audit import (
    FULL,
    REFUSED_OPEN,
    REPLACED,
    SENT_CANCEL,
    SENT_OPEN,
    begin,
    note_event,
    note_open,
    note_output,
)
from barter_bt.engine.event import ENGINE_UPDATE
from barter_bt.engine.state.build import build_state
from barter_bt.engine.state.connectivity import lose_account, lose_market, set_trading
from barter_bt.engine.state.market import price_ticks
from barter_bt.engine.state.orders import is_live, record_cancel, record_open, replace
from barter_bt.engine.state.position import unrealised
from barter_bt.errors import EngineError as RunError
from barter_bt.execution.build import build_terms, build_venue
from barter_bt.execution.order import BUY, CANCEL_IN_FLIGHT, OPEN_IN_FLIGHT, REASONS
from barter_bt.execution.terms import Venue
from barter_bt.instrument import IndexedInstruments, Instrument, choose_scales
from barter_bt.protocol import (
    Account,
    CancelInFlight,
    CancelOrders,
    ClosePositions,
    Command,
    CommandKind,
    EngineError,
    EngineEvent,
    InstrumentFilter,
    Market,
    Open,
    OpenInFlight,
    Order,
    OrderKey,
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
    Refused,
    Request,
    Sent,
    TradingDisabled,
)
from barter_bt.system.book import Book, decode, encode
from barter_bt.system.filters import many, select
from barter_bt.system.markets import apply_market, event_time
from barter_bt.system.strategy import Strategy
from barter_bt.system.units import Units

Send = Callable[[Request], EngineError | None]
"""Sends a request; returns why it could not be sent, if it could not."""


class Engine:
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
        self.index = IndexedInstruments(instruments)
        amounts = {self.index.asset(name): Decimal(amount) for name, amount in (balances or {}).items()}
        scales = choose_scales(self.index, {}, amounts)
        self.units = Units(self.index, scales)
        self.strategy, self._send = strategy or Strategy(), send or _keep
        self._book = Book()
        self.state = self._build(scales, amounts, start)
        self.state.engine.trading[0] = int(trading == TradingState.ENABLED)
        if risk:
            risk.apply(self.state, self.index, scales)
        self._accounts = Accounts(self.state, self.index, self.units, self._book)
        self._outputs: list[Output] = []
        self.terminated = False

    def _build(self, scales: Any, amounts: Mapping[int, Decimal], start: int) -> Any:
        venues = dict.fromkeys(self.index.exchanges, Venue())
        units = {asset: self.units.money(asset, amount) for asset, amount in amounts.items()}
        venue = build_venue(self.index, build_terms(self.index, scales, venues, {}), venues, units)
        state = build_state(self.index, scales, venue, self.index.quotes[0], start, 16)
        state.engine.sequence[0], state.engine.audit[0] = 0, FULL
        for exchange in range(len(self.index.exchanges)):
            lose_account(state, exchange)  # no event has come over it
        state.engine.pending[0] = 0
        for table in (state.audits, state.outputs, state.balances):
            table.truncate(0)
        return state

    # Processing

    def process(self, event: EngineEvent) -> Audit:
        """Process one event: the clock, the state, then, if trading is enabled, the strategy.

        Raises
        ------
        RunError
            After a shutdown or an unrecoverable error.
        BarterBtError
            The event names what is not in the index, or holds what cannot be.
        """
        if self.terminated:
            raise RunError("the engine has ended: after a shutdown or an unrecoverable error it processes nothing")
        self._outputs = []
        sequence = self.state.engine.sequence[0]
        self.state.engine.sequence[0] = sequence + 1
        errors = self._update(event)
        if not errors and self.state.engine.trading[0] and not isinstance(event, Shutdown):
            errors = self._generate()
        self.terminated = bool(errors) or isinstance(event, Shutdown)
        return Audit(sequence, self.state.engine.time[0], event, tuple(self._outputs), tuple(errors))

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
        size = Decimal(str(self.index.instruments[i].contract_size))
        return PositionExit(
            i,
            Side.BUY if p.side[row] == BUY else Side.SELL,
            units.in_quote(i, p.cost[row]) / (units.quantity(i, lots) * size),
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
        output = Commanded(command, *self.send(cancels, opens))
        self._outputs.append(output)
        return output.cancels.unrecoverable + output.opens.unrecoverable

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
        approved, refused = self._check(list(opens))
        output = AlgoOrders(*self.send(cancels, approved), tuple(refused))
        if output.cancels or output.opens or output.refused:
            self._outputs.append(output)
        return output.cancels.unrecoverable + output.opens.unrecoverable

    def _check(self, opens: Sequence[OrderRequestOpen]) -> tuple[list[OrderRequestOpen], list[Refused]]:
        """The risk manager sees one state before any of these orders is sent."""
        approved: list[OrderRequestOpen] = []
        refused: list[Refused] = []
        for request in opens:
            action = self._ask(request)
            reason = check_risk(self.state, action)
            if reason:
                row = record_open(self.state, action, reason)
                note_open(self.state, action, row, reason, REFUSED_OPEN)
                self._book.add(row, self.index.instrument(request.key.instrument), f"refused {row}")
                refused.append(Refused(request, REASONS[reason]))
            else:
                approved.append(self._resized(request, action))
            self.state.actions.truncate(0)
        return approved, refused

    def _resized(self, request: OrderRequestOpen, action: int) -> OrderRequestOpen:
        a = self.state.actions
        if a.quantity[action] == a.requested[action]:
            return request
        terms, quantity = request.state, self.units.quantity(a.instrument[action], a.quantity[action])
        changed = type(terms)(terms.side, terms.price, quantity, terms.kind, terms.time_in_force)
        return OrderRequestOpen(request.key, changed)

    def send(self, cancels: Iterable[OrderRequestCancel], opens: Iterable[OrderRequestOpen]) -> tuple[Sent, Sent]:
        """Send requests past the risk manager: cancels, then opens; what was sent is recorded in flight after."""
        sent = [self._transmit(cancels), self._transmit(opens)]
        for request in sent[0].sent:
            self._record_cancel(request)
        for request in sent[1].sent:
            assert isinstance(request, OrderRequestOpen)
            self._record_open(request)
        return sent[0], sent[1]

    def _transmit(self, requests: Iterable[Request]) -> Sent:
        sent, errors = [], []
        for request in requests:
            error = self._send(request)
            if error is None:
                sent.append(request)
            else:
                errors.append((request, error))
        return Sent(tuple(sent), tuple(errors))

    def _ask(self, request: OrderRequestOpen) -> int:
        terms, i = request.state, self.index.instrument(request.key.instrument)
        kind, tif, post_only = encode(terms.kind, terms.time_in_force)
        price = self.units.ticks(i, terms.price) if kind else 0
        values = {"kind": kind, "time_in_force": tif, "post_only": post_only, "price": price}
        self.state.engine.strategy[0] = self._book.strategy(request.key.strategy)
        return self._book.ask(self.state, i, terms.side, self.units.lots(i, terms.quantity), values)

    def _record_open(self, request: OrderRequestOpen) -> None:
        s, i = self.state, self.index.instrument(request.key.instrument)
        earlier = self._book.find(i, request.key.cid)
        if earlier is not None and is_live(s, earlier):  # as in Barter: the later order takes its place
            note_output(s, REPLACED, earlier, -1)
            replace(s, earlier)
        action = self._ask(request)
        row = record_open(s, action, 0)
        note_open(s, action, row, 0, SENT_OPEN)
        count_sent(s, i)
        s.actions.truncate(0)
        self._book.add(row, i, request.key.cid)

    def _record_cancel(self, request: Request) -> None:
        row = self._book.find(self.index.instrument(request.key.instrument), request.key.cid)
        if row is not None and is_live(self.state, row):
            record_cancel(self.state, row)
            note_output(self.state, SENT_CANCEL, row, -1)

    # Reading

    def select(self, chosen: InstrumentFilter) -> list[int]:
        """Indices of the instruments that a filter names."""
        return select(self.index, chosen)

    def exchange_of(self, instrument: str | int) -> int:
        """Index of an instrument's exchange."""
        exchange: int = self.state.terms.exchange[self.index.instrument(instrument)]
        return exchange

    def price(self, instrument: str | int) -> Decimal | None:
        """Price of an instrument: weighted mid, else last trade or close; None while unknown."""
        i = self.index.instrument(instrument)
        ticks = price_ticks(self.state, i)
        return self.units.price(i, ticks) if ticks else None

    def position(self, instrument: str | int) -> Decimal:
        """Signed quantity of the open position."""
        i = self.index.instrument(instrument)
        return self.units.quantity(i, self.state.instruments.quantity[i])

    def realised(self, instrument: str | int) -> Decimal:
        """Realised PnL of the open position, fees deducted."""
        i = self.index.instrument(instrument)
        return self.units.in_quote(i, self.state.instruments.realised[i])

    def unrealised(self, instrument: str | int) -> Decimal:
        """Unrealised PnL of the open position at the market."""
        i = self.index.instrument(instrument)
        return self.units.in_quote(i, unrealised(self.state, i))

    def balance(self, asset: str | int) -> tuple[Decimal, Decimal, int]:
        """Total and free amount of an asset, and the exchange's time of it."""
        k, a = self.index.asset(asset), self.state.assets
        return self.units.of_asset(k, a.total[k]), self.units.of_asset(k, a.free[k]), a.time[k]

    def orders(self, instrument: str | int) -> list[Order]:
        """The orders that are tracked, in order of sending."""
        i = self.index.instrument(instrument)
        found, row = [], self.state.instruments.first[i]
        while row >= 0:
            found.append(self._order(i, row))
            row = self.state.orders.after[row]
        return found

    def _order(self, i: int, row: int) -> Order:
        o, book, units = self.state.orders, self._book, self.units
        key = OrderKey(self.exchange_of(i), i, book.strategies[o.strategy[row]], book.cids[row])
        kind, tif = decode(o.kind[row], o.time_in_force[row], o.post_only[row])
        known = None
        if o.time_exchange[row] != 0:
            known = Open(book.ids[row] or "", o.time_exchange[row], units.quantity(i, o.filled[row]))
        state: Any = known if o.status[row] != CANCEL_IN_FLIGHT else CancelInFlight(known)
        if o.status[row] == OPEN_IN_FLIGHT or state is None:
            state = OpenInFlight()
        side = Side.BUY if o.side[row] == BUY else Side.SELL
        return Order(key, side, units.price(i, o.price[row]), units.quantity(i, o.quantity[row]), kind, tif, state)

    @property
    def healthy(self) -> bool:
        """Whether every link is."""
        return not self.state.engine.unhealthy[0]

    @property
    def trading(self) -> TradingState:
        """Whether trading is enabled."""
        return TradingState.ENABLED if self.state.engine.trading[0] else TradingState.DISABLED


def _keep(request: Request) -> None:
    return None
