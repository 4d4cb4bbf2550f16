"""A live system in a terminal: prices, positions, profit, orders, links, and what happened last."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from barter_bt.engine.state.valuation import UNKNOWN, equity
from barter_bt.live.handle import SystemHandle
from barter_bt.live.ledger import Unreconciled
from barter_bt.live.lines import lines
from barter_bt.system.view import View

if TYPE_CHECKING:
    from rich.console import RenderableType

LAST = 12  # lines of what happened


async def news(handle: SystemHandle) -> AsyncIterator[str]:
    """A line for each thing that happens, and for money or a position that nothing explains, until the system ends.

    Parameters
    ----------
    handle
        Of the system.
    """
    view, said = handle.view(), list[Unreconciled]()
    async for audit in handle.audits():
        for line in lines(audit, view):
            yield line
        trouble = handle.unreconciled
        for one in trouble:
            if one not in said:
                yield f"STOPPED: there is {one}"
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


def screen(view: View, happenings: Happenings) -> RenderableType:
    """What there is to see now.

    Parameters
    ----------
    view
        The engine.
    happenings
        What happened.
    """
    from rich.console import Group
    from rich.panel import Panel
    from rich.table import Table

    table = Table(expand=True)
    table.add_column("instrument", overflow="fold")  # in a narrow terminal a figure goes on in the next line, whole
    for name in ("price", "position", "unrealised", "realised", "orders"):
        table.add_column(name, justify="right", overflow="fold")
    for name in view.index.names:
        price = view.price(name)
        figures = (view.position(name), view.unrealised(name), view.realised(name))
        shown = [f"{figure:,f}" if figure else "" for figure in figures]
        table.add_row(name, "" if price is None else f"{price:,f}", *shown, str(len(view.orders(name)) or ""))
    body = "\n".join(happenings.last) or "nothing yet"
    return Group(table, Panel(body, title="what happened", title_align="left"), _foot(view))


def _foot(view: View) -> str:
    s = view.state
    moment = datetime.fromtimestamp(max(s.engine.time[0], 0) / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S")
    asset = s.engine.reporting[0]
    units = equity(s)
    worth = "unknown" if units == UNKNOWN else f"{view.units.of_asset(asset, units):,f} {view.index.asset_names[asset]}"
    links = "all links healthy" if view.healthy else "a link is down"
    return f"{moment} UTC   equity {worth}   trading {str(view.trading).lower()}   {links}"
