"""The sections of a configuration file: plain records, one field per key, and the JSON schema made from them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

Number: TypeAlias = int | float | str
Duration: TypeAlias = Annotated[str | int, Meta(description='text such as "50ms" or "1h30m", or nanoseconds')]
Evidence: TypeAlias = Literal["auto", "book", "quotes", "trades", "candles"]


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A table of the file. A key that is not there keeps the default of what it configures."""


class RunSection(Section, frozen=True):
    """How the run goes."""

    seed: Annotated[int, Meta(description="seed of every random choice")] | UnsetType = UNSET
    reporting: Annotated[str, Meta(description="asset in which equity is measured")] | UnsetType = UNSET
    mark_every: Duration | UnsetType = UNSET
    start: Annotated[str, Meta(description="first moment, with a zone: 2024-01-01T00:00:00Z")] | UnsetType = UNSET
    end: Annotated[str, Meta(description="last moment, with a zone")] | UnsetType = UNSET
    interpret: Annotated[bool, Meta(description="run without compiling, for a debugger")] | UnsetType = UNSET
    trading: Annotated[Literal["enabled", "disabled"], Meta(description="when the run starts")] | UnsetType = UNSET
    audit: Annotated[Literal["off", "actions", "full"], Meta(description="what to keep")] | UnsetType = UNSET
    candle_ranges: (
        Annotated[bool, Meta(description="barter-bt backtest runs each candle_path, too, for ranges of figures")]
        | UnsetType
    ) = UNSET


class DataSection(Section, frozen=True):
    """One stream of market data."""

    kind: Annotated[
        Literal["trades", "quotes", "candles", "book", "book_orders"], Meta(description="what its rows are")
    ]
    path: Annotated[
        str | list[str],
        Meta(description="a Parquet or CSV file, relative to this file, or several; or a catalog, or its URL"),
    ]
    instrument: Annotated[str, Meta(description="name, where all rows are of one instrument")] | UnsetType = UNSET
    exchange: Annotated[str, Meta(description="of a catalog that has the instrument of several")] | UnsetType = UNSET
    interval: Duration | UnsetType = UNSET
    columns: Annotated[dict[str, str], Meta(description="your column names to ours")] | UnsetType = UNSET
    time_zone: Annotated[str, Meta(description="zone of times that have none")] | UnsetType = UNSET
    time_unit: Literal["ns", "us", "ms", "s"] | UnsetType = UNSET
    repair: Annotated[dict[str, bool], Meta(description="what to mend in bad rows")] | UnsetType = UNSET
    clock_offset: Duration | UnsetType = UNSET
    seen_by: Annotated[Literal["all", "strategy", "venue"], Meta(description="who sees it")] | UnsetType = UNSET
    symbol_changes: (
        Annotated[str, Meta(description="a file of time, before and after: rows get the last symbol")] | UnsetType
    ) = UNSET
    adjusted: (
        Annotated[Literal["splits", "splits_and_dividends"], Meta(description="what its prices are adjusted for")]
        | UnsetType
    ) = UNSET


