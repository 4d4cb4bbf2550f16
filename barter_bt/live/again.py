"""A session that sees all of a recording: the same events and failures, and nothing is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from barter_bt.errors import BarterBtError, ConfigError, StrategyError
from barter_bt.live.protocols import ExecutionClient
from barter_bt.live.recording import RecordedSession
from barter_bt.live.session import Session
from barter_bt.protocol import AccountSnapshot, Command, EngineError, Order, OrderKey, Shutdown, TradingStateUpdate


def process_again(session: Session, told: RecordedSession) -> bool:
    """Let a session that has seen nothing yet see all of a recording; nothing is sent.

    Behind a shutdown it goes on, where the recording does (rule 110).

    Returns
    -------
    bool
        Whether the recording ends with a shutdown.

    Raises
    ------
    ConfigError
        They are of other instruments.
    BarterBtError
        What ended the recorded session.
    """
    names, clients, sendings = session.engine.index.names, session.clients, _Sendings()
    if told.instruments != names:
        raise ConfigError(f"{told.directory} is of {', '.join(told.instruments)}, the system of {', '.join(names)}")
    session.clients = {name: _Recorded(sendings, client) for name, client in clients.items()}
    was_shut_down = False
    for arrival, errors in told.arrivals():
        if was_shut_down:
            session.engine.go_on()
        sendings.errors, sendings.count = errors, 0
        try:
            session.process(arrival)
        except StrategyError:
            raise
        except BarterBtError:
            if not isinstance(arrival.events[0], Command | TradingStateUpdate):
                raise  # it has ended the session then, too; a command's error was its sender's to hear
        was_shut_down = any(isinstance(event, Shutdown) for event in arrival.events)
    session.clients = clients
    return was_shut_down


@dataclass
class _Sendings:
    """Requests of a message: how many have been sent, and which could not be."""

    errors: Mapping[int, EngineError] = field(default_factory=dict)
    count: int = 0


class _Recorded:
    """In place of a client: it knows the same conditions, fails where the session's did, and sends nothing."""

    exchanges: tuple[str, ...] = ()

    def __init__(self, sendings: _Sendings, client: ExecutionClient) -> None:
        self._sendings, self.conditions = sendings, getattr(client, "conditions", ())

    def open(self, request: Any) -> EngineError | None:
        self._sendings.count += 1
        return self._sendings.errors.get(self._sendings.count - 1)

    cancel = amend = move_margin = open

    async def account_snapshot(self, exchange: str) -> AccountSnapshot:
        raise AssertionError("a replay asks nothing")

    async def order_status(self, key: OrderKey) -> Order | None:
        raise AssertionError("a replay asks nothing")

    async def close(self) -> None:
        return None
