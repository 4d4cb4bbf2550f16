"""A naive model of the engine, written from its documents: decimals and dicts, one event at a time.

What an update does is written in `docs/barter.md` (with the order manager's matrix, and what is corrected in it) and
`docs/rules.md`; a rule is named by its number where one decides. It speaks the protocol's types and the audit's, and
shares no code with the engine. Money is rounded where rule 4 rounds: costs and fees that are split, to units of 1e-9.

Each difference from Barter has a name in :data:`DIFFERENCES`. A model with all of them is the engine, one with none is
Barter, event by event: `tests/system/test_golden.py` holds both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

from barter_bt import protocol as bp
from barter_bt import system as bs
from barter_bt.protocol import CancelInFlight, Open, OpenInFlight, Order, Side

DIFFERENCES = {
    "marked": "unrealised PnL moves on own trades only",
    "remains": "an open order of which nothing remains stays tracked",
    "closed": "a late open snapshot brings a finished order back",
    "news": "instrument data is replaced only by later news",
    "audit": "after an unrecoverable error the audit omits algo orders that were sent",
    "candles": "A candle's close is a price",
    "locked": "A locked quote gives no price",
    "lots": "What a quote offers counts in whole lots",
    "rounded": "Money is rounded to units",
    "age": "A quote's age is its `last_update_time`",
}
"""What `docs/barter.md` says of each."""
ALL = frozenset(DIFFERENCES)

Key: TypeAlias = tuple[int, str]  # instrument and client id
TICK = Decimal("0.5")
UNITS = 10**9  # of money in 1 (rule 1)
Terminal = bp.Cancelled | bp.FullyFilled | bp.Expired | bp.OpenFailed


def key_of(one: Any) -> Key:
    """What an order, a request or a response is about."""
    return one.key.instrument, one.key.cid


def known(state: Any) -> Open | None:
    """What the exchange has said of an order that is at work, None if nothing yet."""
    if isinstance(state, CancelInFlight):
        return state.order
    return state if isinstance(state, Open) else None


def after_snapshot(order: Order, snapshot: Order, differences: frozenset[str]) -> Any:
    """The matrix: the state of a tracked order after a snapshot, None if it is dropped."""
    now, told, update = order.state, known(order.state), snapshot.state
    if isinstance(update, Terminal):
        return None
    if isinstance(update, OpenInFlight):
        return now
    if isinstance(update, Open):
        if told is not None and update.time_exchange < told.time_exchange:
            return now
        if "remains" in differences:
            if update.filled_quantity >= min(order.quantity, snapshot.quantity):
                return None
        elif isinstance(now, OpenInFlight) and update.filled_quantity == snapshot.quantity:
            return None
        return CancelInFlight(update) if isinstance(now, CancelInFlight) else update
    if isinstance(now, CancelInFlight):
        return now
    if told is None or (update.order is not None and update.order.time_exchange >= told.time_exchange):
        return update
    return CancelInFlight(told)


class Orders:
    """The orders that are tracked, in order of sending, and the client ids of those that are done."""

    def __init__(self, differences: frozenset[str] = ALL) -> None:
        self.tracked: dict[Key, Order] = {}
        self.closed: set[Key] = set()
        self._differences = differences

    def of(self, instrument: int) -> list[Order]:
        return [order for (i, _), order in self.tracked.items() if i == instrument]

    def open(self, request: bp.OrderRequestOpen) -> None:
        """Sent: in flight. A client id that is used again takes the live order's place."""
        key, terms = key_of(request), request.state
        self.tracked.pop(key, None)
        self.closed.discard(key)
        self.tracked[key] = Order(
            request.key, terms.side, terms.price, terms.quantity, terms.kind, terms.time_in_force, OpenInFlight()
        )

    def cancel(self, request: bp.OrderRequestCancel) -> None:
        """Sent: being cancelled, if it is tracked."""
        order = self.tracked.get(key_of(request))
        if order is not None:
            self._become(order, CancelInFlight(known(order.state)))

    def snapshot(self, update: Order) -> None:
        key, state = key_of(update), update.state
        if key in self.tracked:
            self._become(self.tracked[key], after_snapshot(self.tracked[key], update, self._differences))
            return
        done = isinstance(state, Terminal)
        if isinstance(state, Open):
            rest = update.quantity - state.filled_quantity
            done = rest <= 0 if "remains" in self._differences else rest == 0
        if not done and not ("closed" in self._differences and key in self.closed):
            self.tracked[key] = update

    def cancelled(self, response: bp.OrderResponseCancel) -> None:
        """One that could not be cancelled and never was open is dropped; it may still prove to be open."""
        order = self.tracked.get(key_of(response))
        if order is None:
            return
        if isinstance(response.state, bp.Cancelled):
            self._become(order, None)
        elif isinstance(order.state, CancelInFlight):
            if order.state.order is None:
                del self.tracked[key_of(order)]
            else:
                self._become(order, order.state.order)

    def _become(self, order: Order, state: Any) -> None:
        key = key_of(order)
        if state is None:
            del self.tracked[key]
            self.closed.add(key)
        else:
            terms = (order.key, order.side, order.price, order.quantity, order.kind, order.time_in_force)
            self.tracked[key] = Order(*terms, state)