class InstrumentSection(Section, frozen=True):
    """What can be traded; the fields of ``Instrument``."""

    exchange: Annotated[str, Meta(description='exchange id, such as "binance_spot"')]
    name: Annotated[str, Meta(description='lower case, such as "btc_usdt"')]
    base: str | UnsetType = UNSET
    quote: str | UnsetType = UNSET
    kind: Literal["spot", "perpetual", "future", "option"] | UnsetType = UNSET
    contract_size: Number | UnsetType = UNSET
    price_increment: Number | UnsetType = UNSET
    quantity_increment: Number | UnsetType = UNSET
    quantity_min: Number | UnsetType = UNSET
    notional_min: Number | UnsetType = UNSET
    name_exchange: str | UnsetType = UNSET
    settlement: Annotated[str, Meta(description="asset of settlement, if not the quote")] | UnsetType = UNSET
    expiry: Annotated[str | int, Meta(description="end, with a zone: 2024-06-28T08:00:00Z")] | UnsetType = UNSET
    strike: Number | UnsetType = UNSET
    option_kind: Literal["call", "put"] | UnsetType = UNSET
    exercise: Literal["american", "bermudan", "european"] | UnsetType = UNSET
    price_min: Number | UnsetType = UNSET
    settlement_price: Number | UnsetType = UNSET
    quantity_unit: Literal["asset", "contract", "quote"] | UnsetType = UNSET
    base_name_exchange: str | UnsetType = UNSET
    quote_name_exchange: str | UnsetType = UNSET
    settlement_name_exchange: str | UnsetType = UNSET
    underlying: Annotated[str, Meta(description="of an option, or a future that delivers it")] | UnsetType = UNSET
    delivery: Literal["cash", "physical"] | UnsetType = UNSET
    price_can_be_negative: Annotated[bool, Meta(description="whether its price can be 0 or below")] | UnsetType = UNSET


class FeeTiersSection(Section, frozen=True):
    """Other rates by the volume of the days before."""

    levels: Annotated[list[tuple[Number, Number, Number]], Meta(description="volume, maker, taker; volumes ascend")]
    asset: Annotated[str, Meta(description="in which volume counts")]
    window: Annotated[int, Meta(description="how many days")] | UnsetType = UNSET
    every: Annotated[str, Meta(description='length of a day: "1d"')] | UnsetType = UNSET
    volume_before: Annotated[Number, Meta(description="of each day before the run")] | UnsetType = UNSET


class FeesSection(Section, frozen=True):
    """Fractions of the notional: 0.1 % is 0.001."""

    maker: Number | UnsetType = UNSET
    taker: Number | UnsetType = UNSET
    per_contract: Number | UnsetType = UNSET
    per_order: Number | UnsetType = UNSET
    minimum: Number | UnsetType = UNSET
    maximum: Number | UnsetType = UNSET
    increment: Number | UnsetType = UNSET
    tiers: FeeTiersSection | UnsetType = UNSET
    paid_in: Annotated[str, Meta(description='"quote", "received" or an asset')] | UnsetType = UNSET
    discount: Number | UnsetType = UNSET


class SlippageSection(Section, frozen=True):
    """By how much orders that take move their price against themselves."""

    ticks: int | UnsetType = UNSET
    rate: Number | UnsetType = UNSET
    range_share: Number | UnsetType = UNSET
    volume_share: Number | UnsetType = UNSET
    impact: Number | UnsetType = UNSET


class DelaysSection(Section, frozen=True):
    """Delays that are not always the same: one of the lists, or a median and a sigma."""

    uniform: Annotated[list[Duration], Meta(description="the shortest and the longest")] | UnsetType = UNSET
    measured: Annotated[list[Duration], Meta(description="measurements, each as likely")] | UnsetType = UNSET
    by_time: Annotated[list[tuple[str, Duration]], Meta(description="pairs of time and delay")] | UnsetType = UNSET
    median: Annotated[Duration, Meta(description="of lognormal delays")] | UnsetType = UNSET
    sigma: Annotated[float, Meta(description="of their logarithms")] | UnsetType = UNSET


class LatencySection(Section, frozen=True):
    """Delays, each always the same or a table of its own; or files of what was measured."""

    request: Duration | DelaysSection | UnsetType = UNSET
    response: Duration | DelaysSection | UnsetType = UNSET
    feed: Duration | DelaysSection | UnsetType = UNSET
    seed: Annotated[int, Meta(description="of what is drawn")] | UnsetType = UNSET
    hftbacktest: (
        Annotated[str | list[str], Meta(description="npz files of hftbacktest, for request and response")] | UnsetType
    ) = UNSET
    leave_out_refused: Annotated[bool, Meta(description="requests that the exchange refused")] | UnsetType = UNSET


