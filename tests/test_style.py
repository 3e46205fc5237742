import itertools
import re
from importlib import resources

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib import colors, font_manager

INK, PAPER, GRID = "#1f2933", "#ffffff", "#d5dbe1"
DARK_INK, DARK_PAPER, DARK_GRID = "#d6dde4", "#14181e", "#333c47"

# How colours look to eyes without one kind of cone (Machado, Oliveira and Fernandes, 2009).
EYES = {
    "all cones": np.eye(3),
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritanopia": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}


@pytest.fixture(autouse=True)
def style():
    with plt.style.context("dlguide.guide"):
        yield
    plt.close("all")


def cycle(key):
    return plt.rcParams["axes.prop_cycle"].by_key()[key]


def linear(colour):
    rgb = np.array(colors.to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """Return the contrast ratio of WCAG 2, from 1 to 21."""
    low, high = sorted(linear(colour) @ [0.2126, 0.7152, 0.0722] for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def lab(rgb):
    """Return linear RGB as CIELAB, where a distance of 2 is just seen."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.array(to_xyz) @ np.clip(rgb, 0, 1) / [0.9505, 1, 1.089]
    x, y, z = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_contrast_is_measured_as_wcag_defines_it():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("paper", [PAPER, DARK_PAPER])
def test_data_stands_out_on_both_papers(paper):
    assert [colour for colour in cycle("color") if contrast(colour, paper) < 3] == []


@pytest.mark.parametrize(("ink", "paper"), [(INK, PAPER), (DARK_INK, DARK_PAPER)])
def test_text_reads_well_on_both_papers(ink, paper):
    assert contrast(ink, paper) > 7


@pytest.mark.parametrize(("grid", "paper"), [(GRID, PAPER), (DARK_GRID, DARK_PAPER)])
def test_the_grid_stays_behind(grid, paper):
    assert 1.2 < contrast(grid, paper) < 2


@pytest.mark.parametrize("eyes", EYES)
def test_colours_differ_to_all_eyes(eyes):
    seen = [lab(np.array(EYES[eyes]) @ linear(colour)) for colour in cycle("color")]
    distances = [np.linalg.norm(one - other) for one, other in itertools.combinations(seen, 2)]
    assert min(distances) > 12


def test_lines_differ_without_colour():
    assert len(cycle("color")) == 6
    assert len({str(linestyle) for linestyle in cycle("linestyle")}) == 6


def test_ink_paper_and_grid_are_the_only_colours_beside_the_data():
    text = resources.files("dlguide").joinpath("guide.mplstyle").read_text(encoding="utf-8")
    assert set(re.findall(r'"(#[0-9a-f]{6})"', text)) == {INK, PAPER, GRID}
    assert {INK, PAPER, GRID}.isdisjoint(cycle("color"))


def test_every_artist_is_drawn_in_ink():
    figure, axes = plt.subplots()
    (line,) = axes.plot([1, 2], label="a")
    words = [axes.set_title("Title"), axes.set_xlabel("x"), axes.set_ylabel("y")]
    words += [figure.suptitle("Title"), axes.text(0, 0, "word"), axes.xaxis.get_offset_text()]
    words += [*axes.get_xticklabels(), *axes.get_yticklabels(), *axes.legend().get_texts()]
    assert {colors.to_hex(word.get_color()) for word in words} == {INK}
    assert {colors.to_hex(spine.get_edgecolor()) for spine in axes.spines.values()} == {INK}
    ticks = [tick.tick1line for tick in axes.xaxis.get_major_ticks()]
    assert {colors.to_hex(tick.get_color()) for tick in ticks} == {INK}
    papers = [figure.get_facecolor(), axes.get_facecolor(), axes.get_legend().legendPatch]
    papers[2] = papers[2].get_facecolor()
    assert {colors.to_hex(paper) for paper in papers} == {PAPER}
    assert plt.rcParams["savefig.facecolor"] == PAPER
    grid = {colors.to_hex(line.get_color()) for line in axes.get_ygridlines()}
    assert grid == {GRID}
    assert colors.to_hex(line.get_color()) == cycle("color")[0]


def test_the_page_is_laid_out_alike_on_every_machine():
    assert plt.rcParams["figure.figsize"] == [6.4, 3.8]
    assert plt.rcParams["figure.dpi"] == 100
    assert plt.figure().get_layout_engine() is not None
    path = font_manager.findfont(font_manager.FontProperties(), fallback_to_default=False)
    assert "mpl-data" in path
    assert plt.rcParams["image.cmap"] == "viridis"
