"""Files of recorded market data, in the layouts of Barter's examples.

One is an array of results (``[{"Item": {"Ok": {...}}}, {"Reconnecting": "binance_spot"}, ...]``), the other has an
event a line (``{"Item": {...}}``). Read is any mixture of the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from barter_bt.errors import DataError
from barter_bt.protocol.codec import from_dict
from barter_bt.protocol.document import parse
from barter_bt.protocol.event import MarketStreamEvent, MarketStreamResult
from barter_bt.protocol.fault import ProtocolError
from barter_bt.protocol.market import MarketEvent


def read_market_events(source: str | Path, on_error: Literal["raise", "skip"] = "raise") -> list[MarketStreamEvent]:
    """Market events of a file or a text.

    Parameters
    ----------
    source
        A path, or the text itself: what starts with ``[`` or ``{`` is text.
    on_error
        What to do with an ``Err`` that was recorded in place of an event: raise, or leave it out as Barter does.

    Returns
    -------
    list of MarketStreamEvent
        ``Item(MarketEvent)`` and ``Reconnecting``, in the order of the file.

    Raises
    ------
    ProtocolError
        If something is not of that shape: with the line or the index, the path, the value, and what is allowed.
    DataError
        If the file cannot be read.

    Examples
    --------
    >>> read_market_events('[{"Reconnecting":"binance_spot"}]')
    [Reconnecting(exchange='binance_spot')]
    """
    text, name = _text(source)
    events: list[MarketStreamEvent] = []
    for document, root in _documents(text, name):
        if not _is_result(document):
            events.append(from_dict(MarketStreamEvent, document, root))
            continue
        item = from_dict(MarketStreamResult, document, root)
        if isinstance(item.value, MarketEvent):
            events.append(item)
        elif on_error == "raise":
            hint = 'on_error="skip" leaves such items out'
            raise ProtocolError(f"{root}.Item.Err", "expected an event, the stream had an error", item.value, hint)
    return events


def _text(source: str | Path) -> tuple[str, str]:
    """The text, and the name of its file with a blank after it."""
    if isinstance(source, str) and source.lstrip("\ufeff \t\r\n")[:1] in ("[", "{"):
        return source.removeprefix("\ufeff"), ""
    path = Path(source)
    try:
        return path.read_text("utf-8-sig"), f"{path.name} "
    except (OSError, UnicodeDecodeError) as error:
        hint = "a text, as opposed to a path, starts with '[' or '{'"
        raise DataError(f"{path}: cannot be read ({error})", hint) from None


def _documents(text: str, name: str) -> Iterator[tuple[Any, str]]:
    """Each event's document, and what errors call it."""
    if text.lstrip().startswith("["):
        for k, document in enumerate(parse(text, f"{name}$")):
            yield document, f"{name}$[{k}]"
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            root = f"{name}line {number}: $"
            yield parse(line, root), root


def _is_result(document: Any) -> bool:
    """Whether the item is wrapped in Ok or Err."""
    item = document.get("Item") if isinstance(document, dict) else None
    return isinstance(item, dict) and len(item) == 1 and next(iter(item)) in ("Ok", "Err")
