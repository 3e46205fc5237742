import io
import re
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from docutils import nodes
from matplotlib.colors import to_hex
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import figures
from figures import DARK, FILE_DPI, PAGE_DPI, THEMES, describe_images, describe_thumbnail, render

INK, PAPER, GRID = DARK
DARK_INK, DARK_PAPER, DARK_GRID = DARK.values()
BLUE = "#1f6bc4"


@pytest.fixture(autouse=True)
def style():
    """Draw with the style of the guide, and close what was drawn."""
    plt.close("all")
    with plt.style.context("dlguide.guide"):
        yield
    plt.close("all")


def rgb(colour):
    return tuple(int(colour[place : place + 2], 16) for place in (1, 3, 5))


def pixels(png):
    with Image.open(io.BytesIO(png)) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def count(png, colour):
    """Return how many pixels have exactly a colour."""
    return int((pixels(png) == rgb(colour)).all(axis=-1).sum())


def facts(png):
    with Image.open(io.BytesIO(png)) as picture:
        return picture.format, picture.size, dict(picture.info)


def drawn(label="A line that rises.", **options):
    """Return a small labelled figure with its axes."""
    fig, ax = plt.subplots(figsize=(3, 2), **options)
    fig.set_label(label)
    return fig, ax


# The two pictures


def test_a_figure_becomes_one_picture_for_each_theme():
    fig, ax = drawn()
    ax.plot([1, 2])
    pictures = render(fig)
    assert tuple(pictures) == THEMES == ("light", "dark")
    for theme, png in pictures.items():
        kind, size, about = facts(png)
        assert kind == "PNG"
        assert size == (3 * FILE_DPI, 2 * FILE_DPI)
        assert about["Description"] == "A line that rises."
        assert about["Comment"] == f"theme: {theme}"
        assert "Software" not in about


def test_a_label_keeps_its_letters_and_loses_its_margins():
    fig, _ = drawn("  Größe über Zeit → 0.5 \n")
    assert facts(render(fig)["light"])[2]["Description"] == "Größe über Zeit → 0.5"


@pytest.mark.parametrize("label", ["", "   "])
@pytest.mark.parametrize("title", ["", "Loss by epoch"])
def test_a_figure_without_a_label_is_refused_by_its_title(label, title):
    fig, axes = plt.subplots(1, 2)
    fig.set_label(label)
    axes[1].set_title(title, loc="center")
    message = re.escape(f"Received a figure without one, titled {title!r}.")
    with pytest.raises(ValueError, match=rf"call figure\.set_label.*{message}"):
        render(fig)


def test_a_figure_without_axes_can_be_drawn():
    assert set(render(plt.figure(label="Nothing."))) == set(THEMES)


# Colours


@pytest.fixture
def line():
    """A line with a title, ticks and a grid, as two pictures."""
    fig, ax = drawn()
    ax.plot([1, 2], color=BLUE)
    ax.set(title="Title", xlabel="x", ylabel="y")
    return render(fig)


def test_the_corner_is_paper(line):
    assert tuple(pixels(line["light"])[0, 0]) == rgb(PAPER)
    assert tuple(pixels(line["dark"])[0, 0]) == rgb(DARK_PAPER)


@pytest.mark.parametrize(
    ("light", "dark"), [(INK, DARK_INK), (PAPER, DARK_PAPER), (GRID, DARK_GRID)]
)
def test_ink_paper_and_grid_are_exchanged_everywhere(line, light, dark):
    assert count(line["light"], light) > 100
    assert count(line["light"], dark) == 0
    assert count(line["dark"], dark) > 100
    assert count(line["dark"], light) == 0


def test_data_keep_their_colour_and_their_place():
    fig, ax = plt.subplots(label="A line that rises.")
    ax.plot([1, 2], color=BLUE)
    light, dark = map(pixels, render(fig).values())
    on_line = (light == rgb(BLUE)).all(axis=-1)
    assert on_line.sum() > 1000
    np.testing.assert_array_equal(on_line, (dark == rgb(BLUE)).all(axis=-1))


def test_both_pictures_have_the_same_layout(monkeypatch):
    fig, ax = drawn()  # so small that the layout needs a second try
    ax.plot([1, 2])
    ax.set(title="Title", xlabel="x", ylabel="y")
    save, places = fig.savefig, []

    def save_and_measure(*arguments, **options):
        save(*arguments, **options)
        places.append(ax.get_window_extent().bounds)

    monkeypatch.setattr(fig, "savefig", save_and_measure)
    render(fig)
    *_, light, dark = places
    np.testing.assert_allclose(light, dark, atol=0.1)


