"""Trading on paper: on the data of a file, on a market of this machine's own, or on a real one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from barter_bt.cli.app import INTERRUPTED, OK, AsJson, app
from barter_bt.cli.live import run_system
from barter_bt.cli.loopback import loopback
from barter_bt.cli.paper_systems import on_a_market, on_data, that_heard
from barter_bt.cli.places import FILE, LOOPBACK, market, place_of, recorder_of
from barter_bt.cli.printing import print_json
from barter_bt.cli.unread import check_session, tell_other_place
from barter_bt.cli.watching import behind_after, stale_after, watched
from barter_bt.errors import ConfigError

if TYPE_CHECKING:
    from barter_bt.backtest.config import Config
    from barter_bt.live import Clock, LiveRun, Recorder


@dataclass(frozen=True)
class Where:
    """Whose market it is: the options of the command, each of which stands before the file's section ``[paper]``.

    ``keys`` are what an option is called where the file says it, for messages.
    """

    exchange: str
    network: str | None
    pace: str | None
    streams: list[str] | None
    keys: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """An exchange that is not known, and an option that would have no effect, are errors."""
        is_file, is_real = self.exchange == FILE, self.exchange not in (FILE, LOOPBACK)
        if is_real:
            place_of(self.exchange, (), also=(FILE, LOOPBACK))
        for name, has_effect in (("pace", not is_real), ("streams", not is_file), ("network", is_real)):
            given = getattr(self, name)
            if given is not None and not has_effect:
                told = f"{self.called(name)} {given}"
                raise ConfigError(f"{told} has no effect on exchange {self.exchange!r}", "leave it out")
        if self.streams == []:
            raise ConfigError("streams are none, so that nothing would be heard", 'write ["trades"], or leave it out')

    def called(self, name: str) -> str:
        """What an option is called where it was given."""
        return self.keys.get(name, f"--{name}")


@app.command
def paper(
    config: Path,
    /,
    *,
    exchange: str | None = None,
    network: Literal["test", "main"] | None = None,
    pace: str | None = None,
    streams: list[str] | None = None,
    record: Path | None = None,
    raw: bool = False,
    resume: bool = False,
    alerts: str | None = None,
    metrics: int | None = None,
    compiled: bool = False,
    quiet: bool = False,
    json: AsJson = False,
) -> int:
    """Trade on paper: the market comes as it comes, the exchange is simulated, no order is sent, no money is at stake.

    By default the data of the file comes as it came then, and the fills are those of `barter-bt backtest` on the same
    file. With another `--exchange`, trades and best quotes fill orders as they come, by the same rules; no keys are
    needed. The file's section `[paper]` can say all this, too. Ctrl-C, or SIGTERM, shuts down in good order.

    Parameters
    ----------
    config
        Configuration in TOML, of a backtest: see `barter-bt schema`. The strategy is compiled or in Python.
    exchange
        Whose market it is: `file`, the file's data; `loopback`, a server on this machine that says them as Binance
        would; `binance_spot`, `binance_futures_usd`, or any other through ccxt, such as `ccxt:okx`.
    network
        Of a real exchange: `main`, or `test`.
    pace
        Time of the data in a second, such as `1s` (as it was), `1h`, `1d`. Of the file's data `auto` takes half a
        minute for all, `max` goes as fast as it can; of the loopback it is `1s` to `1m`, by default `30s`.
    streams
        What of an exchange's market is heard: `trades`, `quotes`, `book`, intervals of candles such as `1m`; by default
        `trades` and `quotes`, of the loopback all that the data has.
    record
        Directory in which to keep all that the engine saw, for `barter-bt replay`.
    raw
        Keep there what the exchange says, too, as it says it.
    resume
        Go on with the session that `--record` holds, which was shut down: the simulated exchange is as it was.
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

    loaded = load(config)
    where = _where(loaded, exchange=exchange, network=network, pace=pace, streams=streams)
    check_session(loaded, "paper" if where.exchange in (FILE, LOOPBACK) else "paper at an exchange")
    recorder = recorder_of(record, where.exchange, raw=raw, resume=resume)
    run, interrupted = asyncio.run(
        _session(loaded, where, recorder, alerts, metrics, compiled=compiled, quiet=quiet or json)
    )
    _tell(
        run,
        as_json=json,
        of=where.exchange,
        then="" if json else _what_next(config, where.exchange, record, interrupted),
    )
    return INTERRUPTED if interrupted else OK


