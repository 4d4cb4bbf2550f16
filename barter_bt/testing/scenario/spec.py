"""One backtest as plain data, which any engine can be given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from barter_bt.data.stream import SeenBy
from barter_bt.testing.scenario.plain import Plain

Kind = Literal["trades", "quotes", "candles"]
StreamKind = Literal["trades", "quotes", "candles", "book", "book_orders"]
Contract = Literal["spot", "perpetual", "inverse", "future", "option"]
Evidence = Literal["auto", "quotes", "trades", "candles"]
FillsOn = Literal["auto", "quotes", "trades", "candles", "book"]
QueueModel = Literal["conservative", "power", "logarithmic", "fifo", "relative_power"]
CandlePath = Literal["pessimistic", "optimistic", "open_high_low_close", "open_low_high_close", "adaptive"]
Mark = Literal["weighted_mid", "mid", "last", "closing", "closing_with_fee"]
CandleFill = Literal["next_open", "next_close", "this_close"]
ProtectBy = Literal["price", "distance", "fraction", "ticks"]
TriggerBy = Literal["last", "quote", "mark"]
Row = tuple[Any, ...]
DelaySpec = tuple[str, tuple[int, ...], tuple[int, ...]]
TierSpec = tuple[tuple[tuple[str, str, str], ...], str, int, int, str]
Session = tuple[int, int]

KINDS: tuple[Kind, ...] = ("trades", "quotes", "candles")
CANDLE_FILLS: tuple[CandleFill, ...] = ("next_open", "next_close", "this_close")
PROTECT_BY: tuple[ProtectBy, ...] = ("price", "distance", "fraction")


@dataclass(frozen=True, repr=False)
class InstrumentSpec(Plain):
    """What is traded and on which terms; amounts are decimal strings in natural units.

    ``margin`` is the fraction of the notional that a position ties up, unless ``margin_per_contract`` is given. A tick
    or lot that is not declared is what data and orders are whole numbers of, which no engine is told.
    ``maintenance`` and its amount per contract are likewise what it needs as long as it is held. ``fee_maximum``,
    ``slippage_rate`` and ``liquidation_fee`` are fractions, of an order's notional, a price and what is liquidated; all
    fractions have at most nine places. ``tiers`` stand in place of the amount per contract and both of maintenance, and
    ``margin`` is what the account has chosen.
    ``fee_tiers`` are levels of (volume, maker, taker), the asset of volumes, how many intervals count, their length in
    ns, and the volume of each before the run. ``paid_in`` and ``discount`` are what rule 63 says.
    Names are unique over all exchanges.
    """

    name: str
    exchange: str
    base: str
    quote: str
    kind: Contract = "spot"
    tick: str = "1"
    lot: str = "1"
    contract_size: str = "1"
    quantity_min: str | None = None
    notional_min: str | None = None
    maker: str = "0"
    taker: str = "0"
    per_contract: str = "0"
    margin: str = "1"
    margin_per_contract: str | None = None
    price_min: str | None = None
    declares_tick: bool = True
    declares_lot: bool = True
    expiry: int | None = None  # of a future, an option, or spot that is delisted; with it "inverse" is a future
    per_order: str = "0"
    fee_minimum: str = "0"
    fee_maximum: str | None = None
    fee_increment: str | None = None
    slippage_ticks: int = 0
    slippage_rate: str = "0"
    range_share: float = 0.0
    volume_share: float = 0.0
    impact: float = 0.0
    maintenance: str | None = None
    maintenance_per_contract: str | None = None
    liquidation_fee: str = "0"
    settlement_price: str | None = None  # of what expires; of an option that of its underlying
    right: Literal["call", "put"] | None = None  # of an option, and what follows; a future may deliver, too
    strike: str | None = None
    american: bool = False
    underlying: str | None = None  # name of an instrument of the same exchange
    physical: bool = False
    isolated: bool = False
    tiers: tuple[tuple[str | None, str, str], ...] = ()  # up to which notional, margin, maintenance; the last None
    by_tier: bool = False
    fee_tiers: TierSpec | None = None
    paid_in: str = "quote"
    discount: str = "0"
    price_can_be_negative: bool = False
    daily: bool = False  # a future, as "inverse" is then, settled by day: at rows "settlement", else closes of sessions

    @property
    def money(self) -> str:
        """What its cost and profit are in."""
        return self.base if self.kind == "inverse" else self.quote


class FaultSpec(NamedTuple):
    """What goes wrong at an exchange (rules 95 to 97): chances as floats, times in ns."""

    seed: int
    reject: float
    lose: float
    timeout_ns: int
    late: float
    late_ns: int
    spike: float
    spike_ns: int
    spike_span_ns: int
    disconnect: float
    outage_span_ns: int
    duplicate: float = 0.0


@dataclass(frozen=True, repr=False)
class ExchangeSpec(Plain):
    """The terms of one exchange; ``max_age_ns`` 0 is no limit.

    Delays that vary are a form, "by_time", "measured" or "uniform", with delays in ns and, by time, their times in ns;
    or "lognormal", with the median in ns and the deviation in thousandths.
    """

    name: str
    account: Literal["cash", "margin"] = "cash"
    request_ns: int = 0
    response_ns: int = 0
    feed_ns: int = 0
    taker_fills_on: FillsOn = "auto"
    maker_fills_on: FillsOn = "auto"
    limit_fill: Literal["through", "touch"] = "through"
    max_age_ns: int = 0
    triggers_on: Evidence = "auto"
    candle_fill: CandleFill = "next_open"
    participation: str | None = None  # at most nine places
    candle_path: CandlePath = "pessimistic"
    mark: Mark = "weighted_mid"
    collateral: tuple[tuple[str, str], ...] = ()  # asset and haircut, a fraction
    request_delays: DelaySpec | None = None  # in place of request_ns
    response_delays: DelaySpec | None = None
    feed_delays: DelaySpec | None = None
    seed: int = 0
    fills_locked: bool = False
    fills_beyond: bool = False
    queue: QueueModel = "conservative"
    queue_power: int | None = None
    faults: FaultSpec | None = None


@dataclass(frozen=True, repr=False)
class StreamSpec(Plain):
    """Market events of one kind, in row order.

    Rows, with times in nanoseconds, ``time_received`` None in all rows or in none, and floats that are the
    shortest text of an exact decimal:

    - trades: time_exchange, time_received, instrument, price, amount, and in all rows or in none the side that took;
    - quotes: time_exchange, time_received, instrument, bid_price, bid_amount, ask_price, ask_amount;
    - candles: time_open, time_exchange (the close), time_received, instrument, open, high, low, close, volume;
    - book: time_exchange, time_received, instrument, side (1 a bid, -1 an ask, 0 no level), price, amount, whether it
      is of a snapshot, sequence, previous_sequence, both None where there is none;
    - book_orders: time_exchange, time_received, instrument, action, order id, side, price, amount, and the last three.

    ``seen_by``: "all", or only the "strategy" or the "venue" (rule 78).
    """

    kind: StreamKind
    rows: tuple[Row, ...]
    seen_by: SeenBy = "all"


@dataclass(frozen=True, repr=False)
class Entry(Plain):
    """How a target enters (rule 60), and the times of its order; without ``limit`` and ``stop`` by a market order.

    The two are what ``Scenario.price_by`` says. ``post_only`` is of a limit that is "gtc" alone; the times and
    ``candle_fill`` are as those of :class:`Conditions`.
    """

    limit: float | None = None
    stop: float | None = None
    time_in_force: str = "gtc"
    post_only: bool = False
    good_till: int | None = None
    good_after: int | None = None
    candle_fill: CandleFill | None = None


@dataclass(frozen=True, repr=False)
class Conditions(Plain):
    """What an order waits for at its exchange, what it may only do, what protects it, and when and with what it ends.

    ``stop`` and ``if_touched`` are trigger prices. A trailing stop follows the market at a distance, in price, as a
    fraction of it or in ticks, and needs no first trigger; ``activation`` is the price from which on it does, of an
    amend what that gives. ``stop_loss``, ``take_profit``, ``trailing_stop`` and ``trailing_activation`` are what
    ``Scenario.protect_by`` says; of a trailing stop a price is a distance. ``good_till``, of an order that is "gtc", is
    the time in ns at which it ends at its exchange, ``good_after`` that until which it is held back: both later than
    that of its row, the end later than the other. ``candle_fill`` is of a market order, or a limit that is not "gtc" or
    "day", without a trigger. "day", "at_open" and "at_close" have no other times, the last two neither a
    ``candle_fill`` nor a trigger. "open" rows of one time and exchange that bear the same ``group`` cancel each other,
    and one follows that of row number ``after``, which is before it. ``trigger_by``, of an order with a trigger, a
    target that enters by a stop, or what a stop protects, says which prices those triggers look at. ``entry`` is of
    targets alone.
    """

    stop: float | None = None
    if_touched: float | None = None
    trailing: float | None = None
    trailing_rate: float | None = None
    reduce_only: bool = False
    stop_loss: float | None = None
    take_profit: float | None = None
    trailing_stop: float | None = None
    good_till: int | None = None
    good_after: int | None = None
    candle_fill: CandleFill | None = None
    group: int | None = None
    after: int | None = None
    trigger_by: TriggerBy | None = None
    entry: Entry | None = None
    trailing_ticks: int | None = None
    activation: float | None = None
    trailing_activation: float | None = None


def conditions_of(row: Row) -> Conditions:
    """Those of an "open" or "target" row of a schedule, which need not say any."""
    found: Conditions = row[-1] if isinstance(row[-1], Conditions) else Conditions()
    return found


@dataclass(frozen=True, repr=False)
class Scenario(Plain):
    """Everything that determines a run.

    Schedule rows, in time order:

    - ``("open", time, instrument, signed quantity, price | None, time_in_force, post_only)``, None: a market order;
      the time in force may be one of sessions; the row may end with its :class:`Conditions`;
    - ``("cancel", time, ref)`` with the row number of an earlier "open";
    - ``("amend", time, ref, price, quantity, trigger, trailing, trailing_rate)``, likewise, None for what stays;
      the row may end with :class:`Conditions` whose ``activation`` and ``trailing_ticks`` are given, too, and whose
      protection is given to what protects that order;
    - ``("exercise", time, instrument, quantity)`` of an American option;
    - ``("target", time, instrument, target | None)``, sized by ``size``, ``with_fee`` and ``strict``; the row may end
      with :class:`Conditions` that protect what it enters, and say how.

    Cash flows, due by time and at one time in the order given; no funding, dividend or split comes twice:

    - ``("funding", time, instrument, rate)`` of a perpetual;
    - ``("dividend", time, instrument, amount)`` of a spot instrument, for each unit of its base;
    - ``("payout", time, instrument, amount, pay time, part withheld)``, such a dividend that is paid later;
    - ``("split", time, instrument, ratio)`` of a spot instrument, such as "3:2";
    - ``("assignment", time, instrument, quantity)`` of an American option;
    - ``("margin", time, instrument, amount)`` of an isolated one, added to its position's margin or taken from it;
    - ``("cash", time, exchange, asset, amount, reason)``, and ``("deposit", time, exchange, asset, amount)``;
    - ``("interest", since, exchange, asset, rate on cash, rate on debt, every in ns)`` and ``("borrow", since,
      instrument, rate, every in ns)``, of a spot instrument: due at the multiples of ``every`` later than the start and
      than ``since``, which counts in whole microseconds, rounded down.

    Their rates and amounts are floats that are the shortest text of an exact decimal.

    ``balances`` are (exchange, asset, amount), ``units`` those that are chosen, as (exchange, asset, unit). ``start``
    is the first venue time that takes part, None: of the data. ``sessions`` are opens and closes in ns, by name of the
    instrument; the last goes on behind all else. ``rates`` are base, quote, and from which time in ns on so much of the
    quote is one of the base: by time, or one whose time is None, which holds always. They name no asset that no
    instrument has.
    """

    instruments: tuple[InstrumentSpec, ...]
    exchanges: tuple[ExchangeSpec, ...]
    streams: tuple[StreamSpec, ...]
    balances: tuple[tuple[str, str, str], ...]
    schedule: tuple[Row, ...] = ()
    reporting: str = "usd"
    size: Literal["units", "notional", "equity"] = "units"
    with_fee: bool = False
    strict: bool = False
    mark_every_ns: int | None = None
    start: int | None = None
    units: tuple[tuple[str, str, str], ...] = ()
    protect_by: ProtectBy = "price"
    price_by: ProtectBy = "price"  # of entries
    size_at: Literal["decision", "fill"] = "decision"  # "fill" goes with no size in "units", and no limits and stops
    band: str = "0"  # of targets, at most nine places
    cash_flows: tuple[Row, ...] = ()
    sessions: tuple[tuple[str, tuple[Session, ...]], ...] = ()
    rates: tuple[tuple[str, str, tuple[tuple[int | None, str], ...]], ...] = ()
