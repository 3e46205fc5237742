import pytest
from PIL import Image

import steady

FIGURE = (
    '<img alt="A" class="dlguide-figure only-light" loading="lazy" '
    'src="../_images/a.png" style="width: 640px;" />'
)


@pytest.fixture
def pictures(tmp_path):
    Image.new("L", (1280, 840)).save(tmp_path / "kept.png")
    return {"a.png": tmp_path / "kept.png", "lost.png": tmp_path / "lost.png"}


def test_a_figure_gets_its_width_and_height(pictures):
    page = steady.with_sizes(f"<p>{FIGURE}</p>", pictures)
    assert 'width="640" height="420"' in page
    assert "style=" not in page
    assert page.count("<img ") == 1
    assert page.endswith(" /></p>")


def test_every_figure_of_a_page_is_sized(pictures):
    assert steady.with_sizes(FIGURE * 3, pictures).count('height="420"') == 3


@pytest.mark.parametrize(
    "picture",
    [
        FIGURE.replace("a.png", "lost.png"),
        FIGURE.replace("a.png", "unknown.png"),
        FIGURE.replace("dlguide-figure", "thumbnail"),
        FIGURE.replace(' style="width: 640px;"', ""),
    ],
)
def test_other_pictures_stay_as_they_are(pictures, picture):
    assert steady.with_sizes(picture, pictures) == picture
