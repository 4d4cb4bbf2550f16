"""What built-in strategies that quote or execute share: their instrument, checked numbers, and their driver."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

from barter_bt.data.schema import BOOKS
from barter_bt.errors import StrategyError
from barter_bt.strategy.compiled import Compiled
from barter_bt.strategy.driver import Driver, Market

Wake = str | tuple[str, ...]


def require(name: str, value: object, *, above: float | None = None, least: float | None = None) -> None:
    """Refuse a parameter that is no finite number, or not in its range.

    Raises
    ------
    StrategyError
        It is not.

    Examples
    --------
    >>> require("quantity", 0.0, above=0)
    Traceback (most recent call last):
    barter_bt.errors.StrategyError: quantity is 0.0; it must be a number above 0
    """
    number = value if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value) else None
    if number is None or (above is not None and number <= above) or (least is not None and number < least):
        limit = "" if above is None and least is None else f" above {above}" if above is not None else f" from {least}"
        raise StrategyError(f"{name} is {value!r}; it must be a number{limit}")


def chosen_instrument(market: Market, name: str | None, strategy: str) -> str:
    """The instrument that a strategy is for: the one it names, or the only one of the run.

    Raises
    ------
    StrategyError
        It names none, and the run has several.
    """
    names = market.index.names
    if name is None and len(names) > 1:
        raise StrategyError(
            f"strategy {strategy!r} is for one instrument, and the run has {len(names)}: {', '.join(names[:5])}",
            f"say which: instrument={names[0]!r}; for several, run a list of strategies",
        )
    return names[0] if name is None else name


def prepare_one(
    market: Market,
    generate: Callable[[Any, Any], None],
    instrument: str | None,
    parameters: Mapping[str, float],
    variables: Mapping[str, float],
    wake: Wake,
    name: str,
) -> Driver:
    """The driver of a compiled strategy on one instrument, whose index it reads as ``my.parameters.instrument[0]``.

    Raises
    ------
    StrategyError
        The instrument has no best prices, at which all of these strategies work.
    """
    chosen = chosen_instrument(market, instrument, name)
    kinds = {stream.kind for stream in market.streams if chosen in stream.instruments}
    if chosen in market.index.names and not kinds & {"quotes", *BOOKS}:
        raise StrategyError(
            f"strategy {name!r} works at the best prices of {chosen!r}, which has neither quotes nor a book: it would "
            "never send an order",
            f"it has {', '.join(sorted(kinds)) or 'no data'}; give bt.data.quotes(...) or bt.data.book(...) as well",
        )
    named = {"instrument": chosen}
    strategy = Compiled(generate, parameters=named | dict(parameters), variables=variables, wake=wake, name=name)
    return strategy.prepare(market)
