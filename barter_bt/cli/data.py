"""Commands about market data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from cyclopts import Parameter

from barter_bt.cli.app import BAD_INPUT, OK, AsJson, app, data
from barter_bt.cli.printing import print_json
from barter_bt.errors import ConfigError
from barter_bt.files import replacing, write_parquet

Mend: TypeAlias = Literal["sort", "drop_duplicates", "drop_invalid", "drop_crossed"]


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
    *paths: Path,
    kind: Literal["candles", "trades", "quotes", "book", "book_orders"],
    instrument: str | None = None,
    interval: str | None = None,
    columns: Annotated[list[str] | None, Parameter(consume_multiple=True)] = None,
    time_zone: str | None = None,
    time_unit: Literal["ns", "us", "ms", "s"] | None = None,
    clock_offset: str | None = None,
    repair: Annotated[list[Mend] | None, Parameter(consume_multiple=True)] = None,
    negative_prices: Annotated[list[str] | None, Parameter(consume_multiple=True)] = None,
    json: AsJson = False,
) -> int:
    """Check every row of market data; the exit code is 2 if a run would refuse it.

    Parameters
    ----------
    paths
        A .parquet, .csv or .csv.gz file, or the files of one stream in order of time.
    kind
        What the rows are.
    instrument
        Name of the only instrument, if there is no such column.
    interval
        Length of the candles, such as 1m.
    columns
        Names in the file and ours, such as Date=time_open Qty=amount.
    time_zone
        Zone of times that have none, such as UTC.
    time_unit
        What integer times count.
    clock_offset
        Added to time_received, such as 1.5s, or auto.
    repair
        What to mend before the check; a run does so if its file says the same.
    negative_prices
        Names of instruments whose prices can be 0 or below, as a run's price_can_be_negative.
    """
    from dataclasses import asdict

    import barter_bt.data as room

    if not paths:
        raise ConfigError("a file to check is missing", "barter-bt data check prices.parquet --kind candles")
    for path in paths:
        if not path.is_file():
            raise ConfigError(f"{path} does not exist")
    if interval is not None and kind != "candles":
        raise ConfigError(f"--interval is {interval}, but {kind} have no interval")
    options = {
        "instrument": instrument,
        "interval": interval,
        "columns": _renames(columns),
        "time_zone": time_zone,
        "time_unit": time_unit,
        "clock_offset": clock_offset,
        "repair": room.Repair(**dict.fromkeys(repair, True)) if repair else None,
    }
    given = {name: value for name, value in options.items() if value is not None}
    stream = getattr(room, kind)(paths[0] if len(paths) == 1 else paths, **given)
    if negative_prices:
        for name in negative_prices:
            if name not in stream.instruments:
                there = ", ".join(stream.instruments)
                raise ConfigError(f"--negative-prices names {name!r}, which has no rows; there are {there}")
        stream = stream.with_negative_prices(negative_prices)
    report = room.check(stream)
    if json:
        print_json({"path": ", ".join(map(str, paths)), "repairs": stream.repairs, **asdict(report)})
    else:
        for mended, rows in stream.repairs.items():
            print(f"{mended}: {rows} row(s)")
        print(report)
    return BAD_INPUT if report.errors else OK


def _renames(pairs: list[str] | None) -> dict[str, str] | None:
    if pairs is None:
        return None
    for pair in pairs:
        if not all(pair.rpartition("=")[::2]):
            raise ConfigError(f"--columns has {pair!r}", "write the name in the file, =, and ours: Date=time_open")
    return {pair.rpartition("=")[0]: pair.rpartition("=")[2] for pair in pairs}
