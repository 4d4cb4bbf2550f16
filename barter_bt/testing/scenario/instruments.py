"""Random instruments and terms of exchanges, small on purpose: few names and steps, so that everything collides."""

from __future__ import annotations

from decimal import Decimal

from barter_bt.testing.scenario.numbers import NANO, SECOND, START, plain, text, worth
from barter_bt.testing.scenario.source import Source, chance
from barter_bt.testing.scenario.spec import KINDS, Contract, Evidence, ExchangeSpec, InstrumentSpec, Kind

LATENCIES = (0, 0, 0, 1, SECOND // 2, SECOND, 2 * SECOND)
Pair = tuple[str, str, str, Contract]  # name, base, quote, kind

PAIRS: tuple[Pair, ...] = (
    ("btc_usd", "btc", "usd", "spot"),
    ("eth_usd", "eth", "usd", "spot"),
    ("eth_btc", "eth", "btc", "spot"),
    ("btc_usd_perp", "btc", "usd", "perpetual"),
    ("btc_usd_inverse", "btc", "usd", "inverse"),
    ("btc_usd_future", "btc", "usd", "future"),
    ("usd_jpy", "usd", "jpy", "spot"),
    ("btc_jpy", "btc", "jpy", "spot"),
)
# (tick, lot): the last of the usual ones make one tick of one lot a fraction of a unit
GRIDS = (("1", "1"), ("0.01", "0.001"), ("0.5", "0.1"), ("0.00001", "0.00001"), ("0.00003", "0.00025"))
EXTREME_GRIDS = (
    ("1e-10", "1"),
    ("1e-12", "25000"),
    ("1e-12", "1e-3"),
    ("1000000", "0.00001"),
    ("0.01", "1e8"),
    ("50", "1e-9"),
)
SIZES = ("1", "1", "0.01", "10", "0.003")
RATES = ("0", "0.001", "0.00075", "0.1", "-0.0001", "0.0123")
LEAST_LOT = Decimal("1e-7")  # what is worth less than a unit of money is not counted where no lot is declared


def make_instruments(source: Source, exchanges: tuple[str, ...], pairs: tuple[Pair, ...]) -> tuple[InstrumentSpec, ...]:
    """One to four; at least one is quoted in usd. With ``pairs``, these."""
    count = source.pick((1, 1, 2, 2, 3))
    chosen = list(pairs) or [source.pick(PAIRS) for _ in range(count)]
    if all(pair[2] != "usd" for pair in chosen):
        chosen.append(PAIRS[0])
    fine = any(kind == "inverse" for *_, kind in chosen)  # its money's unit is so fine that a cheap asset overflows
    return tuple(make_instrument(source, pair, exchanges, fine) for pair in dict.fromkeys(chosen))


def make_instrument(source: Source, pair: Pair, exchanges: tuple[str, ...], fine: bool) -> InstrumentSpec:
    """One of a pair on one of the exchanges; ``fine``: without extreme steps."""
    name, base, quote, kind = pair
    tick, lot = source.pick(EXTREME_GRIDS if chance(source, 15) and not fine else GRIDS[: 3 if fine else None])
    size = "1" if kind == "spot" else source.pick(SIZES)
    contract_value = worth(kind, tick, size)
    lot_value = contract_value * Decimal(lot)
    return InstrumentSpec(
        name,
        source.pick(exchanges),
        base,
        quote,
        kind,
        tick,
        lot,
        size,
        quantity_min=plain(Decimal(lot) * source.integer(2, 9) / 2) if chance(source, 25) else None,
        notional_min=text(max(lot_value * source.integer(2, 9) / 2, NANO)) if chance(source, 25) else None,
        maker=source.pick(RATES),
        taker=source.pick(RATES),
        per_contract=text(contract_value / 64) if chance(source, 20) else "0",
        margin=source.pick(("1", "0.5", "0.1", "0.03")),
        margin_per_contract=text(max(Decimal(f"{contract_value / 7:.4g}"), NANO)) if chance(source, 20) else None,
        price_min=plain(Decimal(tick) * source.integer(185, 201) / 2) if chance(source, 15) else None,
        declares_tick=kind == "inverse" or chance(source, 85),
        declares_lot=base != "eth"
        or min(lot_value, Decimal(lot)) < LEAST_LOT
        or kind == "inverse"
        or chance(source, 85),
        expiry=make_expiry(source, kind),
    )


def make_expiry(source: Source, kind: str) -> int | None:
    """Of a future: mostly one, while there is data, now and then before."""
    return START + source.integer(-2, 40) * SECOND // 2 if kind == "future" and chance(source, 80) else None


def make_kinds(source: Source) -> tuple[Kind, ...]:
    """Which streams an instrument has."""
    chosen = tuple(kind for kind in KINDS if chance(source, 45))
    return chosen or (source.pick(KINDS),)


def evidence_of(
    name: str, instruments: tuple[InstrumentSpec, ...], kinds: dict[str, tuple[Kind, ...]]
) -> tuple[Evidence, ...]:
    """Evidence that every instrument of the exchange has, or "auto"."""
    own = [kinds[item.name] for item in instruments if item.exchange == name]
    return ("auto", "auto", *(kind for kind in KINDS if all(kind in kinds for kinds in own)))


def make_exchange(
    source: Source,
    name: str,
    feed: int,
    instruments: tuple[InstrumentSpec, ...],
    kinds: dict[str, tuple[Kind, ...]],
) -> ExchangeSpec:
    """Terms of an exchange; what fills orders there is to be had for every instrument."""
    evidence = evidence_of(name, instruments, kinds)
    return ExchangeSpec(
        name,
        source.pick(("cash", "margin")),
        source.pick(LATENCIES),
        source.pick(LATENCIES),
        feed,
        source.pick(evidence),
        source.pick(evidence),
        source.pick(("through", "touch")),
        source.pick((0, 0, SECOND, 3 * SECOND)),
    )
