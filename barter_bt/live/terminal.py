"""A live system in a terminal: prices, positions, profit, orders, links, and what happened last."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Collection
from typing import TYPE_CHECKING

from barter_bt.engine.state.valuation import UNKNOWN, equity
from barter_bt.live.delays import Delay
from barter_bt.live.handle import SystemHandle
from barter_bt.live.ledger import Unreconciled
from barter_bt.live.lines import lines, to_the_second
from barter_bt.live.silence import Silence
from barter_bt.system.view import View

if TYPE_CHECKING:
    from rich.console import RenderableType

LAST = 12  # lines of what happened


async def news(handle: SystemHandle) -> AsyncIterator[str]:
    """A line for each thing that happens, until the system ends: also for money or a position that nothing explains.

    Parameters
    ----------
    handle
        Of the system.
    """
    view, said = handle.view(), list[Unreconciled]()
    async for one in handle.news():
        if isinstance(one, Silence | Delay):
            yield f"{to_the_second(one.time)} {one}"
            continue
        for line in lines(one, view):
            yield line
        trouble = handle.unreconciled
        for money in trouble:
            if money not in said:
                yield f"STOPPED: there is {money}"
        said = trouble


class Happenings:
    """The last lines of what happened; :meth:`follow` listens until the system ends."""

    def __init__(self, count: int = LAST) -> None:
        self.last: deque[str] = deque(maxlen=count)
        self.total = 0

    async def follow(self, handle: SystemHandle) -> None:
        """Listen to the audits of a system."""
        async for line in news(handle):
            self.total += 1
            self.last.append(line)


def screen(view: View, happenings: Happenings, stale: Collection[str] = ()) -> RenderableType:
    """What there is to see now.

    Parameters
    ----------
    view
        The engine.
    happenings
        What happened.
    stale
        Instruments of which nothing is heard.
    """
    from rich.console import Group
    from rich.panel import Panel
    from rich.table import Table

    table = Table(expand=True)
    table.add_column("instrument", overflow="fold")  # in a narrow terminal a figure goes on in the next line, whole
    table.add_column("market", overflow="fold")
    for name in ("price", "position", "unrealised", "realised", "orders"):
        table.add_column(name, justify="right", overflow="fold")
    for name in view.index.names:
        price = view.price(name)
        figures = (view.position(name), view.unrealised(name), view.realised(name))
        shown = [f"{figure:,f}" if figure else "" for figure in figures]
        table.add_row(
            name,
            _market(view, name, stale),
            "" if price is None else f"{price:,f}",
            *shown,
            str(len(view.orders(name)) or ""),
        )
    body = "\n".join(happenings.last) or "nothing yet"
    return Group(table, Panel(body, title="what happened", title_align="left"), _foot(view))


def _market(view: View, name: str, stale: Collection[str]) -> str:
    """How an instrument's market is: heard, stale, or its link is not there."""
    if not view.state.health.market[view.exchange_of(name)]:
        return "no link"
    return "STALE" if name in stale else "heard"


def _foot(view: View) -> str:
    s = view.state
    asset = s.engine.reporting[0]
    units = equity(s)
    worth = "unknown" if units == UNKNOWN else f"{view.units.of_asset(asset, units):,f} {view.index.asset_names[asset]}"
    links = "all links healthy" if view.healthy else "a link is down"
    when = to_the_second(max(s.engine.time[0], 0))
    return f"{when} UTC   equity {worth}   trading {str(view.trading).lower()}   {links}"
