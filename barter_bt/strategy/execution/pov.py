"""POV: a share of what the market trades."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from barter_bt.engine.event import MARKET_CANDLE, MARKET_TRADE
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import StrategyError
from barter_bt.strategy.api.market import now
from barter_bt.strategy.driver import Driver, Market
from barter_bt.strategy.execution.child import FIRST, has_market, note_fills, stop, work
from barter_bt.strategy.execution.terms import length_ns, start_ns
from barter_bt.strategy.making import chosen_instrument, prepare_one, require


@dataclass(frozen=True)
class Pov:
    """Buy or sell ``quantity`` as a share of the volume that the market trades (percentage of volume).

    Due is ``share`` times the volume that was seen since the start: of public trades, or where the run has none of the
    instrument, of its candles. Own fills are not in it. Once a ``clip`` is due and not done, a child asks for all of
    that; when it has rested for ``patience``, it takes.

    Parameters
    ----------
    quantity
        To buy, or if negative to sell.
    share
        Of the market's volume, above 0 and at most 1.
    clip
        Quantity that a child has at least, but for the last.
    duration
        When it ends, such as ``"1h"`` after its start, or nanoseconds.
    patience
        How long a child only makes, such as ``"10s"``, or nanoseconds.
    finish
        True: in the last ``patience`` before the end all that is left is due, and taken. False: the share is kept to,
        and what the market did not give is left.
    limit, start, instrument, name
        As for :class:`~barter_bt.strategy.execution.twap.Twap`.

    Examples
    --------
    >>> import barter_bt as bt
    >>> streams = [bt.data.trades(bt.data.generate.trades(9_000, 1)), bt.data.quotes(bt.data.generate.quotes(9_000, 1))]
    >>> walk = bt.Instrument("x", "walk0_usd", price_increment="0.01", quantity_increment="0.001")
    >>> pov = bt.strategy.execution.Pov(20, share=0.05, clip=1, duration="1m", patience="2s")
    >>> result = bt.backtest(streams, walk, pov, balances={"usd": 10_000}, interpret=True)
    >>> round(result.trades["quantity"].sum(), 9), result.own["pov"]["variables"]["left"].to_list()
    (20.0, [0.0])
    """

    quantity: float
    share: float
    clip: float
    duration: str | int
    patience: str | int = "10s"
    finish: bool = True
    limit: float | None = None
    start: Any = None
    instrument: str | None = None
    name: str = "pov"

    def __post_init__(self) -> None:
        require("quantity", self.quantity)
        require("share", self.share, above=0)
        require("clip", self.clip, above=0)
        if self.quantity == 0 or self.share > 1:
            raise StrategyError(
                f"quantity is {self.quantity}, share is {self.share}; allowed: a quantity that is not 0, "
                "a share of at most 1"
            )
        if self.limit is not None:
            require("limit", self.limit, above=0)
        if length_ns(self.patience, "patience") > length_ns(self.duration, "duration"):
            raise StrategyError(f"patience is {self.patience!r}, longer than the duration, {self.duration!r}")
        start_ns(self.start)

    def prepare(self, market: Market) -> Driver:
        """The driver of one run."""
        name = chosen_instrument(market, self.instrument, self.name)
        kinds = {stream.kind for stream in market.streams if name in stream.instruments}
        if not kinds & {"trades", "candles"}:
            raise StrategyError(
                f"strategy {self.name!r} follows the volume of {name!r}, which has neither trades nor candles",
                "give its trades, or use Twap",
            )
        told = "trade" if "trades" in kinds else "candle"
        parameters: dict[str, float] = {
            "quantity": float(self.quantity), "share": float(self.share), "clip": float(self.clip),
            "duration": length_ns(self.duration, "duration"), "patience": length_ns(self.patience, "patience"),
            "finish": int(self.finish), "limit": float(self.limit or 0.0), "start": start_ns(self.start),
            "trades": int(told == "trade"),
        }  # fmt: skip
        first = FIRST | {"volume": 0.0, "behind": 0}
        return prepare_one(market, follow_volume, name, parameters, first, (told, "timer:1s"), self.name)


def follow_volume(s: EngineState, my: Any) -> None:
    """Work off the share of what was traded."""
    p, v = my.parameters, my.variables
    i, time = int(p.instrument[0]), now(s)
    note_fills(s, my)
    if v.began[0] == 0 and has_market(s, i) and time >= p.start[0]:
        v.began[0] = p.start[0] if p.start[0] > 0 else time
    if v.began[0] == 0:
        return
    if s.event.kind[0] == (MARKET_TRADE if p.trades[0] > 0 else MARKET_CANDLE) and s.event.instrument[0] == i:
        v.volume[0] += s.instruments.last_amount[i] if p.trades[0] > 0 else s.instruments.volume[i]
    left_ns = p.duration[0] - (time - v.began[0])
    if left_ns <= 0:
        stop(s, my)
    elif has_market(s, i):
        hurries = p.finish[0] > 0 and left_ns <= p.patience[0]
        whole = abs(p.quantity[0])
        due = whole if hurries else min(whole, p.share[0] * v.volume[0])
        is_behind = due - v.done[0] >= p.clip[0] or (due >= whole and v.left[0] > 0.0)
        if not is_behind:
            v.behind[0] = 0
        elif v.behind[0] == 0:
            v.behind[0] = time
        if is_behind or v.order[0] >= 0:
            work(s, my, i, due, hurries or (is_behind and time - v.behind[0] >= p.patience[0]))
