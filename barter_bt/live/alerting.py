"""What somebody should hear of at once, and a webhook that it is posted to.

================  ===================================================================
kind              when
================  ===================================================================
``disabled``      trading, which was enabled, is disabled: by a kill, by hand, by a shutdown, by rule 84
``stopped``       a stop of the limits has fired
``unreconciled``  money, or a position, that nothing explains
``disconnected``  a link to a market or an account is lost
``stale``         nothing is heard of an instrument for ``System(stale=)``; and when it is heard of again
``behind``        an instrument's events are processed later than ``System(behind=)``; and when in time again
``unsent``        a request could not be sent
``error``         the system has ended, and why
``ended``         it was shut down
================  ===================================================================
"""

from __future__ import annotations

import asyncio
import os
import warnings
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import msgspec

from barter_bt.errors import ConfigError
from barter_bt.live.clock import SECOND_NS, Clock, WallClock
from barter_bt.live.delays import Delay
from barter_bt.live.handle import SystemHandle
from barter_bt.live.ledger import Unreconciled
from barter_bt.live.silence import Silence
from barter_bt.protocol import MarginRequest, Shutdown, to_json
from barter_bt.system import (
    AccountDisconnect,
    AlgoOrders,
    Audit,
    Commanded,
    MarketDisconnect,
    Stopped,
    TradingDisabled,
)
from barter_bt.system.audit import Output

KINDS = ("disabled", "stopped", "unreconciled", "disconnected", "stale", "behind", "unsent", "error", "ended")
ATTEMPTS, ANSWER_SECONDS = 5, 10.0


class AlertWarning(UserWarning):
    """An alert could not be delivered."""


@dataclass(frozen=True)
class Alert:
    """Something to hear of.

    Parameters
    ----------
    kind
        One of those above.
    time
        Of the engine's clock, ns since 1970.
    text
        What it is, without anything secret.
    """

    kind: str
    time: int
    text: str


async def alerts(handle: SystemHandle) -> AsyncIterator[Alert]:
    """Each alert of a system, until it ends.

    Parameters
    ----------
    handle
        Of the system; audits must be enabled.
    """
    said, time = list[Unreconciled](), 0
    async for news in handle.news():
        time = news.time
        if isinstance(news, Silence | Delay):
            yield Alert("stale" if isinstance(news, Silence) else "behind", time, str(news))
            continue
        for alert in _of_audit(news):
            yield alert
        trouble = handle.unreconciled
        for one in trouble:
            if one not in said:
                yield Alert("unreconciled", time, f"there is {one}")
        said = trouble
    try:
        await handle.wait()
    except Exception as error:
        yield Alert("error", time, f"the system has ended: {type(error).__name__}: {error}")


def _of_audit(audit: Audit) -> Iterator[Alert]:
    for output in audit.outputs:
        for kind, text in _of_output(output):
            yield Alert(kind, audit.time, text)
    if isinstance(audit.event, Shutdown):
        yield Alert("ended", audit.time, "the system was shut down")


def _of_output(output: Output) -> Iterator[tuple[str, str]]:
    if isinstance(output, TradingDisabled):
        yield "disabled", "trading is disabled"
    elif isinstance(output, Stopped):
        yield "stopped", f"{output.reason}; trading is disabled, orders are cancelled, positions closed"
    elif isinstance(output, MarketDisconnect | AccountDisconnect):
        what = "market" if isinstance(output, MarketDisconnect) else "account"
        yield "disconnected", f"the {what} link of {output.exchange} is lost"
    if isinstance(output, AlgoOrders | Commanded | Stopped):
        for request, error in (*output.cancels.errors, *output.opens.errors):
            of = request.instrument if isinstance(request, MarginRequest) else request.key.cid
            yield "unsent", f"{type(request).__name__} {of} could not be sent: {to_json(error)}"


class Webhook:
    """Posts alerts to a URL, each as a JSON object of ``kind``, ``time`` (ns since 1970) and ``text``.

    One after another; each is tried five times, with 1, 2, 4 and 8 seconds between, where the way there fails or the
    answer is 408, 429 or 5xx. What cannot be delivered is warned of. Redirects are not followed.

    Parameters
    ----------
    url
        Where to; it is shown in no text, for such URLs often are secrets.
    kinds
        Which alerts; by default all.
    clock
        How it waits between attempts.

    Raises
    ------
    ConfigError
        The URL has no ``http://`` or ``https://``, or there is no such kind.

    Examples
    --------
    >>> Webhook.from_environment("ALERTS", ["stopped"], {"ALERTS": "https://example.org/very-secret"})
    Webhook(…, kinds=['stopped'])
    """

    def __init__(self, url: str, kinds: Sequence[str] = KINDS, clock: Clock | None = None) -> None:
        if not url.startswith(("http://", "https://")):
            raise ConfigError("the URL of a webhook begins with neither http:// nor https://")
        if unknown := [one for one in kinds if one not in KINDS]:
            raise ConfigError(f"alerts are of kinds {list(kinds)}; unknown: {unknown}", f"allowed: {', '.join(KINDS)}")
        self._url, self._kinds, self._clock = url, list(kinds), clock or WallClock()

    @classmethod
    def from_environment(
        cls, name: str, kinds: Sequence[str] = KINDS, environment: Mapping[str, str] | None = None
    ) -> Self:
        """Take the URL from a variable of the environment.

        Parameters
        ----------
        name
            Of the variable.
        kinds
            Which alerts.
        environment
            Where it is; by default that of the process.

        Raises
        ------
        ConfigError
            It is not set.
        """
        url = (os.environ if environment is None else environment).get(name)
        if not url:
            raise ConfigError(f"{name} not set in the environment", "let it be the URL of a webhook, not in a file")
        return cls(url, kinds)

    def __repr__(self) -> str:
        return f"Webhook(…, kinds={self._kinds})"

    async def follow(self, handle: SystemHandle) -> None:
        """Post the alerts of a system until it ends, and the last of them was posted.

        Warns
        -----
        AlertWarning
            One could not be delivered.
        """
        import aiohttp

        waiting = asyncio.Queue[Alert | None]()

        async def collect() -> None:
            async for alert in alerts(handle):
                if alert.kind in self._kinds:
                    waiting.put_nowait(alert)
            waiting.put_nowait(None)

        collecting = asyncio.create_task(collect())
        try:
            timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
            async with aiohttp.ClientSession(timeout=timeout) as session:
                while (alert := await waiting.get()) is not None:
                    await self._post(session, alert)
        finally:
            collecting.cancel()

    async def _post(self, session: Any, alert: Alert) -> None:
        failed = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                await self._clock.sleep_until(self._clock.now() + (SECOND_NS << attempt) // 2)
            failed, is_final = await self._once(session, msgspec.json.encode(alert))
            if not failed or is_final:
                break
        if failed:
            warnings.warn(f"alert {alert.kind!r} could not be delivered: {failed}", AlertWarning, stacklevel=2)

    async def _once(self, session: Any, body: bytes) -> tuple[str, bool]:
        """Why it failed, if it did, and whether to leave it at that."""
        import aiohttp

        headers = {"Content-Type": "application/json"}
        try:
            async with session.post(self._url, data=body, headers=headers, allow_redirects=False) as response:
                if response.status < 300:
                    return "", True
                return f"the answer is {response.status}", response.status < 500 and response.status not in (408, 429)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            return type(error).__name__, False
