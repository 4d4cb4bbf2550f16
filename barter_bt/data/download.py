"""Archives of Binance's public data, fetched whole, with their checksums."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal, TypeAlias

from barter_bt.data.source import file_sha256
from barter_bt.errors import ConfigError, ConnectionFailed, DataError, MissingPackageError, nearest
from barter_bt.files import replacing

HOST = "https://data.binance.vision"
By: TypeAlias = Literal["day", "month"]
_MARKETS = {"spot": "spot", "usdm": "futures/um", "coinm": "futures/cm"}
_CALLED = {"klines": "klines", "trades": "trades", "agg_trades": "aggTrades"}
_OF_FUTURES = {"book_ticker": "bookTicker", "funding": "fundingRate"}
KINDS = {
    f"binance_{market}_{name}": (path, called)
    for market, path in _MARKETS.items()
    for name, called in (_CALLED if market == "spot" else _CALLED | _OF_FUTURES).items()
}
"""What can be fetched, by the names of importers."""

_FOLDERS: dict[By, str] = {"day": "daily", "month": "monthly"}
_PART = 1 << 18
_MISSING = 404


@dataclass(frozen=True)
class Downloaded:
    """What there is now.

    Attributes
    ----------
    files
        The archives, in order of time: what :func:`~barter_bt.data.load` and a catalog import.
    fetched, kept
        How many of them were fetched, and how many were there already, with the right checksum.
    missing
        Names of archives that the exchange does not have.
    """

    files: tuple[Path, ...]
    fetched: int
    kept: int
    missing: tuple[str, ...]


def download(
    kind: str,
    symbol: str,
    start: date | str,
    end: date | str,
    into: str | Path,
    *,
    interval: str | None = None,
    by: By = "day",
    host: str = HOST,
) -> Downloaded:
    """Fetch archives of Binance's public data that are not there yet; each is there whole and right, or not at all.

    Parameters
    ----------
    kind
        What to fetch, by the name of its importer: ``"binance_spot_trades"``, ``"binance_usdm_klines"``, ...
    symbol
        The exchange's own, such as ``"BTCUSDT"``.
    start, end
        The first day, and the first day after; of months both are the first of one.
    into
        The directory; it is made if it is not there.
    interval
        Of klines: ``"1m"``, ``"1h"``, ``"1d"``, ...
    by
        A file for each ``"day"``, or for each ``"month"``; rates of funding come by month alone.
    host
        Another server with the same files.

    Returns
    -------
    Downloaded

    Raises
    ------
    ConfigError
        An unknown kind, a time that is none, or an option that is missing or has no effect.
    DataError
        What arrived is not what the exchange's checksum says, or the exchange has none of these files.
    ConnectionFailed
        The server could not be reached, or did not answer. Files that were fetched before stay.
    MissingPackageError
        aiohttp is not installed.
    """
    if not host.startswith(("http://", "https://")):
        raise ConfigError(f"host is {host!r}; it must begin with http:// or https://", f"by default {HOST}")
    names = list(_names(kind, symbol, start, end, interval, by))
    folder = Path(into)
    folder.mkdir(parents=True, exist_ok=True)
    found = _run(_fetch_all(host.rstrip("/"), names, folder))
    there = [name for name, how in found if how != "missing"]
    if not there:
        raise DataError(
            f"{host} has none of {len(names)} file(s), such as {names[0]}",
            f"is {symbol!r} the exchange's symbol, in capitals, and was it traded then?",
        )
    hows = [how for _, how in found]
    missing = tuple(name.rpartition("/")[2] for name, how in found if how == "missing")
    files = tuple(folder / name.rpartition("/")[2] for name in there)
    return Downloaded(files, hows.count("fetched"), hows.count("kept"), missing)


def _names(
    kind: str, symbol: str, start: date | str, end: date | str, interval: str | None, by: By
) -> Iterator[str]:  # fmt: skip
    """The paths of all files at the server."""
    if kind not in KINDS:
        guess = nearest(kind, KINDS)
        hint = f"did you mean {guess!r}?" if guess else None
        raise ConfigError(f"{kind!r} cannot be downloaded; what can: {', '.join(KINDS)}", hint)
    if not symbol.replace("_", "").isalnum():
        raise ConfigError(f"symbol is {symbol!r}; it has letters, digits and _ alone", "the exchange's own: 'BTCUSDT'")
    market, called = KINDS[kind]
    if (interval is not None) != (called == "klines"):
        told = "is needed: the length of the candles" if interval is None else f"is {interval!r}, and {kind} has none"
        raise ConfigError(f"interval {told}", 'interval="1m" for klines; leave it out of all else')
    if by not in ("day", "month") or (by == "day" and called == "fundingRate"):
        raise ConfigError(f"by is {by!r}; allowed for {kind}: 'month'{'' if called == 'fundingRate' else ', day'}")
    first, after = _day(start, "start"), _day(end, "end")
    if first >= after:
        raise ConfigError(f"start is {first} and end is {after}: no day lies between", "end is the first day after")
    if by == "month" and (first.day, after.day) != (1, 1):
        raise ConfigError(f"start is {first} and end is {after}; of months both must be first days", "or by='day'")
    part = f"{interval}/" if interval else ""
    day = first
    while day < after:
        period = f"{day:%Y-%m}" if by == "month" else f"{day}"
        yield f"data/{market}/{_FOLDERS[by]}/{called}/{symbol}/{part}{symbol}-{interval or called}-{period}.zip"
        day = (day + timedelta(days=32)).replace(day=1) if by == "month" else day + timedelta(days=1)


def _day(given: date | str, what: str) -> date:
    try:
        return date.fromisoformat(given) if isinstance(given, str) else date(given.year, given.month, given.day)
    except (ValueError, AttributeError):
        raise ConfigError(f"{what} is {given!r}, which is no day", '"2024-01-31"') from None


def _run(work: Any) -> list[tuple[str, str]]:
    """Wait for it in a thread of its own: in a notebook this one waits for others already."""
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        done: list[tuple[str, str]] = pool.submit(asyncio.run, work).result()
        return done


async def _fetch_all(host: str, names: list[str], folder: Path) -> list[tuple[str, str]]:
    try:
        import aiohttp
    except ImportError as error:
        raise MissingPackageError("a download needs aiohttp", 'pip install "barter-bt[live]"') from error
    waiting = aiohttp.ClientTimeout(total=None, sock_connect=15, sock_read=60)
    async with aiohttp.ClientSession(timeout=waiting, trust_env=True) as session:
        found = []
        for name in names:
            try:
                found.append((name, await _fetch(session, f"{host}/{name}", folder / name.rpartition("/")[2])))
            except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
                raise ConnectionFailed(
                    f"{host}/{name} could not be fetched: {str(error) or type(error).__name__}",
                    f"is this machine online? {len(found)} file(s) before it stay in {folder}: the same again goes on "
                    "behind them",
                ) from error
        return found


async def _fetch(session: Any, url: str, target: Path) -> str:
    """One archive, and its checksum beside it."""
    beside = target.with_name(target.name + ".CHECKSUM")
    if target.is_file() and beside.is_file() and _told(beside.read_bytes(), str(beside)) == file_sha256(target):
        return "kept"
    async with session.get(f"{url}.CHECKSUM") as answer:
        if answer.status == _MISSING:
            return "missing"
        answer.raise_for_status()
        text: bytes = await answer.read()
    told = _told(text, f"{url}.CHECKSUM")
    how = "kept"
    if not (target.is_file() and file_sha256(target) == told):
        how = "fetched"
        async with session.get(url) as answer:
            answer.raise_for_status()
            with replacing(target) as file:
                digest = hashlib.sha256()
                with file.open("wb") as out:
                    async for part in answer.content.iter_chunked(_PART):
                        digest.update(part)
                        out.write(part)
                if digest.hexdigest() != told:
                    raise DataError(
                        f"{url}: what arrived has the SHA-256 {digest.hexdigest()}, and the exchange tells {told}",
                        "try again; if that does not help, the exchange is replacing the file",
                    )
    with replacing(beside) as file:
        file.write_bytes(text)
    return how


def _told(text: bytes, name: str) -> str:
    """The checksum in a file of one."""
    first = text.split()[:1]
    told = first[0].decode("ascii", "replace").lower() if first else ""
    if len(told) != hashlib.sha256().digest_size * 2:
        raise DataError(f"{name}: is no checksum: {text[:80]!r}", "delete it, and try again")
    return told