@dataclass
class Position:
    """An open position; the entry average is ``cost / (quantity * size)``."""

    side: Side
    quantity: Decimal
    cost: Decimal
    maximum: Decimal
    realised: Decimal
    enter: Decimal
    time: int
    trade: int
    exit: Decimal = Decimal(0)
    mark: Decimal | None = None  # None: just opened, marked at cost (rule 6)


def part(amount: Decimal, numerator: Decimal, denominator: Decimal) -> Decimal:
    """``amount * numerator / denominator`` in whole units, rounded half to even (rules 3 and 4)."""
    exact = Fraction(amount) * Fraction(numerator) / Fraction(denominator)
    return Decimal(round(exact * UNITS)) / UNITS


def whole_part(amount: Decimal, numerator: Decimal, denominator: Decimal) -> Decimal:
    """The same in Barter's decimals, of 28 digits."""
    return amount * numerator / denominator


class Positions:
    """Positions by instrument, from own trades and marks."""

    def __init__(self, sizes: Sequence[Decimal], differences: frozenset[str] = ALL) -> None:
        self.open: dict[int, Position] = {}
        self.trades = 0
        self._sizes = sizes
        self._part = part if "rounded" in differences else whole_part

    def trade(self, i: int, one: bp.Trade) -> list[bs.PositionExit]:
        """Apply an own trade; the position that it closed, if it did."""
        row, p, size = self.trades, self.open.get(i), self._sizes[i]
        self.trades += 1
        q, price, fee = one.quantity, one.price, one.fees.fees
        if p is None:
            self._enter(i, one, q, fee, row)
            return []
        if one.side == p.side:
            p.quantity, p.cost = p.quantity + q, p.cost + q * price * size
            p.maximum, p.mark = max(p.maximum, p.quantity), price
            p.realised, p.enter = p.realised - fee, p.enter + fee
            return []
        held, closing = p.quantity, min(p.quantity, q)
        closing_fee = fee if q <= held else self._part(fee, held, q)
        out = self._part(p.cost, closing, held)
        gain = closing * price * size - out
        p.realised += (gain if p.side == Side.BUY else -gain) - closing_fee
        p.exit += closing_fee
        if q < held:
            p.quantity, p.cost, p.mark = held - q, p.cost - out, price
            return []
        del self.open[i]
        if q > held:
            self._enter(i, one, q - held, fee - closing_fee, row)
        average = p.cost / (held * size)
        money, times = (p.realised, p.enter, p.exit), (p.time, one.time_exchange)
        return [bs.PositionExit(i, p.side, average, p.maximum, *money, *times, (p.trade, row))]

    def _enter(self, i: int, one: bp.Trade, quantity: Decimal, fee: Decimal, row: int) -> None:
        cost = quantity * one.price * self._sizes[i]
        self.open[i] = Position(one.side, quantity, cost, quantity, -fee, fee, one.time_exchange, row)

    def unrealised(self, i: int) -> Decimal:
        p = self.open.get(i)
        if p is None or p.mark is None:
            return Decimal(0)
        gain = p.quantity * p.mark * self._sizes[i] - p.cost
        return (gain if p.side == Side.BUY else -gain) - self._part(p.enter, p.quantity, p.maximum)


