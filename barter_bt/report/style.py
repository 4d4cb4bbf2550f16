"""Colours and lines: the palette of Okabe and Ito, told apart by every kind of colour vision, in light and dark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE: Final = "#0072B2"
SKY: Final = "#56B4E9"
ORANGE: Final = "#E69F00"
VERMILLION: Final = "#D55E00"
GREEN: Final = "#009E73"
PURPLE: Final = "#CC79A7"
SERIES: Final = (BLUE, ORANGE, GREEN, PURPLE, VERMILLION)
"""Colours of several lines of one kind, in turn."""


@dataclass(frozen=True)
class Style:
    """Colours of one look."""

    background: str
    text: str
    muted: str
    grid: str
    price: str
    buy: str
    sell: str
    equity: str
    benchmark: str
    drawdown: str


STYLES: Final = {
    "light": Style("#ffffff", "#1f2328", "#59636e", "#e4e7eb", "#59636e", BLUE, VERMILLION, BLUE, ORANGE, VERMILLION),
    "dark": Style("#14171c", "#e6e8eb", "#9aa4af", "#2b3038", "#9aa4af", SKY, ORANGE, SKY, ORANGE, VERMILLION),
}


def dress(axes: Axes, style: Style) -> None:
    """Give one panel its colours: a quiet grid, no frame but the base line."""
    axes.set_facecolor(style.background)
    axes.grid(visible=True, color=style.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=style.muted, labelsize=9, length=0)
    axes.margins(x=0.01)
    for name, spine in axes.spines.items():
        spine.set_visible(name == "bottom")
        spine.set_color(style.grid)


def title(axes: Axes, style: Style, text: str, note: str = "") -> None:
    """Write a panel's title at its upper left, and a quieter note at its upper right."""
    axes.set_title(text, loc="left", color=style.text, fontsize=10.5, fontweight="bold", pad=7)
    axes.set_title(note, loc="right", color=style.muted, fontsize=9, pad=7)
