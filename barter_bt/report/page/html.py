"""Pages of one file that need nothing else: a template, charts, and the script that draws them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from barter_bt.errors import ConfigError, MissingPackageError
from barter_bt.files import replacing
from barter_bt.report.style import STYLES

if TYPE_CHECKING:
    from bokeh.model import Model


def writable(path: str | Path) -> Path:
    """The file of a page, before all the work that a page is.

    Raises
    ------
    MissingPackageError
        Bokeh is not installed (the extra ``report``).
    ConfigError
        The file's directory does not exist, or its name is none of a page.
    """
    try:
        import bokeh  # noqa: F401 # only whether it is there
        import jinja2  # noqa: F401 # which Bokeh brings
    except ImportError as error:
        raise MissingPackageError("the page needs Bokeh", 'pip install "barter-bt[report]"') from error
    target = Path(path)
    if not target.absolute().parent.is_dir():
        raise ConfigError(f"{target} cannot be written: directory {target.parent} does not exist")
    if target.suffix not in (".html", ".htm"):
        raise ConfigError(f"{target} is a page in HTML; its name must end in .html", "a picture is made by plot")
    return target


def write_html(target: Path, template: str, charts: Mapping[str, Model], **values: Any) -> Path:
    """Write a page.

    Parameters
    ----------
    target
        The file, as :func:`writable` gives it; replaced if it is there.
    template
        One of this directory.
    charts
        By name; the template finds them as ``divs``.
    values
        What else the template shows.
    """
    from bokeh.embed import components
    from bokeh.resources import Resources
    from jinja2 import Environment, PackageLoader

    script, divs = components(dict(charts)) if charts else ("", {})
    environment = Environment(loader=PackageLoader("barter_bt.report", "page"), autoescape=True)
    scripts = Resources(mode="inline", components=["bokeh"]).js_raw if charts else []
    page = environment.get_template(template).render(
        divs=divs, script=script, scripts=scripts, light=STYLES["light"], **values
    )
    with replacing(target) as file:
        file.write_text(page, "utf-8")
    return target
