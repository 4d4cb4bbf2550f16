"""Figures of a running system, for Prometheus to collect (extra ``metrics``).

==========================================  ============  ============================================================
name                                        labels        what
==========================================  ============  ============================================================
``barter_bt_events_total``                  kind          events that the engine has processed
``barter_bt_requests_total``                kind, result  opens, cancels, amends: sent, unsent, refused by the limits
``barter_bt_trades_total``                  instrument    own fills
``barter_bt_wait_seconds``                                histogram: from a market message's reception to its turn
``barter_bt_equity``                        asset         in the reporting asset; NaN while it is unknown
``barter_bt_position``, ``barter_bt_price``  instrument    signed quantity; price, NaN before the first
``barter_bt_silence_seconds``               instrument    since its last market event; NaN before the first
``barter_bt_stale``                         instrument    1 where ``System(stale=)`` is over, or its link is not there
``barter_bt_behind_seconds``                instrument    how late its last event was, if by ``System(behind=)``; else 0
``barter_bt_trading_enabled``                             1 or 0
``barter_bt_links_healthy``                               1 if all are, else 0
``barter_bt_unreconciled``                                how many balances and positions nothing explains
==========================================  ============  ============================================================
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

from barter_bt.engine.state.valuation import UNKNOWN, equity
from barter_bt.errors import ConfigError
from barter_bt.live.clock import SECOND_NS, Clock, WallClock
from barter_bt.live.handle import SystemHandle
from barter_bt.live.recording import kind_of
from barter_bt.protocol import (
    Account,
    Item,
    MarginRequest,
    Market,
    OrderRequestAmend,
    OrderRequestCancel,
    Trade,
    TradingState,
)
from barter_bt.system import AlgoOrders, Audit, Commanded, Sent, Stopped
from barter_bt.system.view import View

WAITS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
_LAST_PORT = 65_535
_NAN = float("nan")


class Metrics:
    """Counts what a system does; :meth:`served` lets it be collected at ``/metrics``.

    Parameters
    ----------
    clock
        That of the system.

    Examples
    --------
    >>> metrics = Metrics()
    >>> "barter_bt_wait_seconds_bucket" in metrics.text()
    True
    """

    def __init__(self, clock: Clock | None = None) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram

        self._clock, self.registry = clock or WallClock(), CollectorRegistry()
        given: dict[str, Any] = {"registry": self.registry}
        self._events = Counter("barter_bt_events_total", "Events processed", ["kind"], **given)
        self._requests = Counter("barter_bt_requests_total", "Requests", ["kind", "result"], **given)
        self._trades = Counter("barter_bt_trades_total", "Own fills", ["instrument"], **given)
        self._waits = Histogram("barter_bt_wait_seconds", "From reception to its turn", buckets=WAITS, **given)
        self._heard: dict[str, int] = {}
        self._handle: SystemHandle | None = None
        self.registry.register(self)

    def text(self) -> str:
        """All figures, as Prometheus reads them."""
        from prometheus_client import generate_latest

        return generate_latest(self.registry).decode()

    async def follow(self, handle: SystemHandle) -> None:
        """Count until the system ends.

        Parameters
        ----------
        handle
            Of the system; audits must be enabled.
        """
        self._handle = handle
        async for audit in handle.audits():
            self._count(audit, handle.view())

    @asynccontextmanager
    async def served(self, port: int, host: str = "127.0.0.1") -> AsyncIterator[int]:
        """Answer ``GET /metrics``; gives the port.

        Parameters
        ----------
        port
            Which; 0 is one that the system chooses.
        host
            Address to listen at; by default this machine's alone, for figures of an account are nobody else's.

        Raises
        ------
        ConfigError
            The port cannot be had.
        """
        from aiohttp import web
        from prometheus_client import CONTENT_TYPE_LATEST

        if not 0 <= port <= _LAST_PORT:
            raise ConfigError(f"metrics cannot be served at port {port}", f"allowed: 0 to {_LAST_PORT}")

        async def answer(request: web.Request) -> web.Response:
            return web.Response(body=self.text().encode(), headers={"Content-Type": CONTENT_TYPE_LATEST})

        app = web.Application()
        app.router.add_get("/metrics", answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        try:
            try:
                await web.TCPSite(runner, host, port).start()
            except OSError as error:
                raise ConfigError(
                    f"metrics cannot be served at {host}:{port}: {error.strerror}", "choose another"
                ) from error
            yield runner.addresses[0][1]
        finally:
            await runner.cleanup()

    # What is counted

    def _count(self, audit: Audit, view: View) -> None:
        event = audit.event
        if event is not None:
            self._events.labels(kind_of(event)).inc()
        if isinstance(event, Market) and isinstance(event.event, Item):
            item = event.event.value
            self._heard[view.index.names[view.index.instrument(item.instrument)]] = audit.time
            self._waits.observe(max(0, audit.time - item.time_received) / SECOND_NS)
        elif isinstance(event, Account) and isinstance(event.event, Item):
            trade = event.event.value.kind
            if isinstance(trade, Trade):
                self._trades.labels(view.index.names[view.index.instrument(trade.instrument)]).inc()
        for output in audit.outputs:
            if isinstance(output, AlgoOrders | Commanded | Stopped):
                self._count_sent(output.cancels)
                self._count_sent(output.opens)
            if isinstance(output, AlgoOrders):
                for one in output.refused:
                    self._requests.labels(_kind(one.request), "refused").inc()

    def _count_sent(self, sent: Sent) -> None:
        for request in sent.sent:
            self._requests.labels(_kind(request), "sent").inc()
        for request, _ in sent.errors:
            self._requests.labels(_kind(request), "unsent").inc()

    # What is looked at when it is collected

    def collect(self) -> Iterator[Any]:
        """Figures of the moment, as a collector of a registry."""
        from prometheus_client.core import GaugeMetricFamily

        if self._handle is None:
            return
        view = self._handle.view()
        names = view.index.names
        prices = {name: _NAN if (price := view.price(name)) is None else float(price) for name in names}
        silences = {name: self._silence(name) for name in names}
        stale = {name: float(name in self._handle.stale or _is_lost(view, name)) for name in names}
        late = self._handle.behind
        behind = {name: late.get(name, 0) / SECOND_NS for name in names}
        positions = {name: float(view.position(name)) for name in names}
        for what, told, values in (
            ("position", "Signed quantity", positions), ("price", "Price", prices),
            ("silence_seconds", "Since its last market event", silences), ("stale", "Nothing is heard of it", stale),
            ("behind_seconds", "How late it is processed", behind),
        ):  # fmt: skip
            family = GaugeMetricFamily(f"barter_bt_{what}", told, labels=["instrument"])
            for name, value in values.items():
                family.add_metric([name], value)
            yield family
        worth = GaugeMetricFamily("barter_bt_equity", "In the reporting asset", labels=["asset"])
        worth.add_metric([_reporting(view)], _equity(view))
        yield worth
        for what, told, value in (
            ("trading_enabled", "Whether trading is enabled", view.trading == TradingState.ENABLED),
            ("links_healthy", "Whether all links are healthy", view.healthy),
            ("unreconciled", "Balances and positions that nothing explains", len(self._handle.unreconciled)),
        ):
            yield GaugeMetricFamily(f"barter_bt_{what}", told, value=float(value))

    def _silence(self, name: str) -> float:
        heard = self._heard.get(name)
        return _NAN if heard is None else (self._clock.now() - heard) / SECOND_NS


def _is_lost(view: View, name: str) -> bool:
    return not view.state.health.market[view.exchange_of(name)]


def _kind(request: Any) -> str:
    if isinstance(request, OrderRequestCancel | MarginRequest):
        return "cancel" if isinstance(request, OrderRequestCancel) else "margin"
    return "amend" if isinstance(request, OrderRequestAmend) else "open"


def _reporting(view: View) -> str:
    return str(view.index.asset_names[view.state.engine.reporting[0]])


def _equity(view: View) -> float:
    units = equity(view.state)
    return _NAN if units == UNKNOWN else float(view.units.of_asset(view.state.engine.reporting[0], units))