@app.command
def replay(
    config: Path,
    recording: Path,
    /,
    *,
    exchange: str | None = None,
    live: bool = False,
    prefix: str = "",
    json: AsJson = False,
) -> int:
    """Process a recorded session again, decisions included: it must come to the digest of the session.

    Parameters
    ----------
    config
        Configuration with which the session was made.
    recording
        Directory that `barter-bt paper --record` wrote.
    exchange
        As it was given to `barter-bt paper`.
    live
        It is of `barter-bt live --record`.
    prefix
        Of the client ids of that session, which it said in the end.
    """
    from barter_bt.backtest.config import load
    from barter_bt.live import replay as again

    check_session(load(config), "replay --live" if live else "replay")
    if live:
        from barter_bt.cli.live_parts import recorded_system

        system, of = recorded_system(config, prefix, recording), FILE
    else:
        loaded = load(config)
        of = _where(loaded, exchange=exchange).exchange
        system = on_data(loaded, "max", None)[0] if of == FILE else that_heard(loaded, recording)
    _tell(again(system, recording), as_json=json, of=of)
    return OK


def _where(loaded: Config, **options: Any) -> Where:
    from barter_bt.backtest.config.sections import given

    told = given(loaded.file.paper) if loaded.file.paper else {}
    if options["exchange"] not in (None, told.get("exchange", FILE)):
        tell_other_place(loaded, [name for name in told if name != "exchange"], told.get("exchange", FILE))
        told = {}  # the rest of the section is said of its exchange
    chosen = {"exchange": FILE, "network": None, "pace": None, "streams": None} | told
    by_hand = {name: value for name, value in options.items() if value is not None}
    keys = {name: f"{loaded.path}: paper.{name}" for name in told if name not in by_hand}
    return Where(**chosen | by_hand, keys=keys)


async def _session(
    loaded: Config,
    where: Where,
    recorder: Recorder | None,
    alerts: str | None,
    metrics: int | None,
    *,
    compiled: bool,
    quiet: bool,
) -> tuple[LiveRun, bool]:
    async with AsyncExitStack() as stack:
        clock: Clock | None = None
        options: dict[str, Any] = {"ready": _at_once, "enables": loaded.file.run.trading != "disabled"}
        if where.exchange == FILE:
            pace = "auto" if where.pace is None else where.pace
            system, clock = on_data(loaded, pace, recorder, pace_key=where.called("pace"), compiled=compiled)
            options = {}
        elif where.exchange == LOOPBACK:
            raw, called = recorder.raw if recorder else None, where.called("pace")
            entering = loopback(loaded.build(), where.pace, where.streams, takes_orders=False, raw=raw, pace_key=called)
            there = await stack.enter_async_context(entering)
            clock, options["until"] = there.clock, there.replay
            system = on_a_market(loaded, there.market, clock, recorder, there.heard, compiled=compiled)
        else:
            built = loaded.build()["instruments"]
            place, heard = place_of(where.exchange, built), where.streams or ("trades", "quotes")
            heard_at = market(place, where.network or "main", built, heard, recorder)
            told: dict[str, Any] = {"stale": stale_after(loaded, heard), "behind": behind_after(loaded)}
            system = on_a_market(loaded, heard_at, None, recorder, heard, compiled=compiled, **told)
        watching = await stack.enter_async_context(watched(loaded.path, alerts, metrics, clock))
        record = recorder.directory if recorder else None
        return await run_system(system, quiet=quiet, watching=watching, record=record, **options)


async def _at_once() -> None:
    """A simulated exchange is there as soon as it is asked."""


def _tell(run: LiveRun, *, as_json: bool, of: str, then: str = "") -> None:
    summary = run.summary()
    if as_json:
        print_json({"digest": run.digest, "trades": run.trades.height, "summary": summary.to_dict()})
        return
    print(summary)
    told = "no exchange was contacted" if of in (FILE, LOOPBACK) else f"no order was sent to {of}"
    trades = "1 trade" if run.trades.height == 1 else f"{run.trades.height} trades"
    print(f"  Digest {run.digest[:16]}, {trades} on paper; {told}")
    if then:
        print(then)


def _what_next(config: Path, of: str, record: Path | None, interrupted: bool) -> str:
    if not record:
        again = f"barter-bt paper {config} --record DIRECTORY"
        return f"  {again} keeps all that was seen; barter-bt live trades at an exchange"
    lines = [f"  recorded in {record}; barter-bt replay {config} {record} comes to the same digest"]
    if interrupted and of != LOOPBACK:
        lines.append("  the same command with --resume goes on where it was")
    if of != FILE:
        lines.append(f"  barter-bt data import session {record} --catalog CATALOG makes data of backtests of it")
    return "\n".join(lines)
