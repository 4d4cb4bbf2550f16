"""Figures and panels that a notebook shows as they are, without a magic word and without global state."""

from __future__ import annotations

from io import BytesIO
from typing import Any, cast

from matplotlib.axes import Axes
from matplotlib.figure import Figure


class Sheet(Figure):
    """A figure that a notebook shows."""

    def _repr_png_(self) -> bytes:
        buffer = BytesIO()
        cast("Any", self).savefig(buffer, format="png", facecolor=self.get_facecolor())
        return buffer.getvalue()


class Panel(Axes):
    """Axes, alone on a sheet, that a notebook shows."""

    def _repr_png_(self) -> bytes:
        return cast("Sheet", self.figure)._repr_png_()