def legend(fig, ax):
    ax.plot([1, 2], label="one")
    ax.legend(frameon=True, framealpha=1, edgecolor=GRID)


def boxed_text(fig, ax):
    ax.text(0.5, 0.5, "boxed", bbox={"facecolor": PAPER, "edgecolor": INK})


def arrow(fig, ax):
    ax.annotate("here", (0, 0), (0.5, 0.5), arrowprops={"arrowstyle": "->", "linewidth": 3})


def inset(fig, ax):
    ax.inset_axes([0.1, 0.1, 0.6, 0.6]).plot([1, 2])


def twin(fig, ax):
    ax.plot([1, 2])
    ax.twinx().plot([2, 1])


def colour_bar(fig, ax):
    image = ax.imshow([[0, 1], [2, 3]], cmap="Blues_r", vmin=0, vmax=9)
    fig.colorbar(image)


def titles(fig, ax):
    fig.suptitle("Above all")
    fig.supxlabel("Below all")
    ax.tick_params(which="minor", length=3)
    ax.minorticks_on()


def boxes(fig, ax):
    ax.boxplot([1, 2, 3, 9])


def lines(fig, ax):
    ax.axhline(0.5)
    ax.hlines([0.2], 0, 1, color=INK)
    ax.scatter([0.5], [0.5], color=INK)
    ax.fill_between([0, 1], [0, 1], color=GRID)
    ax.add_patch(plt.Circle((0.5, 0.5), 0.2, facecolor="none"))


def solid(fig, ax):
    ax.remove()
    axes = fig.add_subplot(projection="3d")
    axes.plot([0, 1], [0, 1], [0, 1], color=BLUE)
    axes.set(xlabel="x", ylabel="y", zlabel="z")


def table(fig, ax):
    ax.set_axis_off()
    ax.table([["1", "2"]], colLabels=["a", "b"], loc="center")


@pytest.mark.parametrize(
    "draw",
    [legend, boxed_text, arrow, inset, twin, colour_bar, titles, boxes, lines, solid, table],
)
def test_nothing_of_the_light_page_is_left_on_the_dark_page(draw):
    fig, ax = drawn(layout=None)
    draw(fig, ax)
    pictures = render(fig)
    assert {colour: count(pictures["dark"], colour) for colour in DARK} == dict.fromkeys(DARK, 0)
    for light, dark in DARK.items():
        assert abs(count(pictures["light"], light) - count(pictures["dark"], dark)) < 800


def test_white_over_a_picture_stays_white():
    fig, ax = drawn()
    ax.set_axis_off()
    ax.imshow(np.zeros((2, 3)), cmap="viridis")
    ax.text(1, 0.5, "7", color="white", size=60, ha="center")
    light, dark = render(fig).values()
    inside = np.s_[150:250, 200:400]
    np.testing.assert_array_equal(pixels(light)[inside], pixels(dark)[inside])
    assert (pixels(dark)[inside] == rgb("#ffffff")).all(axis=-1).sum() > 300
    assert tuple(pixels(dark)[0, 0]) == rgb(DARK_PAPER)


def test_white_edges_of_data_stay_white():
    fig, ax = drawn()
    ax.bar([0, 1], [1, 1], color=BLUE, edgecolor="white", linewidth=8)
    light, dark = render(fig).values()
    assert count(dark, "#ffffff") > 500
    assert count(light, BLUE) == count(dark, BLUE)


def test_pictures_and_mapped_colours_keep_every_pixel():
    fig = plt.figure(figsize=(2, 2), label="Noise.")
    fig.set_layout_engine("none")
    ax = fig.add_axes([0, 0, 1, 1])
    ax.set_axis_off()
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    noise[:3, :3] = [rgb(colour) for colour in DARK]  # a photograph may hold these colours
    ax.imshow(noise)
    light, dark = render(fig).values()
    np.testing.assert_array_equal(pixels(light), pixels(dark))


def test_a_scale_of_points_keeps_its_colours():
    fig, ax = drawn()
    ax.scatter([0, 1, 2], [0, 1, 2], c=[0, 1, 2], s=500, cmap="viridis")
    light, dark = render(fig).values()
    for colour in ("#440154", "#fde725"):  # the ends of the scale
        assert count(light, colour) == count(dark, colour) > 100


