"""What a run leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import polars as pl

from barter_bt.backtest.analysis import Analysis
from barter_bt.backtest.audit import audit_frame
from barter_bt.backtest.describe import describe_data
from barter_bt.backtest.fill_reasons import with_fill_reasons
from barter_bt.backtest.journal import Frames
from barter_bt.columns.block import Block
from barter_bt.data.market import shown
from barter_bt.data.sessions import Sessions
from barter_bt.engine.order import REASONS
from barter_bt.engine.state.tables import EngineState
from barter_bt.instrument import IndexedInstruments, Scales
from barter_bt.statistic.tables import Floats, Integers, nanoseconds
from barter_bt.strategy.own import own_frames
from barter_bt.venue.state import VenueState

if TYPE_CHECKING:
    from barter_bt.backtest.prices import DrawnPrices, MarketPrices
    from barter_bt.engine.replica import StateReplica

HORIZONS: Final = (0, "100ms", "300ms", "1s", "3s", "10s", "30s", "1m")
"""Times after a fill at which markouts look."""


@dataclass
class Result(Analysis):
    """A finished run: its tables, digest, figures and pictures. Tables are made when first asked for.

    What can be asked of it stands in :class:`~barter_bt.backtest.analysis.Analysis`.

    A result can be pickled, and so be handed from process to process. What travels are the columns of engine and venue,
    everything that describes the run, with the checksum of its data, and of the market's prices as many as pictures
    need: what was traded has up to 4,000 each. The market data itself stays behind.

    Attributes
    ----------
    state, venue
        The engine's and the venue's columns at the end, integers.
    index, scales
        The instruments and the units of those integers.
    describe, warn
        Make ``config`` and ``warnings``.
    timings
        Seconds of each part of the run.
    partial
        Whether the run ended early: interrupted, or with an error that has it as ``result``.
    snapshot
        The engine's state after event 0, if the audit is full.
    tables
        The strategies' own tables at the end, by strategy; :attr:`own` has them as frames.
    flow_reasons
        Why money moved, for each row of the cash flows in the state.
    open_in
        Trading sessions by index of the instrument, of those that were given some.
    reasons
        Names of the reasons of orders by code: the engine's, then those of the user's risk managers.
    """

    state: EngineState
    venue: VenueState
    index: IndexedInstruments
    scales: Scales
    strategies: Sequence[str]
    reporting: str
    describe: Callable[[], dict[str, Any]]
    seed: int
    version: str
    timings: dict[str, float] = field(default_factory=dict)
    warn: Callable[[], list[str]] = list
    partial: bool = False
    record: pl.DataFrame | None = None
    market: Sequence[Any] = ()
    snapshot: EngineState | None = None
    tables: Mapping[str, Block] = field(default_factory=dict)
    reasons: Sequence[str] = REASONS
    flow_reasons: Sequence[str] = ()
    open_in: Mapping[int, Sessions] = field(default_factory=dict)

    @cached_property
    def config(self) -> dict[str, Any]:
        """What was run; every value can be written as JSON."""
        return self.describe()

    @cached_property
    def warnings(self) -> list[str]:
        """What the user should know of data, strategy and run."""
        return self.warn()

    @cached_property
    def data(self) -> list[dict[str, Any]]:
        """What was read: kind, rows, times and checksum of each stream."""
        return describe_data(self.market)

    @cached_property
    def _frames(self) -> Frames:
        return Frames(self.state, self.index, self.scales, self.strategies, self.reasons)

    @cached_property
    def orders(self) -> pl.DataFrame:
        """Every order, by number."""
        return self._frames.orders()

    @cached_property
    def amends(self) -> pl.DataFrame:
        """Requests to change orders, in the order asked (rule 33): what each gave, null where a term stayed as it was.

        ``price_before`` is the limit price that it took the place of. ``status`` is ``done``, ``cancelled`` (the order,
        which had filled as much), ``rejected`` by the venue or ``refused`` before it was sent, with a ``reason``, or
        ``in_flight``. The order shows the terms in force last.
        """
        return self._frames.amends()

    @cached_property
    def trades(self) -> pl.DataFrame:
        """Own fills, one row each; a round trip is a row of :attr:`positions`.

        Where fees are paid in what is received (rule 63), ``quantity_kept`` is what a fill added to its position.
        Where books fill orders, ``fill_reason`` says why: ``taken``, ``queue``, ``traded_through`` or ``crossed``
        (rule 91).
        """
        return with_fill_reasons(self._frames.trades(), self.venue)

    @cached_property
    def positions(self) -> pl.DataFrame:
        """Closed positions."""
        return self._frames.positions()

    @cached_property
    def round_trips(self) -> pl.DataFrame:
        """Positions from entry to exit: the closed ones as in :attr:`positions`, then those that are open at the end.

        The market is read once, when the table is first asked for; it is saved with the run, and outside the digest.
        Columns are ``position_id``, ``exchange``, ``instrument``, ``side`` (``buy`` is long), ``strategy`` (whose order
        closed it, as in :attr:`positions`; of an open one, whose order opened it), and

        - ``quantity``: the largest that was held;
        - ``time_enter``, ``price_enter``: the first fill, and the average entry as in :attr:`positions`;
        - ``time_exit``, ``price_exit``: the last fill, and the average of all fills that reduced the position, of
          inverse contracts the harmonic mean; null while it is open;
        - ``bars``: candles of the instrument that closed after the entry and not after the exit; null without candles;
        - ``duration``: from entry to exit, or to the end of the run;
        - ``pnl``, ``fees``: realised, net of fees, and the fees of all its fills; of an open position so far; what
          :attr:`cash_flows` paid, as funding and dividends, is in neither;
        - ``return``: pnl / (price_enter · quantity · contract size), of inverse contracts pnl / (quantity · contract
          size / price_enter); null while it is open;
        - ``mae``, ``mfe``: maximum adverse and favourable excursion, the lowest and the highest of 0 and
          ±(p / price_enter − 1), of inverse contracts ±(1 − price_enter / p), + for a long, over the prices p of its
          own fills and those that the market showed while it was open; fees are not in it;
        - ``reason_exit``: where the venue closed it ``liquidation``, ``settlement``, ``delisting``, ``delivery``, or of
          an option ``exercise`` (also where that was asked for), ``assignment`` or ``expiry``; else what sent the
          order, ``stop_loss``, ``take_profit`` or ``trailing_stop`` if it protected an entry or waited for a trigger
          (``take_profit`` also: if touched), else ``signal``; ``split`` if a split left less than a lot of it; ``end``
          while it is open.

        What was split while it was open is in the units of its end: quantity, prices and excursions.

        An instrument shows one kind of prices: its candles, else trades, else mids of quotes, else the mid of its book
        behind each message, where there is one that is neither crossed nor stale. Only what is certain counts, so the
        true excursions are at least these: prices after the entry and before the exit; the range of
        candles that lie wholly between them; of a candle in which it was opened the close, of one in which it was
        closed the open. A fill of a maker or of a triggered order may lie inside the candle at whose close it is
        stamped: of that candle only the open counts if it closed the position, nothing if it opened it. All prices are
        held against the last average entry, also those from before it was enlarged. If a file of the data has changed
        since the run, ``bars``, ``mae`` and ``mfe`` are null.

        Examples
        --------
        >>> import barter_bt as bt
        >>> plan = bt.testing.schedule({"at": 60, "buy": 5}, {"at": 180, "sell": 5})
        >>> trips = bt.testing.run_prices([10, 10, (10, 14, 9, 12), 12], plan).round_trips
        >>> trips.select("bars", "pnl", "return", "mae", "mfe", "reason_exit").row(0)
        (2, 10.0, 0.2, -0.1, 0.4, 'signal')
        """
        from barter_bt.backtest.prices import EVER, MarketPrices
        from barter_bt.backtest.round_trips import round_trips

        market = MarketPrices(shown(self.market), self.index.codes, self.index.names) if self.market else None
        times = nanoseconds(self.equity["time"]), nanoseconds(self.trades["time_exchange"])
        end_ns = max((int(each.max()) for each in times if len(each)), default=EVER[0])
        return round_trips(self, self._frames, market, end_ns)

    @cached_property
    def balances(self) -> pl.DataFrame:
        """Every change of a balance."""
        return self._frames.balances()

    @cached_property
    def cash_flows(self) -> pl.DataFrame:
        """Money that no order moved: funding, interest, dividends, deposits, cash flows of the user's own.

        ``worth`` is the amount in the reporting asset at the prices of its time, null where there was none. What trades
        paid in a third asset is here, too, with the reason ``trading_fee``; their ``fees`` are what it was worth.
        """
        return self._frames.cash_flows(self.flow_reasons)

    @cached_property
    def splits(self) -> pl.DataFrame:
        """Splits, of instruments whether or not they were held: new units for old, and what a position became.

        ``amount`` was paid for what was less than a lot, in the quote asset; it is a row of :attr:`cash_flows`, too.
        Fills from ``trade_id_next`` on are in the new units.
        """
        return self._frames.splits()

    @cached_property
    def sessions(self) -> pl.DataFrame:
        """Trading sessions that were given: ``calendar`` (its name), ``date``, ``open``, ``close``.

        :meth:`by_session` has the account at their closes.
        """
        from barter_bt.statistic.sessions import sessions_frame

        return sessions_frame(self.open_in)

    @cached_property
    def equity(self) -> pl.DataFrame:
        """Marks of the account in the reporting asset.

        Where something was paid in or out (:func:`~barter_bt.data.deposits`) there is a column ``net``: what the equity
        of the start would have become without it, each deposit scaled out at the equity just before it. Returns,
        drawdowns and what is computed from them are those of ``net``.
        """
        return self._frames.equity(self.index.asset(self.reporting))

    @cached_property
    def audit(self) -> pl.DataFrame | None:
        """What the engine did and because of which event; None if no audit was kept."""
        return audit_frame(self.state, self.index, self.reasons)

    @cached_property
    def own(self) -> dict[str, dict[str, pl.DataFrame]]:
        """The strategies' own tables at the end, by strategy: ``parameters``, ``variables``, ``per_instrument``."""
        return {name: own_frames(my) for name, my in self.tables.items()}

    def replica(self) -> StateReplica:
        """A replica of the engine's state, built from the first snapshot and the audit of level ``"full"``."""
        from barter_bt.engine.replica import AuditError, StateReplica

        if self.snapshot is None:
            raise AuditError("a replica needs every event of the run", 'run with audit="full"')
        replica = StateReplica(self.snapshot)
        replica.follow(self.state)
        return replica

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """SHA-256 of each table and of the run (rule 25)."""
        from barter_bt.backtest.digest import digests

        index = self.index
        return digests(self.state, (tuple(index.names), tuple(index.asset_names), tuple(self.strategies)))

    @property
    def digest(self) -> str:
        """SHA-256 over orders, trades, positions and balances, and amends if there are any."""
        return self.digests["digest"]

    def prices(self) -> pl.DataFrame:
        """Market prices by ``time``, ``instrument``, ``price``: closes, else trades, else mids of quotes or books."""
        return self._prices.frame()

    def price_pieces(
        self, instruments: Collection[str], span_ns: tuple[int, int]
    ) -> Iterator[tuple[str, Integers, Floats]]:
        """Name, times and prices of some instruments in a span of time, piece by piece: not all in memory at once."""
        return self._prices.by_instrument(instruments, span_ns)

    def prices_to_draw(self) -> pl.DataFrame:
        """Prices of what was traded while the run lasted, as many as a picture needs; they are saved with the run."""
        return self._prices_to_draw

    @cached_property
    def _prices_to_draw(self) -> pl.DataFrame:
        from barter_bt.backtest.prices import EVER, MarketPrices

        assert self.market, "a run that has travelled has brought them along"
        marks = nanoseconds(self.equity["time"])
        traded = self.trades["instrument"].cast(pl.String).unique().to_list()
        market = MarketPrices(shown(self.market), self.index.codes, self.index.names)
        others = set(self.index.names) - set(traded)
        return market.to_draw(traded, (int(marks[0]), int(marks[-1])) if len(marks) else EVER, others)

    @property
    def prices_spacing_ns(self) -> int:
        """Nanoseconds of the parts of which :meth:`prices` has four prices each; 0 where it has all."""
        from barter_bt.backtest.prices import DrawnPrices

        return self._prices.spacing_ns if isinstance(self._prices, DrawnPrices) else 0

    @property
    def _prices(self) -> MarketPrices | DrawnPrices:
        from barter_bt.backtest.prices import DrawnPrices, MarketPrices

        if not self.market:  # the run has travelled
            return DrawnPrices(self._prices_to_draw)
        return MarketPrices(shown(self.market), self.index.codes, self.index.names)

    def __getstate__(self) -> dict[str, Any]:
        """What travels when the run is pickled."""
        kept = {each.name: getattr(self, each.name) for each in fields(self)}
        names = ("config", "warnings", "data", "own", "round_trips", "_prices_to_draw")
        made = {name: getattr(self, name) for name in names}
        return kept | {"describe": dict, "warn": list, "market": (), "tables": {}} | made

    def attribution(
        self, by: Literal["instrument", "strategy"] = "instrument", horizon: str | int = "1m"
    ) -> pl.DataFrame:
        """Where the money came from: PnL of each instrument, or of each strategy in it, in parts that add up to it.

        The middle of the market is that of the instrument's book, else of its quotes; without either the last price.
        What a fill *met* is the last middle at its time if it took, the last before its time if it made.

        Parameters
        ----------
        by
            ``"instrument"``, or ``"strategy"``: a row for each strategy in each instrument, and where there are
            several, one without a strategy for what cash flows paid.
        horizon
            Of the adverse selection, such as ``"10s"``, or nanoseconds.

        Returns
        -------
        polars.DataFrame
            ``instrument``, ``strategy``, ``asset`` (in which amounts are: the quote or settlement asset), ``fills``,
            ``quantity``, and

            - ``spread``: Σ ±quantity · (mid met - price), what dealing beside the middle brought, or cost;
            - ``inventory``: what the moves of the middle made of what was held, to the mark at the end (rule 6);
            - ``fees`` (at most 0) and ``rebates`` (at least 0);
            - ``flows``: what cash flows of the instrument paid, such as funding and dividends;
            - ``rounding``: what rounding to whole units of money left, at most half a unit for each fill and two more;
            - ``pnl``, the sum of these: what closed positions realised, and what is open is worth more than it cost.

            ``adverse_selection``, a part of ``inventory``: Σ ±quantity · (mid a horizon later - mid met), over fills
            whose horizon the data reaches. Then, of limit orders that the venue accepted: how many ``orders``,
            the ``fill_ratio`` of their quantity, and the mean ``queue_time`` from acceptance to the first fill of those
            that made. ``inventory_mean`` is the mean quantity held, long or short, from the first fill to the end,
            ``inventory_max`` the largest.

        Raises
        ------
        ConfigError
            The run was pickled or read back: its market data is not there. Or an instrument was split.

        Examples
        --------
        >>> import barter_bt as bt
        >>> plan = bt.testing.schedule({"at": 60, "buy": 5}, {"at": 180, "sell": 5})
        >>> run = bt.testing.run_prices([10, 10, 13, 12], plan)
        >>> run.attribution().select("spread", "inventory", "fees", "pnl").row(0)
        (-5.0, 15.0, 0.0, 10.0)
        """
        from barter_bt.backtest.attribution import attribution

        return attribution(self, by, horizon)

    def markouts(self, horizons: str | int | Sequence[str | int] = HORIZONS) -> pl.DataFrame:
        """What fills are worth a while later, on average for each unit of quantity, by instrument and liquidity.

        Parameters
        ----------
        horizons
            Times after a fill, or one, such as ``"10s"``, or nanoseconds.

        Returns
        -------
        polars.DataFrame
            ``instrument``, ``liquidity``, ``horizon``, ``fills`` and ``quantity`` (of fills whose horizon the data
            reaches), ``spread`` (± (mid met - price), as in :meth:`attribution`), ``move`` (± (mid at the horizon - mid
            met); below 0 it is adverse), ``markout``, the sum of both, in price, and as ``markout_bps`` of the price.
            At the horizon 0 the middle is that after the event which filled.

        Examples
        --------
        >>> import barter_bt as bt
        >>> run = bt.testing.run_prices([10, 10, 13, 12], bt.testing.schedule({"at": 60, "buy": 5}))
        >>> run.markouts(["2m"]).select("liquidity", "fills", "spread", "move", "markout").row(0)
        ('taker', 1, 0.0, 3.0, 3.0)
        """
        from barter_bt.backtest.markouts import markouts

        return markouts(self, horizons)

    def save(self, directory: str | Path) -> Path:
        """Write the run's directory: tables as Parquet, summary and manifest as JSON."""
        from barter_bt.backtest.run_directory import write

        return write(self, directory)

    def __repr__(self) -> str:
        return repr(self.summary())

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()
