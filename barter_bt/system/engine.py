"""``Engine.process``: one event in, the state updated, the strategy asked, one audit out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

from barter_bt.engine.action.stop import STOPS, begin_stop, stop_reason
from barter_bt.engine.agenda import NEVER
from barter_bt.engine.audit import COMMANDED, FULL, begin, note_output
from barter_bt.engine.command import (
    AMEND_REQUESTS,
    CANCEL_ORDERS,
    CANCEL_REQUESTS,
    CLOSE,
    DISABLE_TRADING,
    ENABLE_TRADING,
    LOSE_ACCOUNT,
    LOSE_MARKET,
    OPEN_ORDERS,
    SHUTDOWN,
)
from barter_bt.engine.event import BAR_CLOSE, ENGINE_UPDATE, TIMER, TRADING_DISABLED
from barter_bt.engine.order import BUY
from barter_bt.engine.state.build import build_state
from barter_bt.engine.state.connectivity import lose_account, lose_market, set_trading
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.valuation import mark
from barter_bt.engine.state.window import keep_candles
from barter_bt.engine.step import advance, start_event
from barter_bt.engine.tiers import MarginTiers
from barter_bt.errors import BarterBtError, ConfigError, DataError, StrategyError
from barter_bt.errors import EngineError as RunError
from barter_bt.instrument import IndexedInstruments, Instrument, choose_scales
from barter_bt.instrument.number import Number, decimal
from barter_bt.protocol import (
    Account,
    AccountEvent,
    CancelInFlight,
    CancelOrders,
    ClosePositions,
    Command,
    CommandKind,
    EngineEvent,
    InstrumentFilter,
    Market,
    MarketEvent,
    NoFilter,
    Open,
    OrderRequestAmend,
    OrderRequestCancel,
    OrderRequestOpen,
    Reconnecting,
    RequestCancel,
    SendAmendRequests,
    SendCancelRequests,
    SendOpenRequests,
    Shutdown,
    Side,
    TradingState,
    TradingStateUpdate,
    UnrecoverableEngineError,
)
from barter_bt.risk.managed import Managed
from barter_bt.risk.managers import Given, split
from barter_bt.strategy.driver import candle_history as asked_history
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
    Stopped,
    TradingDisabled,
)
from barter_bt.system.book import Book
from barter_bt.system.changes import Changes, check_time
from barter_bt.system.filters import many
from barter_bt.system.markets import event_time, prepare_market
from barter_bt.system.requests import Ready, Requests, Send
from barter_bt.system.saved import load_state, save_state
from barter_bt.system.strategy import Strategy, close_with_market_orders
from barter_bt.system.timer import Timer
from barter_bt.system.units import Units
from barter_bt.system.view import View
from barter_bt.venue.build import build_links, build_terms
from barter_bt.venue.terms import Venue

T = TypeVar("T")
Errors: TypeAlias = Sequence[UnrecoverableEngineError]
Apply: TypeAlias = Callable[[], Errors]
CODES: dict[type, int] = {
    SendOpenRequests: OPEN_ORDERS,
    SendCancelRequests: CANCEL_REQUESTS,
    SendAmendRequests: AMEND_REQUESTS,
    ClosePositions: CLOSE,
    CancelOrders: CANCEL_ORDERS,
}


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
        What the strategy's orders are held against: limits, risk managers of your own, or a list of them, as in a
        backtest.
    risk_check
        When: ``"each"`` order after those before it have been sent, as in a backtest, or all that the strategy asks for
        at one time ``"together"``, as in Barter, whose risk manager sees one state for all of them.
    trading
        Whether trading is enabled at first.
    send
        Sends a request to its exchange; by default requests are only kept in the audits.
    start
        The clock's first time, ns since 1970, which the starting balances bear too; before the first event where
        events are older than 1970.
    clock
        Tells the time at which an event is processed, ns since 1970, as Barter's live clock; by default it is the
        latest that an event bears, as of Barter's historical clock. It never goes back.
    units
        Smallest amount of an asset that is counted, as in a backtest.
    reporting
        Asset that limits on exposure and leverage are in; by default the quote asset of the first instrument.
    candle_history
        How many of the last candles of each instrument are kept, for :meth:`candles`.

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
        risk: Given = None,
        risk_check: Literal["each", "together"] = "each",
        trading: TradingState = TradingState.DISABLED,
        send: Send | None = None,
        start: int = 0,
        clock: Callable[[], int] | None = None,
        units: Mapping[str, Number] | None = None,
        reporting: str | None = None,
        candle_history: int = 0,
    ) -> None:
        index = IndexedInstruments(instruments)
        amounts = {index.asset(name): Decimal(amount) for name, amount in (balances or {}).items()}
        chosen = {index.asset(name): decimal(unit, f"unit of {name!r}") for name, unit in (units or {}).items()}
        counted, book = Units(index, choose_scales(index, {}, amounts, units=chosen)), Book()
        book.balances = {asset: (amount, amount) for asset, amount in amounts.items()}
        worth_in = index.asset(reporting) if reporting else index.settlement_assets[0]
        super().__init__(index, counted, _build(index, counted, amounts, start, worth_in), book)
        self.strategy = strategy or Strategy()
        self.state.engine.trading[0] = int(trading == TradingState.ENABLED)
        if history := asked_history(candle_history):
            keep_candles(self.state, history)
        limits, managers = split(risk)
        if limits:
            limits.apply(self.state, index, counted.scales)
            counted.changed = lambda: limits.apply_amounts(self.state, index, counted.scales, again=True)
        self._managed = Managed(managers, self.state, index) if managers else None
        self._accounts = Accounts(self.state, index, counted, book)
        if risk_check not in ("each", "together"):
            raise ConfigError(f"risk_check is {risk_check!r}; allowed: 'each', 'together'")
        together = risk_check == "together"
        self._requests = Requests(
            self.state, index, counted, book, send or _keep, self._tell_sent, together=together, managed=self._managed
        )
        self._clock = clock
        self._outputs: list[Output] = []
        self._asked = 0  # functions of the strategy that are being called
        self.terminated = False

    # Processing

    def process(self, event: EngineEvent | Timer) -> Audit:
        """Process one event: the clock, the state, then, if trading is enabled, the strategy.

        Raises
        ------
        RunError
            After a shutdown or an unrecoverable error.
        StrategyError
            The strategy asked for what cannot be. Nothing of that call is sent; the event stands, as it does if the
            strategy raises anything else.
        BarterBtError
            The event names what is not in the index, or holds what cannot be. It is applied whole or not at all: state,
            sequence and audit are as before.
        """
        self._check_going()
        sequence, errors = self._update(event)
        return self._answer(event, sequence, errors)

    def process_report(self, events: Iterable[EngineEvent]) -> list[Audit]:
        """Process what one message of an exchange tells: all of it is applied before the strategy is asked.

        A fill is a trade, what it leaves of its order, and balances. One by one, as in Barter, the strategy is asked
        between them, when the position has changed and the order has not; so it is asked of each, in the same order,
        but sees all of them (rule 11), as in a backtest.

        Parameters
        ----------
        events
            In the order in which the exchange tells them.

        Returns
        -------
        list of Audit
            One for each; it ends early where one ends the run.

        Raises
        ------
        BarterBtError
            As :meth:`process`. What was told before an event that cannot be stands, and the strategy is not asked of
            it.
        """
        self._check_going()
        e, told, audits = self.state.event, [], []
        for event in events:
            sequence, errors = self._update(event)
            what = e.kind[0], e.instrument[0], e.order[0], e.exchange[0], e.command[0]
            told.append((event, sequence, errors, what, self._outputs))
        for event, sequence, errors, what, outputs in told:
            begin(self.state, *what)
            self._outputs = outputs
            audits.append(self._answer(event, sequence, errors))
            if self.terminated:
                break
        return audits

    def _check_going(self) -> None:
        if self.terminated:
            raise RunError("the engine has ended: after a shutdown or an unrecoverable error it processes nothing")

    def _update(self, event: EngineEvent | Timer) -> tuple[int, Errors]:
        """Apply an event; returns its number, and errors that end the run."""
        apply = self._prepare(event)
        sequence, self._outputs = self.state.engine.sequence[0], []
        return sequence, apply()

    def _answer(self, event: EngineEvent | Timer, sequence: int, errors: Errors) -> Audit:
        """Tell and ask the strategy."""
        self._tell_disabled()
        self._ask(self.strategy.on_event, self, event)
        if not errors and self.state.engine.trading[0] and not isinstance(event, Shutdown):
            errors = self._generate()
            self._tell_disabled()
        self.terminated = bool(errors) or isinstance(event, Shutdown)
        return Audit(sequence, self.state.engine.time[0], event, tuple(self._outputs), tuple(errors))

    def save(self, path: str | Path) -> None:
        """Write the state to a file; what the strategy remembers is the strategy's."""
        save_state(Path(path), self.state, self._book, self.units, self.index.names, ended=self.terminated)

    def load(self, path: str | Path) -> None:
        """Go back to a state that :meth:`save` wrote, in this process or another, over the same instruments.

        Raises
        ------
        ConfigError
            It is no such file, of another version, or of other instruments.
        """
        self.terminated = load_state(Path(path), self.state, self._book, self.units, self.index.names)

    def run(self, events: Iterable[EngineEvent | Timer]) -> list[Audit]:
        """Process events until they end, a shutdown, or an unrecoverable error."""
        audits = []
        for event in events:
            audits.append(self.process(event))
            if self.terminated:
                break
        return audits

    def _prepare(self, event: EngineEvent | Timer) -> Apply:
        """What the event will do. All that can be wrong with it is an error here, and then nothing has changed."""
        if isinstance(event, Market | Account):
            what = event.event
            if isinstance(what, Reconnecting):
                return partial(self._disconnect, isinstance(event, Market), self.index.exchange(what.exchange))
            item: Any = what.value
            return self._market(item) if isinstance(event, Market) else self._account(item)
        if isinstance(event, Command):
            return self._command(event.kind)
        if isinstance(event, TradingStateUpdate):
            return partial(self._set_trading, event.state)
        if isinstance(event, Timer):
            check_time(event.time)
            return partial(self._begin, -1, kind=BAR_CLOSE if event.closes_bar else TIMER, time=event.time)
        if isinstance(event, Shutdown):
            return partial(self._begin, SHUTDOWN)
        raise DataError(f"{event!r} is no event of the engine", "barter_bt.protocol.EngineEvent has them all")

    def _begin(self, command: int, exchange: int = -1, kind: int = ENGINE_UPDATE, time: int | None = None) -> Errors:
        start_event(self.state, self._now(time), kind, -1, exchange, command)
        return ()

    def _now(self, time: int | None) -> int:
        """The time of the host's clock, else that of the event, else the time as it was."""
        if self._clock is not None:
            return self._clock()
        was: int = self.state.engine.time[0]
        return was if time is None else time

    def _disconnect(self, is_market: bool, exchange: int) -> Errors:
        self._begin(LOSE_MARKET if is_market else LOSE_ACCOUNT, exchange)
        (lose_market if is_market else lose_account)(self.state, exchange)
        name = self.index.exchanges[exchange]
        told = self._ask(self.strategy.on_disconnect, self, name)
        self._outputs.append((MarketDisconnect if is_market else AccountDisconnect)(name, told))
        return ()

    def _market(self, item: MarketEvent) -> Apply:
        changes = Changes(self.state, self.index, self.units)
        exchange, i = self.index.exchange(item.exchange), self.index.instrument(item.instrument)
        prepare_market(self.state, changes, exchange, i, item)
        return partial(self._apply, item.time_exchange, changes)

    def _account(self, item: AccountEvent) -> Apply:
        changes = self._accounts.prepare(self.index.exchange(item.exchange), item.kind)
        return partial(self._apply, event_time(item.kind), changes)

    def _apply(self, time: int | None, changes: Changes) -> Errors:
        closed = len(self.state.positions)
        advance(self.state, self._now(time))
        changes.apply()
        self._outputs += [self._exit(row) for row in range(closed, len(self.state.positions))]
        return ()

    def _exit(self, row: int) -> PositionExit:
        p, units = self.state.positions, self.units
        i, lots = p.instrument[row], p.quantity[row]
        one = self.index.instruments[i]
        worth = units.quantity(i, lots) * Decimal(str(one.contract_size))
        basis = units.in_quote(i, p.cost_basis[row])
        return PositionExit(
            i,
            Side.BUY if p.side[row] == BUY else Side.SELL,
            worth / basis if one.is_inverse else basis / worth,
            units.quantity(i, p.quantity_max[row]),
            units.in_quote(i, p.realised[row]),
            units.in_quote(i, p.fees_enter[row]),
            units.in_quote(i, p.fees_exit[row]),
            p.time_enter[row],
            p.time_exit[row],
            (p.trade_enter[row], p.trade_exit[row]),
        )

    def _set_trading(self, state: TradingState) -> Errors:
        self._begin(ENABLE_TRADING if state == TradingState.ENABLED else DISABLE_TRADING)
        self.set_trading(state)
        return ()

    def set_trading(self, state: TradingState) -> None:
        """Enable or disable trading; the strategy is told when enabled becomes disabled.

        If it disables trading itself, it is told after what it asks for at the same time has been sent.
        """
        set_trading(self.state, int(state == TradingState.ENABLED))
        if not self._asked:
            self._tell_disabled()

    def _tell_disabled(self) -> None:
        """Tell the strategy that trading, which was enabled, is disabled; it may enable it again."""
        pending = self.state.engine.pending
        while pending[0] & TRADING_DISABLED:
            pending[0] = 0
            self._outputs.append(TradingDisabled(self._ask(self.strategy.on_trading_disabled, self)))
        pending[0] = 0

    def _tell_sent(self, sent: Sent) -> None:
        self._ask(self.strategy.on_event, self, sent)

    # Equity

    def mark(self, time: int | None = None) -> Audit | None:
        """Mark the equity in ``state.equity``, and hold it against the stops of the limits.

        When is for the host to say: a backtest marks at each candle close, or at an interval (rule 24).

        Parameters
        ----------
        time
            Of the mark, ns since 1970; by default the clock's.

        Returns
        -------
        Audit or None
            If a stop fires, which is an event of its own: trading is disabled, every order is cancelled, every
            position that has a price is closed past the limits (rule 27), and the strategy is told.
        """
        if self.terminated:
            raise RunError("the engine has ended: after a shutdown or an unrecoverable error it marks nothing")
        s, sequence = self.state, self.state.engine.sequence[0]
        mark(s, s.engine.time[0] if time is None else time)
        reason = stop_reason(s) if s.risk.stops[0] else 0
        if not reason:
            return None
        self._outputs = []
        begin_stop(s, reason)
        instruments = range(len(self.index))
        _, opens = close_with_market_orders(self, instruments, self.strategy.id, f"stop {sequence}: ")
        output = Stopped(STOPS[reason], *self.send(self._cancels(NoFilter()), opens))
        self._outputs.append(output)
        self._tell_disabled()
        errors = output.cancels.unrecoverable + output.opens.unrecoverable
        self.terminated = bool(errors)
        return Audit(sequence, s.engine.time[0], None, tuple(self._outputs), tuple(errors))

    # Acting

    def _command(self, command: CommandKind) -> Apply:
        """What a command asks for itself is known before it is applied; what closes positions is the strategy's."""
        ready: tuple[list[Ready], list[Ready]] = [], []
        if isinstance(command, SendCancelRequests):
            ready = self._requests.prepare(many(command.requests), ())
        elif isinstance(command, SendOpenRequests | SendAmendRequests):
            ready = self._requests.prepare((), many(command.requests))
        elif isinstance(command, CancelOrders):
            ready = self._requests.prepare(self._cancels(command.filter), ())
        elif isinstance(command, ClosePositions):
            return partial(self._close, command, self.select(command.filter))
        else:
            raise DataError(f"{command!r} is no command")
        return partial(self._obey, command, ready)

    def _close(self, command: ClosePositions, instruments: list[int]) -> Errors:
        self._begin_command(command)
        asked = self._ask(self.strategy.close_positions, self, instruments)
        return self._send_commanded(command, self._ask(self._requests.prepare, *asked))

    def _obey(self, command: CommandKind, ready: tuple[list[Ready], list[Ready]]) -> Errors:
        self._begin_command(command)
        return self._send_commanded(command, ready)

    def _begin_command(self, command: CommandKind) -> None:
        self._begin(CODES[type(command)])
        note_output(self.state, COMMANDED, CODES[type(command)], -1)

    def _send_commanded(self, command: CommandKind, ready: tuple[list[Ready], list[Ready]]) -> Errors:
        output = Commanded(command, *self._requests.send(*ready))
        self._outputs.append(output)
        return output.cancels.unrecoverable + output.opens.unrecoverable

    def send(
        self, cancels: Iterable[OrderRequestCancel], opens: Iterable[OrderRequestOpen | OrderRequestAmend]
    ) -> tuple[Sent, Sent]:
        """Send requests past the risk manager, from a hook; amends are among the opens, and go before them."""
        return self._requests.send(*self._requests.prepare(cancels, opens))

    def _cancels(self, chosen: InstrumentFilter) -> list[OrderRequestCancel]:
        """Cancels of all orders that are not being cancelled already."""
        orders = [order for i in self.select(chosen) for order in self.orders(i)]
        return [
            OrderRequestCancel(order.key, RequestCancel(order.state.id if isinstance(order.state, Open) else None))
            for order in orders
            if not isinstance(order.state, CancelInFlight)
        ]

    def _generate(self) -> Errors:
        asked = self._ask(self.strategy.generate_algo_orders, self)
        output = AlgoOrders(*self._requests.decide(*self._ask(self._requests.prepare, *asked)))
        if output.cancels or output.opens or output.refused:
            self._outputs.append(output)
        return output.cancels.unrecoverable + output.opens.unrecoverable

    def _ask(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call what is the strategy's: its errors are not the event's, which stands."""
        self._asked += 1
        try:
            return function(*arguments)
        except BarterBtError as error:
            raise StrategyError(f"the strategy asked for what cannot be: {error.message}", error.hint) from error
        finally:
            self._asked -= 1


def _keep(request: Request) -> None:
    return None


def _build(
    index: IndexedInstruments, units: Units, amounts: Mapping[int, Decimal], start: int, reporting: int
) -> EngineState:
    """The state before the first event: no link has said anything."""
    scales, venues = units.scales, dict.fromkeys(index.exchanges, Venue())
    balances = {asset: units.balance(asset, amount) for asset, amount in amounts.items()}
    terms, (links, _) = build_terms(index, scales, venues), build_links(index, venues)
    state = build_state(index, scales, terms, MarginTiers(0), links, balances, reporting, start, 16)
    state.engine.sequence[0], state.engine.audit[0] = 0, FULL
    for exchange in range(len(index.exchanges)):
        lose_account(state, exchange)
    state.engine.pending[0] = 0
    for asset in set(range(len(index.assets))) - set(amounts):
        state.assets.time[asset] = -NEVER  # nobody has told of it, so its first balance is news at any time
    for table in (state.audits, state.outputs, state.balances):
        table.truncate(0)
    return state
