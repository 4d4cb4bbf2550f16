"""Fees that venues have published, with where and when: data to begin from, which an account's own terms replace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from barter_bt.venue.costs import Fees
from barter_bt.venue.tiers import FeeLevel, FeeTiers


@dataclass(frozen=True)
class FeePreset:
    """Fees as somebody has published them.

    Parameters
    ----------
    fees
        The fees.
    since
        From which day on they held, as text.
    source
        Address of the document.
    published
        The day of the document.
    note
        What of the document is left out.

    Examples
    --------
    >>> FEE_PRESETS["bitstamp_2017_08_09"].fees.taker
    0.0025
    """

    fees: Fees
    since: str
    source: str
    published: str
    note: str


def _usd(*levels: tuple[float, float, float], days: int = 1) -> FeeTiers:
    """Levels in dollars; of an average of so many days, times these."""
    return FeeTiers([FeeLevel(volume * days, maker, taker) for volume, maker, taker in levels], asset="usd")


_IBKR = (
    "stocks in dollars, whole shares; the page bears no date, but has the regulator's fee on sales, 0.0000278, that "
    "began on this day; its rates may have held before. Regulators' fees are left out. "
)

FEE_PRESETS: Final[Mapping[str, FeePreset]] = {
    "binance_spot_2018_07_20": FeePreset(
        Fees(0.001, 0.001, paid_in="bnb", discount=0.25),
        since="2018-07-20",
        source="https://www.binance.com/en/support/announcement/"
        "binance-launches-new-tiered-trading-fee-discount-program-and-adjusts-bnb-discount-rate-360007480472",
        published="2018-07-19",
        note="the general tier; VIP tiers also ask for a balance of BNB, by which no tiers go here",
    ),
    "bitstamp_2017_08_09": FeePreset(
        Fees(
            0.0025,
            0.0025,
            tiers=_usd(
                (20_000, 0.0024, 0.0024),
                (100_000, 0.0022, 0.0022),
                (200_000, 0.0020, 0.0020),
                (400_000, 0.0015, 0.0015),
                (600_000, 0.0014, 0.0014),
                (1_000_000, 0.0013, 0.0013),
                (2_000_000, 0.0012, 0.0012),
                (4_000_000, 0.0011, 0.0011),
                (20_000_000, 0.0010, 0.0010),
            ),
        ),
        since="2017-08-09",
        source="https://cryptoninjas.net/2017/08/09/ethereum-eth-begin-trading-bitstamp-unveils-new-unified-fees",
        published="2017-08-09",
        note="discounts on ether until 2018-01-01 are left out",
    ),
    "bitmex_2021_08_18": FeePreset(
        Fees(
            -0.0001,
            0.0005,
            tiers=_usd(
                (5_000_000, -0.0001, 0.0004),
                (10_000_000, -0.0001, 0.00035),
                (25_000_000, -0.0001, 0.0003),
                (50_000_000, -0.0001, 0.00025),
                days=30,
            ),
        ),
        since="2021-08-18",
        source="https://wikibit.vip/zh-cn/notice/bdetail/202108128904518398.html",
        published="2021-08-12",
        note="derivatives; the levels are of an average day of the last 30. That they came into force says "
        "https://blog.bitmex.com/site_announcement/"
        "now-live-revamp-of-bitmex-fee-structures-for-increased-trader-rewards/",
    ),
    "bitmex_2023_01_17": FeePreset(
        Fees(
            0.0002,
            0.00075,
            tiers=_usd(
                (1_000_000, 0.0001, 0.0005),
                (5_000_000, 0.0, 0.0004),
                (10_000_000, 0.0, 0.00035),
                (25_000_000, 0.0, 0.0003),
                (50_000_000, 0.0, 0.00025),
                (100_000_000, -0.00003, 0.00024),
                (250_000_000, -0.00005, 0.00023),
                (500_000_000, -0.00008, 0.00022),
                (1_000_000_000, -0.0001, 0.000175),
                days=30,
            ),
        ),
        since="2023-01-17",
        source="https://cryptomak.co.uk/?p=292087",
        published="before 2023-01-17",
        note="derivatives, a copy of the exchange's announcement; the levels are of an average day of the last 30. "
        "Discounts for staking, the VIP programme and incentives for makers are left out",
    ),
    "alpaca_crypto_2023_03_13": FeePreset(
        Fees(
            0.0015,
            0.0025,
            paid_in="received",
            tiers=_usd(
                (100_000, 0.0012, 0.0022),
                (500_000, 0.0010, 0.0020),
                (1_000_000, 0.0008, 0.0018),
                (10_000_000, 0.0005, 0.0015),
                (25_000_000, 0.0002, 0.0013),
                (50_000_000, 0.0002, 0.0012),
                (100_000_000, 0.0, 0.0010),
            ),
        ),
        since="2023-03-13",
        source="https://alpaca.markets/support/crypto-maker-taker-gmt-faq",
        published="before 2023-03-13",
        note="spot; that the fee is taken from what is received says https://alpaca.markets/docs/crypto/activities/, "
        "which also says that it is booked at the end of the day: here at once",
    ),
    "kraken_futures_2023_09_14": FeePreset(
        Fees(
            0.0002,
            0.0005,
            tiers=_usd(
                (100_001, 0.00015, 0.0004),
                (1_000_001, 0.000125, 0.0003),
                (5_000_001, 0.0001, 0.00025),
                (10_000_001, 0.000075, 0.0002),
                (20_000_001, 0.00005, 0.00015),
                (50_000_001, 0.000025, 0.000125),
                (100_000_001, 0.0, 0.0001),
            ),
        ),
        since="2023-09-14",
        source="https://support.kraken.com/hc/en-us/articles/360048917612-Fee-schedule",
        published="before 2023-12-14",
        note="the page bears no date, but tells of rebates from 2023-09-14 to 2023-12-14 for makers of some contracts, "
        "which are left out; its rates may have held before",
    ),
    "kraken_derivatives_eea_2026_03_26": FeePreset(
        Fees(
            0.0002,
            0.0005,
            tiers=_usd(
                (2_500_000, 0.00015, 0.00045),
                (5_000_000, 0.000125, 0.0004),
                (10_000_000, 0.0001, 0.00035),
                (20_000_000, 0.000075, 0.0003),
                (30_000_000, 0.00005, 0.00025),
                (50_000_000, 0.00003, 0.0002),
                (75_000_000, 0.000015, 0.00015),
                (100_000_000, 0.0, 0.000125),
                (250_000_000, -0.000015, 0.0001),
                (500_000_000, -0.00003, 0.0001),
                (1_000_000_000, -0.00005, 0.0001),
            ),
        ),
        since="2026-03-26",
        source="https://support.kraken.com/no/articles/fees-for-derivatives-trading-eea",
        published="before 2026-03-26",
        note="clients in the European Economic Area; the page bears no date, but says that fees of partial "
        "liquidations, which are left out, begin on that day; its rates may have held before",
    ),
    "ibkr_us_stocks_fixed_2024_05_22": FeePreset(
        Fees(per_contract=0.005, minimum=1.0, maximum=0.01),
        since="2024-05-22",
        source="https://www.interactivebrokers.co.uk/en/pricing/commissions-stocks.php",
        published="after 2024-05-22",
        note=_IBKR + "They include what exchanges and clearing cost",
    ),
    "ibkr_us_stocks_tiered_2024_05_22": FeePreset(
        Fees(per_contract=0.0035, minimum=0.35, maximum=0.01),
        since="2024-05-22",
        source="https://www.interactivebrokers.co.uk/en/pricing/commissions-stocks.php",
        published="after 2024-05-22",
        note=_IBKR
        + "The first tier; others go by shares a month, from 300,000 on. Fees of exchanges, of clearing (0.0002 a "
        "share) and what is passed through are left out",
    ),
}