class FaultsSection(Section, frozen=True):
    """What goes wrong on purpose, and how often."""

    seed: int | UnsetType = UNSET
    reject: Annotated[Number, Meta(description="chance that an order is rejected")] | UnsetType = UNSET
    lose: Annotated[Number, Meta(description="chance that a request never arrives")] | UnsetType = UNSET
    timeout: Annotated[Duration, Meta(description="after which what was lost is asked for")] | UnsetType = UNSET
    late: Annotated[Number, Meta(description="chance that a message is late")] | UnsetType = UNSET
    late_by: Duration | UnsetType = UNSET
    spike: Annotated[Number, Meta(description="chance that messages of a span take longer")] | UnsetType = UNSET
    spike_by: Duration | UnsetType = UNSET
    spike_span: Duration | UnsetType = UNSET
    disconnect: Annotated[Number, Meta(description="chance of a span without a link")] | UnsetType = UNSET
    disconnect_span: Duration | UnsetType = UNSET
    duplicate: Annotated[Number, Meta(description="chance that market events arrive twice")] | UnsetType = UNSET


class TierSection(Section, frozen=True):
    """One tier of a margin; the last has no bound."""

    rate: Number
    up_to: Annotated[Number, Meta(description="the largest notional in it")] | UnsetType = UNSET
    maintenance: Number | UnsetType = UNSET


class MarginSection(Section, frozen=True):
    """What a position needs to grow, and to be held."""

    rate: Number | UnsetType = UNSET
    per_contract: Number | UnsetType = UNSET
    maintenance: Number | UnsetType = UNSET
    maintenance_per_contract: Number | UnsetType = UNSET
    liquidation_fee: Number | UnsetType = UNSET
    mode: Literal["cross", "isolated"] | UnsetType = UNSET
    tiers: list[TierSection] | UnsetType = UNSET
    liquidation: Literal["whole", "by_tier"] | UnsetType = UNSET
    settlement: Literal["closing", "daily"] | UnsetType = UNSET


class VenueSection(Section, frozen=True):
    """The terms of one exchange."""

    fees: FeesSection | Number | UnsetType = UNSET
    latency: LatencySection | UnsetType = UNSET
    margin: MarginSection | Number | UnsetType = UNSET
    account: Literal["cash", "margin"] | UnsetType = UNSET
    taker_fills_on: Evidence | UnsetType = UNSET
    maker_fills_on: Evidence | UnsetType = UNSET
    triggers_on: Literal["auto", "quotes", "trades", "candles"] | UnsetType = UNSET
    limit_fill: Literal["through", "touch"] | UnsetType = UNSET
    max_age: Duration | UnsetType = UNSET
    fees_by_instrument: dict[str, FeesSection | Number] | UnsetType = UNSET
    margin_by_instrument: dict[str, MarginSection | Number] | UnsetType = UNSET
    candle_fill: Literal["next_open", "next_close", "this_close"] | UnsetType = UNSET
    slippage: SlippageSection | Number | UnsetType = UNSET
    slippage_by_instrument: dict[str, SlippageSection | Number] | UnsetType = UNSET
    participation: Number | UnsetType = UNSET
    queue: Literal["conservative", "power", "logarithmic", "fifo", "relative_power"] | UnsetType = UNSET
    queue_power: int | UnsetType = UNSET
    faults: FaultsSection | UnsetType = UNSET
    candle_path: (
        Literal["pessimistic", "optimistic", "open_high_low_close", "open_low_high_close", "adaptive"] | UnsetType
    ) = UNSET
    mark: Literal["weighted_mid", "mid", "last", "closing", "closing_with_fee"] | UnsetType = UNSET
    collateral: Annotated[dict[str, Number], Meta(description='haircuts of other assets: btc = "10%"')] | UnsetType = (
        UNSET
    )
    locked_quotes: Literal["wait", "fill"] | UnsetType = UNSET
    beyond_size: Literal["wait", "one_tick_worse"] | UnsetType = UNSET


