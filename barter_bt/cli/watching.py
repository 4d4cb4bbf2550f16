"""Who is told of a session while it runs: a webhook, Prometheus."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from barter_bt.errors import ConfigError

if TYPE_CHECKING:
    from barter_bt.backtest.config import Config
    from barter_bt.live import Clock, SystemHandle

_MINUTE_NS = 60 * 10**9
Watcher: TypeAlias = "Callable[[SystemHandle], Awaitable[None]]"


@asynccontextmanager
async def watched(
    config: Path, alerts: str | None, metrics: int | None, clock: Clock | None = None
) -> AsyncIterator[list[Watcher]]:
    """Those that a file, and the command line before it, ask for.

    Parameters
    ----------
    config
        The file, with its sections ``[alerts]`` and ``[metrics]``.
    alerts
        Variable of the environment that holds the URL of a webhook.
    metrics
        A port.
    clock
        That of the system.

    Raises
    ------
    ConfigError
        The variable is not set, or the port cannot be had.
    """
    from barter_bt.backtest.config import load
    from barter_bt.backtest.config.sections import given

    file, watchers = load(config).file, list[Watcher]()
    told: dict[str, Any] = given(file.alerts) if file.alerts else {}
    if "kinds" in told and not (alerts or "webhook" in told):
        raise ConfigError(f"{config}: alerts.kinds has no effect without a webhook", "write webhook, or leave it out")
    if name := alerts or told.pop("webhook", None):
        from barter_bt.live.alerting import KINDS, Webhook

        watchers.append(Webhook.from_environment(name, told.get("kinds", KINDS)).follow)
    where: dict[str, Any] = given(file.metrics) if file.metrics else {}
    if metrics is not None:
        where["port"] = metrics
    async with AsyncExitStack() as stack:
        if where:
            from barter_bt.live.metrics import Metrics

            counting = Metrics(clock)
            await stack.enter_async_context(counting.served(**where))
            watchers.append(counting.follow)
        yield watchers


def behind_after(loaded: Config) -> str:
    """How long events of a real market may wait, as the file says, else five seconds."""
    from barter_bt.backtest.config.sections import given

    told: dict[str, Any] = given(loaded.file.alerts) if loaded.file.alerts else {}
    return str(told.get("behind", "5s"))


def stale_after(loaded: Config, streams: Sequence[str]) -> str | int:
    """How long an instrument of a real market may be silent: as the file says, else a minute.

    Where nothing but candles is heard, it is twice the shortest of them.
    """
    from barter_bt.backtest.config.sections import given
    from barter_bt.data.duration import duration_ns

    told: dict[str, Any] = given(loaded.file.alerts) if loaded.file.alerts else {}
    if "stale" in told:
        return str(told["stale"])
    candles = [duration_ns(one, "streams") for one in streams if one[:1].isdigit()]
    return max(_MINUTE_NS, 2 * min(candles)) if len(candles) == len(streams) else _MINUTE_NS
