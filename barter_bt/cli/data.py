"""Commands about market data."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from barter_bt.cli.app import BAD_INPUT, OK, AsJson, app, data
from barter_bt.cli.printing import print_json
from barter_bt.errors import ConfigError
from barter_bt.files import replacing, write_parquet


@app.command
def generate(
    kind: Literal["candles", "trades", "quotes"],
    /,
    *,
    rows: int,
    out: Path,
    seed: int | None = None,
) -> None:
    """Write market data of a seeded random walk.

    Parameters
    ----------
    kind
        What to make.
    rows
        How many.
    out
        File to write, ending in .parquet or .csv.
    seed
        Another walk than the usual one.
    """
    from barter_bt.data import generate as generators

    if rows < 1:
        raise ConfigError(f"--rows is {rows}; it must be at least 1")
    if out.suffix not in (".parquet", ".csv"):
        raise ConfigError(f"--out is {out}; it must end in .parquet or .csv")
    if not out.absolute().parent.is_dir():
        raise ConfigError(f"--out is {out}, but directory {out.parent} does not exist")
    frame = getattr(generators, kind)(rows, **({} if seed is None else {"seed": seed}))
    with replacing(out) as file:
        if out.suffix == ".csv":
            frame.write_csv(file)
        else:
            write_parquet(frame, file)
    print(f"{out}: {rows:,} {kind}")


@data.command
def check(
    path: Path,
    /,
    *,
    kind: Literal["candles", "trades", "quotes"],
    instrument: str | None = None,
    interval: str | None = None,
    time_zone: str | None = None,
    time_unit: Literal["ns", "us", "ms", "s"] | None = None,
    json: AsJson = False,
) -> int:
    """Check every row of a file of market data; the exit code is 2 if a run would refuse it.

    Parameters
    ----------
    path
        A .parquet, .csv or .csv.gz file.
    kind
        What its rows are.
    instrument
        Name of the only instrument, if there is no such column.
    interval
        Length of the candles, such as 1m.
    time_zone
        Zone of times that have none, such as UTC.
    time_unit
        What integer times count.
    """
    from dataclasses import asdict

    import barter_bt.data as room

    if not path.is_file():
        raise ConfigError(f"{path} does not exist")
    if interval is not None and kind != "candles":
        raise ConfigError(f"--interval is {interval}, but {kind} have no interval")
    options = {"instrument": instrument, "interval": interval, "time_zone": time_zone, "time_unit": time_unit}
    stream = getattr(room, kind)(path, **{name: value for name, value in options.items() if value is not None})
    report = room.check(stream)
    if json:
        print_json({"path": str(path), **asdict(report)})
    else:
        print(report)
    return BAD_INPUT if report.errors else OK