def test_transparency_stays():
    fig, ax = drawn()
    ax.grid(False)
    span = ax.axvspan(0, 1, color=GRID, alpha=0.25)
    light, dark = (pixels(png)[200, 300] for png in render(fig).values())
    np.testing.assert_allclose(light, np.average([rgb(GRID), rgb(PAPER)], 0, [1, 3]), atol=2)
    mixed = np.average([rgb(DARK_GRID), rgb(DARK_PAPER)], 0, [1, 3])
    np.testing.assert_allclose(dark, mixed, atol=2)
    assert span.get_alpha() == 0.25


def test_after_drawing_a_figure_is_as_before():
    fig, ax = plt.subplots(label="A line that rises.")
    (curve,) = ax.plot([1, 2], color=INK, marker="o", markerfacecolor=PAPER)
    ax.set_title("Title")
    ax.legend([curve], ["one"], frameon=True)
    first = render(fig)
    assert (to_hex(curve.get_color()), to_hex(curve.get_markerfacecolor())) == (INK, PAPER)
    assert to_hex(fig.get_facecolor()) == PAPER
    assert render(fig) == first


def test_a_figure_is_as_before_even_if_it_cannot_be_saved(monkeypatch):
    fig, ax = plt.subplots(label="Only a title.")
    ax.set_title("Title")
    before = render(fig)["light"]
    save = fig.savefig

    def save_one(*arguments, **options):
        if options.get("facecolor") == DARK_PAPER:
            raise OSError("no space left")
        save(*arguments, **options)

    monkeypatch.setattr(fig, "savefig", save_one)
    with pytest.raises(OSError, match="no space"):
        render(fig)
    assert to_hex(ax.title.get_color()) == INK
    monkeypatch.undo()
    assert render(fig)["light"] == before


def test_the_same_drawing_gives_the_same_bytes():
    pictures = []
    for _ in range(2):
        fig, ax = drawn()
        ax.plot([1, 2])
        pictures.append(render(fig))
    assert pictures[0] == pictures[1]


# The scraper of the gallery


def scrape(folder, **variables):
    images = folder / "gallery" / "01" / "images"
    images.mkdir(parents=True, exist_ok=True)
    paths = (str(images / f"sphx_glr_plot_a_{number:03}.png") for number in range(1, 9))
    block_vars = {"image_path_iterator": paths, "example_globals": variables}
    return figures.scrape(("code", "", 1), block_vars, {"src_dir": str(folder)})