class ObjectSection(Section, frozen=True):
    """A built-in by ``name``, or your own ``object``, with parameters."""

    name: Annotated[str, Meta(description="name of a built-in")] | UnsetType = UNSET
    object: Annotated[str, Meta(description='"package.module:name" or "file.py:name"')] | UnsetType = UNSET
    parameters: dict[str, Any] | UnsetType = UNSET


class CommandSection(Section, frozen=True):
    """A command, a change of the trading state or a lost link; the columns of ``Commands``."""

    time: Annotated[str, Meta(description="when, with a zone: 2024-01-01T00:00:00Z")]
    command: Annotated[str, Meta(description='such as "close_positions" or "disable_trading"')]
    instrument: str | UnsetType = UNSET
    exchange: str | UnsetType = UNSET
    order: int | UnsetType = UNSET
    amount: Annotated[float, Meta(description='of "margin": so much is added, or taken if below 0')] | UnsetType = UNSET
    quantity: float | UnsetType = UNSET
    price: float | UnsetType = UNSET
    time_in_force: Literal["gtc", "ioc", "fok", "day", "at_open", "at_close"] | UnsetType = UNSET
    post_only: bool | UnsetType = UNSET
    reduce_only: bool | UnsetType = UNSET
    stop: float | UnsetType = UNSET
    if_touched: float | UnsetType = UNSET
    trailing: float | UnsetType = UNSET
    trailing_rate: float | UnsetType = UNSET
    trailing_ticks: int | UnsetType = UNSET
    activation: Annotated[float, Meta(description="price from which on it trails")] | UnsetType = UNSET
    stop_loss: float | UnsetType = UNSET
    take_profit: float | UnsetType = UNSET
    trailing_stop: float | UnsetType = UNSET
    trailing_activation: float | UnsetType = UNSET
    protect_by: (
        Annotated[Literal["price", "distance", "fraction", "ticks"], Meta(description="unit of the four")] | UnsetType
    ) = UNSET
    group: Annotated[int, Meta(description="one cancels the others of its time and group")] | UnsetType = UNSET
    after: Annotated[int, Meta(description="the number, from 0, of the command that it follows")] | UnsetType = UNSET
    trigger: Annotated[float, Meta(description="of an amend")] | UnsetType = UNSET
    trigger_by: Literal["last", "quote", "mark"] | UnsetType = UNSET
    good_till: Annotated[str, Meta(description="when it ends, with a zone")] | UnsetType = UNSET
    good_after: Annotated[str, Meta(description="until when it is held back, with a zone")] | UnsetType = UNSET
    candle_fill: Literal["next_open", "next_close", "this_close"] | UnsetType = UNSET


class CashFlowsSection(Section, frozen=True):
    """Money that no order moves: of a file by time, or interest at a rate."""

    kind: Literal["funding", "dividend", "split", "deposit", "cash", "interest", "margin", "settlement", "assignment"]
    path: Annotated[str, Meta(description="a file, relative to this one; or a catalog, or its URL")] | UnsetType = UNSET
    exchange: Annotated[str, Meta(description="of a catalog that has them of several")] | UnsetType = UNSET
    asset: Annotated[str, Meta(description="of interest: what bears it")] | UnsetType = UNSET
    instrument: (
        Annotated[str, Meta(description="of interest: what is borrowed, in place of an asset; of a catalog: whose")]
        | UnsetType
    ) = UNSET
    cash: Annotated[Number, Meta(description='rate by the year on a balance above 0, such as "4%"')] | UnsetType = UNSET
    debt: Annotated[Number, Meta(description="rate by the year on a balance below 0")] | UnsetType = UNSET
    borrow: Annotated[Number, Meta(description="rate by the year on what is borrowed")] | UnsetType = UNSET
    every: Duration | UnsetType = UNSET
    start: Annotated[str, Meta(description="due only later than this, with a zone")] | UnsetType = UNSET
    end: Annotated[str, Meta(description="due not later than this, with a zone")] | UnsetType = UNSET