class Prices:
    """Best prices and last price of one instrument; each is replaced by news that is not older (rule 13)."""

    def __init__(self, differences: frozenset[str] = ALL, tick: Decimal = TICK, lot: Decimal = Decimal(1)) -> None:
        self.last: tuple[int, Decimal] | None = None
        self.book: bp.OrderBookL1 | None = None
        self._differences, self._tick, self._lot = differences, tick, lot

    def update(self, event: bp.MarketEvent) -> bool:
        """Whether the news was taken: of a priced event, not older."""
        kind = event.kind
        if isinstance(kind, bp.OrderBookL1):
            time = kind.last_update_time if "age" in self._differences else event.time_exchange
            if self.book is not None and self._is_old(time, self.book.last_update_time):
                return False
            self.book = kind
            return True
        if isinstance(kind, bp.PublicTrade):
            news = event.time_exchange, Decimal(repr(kind.price))
        elif isinstance(kind, bp.Candle) and "candles" in self._differences:
            news = kind.close_time, Decimal(repr(kind.close))
        else:
            return False
        if self.last is not None and self._is_old(news[0], self.last[0]):
            return False
        self.last = news
        return True

    def _is_old(self, time: int, known: int) -> bool:
        return time < known if "news" in self._differences else time <= known

    @property
    def sides(self) -> list[bp.Level | None]:
        """Best bid and ask, with what counts of their amounts (rule 20): a side of less than a lot is none."""
        levels = [self.book.best_bid, self.book.best_ask] if self.book else [None, None]
        if "lots" not in self._differences:
            return levels
        whole = [one and bp.Level(one.price, one.amount // self._lot * self._lot) for one in levels]
        return [one if one and one.amount else None for one in whole]

    @property
    def price(self) -> Decimal | None:
        """Weighted mid, to a tick half to even, of a book with two sides that is not locked; else the last price."""
        bid, ask = self.sides
        if bid and ask and (bid.price < ask.price or "locked" not in self._differences):
            if "rounded" not in self._differences:
                return (bid.price * ask.amount + ask.price * bid.amount) / (bid.amount + ask.amount)
            share = Fraction(bid.amount) / Fraction(bid.amount + ask.amount)
            return bid.price + self._tick * round(Fraction((ask.price - bid.price) / self._tick) * share)
        return self.last[1] if self.last else None


@dataclass(frozen=True)
class Traded:
    """What the model knows of an instrument."""

    exchange: str
    name: str
    base: str
    quote: str
    size: Decimal = Decimal(1)


class Model:
    """The whole engine. A strategy reads it as it reads the engine: prices, positions, orders, ``send``."""

    def __init__(
        self,
        traded: Sequence[Traded],
        strategy: Any,
        deliver: Callable[[Any], Any],
        start: int,
        trading: bool,
        differences: frozenset[str] = ALL,
        steps: tuple[Decimal, Decimal] = (TICK, Decimal(1)),
    ) -> None:
        self.traded, self.strategy, self._deliver, self._differences = traded, strategy, deliver, differences
        self.time, self.sequence, self.trading = start, 0, trading
        self.exchanges = list(dict.fromkeys(one.exchange for one in traded))
        self.assets = assets_of(traded)
        self.links = {(link, exchange): False for link in ("market", "account") for exchange in self.exchanges}
        self.balances: dict[Any, tuple[Decimal, Decimal, int]] = {}  # total, free, time; by asset
        self.orders_ = Orders(differences)
        self.positions = Positions([one.size for one in traded], differences)
        self.prices = [Prices(differences, *steps) for _ in traded]
        self._outputs: list[Any] = []
        self._errors: list[Any] = []

    # What a strategy reads

    def price(self, i: int) -> Decimal | None:
        return self.prices[i].price

    def position(self, i: int) -> Decimal:
        p = self.positions.open.get(i)
        return Decimal(0) if p is None else p.quantity if p.side == Side.BUY else -p.quantity

    def orders(self, i: int) -> list[Order]:
        return self.orders_.of(i)

    def send(self, cancels: Iterable[Any], opens: Iterable[Any]) -> tuple[bs.Sent, bs.Sent]:
        """Cancels, then opens, past the risk manager; what was sent is in flight after."""
        sent = self._transmit(cancels), self._transmit(opens)
        for cancel in sent[0].sent:
            self.orders_.cancel(cancel)  # type: ignore[arg-type]
        for request in sent[1].sent:
            self.orders_.open(request)  # type: ignore[arg-type]
        return sent

    def _transmit(self, requests: Iterable[Any]) -> bs.Sent:
        answers = [(one, self._misdirected(one) or self._deliver(one)) for one in requests]
        failed = tuple((one, error) for one, error in answers if error is not None)
        self._errors += [error for _, error in failed if not isinstance(error, bp.ExecutionChannelUnhealthy)]
        return bs.Sent(tuple(one for one, error in answers if error is None), failed)

    def _misdirected(self, request: Any) -> Any:
        """Barter has no channel to an exchange that is not in the index."""
        exchange, most = request.key.exchange, len(self.exchanges) - 1
        known = exchange <= most
        return None if known else bp.ExchangeIndexError(f"there is no exchange {exchange}; indices go from 0 to {most}")

    # Processing

    def process(self, event: Any) -> bs.Audit:
        """The clock, the state, then, if trading is enabled, the strategy; what the audit should say."""
        self._outputs, self._errors = [], []
        if isinstance(event, bp.TradingStateUpdate):
            was, self.trading = self.trading, event.state == bp.TradingState.ENABLED
            if was and not self.trading:
                self._outputs.append(bs.TradingDisabled(self.strategy.on_trading_disabled(self)))
        elif isinstance(event, bp.Command):
            self._outputs.append(bs.Commanded(event.kind, *self.send(*self._requests(event.kind))))
        elif isinstance(event, bp.Market | bp.Account):
            self._stream(event)
        if self.trading and not self._errors and not isinstance(event, bp.Shutdown):
            sent = self.send(*self.strategy.generate_algo_orders(self))
            told = any(sent) and not (self._errors and "audit" not in self._differences)
            self._outputs += [bs.AlgoOrders(*sent)] if told else []
        self.sequence += 1
        return bs.Audit(self.sequence - 1, self.time, event, tuple(self._outputs), tuple(self._errors))

    def _requests(self, command: Any) -> tuple[Iterable[Any], Iterable[Any]]:
        """Cancels and opens of a command."""
        if isinstance(command, bp.SendCancelRequests):
            return many(command.requests), ()
        if isinstance(command, bp.SendOpenRequests):
            return (), many(command.requests)
        chosen = [i for i, one in enumerate(self.traded) if self._is_chosen(i, one, command.filter)]
        if isinstance(command, bp.CancelOrders):
            orders = [one for i in chosen for one in self.orders(i) if not isinstance(one.state, CancelInFlight)]
            ids = [told.id if (told := known(one.state)) else None for one in orders]
            return [bp.OrderRequestCancel(o.key, bp.RequestCancel(i)) for o, i in zip(orders, ids, strict=True)], ()
        return (), [self._closing(i) for i in chosen if self.position(i) and self.price(i) is not None]

    def _is_chosen(self, i: int, one: Traded, chosen: Any) -> bool:
        if isinstance(chosen, bp.NoFilter):
            return True
        if isinstance(chosen, bp.Exchanges):
            return bool({one.exchange, self.exchanges.index(one.exchange)} & {*many(chosen.exchanges)})
        if isinstance(chosen, bp.Instruments):
            return bool({i, one.name} & {*many(chosen.instruments)})
        names = [{one.base, self.assets.index((one.exchange, one.base))}]
        names.append({one.quote, self.assets.index((one.exchange, one.quote))})
        return any(pair.base in names[0] and pair.quote in names[1] for pair in many(chosen.underlyings))

    def _closing(self, i: int) -> bp.OrderRequestOpen:
        """Of the other side, at market, immediate or cancel, for the whole position; the client id is the index."""
        side = Side.SELL if self.position(i) > 0 else Side.BUY
        key = bp.OrderKey(self.exchanges.index(self.traded[i].exchange), i, self.strategy.id, str(i))
        terms = (side, self.price(i), abs(self.position(i)), bp.OrderKind.MARKET, bp.ImmediateOrCancel())
        return bp.OrderRequestOpen(key, bp.RequestOpen(*terms))  # type: ignore[arg-type]

    def _stream(self, event: bp.Market | bp.Account) -> None:
        is_market, what = isinstance(event, bp.Market), event.event
        link = "market" if is_market else "account"
        if isinstance(what, bp.Reconnecting):
            self.links[link, what.exchange] = False
            told = self.strategy.on_disconnect(self, what.exchange)
            self._outputs.append((bs.MarketDisconnect if is_market else bs.AccountDisconnect)(what.exchange, told))
            return
        item: Any = what.value
        self.links[link, item.exchange if is_market else self.exchanges[item.exchange]] = True
        self.time = max([self.time, *times(item if is_market else item.kind)])
        if not is_market:
            self._account(item.kind)
        elif self.prices[i := item.instrument].update(item) and "marked" in self._differences:
            if self.price(i) is not None and self.position(i):
                self.positions.open[i].mark = self.price(i)

    def _account(self, kind: Any) -> None:
        if isinstance(kind, bp.AccountSnapshot):
            for one in (*kind.balances, *(order for each in kind.instruments for order in each.orders)):
                self._account(one)
        elif isinstance(kind, bp.AssetBalance):
            if kind.asset not in self.balances or kind.time_exchange >= self.balances[kind.asset][2]:
                self.balances[kind.asset] = kind.balance.total, kind.balance.free, kind.time_exchange
        elif isinstance(kind, Order):
            self.orders_.snapshot(kind)
        elif isinstance(kind, bp.OrderResponseCancel):
            self.orders_.cancelled(kind)
        else:
            self._outputs += self.positions.trade(kind.instrument, kind)


def assets_of(traded: Iterable[Traded]) -> list[tuple[str, str]]:
    """Exchange and name of each asset, in the order of their indices; exchanges as in ``traded``."""
    exchanges = list(dict.fromkeys(one.exchange for one in traded))
    pairs = {(one.exchange, asset) for one in traded for asset in (one.base, one.quote)}
    return sorted(pairs, key=lambda pair: (exchanges.index(pair[0]), pair[1]))


def many(value: Any) -> tuple[Any, ...]:
    """One or many, as many."""
    return value if isinstance(value, tuple) else (value,)


def times(kind: Any) -> list[int]:
    """The exchange's times in an item: its own, or that of its state; of a snapshot those of all its parts."""
    if isinstance(kind, bp.AccountSnapshot):
        parts = (*kind.balances, *(order for each in kind.instruments for order in each.orders))
        return [time for part in parts for time in times(part)]
    state = getattr(kind, "state", kind)
    time = getattr(known(state) or state, "time_exchange", None)
    return [] if time is None else [time]