def files_under(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_the_figures_of_a_cell_become_files_and_images(tmp_path):
    for label, width in (("One.", 3), ("Two.", 4.5)):
        plt.figure(figsize=(width, 2), label=label)
    text = scrape(tmp_path)
    assert files_under(tmp_path) == [
        "sphx_glr_plot_a_001.png",
        "sphx_glr_plot_a_001_dark.png",
        "sphx_glr_plot_a_002.png",
        "sphx_glr_plot_a_002_dark.png",
    ]
    place = "/gallery/01/images/sphx_glr_plot_a"
    image = re.compile(r"^\.\. image:: (\S+)\n   :width: (\d+)px\n   :loading: lazy$", re.M)
    assert image.findall(text) == [
        (f"{place}_001.png", "300"),
        (f"{place}_001_dark.png", "300"),
        (f"{place}_002.png", "450"),
        (f"{place}_002_dark.png", "450"),
    ]
    assert plt.get_fignums() == []


def test_each_file_holds_its_theme(tmp_path):
    plt.figure(figsize=(3, 2), label="One.")
    scrape(tmp_path)
    images = tmp_path / "gallery" / "01" / "images"
    for name, theme in (("001", "light"), ("001_dark", "dark")):
        about = facts((images / f"sphx_glr_plot_a_{name}.png").read_bytes())[2]
        assert (about["Description"], about["Comment"]) == ("One.", f"theme: {theme}")


def test_a_cell_without_figures_shows_none(tmp_path):
    assert scrape(tmp_path) == ""
    assert files_under(tmp_path) == []


def test_an_unlabelled_figure_of_a_cell_is_refused(tmp_path):
    plt.figure()
    with pytest.raises(ValueError, match="needs a label"):
        scrape(tmp_path)


def test_the_scraper_keeps_what_the_script_defined(tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "last_globals", {})
    scrape(tmp_path, measured={"accuracy": 0.9})
    assert figures.last_globals == {"measured": {"accuracy": 0.9}}


# Images of the pages


def png_file(path, size=(600, 400), **about):
    path.parent.mkdir(parents=True, exist_ok=True)
    info = PngInfo()
    for key, value in about.items():
        info.add_itxt(key, value)
    Image.new("RGB", size).save(path, pnginfo=info)
    return path


def described(folder, uri, classes=()):
    """Return an image of a page after `describe_images` has seen it."""
    app = SimpleNamespace(srcdir=folder / "docs", outdir=folder / "docs" / "_build" / "html")
    document = nodes.document(None, None)
    image = nodes.image(uri=uri, alt="as written", classes=list(classes))
    document += nodes.paragraph("", "", image)
    describe_images(app, document)
    return image


@pytest.mark.parametrize("theme", THEMES)
def test_an_image_gets_what_its_file_says(tmp_path, theme):
    about = {"Description": "Größe über Zeit.", "Comment": f"theme: {theme}"}
    png_file(tmp_path / "docs" / "gallery" / "a.png", **about)
    image = described(tmp_path, "/gallery/a.png", classes=["sphx-glr-single-img"])
    assert image["alt"] == "Größe über Zeit."
    assert image["width"] == f"{600 * PAGE_DPI // FILE_DPI}px" == "300px"
    assert image["loading"] == "lazy"
    assert image["classes"] == ["sphx-glr-single-img", "dlguide-figure", f"only-{theme}"]


def test_what_render_writes_is_what_a_page_reads(tmp_path):
    fig, _ = drawn("A drawing.")
    for theme, png in render(fig).items():
        path = tmp_path / "docs" / f"{theme}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(png)
        image = described(tmp_path, f"{theme}.png")
        assert (image["alt"], image["width"]) == ("A drawing.", "300px")
        assert image["classes"] == ["dlguide-figure", f"only-{theme}"]


def test_images_of_chapters_lie_beside_the_site(tmp_path):
    about = {"Description": "Of a cell.", "Comment": "theme: dark"}
    png_file(tmp_path / "docs" / "_build" / "jupyter_execute" / "b.png", **about)
    assert described(tmp_path, "jupyter_execute/b.png")["alt"] == "Of a cell."


def test_an_absolute_path_is_found(tmp_path):
    about = {"Description": "Far away.", "Comment": "theme: light"}
    path = png_file(tmp_path / "elsewhere" / "c.png", **about)
    assert described(tmp_path, str(path))["alt"] == "Far away."


def test_a_picture_without_a_theme_only_gets_its_description(tmp_path):
    png_file(tmp_path / "docs" / "thumb.png", Description="A thumbnail.")
    image = described(tmp_path, "thumb.png", classes=["thumb"])
    assert image["alt"] == "A thumbnail."
    assert (image["classes"], image.get("width")) == (["thumb"], None)


@pytest.mark.parametrize("uri", ["plain.png", "absent.png", "photo.jpg", "https://a.org/b.png"])
def test_any_other_image_stays_as_it_is(tmp_path, uri):
    png_file(tmp_path / "docs" / "plain.png")
    png_file(tmp_path / "docs" / "photo.jpg")
    image = described(tmp_path, uri, classes=["mine"])
    assert image["alt"] == "as written"
    assert image["classes"] == ["mine"]
    assert "width" not in image


def test_a_thumbnail_gets_the_description_of_its_figure(tmp_path):
    figure = png_file(tmp_path / "figure.png", Description="Größe.", Comment="theme: light")
    thumbnail = png_file(tmp_path / "thumb.png", size=(48, 32))
    describe_thumbnail(thumbnail, figure)
    kind, size, about = facts(thumbnail.read_bytes())
    assert (kind, size) == ("PNG", (48, 32))
    assert about["Description"] == "Größe."
    assert "Comment" not in about


def test_a_thumbnail_without_a_figure_stays_as_it_is(tmp_path):
    thumbnail = png_file(tmp_path / "thumb.png", size=(48, 32))
    before = thumbnail.read_bytes()
    describe_thumbnail(thumbnail, tmp_path / "absent.png")
    describe_thumbnail(tmp_path / "absent.png", thumbnail)
    assert thumbnail.read_bytes() == before
    assert not (tmp_path / "absent.png").exists()


# The style sheet and this module


def test_the_three_colours_are_those_of_the_style_sheet():
    assert plt.rcParams["text.color"].lower() == INK
    assert plt.rcParams["figure.facecolor"].lower() == PAPER
    assert plt.rcParams["grid.color"].lower() == GRID


def test_figure_laid_out_by_hand_keeps_its_layout():
    with plt.style.context("dlguide.guide"):
        figure = plt.figure(layout="none")
        figure.add_axes((0.1, 0.2, 0.5, 0.6))
        figure.set_label("Axes placed by hand.")
        figures.render(figure)
        figures.render(figure)
    (axes,) = figure.axes
    np.testing.assert_allclose(axes.get_position().bounds, (0.1, 0.2, 0.5, 0.6))
    plt.close(figure)
