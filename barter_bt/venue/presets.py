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
}