class PaperSection(Section, frozen=True):
    """Where `barter-bt paper` gets its market from, its options of the same names; a backtest passes it over."""

    exchange: Annotated[str, Meta(description="file (its data), loopback, binance_spot, ...")] | UnsetType = UNSET
    network: Annotated[Literal["test", "main"], Meta(description="of a real exchange")] | UnsetType = UNSET
    pace: Annotated[str, Meta(description='time of the data in a second, such as "30s"')] | UnsetType = UNSET
    streams: Annotated[list[str], Meta(description="what of its market is heard")] | UnsetType = UNSET


class AlertsSection(Section, frozen=True):
    """What of a live session is told at once; a backtest has none."""

    webhook: Annotated[str, Meta(description="variable of the environment that holds its URL")] | UnsetType = UNSET
    kinds: Annotated[list[str], Meta(description="which alerts, such as stopped; by default all")] | UnsetType = UNSET
    stale: Annotated[str, Meta(description='how long an instrument may be silent, such as "60s"')] | UnsetType = UNSET
    behind: Annotated[str, Meta(description='how long its events may wait, such as "5s"')] | UnsetType = UNSET


class MetricsSection(Section, frozen=True):
    """Where a live session answers GET /metrics; a backtest does not."""

    port: int
    host: Annotated[str, Meta(description="by default this machine alone")] | UnsetType = UNSET


class File(Section, frozen=True):
    """The whole file."""

    data: Annotated[list[DataSection], Meta(min_length=1, description="[[data]]: the streams of market data")]
    instruments: Annotated[list[InstrumentSection], Meta(min_length=1, description="[[instruments]]: what is traded")]
    balances: Annotated[dict[str, Number], Meta(min_length=1, description="[balances]: amounts, such as usdt = 10_000")]
    strategy: Annotated[ObjectSection, Meta(description='[strategy]: such as name = "sma_cross"')]
    run: RunSection = RunSection()
    units: Annotated[dict[str, Number], Meta(description="[units]: smallest amounts: usd = 0.01")] = {}
    rates: Annotated[
        dict[str, Number], Meta(description='[rates]: "eur/usd" = 1.08, or a file with time and rate')
    ] = {}
    venues: Annotated[dict[str, VenueSection], Meta(description="[venues.EXCHANGE]: its terms")] = {}
    benchmark: Annotated[ObjectSection, Meta(description="a second strategy to compare with")] | UnsetType = UNSET
    risk: Annotated[ObjectSection, Meta(description="[risk]: risk manager")] | UnsetType = UNSET
    record: Annotated[dict[str, Any], Meta(description="[record]: state columns to keep")] | UnsetType = UNSET
    commands: Annotated[list[CommandSection], Meta(description="[[commands]]: by time")] = []
    cash_flows: Annotated[list[CashFlowsSection], Meta(description="[[cash_flows]]: funding, dividends")] = []
    sessions: Annotated[
        str | dict[str, str], Meta(description='a calendar or a file, for all or by exchange or instrument: "XNYS"')
    ] = {}
    paper: Annotated[PaperSection, Meta(description="[paper]: of barter-bt paper")] | UnsetType = UNSET
    alerts: Annotated[AlertsSection, Meta(description="[alerts]: of live sessions")] | UnsetType = UNSET
    metrics: Annotated[MetricsSection, Meta(description="[metrics]: of live sessions")] | UnsetType = UNSET


def schema() -> dict[str, Any]:
    """Make the JSON schema of the configuration file, for editors and other programs.

    Examples
    --------
    >>> sorted(schema()["$defs"]["ObjectSection"]["properties"])
    ['name', 'object', 'parameters']
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "barter-bt backtest",
        **msgspec.json.schema(File),
    }


def given(section: Section) -> dict[str, Any]:
    """Return the keys that the file gives, with their values.

    Examples
    --------
    >>> given(FeesSection(taker=0.001))
    {'taker': 0.001}
    """
    return {name: value for name in section.__struct_fields__ if (value := getattr(section, name)) is not UNSET}
