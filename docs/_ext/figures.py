"""Draw every figure of the guide twice, for a light and for a dark page, with alt text.

The style sheet draws with three exact colours of its own: ink, paper and grid. A figure is
saved as it is, and once more with these colours exchanged; the page shows the one that
suits it. What the figure says to somebody who does not see it is its label
(``Figure.set_label``), stored inside the PNG file as its description. A figure without a
label fails the build.

Three entrances share this: `scrape` serves sphinx-gallery, `install` serves the kernels
that run the cells of a chapter, and `describe_images` carries description and theme from
the PNG files into the pages.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

if TYPE_CHECKING:
    from docutils import nodes
    from matplotlib.figure import Figure
    from sphinx.application import Sphinx

#: Light colour of the style sheet -> the same role on a dark page.
DARK = {"#1f2933": "#d6dde4", "#ffffff": "#14181e", "#d5dbe1": "#333c47"}
THEMES = ("light", "dark")
#: Pixels per inch in the file and on the page: twice as many as shown, for sharp screens.
FILE_DPI, PAGE_DPI = 200, 100

#: The globals of the script that was scraped last in this process.
last_globals: dict[str, Any] = {}

_COLOURED = ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor")


def _exchange(figure: Figure, colours: dict[str, str]) -> None:
    """Replace exact colours wherever the figure uses them.

    White that somebody chose for data (a label on a heat map, say) stays: paper is exchanged
    only where it is a background.
    """
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.colors import to_rgb, to_rgba_array
    from matplotlib.legend import Legend
    from matplotlib.table import Cell
    from matplotlib.text import Annotation, Text
    from mpl_toolkits.mplot3d.axis3d import Axis as Axis3D

    table = [(np.array(to_rgb(old)), np.array(to_rgb(new))) for old, new in colours.items()]
    paper = {to_rgb("#ffffff"), to_rgb(DARK["#ffffff"])}
    artists = figure.findobj()
    boxes = [artist.get_bbox_patch() for artist in artists if isinstance(artist, Text)]
    frames = [legend.get_frame() for legend in artists if isinstance(legend, Legend)]
    arrows = [artist.arrow_patch for artist in artists if isinstance(artist, Annotation)]
    papers = [axes.patch for axes in artists if isinstance(axes, Axes)]  # insets as well
    cells = [cell for cell in artists if isinstance(cell, Cell)]
    solid = [axis for axis in artists if isinstance(axis, Axis3D)]
    backgrounds = {figure.patch, *papers, *boxes, *frames, *cells, *(axis.pane for axis in solid)}
    inner = [*(cell.get_text() for cell in cells), *(axis.line for axis in solid)]
    for axis in solid:  # the grid takes its colour from here, anew at every drawing
        grid = axis._axinfo["grid"]
        colour = np.array(to_rgb(grid["color"]))
        grid["color"] = next(
            (tuple(new) for old, new in table if np.allclose(colour, old, atol=1 / 512)),
            grid["color"],
        )
    for artist in filter(None, {*artists, *arrows, *inner, *backgrounds}):
        is_background = artist in backgrounds
        for name in _COLOURED:
            getter = getattr(artist, f"get_{name}", None)
            setter = getattr(artist, f"set_{name}", None)
            if getter is None or setter is None:
                continue
            try:
                rows = to_rgba_array(getter())
            except (TypeError, ValueError):  # a colour that is mapped, or none at all
                continue
            fresh = rows.copy()
            for old, new in table:
                if tuple(old) in paper and not is_background:
                    continue
                fresh[(np.abs(rows[:, :3] - old) <= 1 / 512).all(axis=1), :3] = new
            if not np.array_equal(fresh, rows):
                setter(fresh if len(fresh) > 1 else tuple(fresh[0]))


@contextmanager
def _dark(figure: Figure) -> Iterator[None]:
    _exchange(figure, DARK)
    try:
        yield
    finally:
        _exchange(figure, {new: old for old, new in DARK.items()})


def render(figure: Figure) -> dict[str, bytes]:
    """Return a figure as two PNG files, one for each theme.

    Raises
    ------
    ValueError
        If the figure has no label to serve as its alternative text.
    """
    import matplotlib as mpl
    from matplotlib.layout_engine import PlaceHolderLayoutEngine

    alt = str(figure.get_label()).strip()
    if not alt:
        title = next((axes.get_title() for axes in figure.axes if axes.get_title()), "")
        raise ValueError(
            "A figure needs a label that says what it shows: call figure.set_label('...'). "
            f"Received a figure without one, titled {title!r}."
        )
    # A figure laid out by hand stays so; saving would bring in the style sheet's engine.
    engine = figure.get_layout_engine() or PlaceHolderLayoutEngine(True, True)
    dpi = figure.dpi
    figure.set_dpi(FILE_DPI)
    if figure.axes:
        engine.execute(figure)
        engine.execute(figure)  # the layout takes a round to settle
    figure.set_dpi(dpi)
    pictures = {}
    with mpl.rc_context({"figure.constrained_layout.use": False, "figure.autolayout": False}):
        figure.set_layout_engine(None)  # it is settled; every saving would compute it anew
        for theme in THEMES:
            stream = io.BytesIO()
            about = {"Description": alt, "Comment": f"theme: {theme}", "Software": None}
            options: dict[str, Any] = {
                "format": "png",
                "dpi": FILE_DPI,
                "metadata": about,
                "bbox_inches": None,
            }
            if theme == "light":
                figure.savefig(stream, **options)
            else:
                with _dark(figure):
                    figure.savefig(stream, facecolor=DARK["#ffffff"], **options)
            pictures[theme] = stream.getvalue()
    figure.set_layout_engine(engine)
    return pictures


def scrape(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save the open figures of a script's cell; an image scraper of sphinx-gallery."""
    global last_globals  # noqa: PLW0603 - the only way to hand them to the runner
    del block
    last_globals = block_vars["example_globals"]
    import matplotlib.pyplot as plt

    lines = []
    for number in plt.get_fignums():
        figure = plt.figure(number)
        path = Path(next(block_vars["image_path_iterator"]))
        width = round(figure.get_figwidth() * PAGE_DPI)
        for theme, picture in render(figure).items():
            target = path if theme == "light" else path.with_stem(f"{path.stem}_{theme}")
            target.write_bytes(picture)
            place = target.relative_to(gallery_conf["src_dir"]).as_posix()
            lines += [f".. image:: /{place}", f"   :width: {width}px", "   :loading: lazy", ""]
    plt.close("all")
    return "\n".join(lines)


