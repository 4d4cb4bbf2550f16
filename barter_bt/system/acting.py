"""What an event-by-event engine does of itself: it asks its strategy, sends requests, obeys commands, marks equity."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Self, TypeAlias, TypeVar

from barter_bt.engine.action.stop import STOPS, begin_stop, stop_reason
from barter_bt.engine.audit import COMMANDED, note_output
from barter_bt.engine.command import AMEND_REQUESTS, CANCEL_ORDERS, CANCEL_REQUESTS, CLOSE, MOVE_MARGIN, OPEN_ORDERS
from barter_bt.engine.event import ENGINE_UPDATE, TRADING_DISABLED
from barter_bt.engine.state.connectivity import set_trading
from barter_bt.engine.state.valuation import mark
from barter_bt.engine.step import refuse, start_event
from barter_bt.errors import BarterBtError, DataError, StrategyError
from barter_bt.errors import EngineError as RunError
from barter_bt.protocol import (
    CancelInFlight,
    CancelOrders,
    ClosePositions,
    CommandKind,
    InstrumentFilter,
    NoFilter,
    Open,
    OrderRequestCancel,
    RequestCancel,
    SendAmendRequests,
    SendCancelRequests,
    SendMarginRequests,
    SendOpenRequests,
    TradingState,
    UnrecoverableEngineError,
)
from barter_bt.system.audit import AlgoOrders, Audit, Commanded, Output, Sent, Stopped, TradingDisabled
from barter_bt.system.decider import NOTHING, AmongOpens, Decider, close_with_market_orders, overrides
from barter_bt.system.filters import many
from barter_bt.system.requests import Ready, Requests
from barter_bt.system.view import View

T = TypeVar("T")
Errors: TypeAlias = Sequence[UnrecoverableEngineError]
Apply: TypeAlias = Callable[[], Errors]
CODES: dict[type, int] = {
    SendOpenRequests: OPEN_ORDERS,
    SendCancelRequests: CANCEL_REQUESTS,
    SendAmendRequests: AMEND_REQUESTS,
    SendMarginRequests: MOVE_MARGIN,
    ClosePositions: CLOSE,
    CancelOrders: CANCEL_ORDERS,
}


class Acting(View):
    """The part of :class:`~barter_bt.system.Engine` that acts."""

    terminated: bool
    _strategy: Decider[Self]
    _requests: Requests
    _clock: Callable[[], int] | None
    _outputs: list[Output]
    _asked: int  # functions of the strategy that are being called

    @property
    def strategy(self) -> Decider[Self]:
        """What is told of events, and asked; another may take its place between two of them."""
        return self._strategy

    @strategy.setter
    def strategy(self, strategy: Decider[Self]) -> None:
        self._strategy = strategy
        self._tells = overrides(strategy.on_event, Decider.on_event)
        self._asks = overrides(strategy.generate_algo_orders, Decider.generate_algo_orders)

    def _begin(self, command: int, exchange: int = -1, kind: int = ENGINE_UPDATE, time: int | None = None) -> Errors:
        start_event(self.state, self._now(time), kind, -1, exchange, command)
        return ()

    def _now(self, time: int | None) -> int:
        """The time of the host's clock, else that of the event, else the time as it was."""
        if self._clock is not None:
            return self._clock()
        was: int = self.state.engine.time[0]
        return was if time is None else time

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
        if self._tells:
            self._ask(self._strategy.on_event, self, sent)

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
        _, opens = close_with_market_orders(
            self, instruments, self.strategy.id, f"{self.strategy.prefix}stop-{sequence}-"
        )
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
        elif isinstance(command, SendMarginRequests):
            ready = self._requests.prepare((), many(command.requests), as_far=True)
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

    def send(self, cancels: Iterable[OrderRequestCancel], opens: Iterable[AmongOpens]) -> tuple[Sent, Sent]:
        """Send requests past the risk manager, from a hook; margin and amends are among the opens."""
        return self._requests.send(*self._requests.prepare(cancels, opens))

    def note_refused(self, action: int, cid: str) -> None:
        """Record an order that was refused as it was asked for, as one to a target without a price (rule 18)."""
        s = self.state
        i, row = s.actions.instrument[action], refuse(s, action, s.actions.refused[action])
        self._book.strategy(self.strategy.id)
        self._book.add(row, i, cid, self.units.price(i, s.orders.price[row]), found=False)

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
        if asked == NOTHING:
            return ()
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
