"""The engine live: a system of sources and clients around it, paper trading, recordings of what it saw.

:func:`paper` lets a strategy of backtests trade on replayed data; :class:`System` is the general case. What adapters of
exchanges must do stands in :mod:`barter_bt.live.protocols`, how to begin in the guide *Trade on paper*.
"""

from barter_bt.live.alerting import Alert, AlertWarning, Webhook, alerts
from barter_bt.live.answers import AsyncClient
from barter_bt.live.arrival import Arrival, Mark
from barter_bt.live.clock import Clock, Manual, Paced, Virtual, WallClock
from barter_bt.live.control import Control, ask
from barter_bt.live.delays import Delay
from barter_bt.live.driven import Driven
from barter_bt.live.handle import SystemHandle
from barter_bt.live.ledger import Unreconciled
from barter_bt.live.metrics import Metrics
from barter_bt.live.mock import MockExchange
from barter_bt.live.parts import SessionWarning
from barter_bt.live.protocols import ExecutionClient, Source
from barter_bt.live.raw import read_raw
from barter_bt.live.recorder import Recorder
from barter_bt.live.recording import RecordedSession, read_session
from barter_bt.live.replay import replay
from barter_bt.live.run import LiveRun
from barter_bt.live.session import InterpretedWarning
from barter_bt.live.silence import Silence
from barter_bt.live.simulated import SimulatedExchange, SimulatedWarning
from barter_bt.live.synchronous import SyncHandle
from barter_bt.live.system import System, paper

__all__ = [
    "Alert",
    "AlertWarning",
    "Arrival",
    "AsyncClient",
    "Clock",
    "Control",
    "Delay",
    "Driven",
    "ExecutionClient",
    "InterpretedWarning",
    "LiveRun",
    "Manual",
    "Mark",
    "Metrics",
    "MockExchange",
    "Paced",
    "RecordedSession",
    "Recorder",
    "SessionWarning",
    "Silence",
    "SimulatedExchange",
    "SimulatedWarning",
    "Source",
    "SyncHandle",
    "System",
    "SystemHandle",
    "Unreconciled",
    "Virtual",
    "WallClock",
    "Webhook",
    "alerts",
    "ask",
    "paper",
    "read_raw",
    "read_session",
    "replay",
]