def describe_thumbnail(thumbnail: Path, figure: Path) -> None:
    """Give a thumbnail the description of the figure that it was made from."""
    if not (thumbnail.is_file() and figure.is_file()):
        return
    with Image.open(figure) as picture:
        description = str(picture.info.get("Description", ""))
    about = PngInfo()
    about.add_itxt("Description", description)
    with Image.open(thumbnail) as picture:
        picture.load()
    picture.save(thumbnail, pnginfo=about)


def _show_open(*_: object) -> None:
    """Display the figures that a cell has left open as their two pictures, and close them."""
    import matplotlib.pyplot as plt
    from IPython.display import Image, display

    for number in plt.get_fignums():
        for picture in render(plt.figure(number)).values():
            display(Image(picture))  # type: ignore[no-untyped-call]  # IPython has no types
    plt.close("all")


def install() -> None:
    """Make the figures of this IPython kernel appear below their cell, as two pictures."""
    from IPython import get_ipython
    from matplotlib.figure import Figure

    get_ipython().events.register("post_execute", _show_open)
    # A figure that ends a cell is open, so it is shown anyway.
    setattr(Figure, "_ipython_display_", lambda _: None)  # noqa: B010 - IPython's own name


def describe_images(app: Sphinx, doctree: nodes.document) -> None:
    """Give each image the description and the theme that its PNG file holds."""
    from docutils import nodes

    for image in doctree.findall(nodes.image):
        uri = image["uri"]
        if not uri.endswith(".png") or "://" in uri:
            continue
        source = Path(app.srcdir)
        path = source / uri.lstrip("/")
        if not path.is_file():  # myst-nb writes its images to a folder of its own
            path = Path(uri) if Path(uri).is_file() else Path(app.outdir).parent / uri
        if not path.is_file():
            continue
        with Image.open(path) as picture:
            about, (width, _) = dict(picture.info), picture.size
        if "Description" in about:
            image["alt"] = str(about["Description"])
        theme = str(about.get("Comment", "")).removeprefix("theme: ")
        if theme not in THEMES:
            continue
        image["width"] = f"{round(width * PAGE_DPI / FILE_DPI)}px"
        image["loading"] = "lazy"
        image["classes"] = [*image["classes"], "dlguide-figure", f"only-{theme}"]


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.connect("doctree-read", describe_images)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
