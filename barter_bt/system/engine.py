"""``Engine.process``: one event in, the state updated, the strategy asked, one audit out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from barter_bt.data.rates import Pair
from barter_bt.engine.audit import begin
from barter_bt.engine.event import BALANCE
from barter_bt.engine.order import REASONS
from barter_bt.engine.state.calendars import install, sessions_of
from barter_bt.engine.state.window import keep_candles, keep_columns
from barter_bt.errors import BarterBtError, ConfigError
from barter_bt.errors import EngineError as RunError
from barter_bt.instrument import Instrument
from barter_bt.instrument.number import Number
from barter_bt.protocol import EngineEvent, Item, Market, Shutdown, TradingState
from barter_bt.risk.managed import Managed
from barter_bt.risk.managers import Given, split
from barter_bt.strategy.driver import candle_history as asked_history
from barter_bt.system.accounts import Accounts
from barter_bt.system.acting import Errors
from barter_bt.system.audit import Audit, Request
from barter_bt.system.build import beginning
from barter_bt.system.decider import Decider
from barter_bt.system.requests import Requests, Send
from barter_bt.system.rows import take_batch, taker
from barter_bt.system.saved import load_state, save_state
from barter_bt.system.timer import Timer
from barter_bt.system.updating import Updating
from barter_bt.venue import Venue

if TYPE_CHECKING:
    import polars as pl


class Engine(Updating):
    """Barter's engine over columns, one event at a time.

    Parameters
    ----------
    instruments
        What can be traded.
    strategy
        A :class:`~barter_bt.system.Strategy`, asked after each event while trading is enabled.
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
    venues, rates
        Terms of the exchanges, and rates between currencies, as in a backtest: what the engine knows of margin, marks,
        fees and conversions goes by them. How orders fill is the exchange's.
    sessions
        When exchanges are open, for strategies that ask: what :func:`~barter_bt.data.sessions` or
        :func:`~barter_bt.data.exchange_sessions` give, for all or by exchange or instrument. The times that they give
        to orders are the exchange's.
    data_columns
        Names of columns of the user's own whose values events bring (``MarketEvent.own``), for strategies that read
        them: the last of each instrument counts, as in a backtest. Others that come are passed over.
    vet
        Is called with each open and amend before anything of its call is sent; it raises where the exchange cannot be
        told of it.

    Attributes
    ----------
    state
        The state in columns, :class:`~barter_bt.engine.state.tables.EngineState`; its audit is full.
    columns_read
        Which of ``data_columns`` the strategy reads.

    Examples
    --------
    >>> from barter_bt.protocol import MarketEvent, PublicTrade, Side
    >>> engine = Engine([Instrument("x", "btc_usd", price_increment="0.5")])
    >>> trade = PublicTrade("1", 100.5, 2.0, Side.BUY)
    >>> audit = engine.process(Market(Item(MarketEvent(7, 7, "x", "btc_usd", trade))))
    >>> audit.sequence, audit.time, engine.price("btc_usd")
    (0, 7, Decimal('100.5'))
    """

    def __init__(
        self,
        instruments: Iterable[Instrument],
        strategy: Decider[Engine] | None = None,
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
        venues: Venue | Mapping[str, Venue] | None = None,
        rates: Mapping[str, Any] | tuple[Pair, ...] | None = None,
        sessions: Any = None,
        data_columns: Sequence[str] = (),
        vet: Callable[[Request], None] = lambda request: None,
    ) -> None:
        super().__init__(*beginning(instruments, balances or {}, units or {}, venues, rates, reporting, start))
        self.strategy = strategy or Decider()
        self.state.engine.trading[0] = int(trading == TradingState.ENABLED)
        self._keep(data_columns, asked_history(candle_history), sessions)
        self._managed = self._hold_against(risk)
        self._accounts = Accounts(self.state, self.index, self.units, self._book)
        if risk_check not in ("each", "together"):
            raise ConfigError(f"risk_check is {risk_check!r}; allowed: 'each', 'together'")
        self._requests = Requests(
            *(self.state, self.index, self.units, self._book),
            send or _keep_only,
            self._tell_sent,
            together=risk_check == "together",
            managed=self._managed,
            vet=vet,
        )
        self._clock = clock
        self._take = taker(self.state, compiled=False)
        self._outputs, self._asked, self.terminated = [], 0, False

    def _keep(self, data_columns: Sequence[str], history: int, sessions: Any) -> None:
        """Make room for what strategies read besides the state: columns of the user's own, candles, calendars."""
        self._data_columns = {name: number for number, name in enumerate(dict.fromkeys(data_columns))}
        self.columns_read = tuple(self._data_columns)
        if self._data_columns:
            keep_columns(self.state, len(self._data_columns))
        install(sessions_of(sessions, self.index, ()), self.state)
        if history:
            keep_candles(self.state, history)

    def _hold_against(self, risk: Given) -> Managed | None:
        """Apply the limits, also where units change; the user's own risk managers."""
        limits, managers = split(risk)
        if limits:
            limits.apply(self.state, self.index, self.units.scales)
            self.units.changed = lambda: limits.apply_amounts(self.state, self.index, self.units.scales, again=True)
        return Managed(managers, self.state, self.index) if managers else None

    @property
    def data_columns(self) -> tuple[str, ...]:
        """Names of the columns of the user's own whose values are kept, in order of their numbers."""
        return tuple(self._data_columns)

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
        if self.terminated:
            self._check_going()
        if not (isinstance(event, Market) and isinstance(event.event, Item)):
            return self._answer(event, *self._update(event))
        engine = self.state.engine
        sequence = engine.sequence[0]
        self._market(event.event.value)
        if self._tells or engine.pending[0] or (self._asks and engine.trading[0]):
            self._outputs = []
            return self._answer(event, sequence, ())
        return Audit(sequence, engine.time[0], event)

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
        e, told, audits, of = self.state.event, [], [], (-1, -1)
        for event in events:
            sequence, errors = self._update(event)
            if e.order[0] >= 0:
                of = e.instrument[0], e.order[0]
            elif e.kind[0] == BALANCE:  # it names no order; that of its message it is
                e.instrument[0], e.order[0] = of
            what = e.kind[0], e.instrument[0], e.order[0], e.exchange[0], e.command[0]
            told.append((event, sequence, errors, what, self._outputs))
        for event, sequence, errors, what, outputs in told:
            begin(self.state, *what)
            self._outputs = outputs
            audits.append(self._answer(event, sequence, errors))
            if self.terminated:
                break
        return audits

    def compile(self) -> None:
        """Take market items in compiled code from now on, in a quarter of the time; nothing else changes.

        It takes some seconds the first time, and a fraction of one where the result is kept; so it is not done
        unasked, while a market is waiting. ``BARTER_BT_INTERPRET=1`` leaves everything in Python.

        Examples
        --------
        >>> engine = Engine([Instrument("x", "btc_usd")])
        >>> engine.compile()
        """
        self._take = taker(self.state, compiled=True)

    def process_columns(self, frame: pl.DataFrame) -> list[Audit]:
        """Process market events that are the rows of a frame, as :meth:`process` would one by one.

        Where nobody is to be asked in between, they are taken in one compiled call: while trading is disabled, or if
        the strategy has neither ``generate_algo_orders`` nor ``on_event``, and the engine goes by the events' clock.

        Parameters
        ----------
        frame
            ``time_exchange``: ns since 1970, or Datetime; ``instrument``: names or indices; the values of a kind.
            Trades have ``price`` and ``amount``, quotes ``bid_price``, ``bid_amount``, ``ask_price`` and ``ask_amount``
            (null or 0 for an empty side), candles, at their close, ``open``, ``high``, ``low``, ``close`` and
            ``volume``. Where there are more kinds in one frame, ``kind`` says which a row is: ``trade``, ``quote``,
            ``candle``. There may be ``exchange``, by default the instrument's; and what only a strategy or an audit
            sees: ``time_received`` (by default ``time_exchange``), ``id`` and ``side`` (by default none, and ``Buy``),
            ``trade_count``. Others are an error.

        Returns
        -------
        list of Audit
            Of the events because of which the engine did something; the journals of ``state`` have all of them.

        Raises
        ------
        BarterBtError
            The frame is not of that shape: nothing is processed. Or an event cannot be: those before it stand, and a
            note says which row it is.

        Examples
        --------
        >>> import polars as pl
        >>> engine = Engine([Instrument("x", "btc_usd", price_increment="0.5")])
        >>> trades = {"time_exchange": [7, 8], "instrument": ["btc_usd"] * 2, "price": [100.5, 101], "amount": [2, 1]}
        >>> engine.process_columns(pl.DataFrame(trades))
        []
        >>> engine.price("btc_usd"), engine.state.engine.sequence[0]
        (Decimal('101'), 2)
        """
        from barter_bt.system.batch import Batch

        self._check_going()
        batch, audits, row = Batch(frame, self.index), [], 0
        while row < len(batch) and not self.terminated:
            if self._asks_nobody():
                row = take_batch(self.state, batch.given, row)
                if row == len(batch):
                    break
            try:
                audit = self.process(batch.event(row))
            except BarterBtError as error:
                error.add_note(f"row {row} of the frame")
                raise
            if audit.outputs or audit.errors:
                audits.append(audit)
            row += 1
        return audits

    def _asks_nobody(self) -> bool:
        """Whether market items change the state and nothing else."""
        return self._clock is None and not self._tells and not (self._asks and self.state.engine.trading[0])

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

    @property
    def reasons(self) -> Sequence[str]:
        """Names of the reasons of orders by code: the engine's, then those of the user's risk managers."""
        return self._managed.reasons if self._managed else REASONS

    def go_on(self) -> None:
        """Process events again behind a shutdown: a session that was ended in good order is resumed (rule 110)."""
        self.terminated = False

    def _check_going(self) -> None:
        if self.terminated:
            raise RunError("the engine has ended: after a shutdown or an unrecoverable error it processes nothing")

    def _answer(self, event: EngineEvent | Timer, sequence: int, errors: Errors) -> Audit:
        """Tell and ask the strategy."""
        engine = self.state.engine
        if engine.pending[0]:
            self._tell_disabled()
        if self._tells:
            self._ask(self._strategy.on_event, self, event)
        ends = isinstance(event, Shutdown)
        if engine.trading[0] and not errors and not ends:
            if self._asks:
                errors = self._generate()
            if engine.pending[0]:
                self._tell_disabled()
        self.terminated = ends or bool(errors)
        return Audit(sequence, engine.time[0], event, tuple(self._outputs), tuple(errors))


def _keep_only(request: Request) -> None:
    return None
