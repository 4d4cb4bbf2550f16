"""A leveraged account, and a portfolio of shares, worked out here from the rules alone, in whole units of money.

Nothing of the engine is used but its tables, and nothing of the reference engine: a third account of the same trades.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction as F
from random import Random
from typing import Any, NamedTuple

import polars as pl
import pytest

import barter_bt as bt

START = datetime(2024, 1, 1, tzinfo=UTC)
UNIT = 10**9  # of money
NAMES = ("open", "high", "low", "close")


class Bar(NamedTuple):
    """Prices of a candle, in ticks of 0.01."""

    open: int
    high: int
    low: int
    close: int


def walk(dice: Random, rows: int, price: int, step: float) -> list[Bar]:
    bars = []
    for _ in range(rows):
        first = max(1, int(price * (1 + dice.uniform(-step, step) / 3)))
        price = max(1, int(first * (1 + dice.uniform(-step, step))))
        high, low = max(first, price), min(first, price)
        bars.append(
            Bar(first, int(high * (1 + dice.random() * step)), max(1, int(low * (1 - dice.random() * step))), price)
        )
    return bars


def frame_of(bars: dict[str, list[Bar]], length: timedelta) -> pl.DataFrame:
    rows = [
        {"time_open": START + k * length, "time_exchange": START + (k + 1) * length, "instrument": name}
        | {column: value / 100 for column, value in bar._asdict().items()}
        for name, those in bars.items()
        for k, bar in enumerate(those)
    ]
    return pl.DataFrame(rows).sort("time_exchange", "instrument")


def schedule_of(targets: dict[tuple[int, str], float], length: timedelta, **options: Any) -> bt.Schedule:
    rows = [{"time": START + (k + 1) * length, "instrument": name, "target": t} for (k, name), t in targets.items()]
    return bt.Schedule(pl.DataFrame(rows), **options)


def fills_of(result: bt.Result, length: timedelta) -> list[tuple[float, str, int, int]]:
    """When, in candles, what, lots with their sign, ticks."""
    told = result.trades.select(
        pl.col("time_exchange").dt.cast_time_unit("us"),
        pl.col("instrument", "side").cast(pl.String),
        "quantity",
        "price",
    )
    return [
        ((time - START) / length, name, round(lots * (1 if side == "buy" else -1)), round(price * 100))
        for time, name, side, lots, price in told.rows()
    ]


class Account:
    """One perpetual with cross margin: the fee, the margin and what must be kept are parts of the notional."""

    def __init__(self, cash: int, fee: F, rate: F, kept: F, penalty: F) -> None:
        self.cash, self.lots, self.cost, self.mark = cash * UNIT, 0, 0, 0
        self.fee, self.rate, self.kept, self.penalty = fee, rate, kept, penalty
        self.fills: list[tuple[float, str, int, int]] = []
        self.grown = -1

    def worth(self, at: int) -> int:
        held = abs(self.lots) * at * UNIT // 100 - self.cost
        return self.cash + (held if self.lots > 0 else -held if self.lots < 0 else 0)

    def trade(self, lots: int, at: int, fee: int) -> None:
        sign, held, notional = (1 if self.lots > 0 else -1), abs(self.lots), abs(lots) * at * UNIT // 100
        self.cash -= fee
        if self.lots * lots >= 0:
            self.cost += notional
        else:
            closed = min(held, abs(lots))
            out = self.cost if closed == held else round(F(self.cost * closed, held))
            paid = closed * at * UNIT // 100
            self.cash += sign * (paid - out)
            self.cost = self.cost - out if abs(lots) <= held else notional - paid
        self.lots += lots

    def buy(self, lots: int, at: int, when: int) -> None:
        """Fill as many as the margin lets it: rules 17 and 19."""
        kept = self.cash, self.lots, self.cost

        def fits(wish: int) -> bool:
            self.cash, self.lots, self.cost = kept
            self.trade(wish, at, round(abs(wish) * at * UNIT // 100 * self.fee))
            grows = kept[1] * self.lots <= 0 or abs(self.lots) > abs(kept[1])
            return not grows or self.worth(at) >= round(abs(self.lots) * at * UNIT // 100 * self.rate)

        most = abs(lots)
        if not fits(lots):
            low = 0
            while low < most:
                middle = (low + most + 1) // 2
                low, most = (middle, most) if fits(middle if lots > 0 else -middle) else (low, middle - 1)
        if most and fits(most if lots > 0 else -most):
            self.mark = at
            self.fills.append((when, "a_usd", most if lots > 0 else -most, at))
            if abs(self.lots) > abs(kept[1]) or self.lots * kept[1] < 0:
                self.grown = when
        else:
            self.cash, self.lots, self.cost = kept

    def falls_short(self, at: int) -> bool:
        return self.lots != 0 and self.worth(at) < round(abs(self.lots) * at * UNIT // 100 * self.kept)

    def liquidate(self, at: int, when: int) -> None:
        lots, notional = -self.lots, abs(self.lots) * at * UNIT // 100
        self.trade(lots, at, round(notional * self.fee) + round(notional * self.penalty))
        self.fills.append((when, "a_usd", lots, at))
        self.cash = max(self.cash, 0)  # an insurance pays

    def look_inside(self, bar: Bar, when: int) -> None:
        """Rule 43: at the first price on the way from the open to the extreme at which it falls short."""
        extreme = bar.low if self.lots > 0 else bar.high
        if self.lots == 0 or self.grown >= when or not self.falls_short(extreme):
            return
        good, bad = bar.open, extreme
        if self.falls_short(good):
            bad = good
        while abs(bad - good) > 1:
            middle = (good + bad) // 2
            good, bad = (good, middle) if self.falls_short(middle) else (middle, bad)
        self.liquidate(bad, when)


@pytest.mark.parametrize("seed", range(12))
def test_a_leveraged_account(seed: int) -> None:
    """Perpetual: sizes that margin cuts, funding, liquidation within candles and at marks (rules 4, 19, 41 to 43)."""
    dice, minute = Random(seed), timedelta(minutes=1)
    bars = walk(dice, 60, dice.choice([10**3, 10**5, 10**7]), dice.choice([0.001, 0.02, 0.1]))
    rate = F(dice.choice([1, 2, 5, 10, 25]), 100)
    fee, kept, penalty = F(dice.choice([0, 5, -1]), 10**4), rate * dice.choice([F(1, 4), F(9, 10)]), F(5, 1000)
    most = int(F(10_000) / rate / F(bars[0].open, 100))
    sizes = [0, most * 9 // 10, -most * 19 // 20, *(dice.randint(-most, most) for _ in range(3))]
    wished = {(k, "a_usd"): float(dice.choice(sizes)) for k in range(58) if dice.random() < 0.3}
    funded = {k: dice.randint(-(10**9), 10**9) for k in dice.sample(range(2, 58), 6)}
    flows = [
        {"time": START + (k + 1) * minute, "instrument": "a_usd", "rate": v / 1e12} for k, v in sorted(funded.items())
    ]
    result = bt.backtest(
        bt.data.candles(frame_of({"a_usd": bars}, minute)),
        bt.Instrument("x", "a_usd", kind="perpetual", price_increment="0.01", quantity_increment=1),
        schedule_of(wished, minute),
        balances={"usd": 10_000},
        venues=bt.Venue(
            fees={"taker": float(fee)},
            margin=bt.Margin(float(rate), maintenance=float(kept), liquidation_fee=float(penalty)),
        ),
        cash_flows=bt.data.funding(pl.DataFrame(flows)),
        interpret=True,
    )
    mine, asked = Account(10_000, fee, rate, kept, penalty), 0
    for k, bar in enumerate(bars):
        if asked:
            mine.buy(asked, bar.open, k)
        if mine.falls_short(mine.mark):
            mine.liquidate(mine.mark, k)
        mine.mark = bar.close
        if k in funded:
            notional = abs(mine.lots) * bar.close * UNIT // 100
            mine.cash -= (1 if mine.lots > 0 else -1) * round(F(notional * funded[k], 10**12))
        mine.look_inside(bar, k + 1)
        if mine.falls_short(mine.mark):
            mine.liquidate(mine.mark, k + 1)
        asked = int(wished.get((k, "a_usd"), mine.lots)) - mine.lots
    assert fills_of(result, minute) == mine.fills
    assert result.equity["equity"][-1] == pytest.approx(mine.worth(mine.mark) / UNIT, abs=1e-8)


@pytest.mark.parametrize("seed", range(8))
def test_a_portfolio_of_shares(seed: int) -> None:
    """Fractions of the equity, sales first, purchases cut to the cash, a dividend and a split (rules 17, 18, 45)."""
    dice, day = Random(seed), timedelta(days=1)
    names, fee = ("a_usd", "b_usd", "c_usd"), F(5, 10**4)
    bars = {name: walk(dice, 40, dice.randint(1000, 20_000), 0.03) for name in names}
    ratio, split, paid, amount = dice.choice([F(2), F(3, 2), F(1, 10), F(7, 3)]), 15, 25, F(dice.randint(1, 99), 100)
    bars["a_usd"][split:] = [Bar(*(max(1, round(p / ratio)) for p in bar)) for bar in bars["a_usd"][split:]]
    shares = {
        (k, n): dice.choice([0.0, 0.25, 0.45, 0.5]) for k in range(2, 39, 3) for n in names if dice.random() < 0.9
    }
    as_text = f"{ratio.numerator}:{ratio.denominator}"
    early = START + split * day - timedelta(hours=1), START + paid * day + timedelta(hours=1)
    result = bt.backtest(
        bt.data.candles(frame_of(bars, day)),
        [bt.Instrument("x", name, price_increment="0.01", quantity_increment=1) for name in names],
        schedule_of(shares, day, size="equity", with_fee=False),
        balances={"usd": 100_000},
        venues=bt.Venue(fees="0.05%"),
        cash_flows=[
            bt.data.splits(pl.DataFrame({"time": early[:1], "instrument": "a_usd", "ratio": as_text})),
            bt.data.dividends(pl.DataFrame({"time": early[1:], "instrument": "b_usd", "amount": float(amount)})),
        ],
        interpret=True,
    )
    cash, held, asked, fills = 100_000 * UNIT, dict.fromkeys(names, 0), dict[str, int](), []
    cent = UNIT // 100
    for k in range(40):
        for name in sorted(asked, key=lambda name: (asked[name] > 0, list(asked).index(name))):
            lots, price = asked[name], bars[name][k].open
            while lots > 0 and lots * price * cent + round(lots * price * cent * fee) > cash:
                lots -= 1
            if lots:
                cash -= lots * price * cent + round(abs(lots) * price * cent * fee)
                held[name] += lots
                fills.append((float(k), name, lots, price))
        if k == split - 1:  # an hour before the candle of the split opens, with the marks of the day before
            exact = held["a_usd"] * ratio
            held["a_usd"], mark = int(exact), max(round(bars["a_usd"][k - 1].close / ratio), 1)
            cash += round((exact - int(exact)) * mark * cent)
        if k == paid:
            cash += round(held["b_usd"] * amount * UNIT)
        worth = cash + sum(held[name] * bars[name][k].close * cent for name in names)
        wishes = {name: shares[k, name] for name in names if (k, name) in shares}
        sizes = {name: round(worth * F(wish)) // (bars[name][k].close * cent) for name, wish in wishes.items()}
        changes = {name: lots - held[name] for name, lots in sizes.items() if lots != held[name]}
        asked = dict(sorted(changes.items(), key=lambda one: (not (held[one[0]] and one[1] < 0), one[0])))
    assert sorted(fills_of(result, day)) == sorted(fills)
    assert result.equity["equity"][-1] == pytest.approx(worth / UNIT, abs=1e-8)
