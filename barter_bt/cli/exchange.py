"""The command that trades at an exchange: the test network and a dry run, unless it is told otherwise twice."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from barter_bt.cli import places
from barter_bt.cli.app import INTERRUPTED, OK, AsJson, app
from barter_bt.cli.live import run_system
from barter_bt.cli.live_parts import begins_at, parts_of
from barter_bt.cli.loopback import loopback
from barter_bt.cli.printing import print_json
from barter_bt.cli.unread import check_session
from barter_bt.cli.watching import behind_after, stale_after, watched
from barter_bt.errors import ConfigError

if TYPE_CHECKING:
    from barter_bt.live import LiveRun, Recorder


@app.command
def live(
    config: Path,
    /,
    *,
    exchange: str | None = None,
    network: Literal["test", "main", "loopback"] = "test",
    pace: str | None = None,
    streams: list[str] | None = None,
    confirm: bool = False,
    record: Path | None = None,
    raw: bool = False,
    resume: bool = False,
    prefix: str = "",
    keyring: str | None = None,
    alerts: str | None = None,
    metrics: int | None = None,
    compiled: bool = False,
    quiet: bool = False,
    json: AsJson = False,
) -> int:
    """Trade at an exchange with the strategy and the limits of a configuration file.

    Without `--confirm` it is a dry run: each order is checked and none is traded. Keys come from the environment:
    BINANCE_TEST_KEY and BINANCE_TEST_SECRET, for the main network BINANCE_KEY and BINANCE_SECRET; through ccxt
    likewise, with the exchange's name; or from the system's keyring. `--network loopback` needs none. Ctrl-C, or
    SIGTERM, shuts down in good order; orders that stand then go on standing.

    Parameters
    ----------
    config
        Configuration in TOML, of a backtest: see `barter-bt schema`. What of it has no effect is told, such as data,
        balances and venues: the exchange has its own.
    exchange
        That of the file's instruments, `binance_spot` or `binance_futures_usd`, if it is not given; any other through
        ccxt, such as `ccxt:okx`.
    network
        `test` has no real money, `main` has; `loopback` is a server on this machine that says the file's data as
        Binance's spot or USD-M futures exchange would, with the file's balances and fees, and takes orders. It needs no
        keys.
    pace
        Of `loopback`: time of the data in a second, `1s` (as it was) to `1m`; by default `30s`.
    streams
        What of the market the strategy sees: `trades`, `quotes`, `book`, intervals of candles such as `1m`; by default
        `trades` and `quotes`.
    confirm
        Send orders.
    record
        Directory in which to keep all that the engine saw, for `barter-bt replay --live`.
    raw
        Keep there what the exchange says, too, as it says it, without keys.
    resume
        Go on with the session that `--record` holds, which was shut down or killed; it needs that session's `--prefix`.
    prefix
        Of client ids, which an account has once; by default one made of the time.
    keyring
        Service of the system's keyring that holds `key` and `secret` (`keyring set SERVICE key`), in place of the
        environment.
    alerts
        Variable of the environment with the URL of a webhook that is told of what stops or ends the session.
    metrics
        Port of this machine at which Prometheus finds `/metrics`.
    compiled
        Let the engine take market items in compiled code, which takes some seconds to make the first time.
    quiet
        Show nothing on the way.
    """
    from barter_bt.backtest.config import load
    from barter_bt.live import WallClock

    if resume and not (record and prefix):
        raise ConfigError("--resume needs --record and --prefix", "name the session's directory, and its prefix")
    is_loopback = network == "loopback"
    _check_options(is_loopback=is_loopback, exchange=exchange, pace=pace, confirm=confirm, keyring=keyring)
    check_session(load(config), "live --network loopback" if is_loopback else "live")
    chosen = prefix or f"{WallClock().now() // 10**6:x}-"
    if not (quiet or json):
        print(f"client ids begin with {chosen}")
    told = chosen, compiled, alerts, metrics, quiet or json
    if is_loopback:
        recorder = places.recorder_of(record, places.LOOPBACK, raw=raw, resume=resume)
        session = _at_loopback(config, pace, streams, recorder, *told)
    else:
        built = load(config).build()
        place = places.place_of(exchange, built["instruments"])
        recorder = places.recorder_of(record, place, raw=raw, resume=resume)
        parts = parts_of(built, begins_at(recorder))
        enables = built.get("trading") != "disabled"
        session = _session(config, parts, place, network, streams, confirm, keyring, recorder, enables, *told)
    run, interrupted = asyncio.run(session)
    _tell(run, record, chosen, network=network, confirm=confirm or is_loopback, as_json=json)
    return INTERRUPTED if interrupted else OK


def _check_options(
    *, is_loopback: bool, exchange: str | None, pace: str | None, confirm: bool, keyring: str | None
) -> None:
    """An option that would have no effect is an error."""
    if not is_loopback and pace is not None:
        raise ConfigError(f"--pace {pace} is of --network loopback; a real exchange has its own", "leave it out")
    if is_loopback and exchange is not None:
        raise ConfigError(f"--network loopback speaks as the file's instruments, not {exchange}", "leave it out")
    if is_loopback and keyring is not None:
        raise ConfigError(f"--keyring {keyring} has no effect on --network loopback, which has keys of its own")
    if is_loopback and confirm:
        raise ConfigError("--confirm is for real exchanges; at --network loopback orders are sent", "leave it out")


async def _at_loopback(
    config: Path,
    pace: str | None,
    streams: list[str] | None,
    recorder: Recorder | None,
    prefix: str,
    compiled: bool,
    alerts: str | None,
    metrics: int | None,
    quiet: bool,
) -> tuple[LiveRun, bool]:
    from barter_bt.backtest.config import load
    from barter_bt.live import System

    built, raw = load(config).build(), recorder.raw if recorder else None
    async with loopback(built, pace, streams, takes_orders=True, raw=raw) as there:
        assert there.account is not None
        system = System(
            **parts_of(built, there.clock.now()),
            prefix=prefix,
            compiled=compiled,
            sources=[there.account, there.market],
            clients=[there.account],
            recorder=recorder,
            clock=there.clock,
            stale=None,
            behind=None,
        )
        async with watched(config, alerts, metrics, there.clock) as watching:
            return await run_system(
                system, quiet=quiet, ready=there.account.ready, until=there.replay, watching=watching,
                record=recorder.directory if recorder else None, enables=built.get("trading") != "disabled",
            )  # fmt: skip


async def _session(
    config: Path,
    parts: dict[str, Any],
    place: str,
    network: str,
    streams: list[str] | None,
    confirm: bool,
    keyring: str | None,
    recorder: Recorder | None,
    enables: bool,
    prefix: str,
    compiled: bool,
    alerts: str | None,
    metrics: int | None,
    quiet: bool,
) -> tuple[LiveRun, bool]:
    from barter_bt.backtest.config import load
    from barter_bt.live import System

    traded = parts["instruments"]
    account = places.account(place, network, traded, recorder, confirm=confirm, keyring=keyring)
    heard = streams or ("trades", "quotes")
    market = places.market(place, network, traded, heard, recorder)
    there: dict[str, Any] = {"sources": [account, market], "clients": [account], "recorder": recorder}
    loaded = load(config)
    told: dict[str, Any] = {"stale": stale_after(loaded, heard), "behind": behind_after(loaded)}
    system = System(**parts, **there, **told, prefix=prefix, compiled=compiled)
    async with watched(config, alerts, metrics) as watching:
        record = recorder.directory if recorder else None
        return await run_system(
            system, quiet=quiet, ready=account.ready, watching=watching, record=record, enables=enables
        )


def _tell(run: LiveRun, record: Path | None, prefix: str, *, network: str, confirm: bool, as_json: bool) -> None:
    summary = run.summary()
    if as_json:
        told = {"digest": run.digest, "prefix": prefix, "trades": run.trades.height, "summary": summary.to_dict()}
        print_json(told)
        return
    print(summary)
    how = "orders were sent" if confirm else "a dry run: no order was sent"
    print(f"  Digest {run.digest[:16]}, {run.trades.height} trades at the {network} network; {how}")
    if record:
        print(f"  recorded in {record}; barter-bt replay CONFIG {record} --live --prefix {prefix} comes to the same")
        if network != "loopback":
            print(f"  barter-bt live CONFIG --record {record} --prefix {prefix} --resume goes on with it")
