"""Say in each page how large its figures are, so that the text keeps still while they arrive.

Sphinx writes the width of a picture as a style, which tells a browser nothing of its height. Two
attributes do, and the style sheet still lets a figure shrink on a narrow screen.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_FIGURE = re.compile(
    r'<img (?P<rest>[^>]*class="dlguide-figure[^>]*)style="width: (?P<width>\d+)px;"'
)
_SOURCE = re.compile(r'src="[^"]*?(?P<name>[^"/]+)"')


@cache
def _shape(path: Path) -> float:
    """Return the height of a picture, divided by its width."""
    with Image.open(path) as picture:
        width, height = picture.size
    return height / width


def with_sizes(body: str, pictures: dict[str, Path]) -> str:
    """Return a page in which every figure has attributes for its width and its height.

    Parameters
    ----------
    body
        The HTML of the page.
    pictures
        Name of the file, as the page asks for it -> where it lies now.
    """

    def sized(match: re.Match[str]) -> str:
        source = _SOURCE.search(match["rest"])
        path = pictures.get(source["name"]) if source else None
        if path is None or not path.is_file():
            return match[0]
        width = int(match["width"])
        height = round(width * _shape(path))
        return f'<img {match["rest"]}width="{width}" height="{height}"'

    return _FIGURE.sub(sized, body)


def add_sizes(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Size the figures of a page before it is written."""
    del pagename, templatename, doctree
    if app.builder.name == "html" and "body" in context:
        source = Path(app.srcdir)
        pictures = {name: source / uri for uri, name in app.builder.images.items()}
        context["body"] = with_sizes(context["body"], pictures)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.connect("html-page-context", add_sizes)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
