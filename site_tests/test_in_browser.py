"""Open every page of the built guide as a reader does: wide and narrow, in light and in dark.

``nox -s site_tests`` runs this, after ``nox -s docs``; ``nox -s site_tests -- --sample`` looks at
one page in twelve.
"""

from pathlib import Path
from urllib.parse import urlsplit

import html5lib
import pytest

from tests import built_site
from tests.built_site import SITE, shown

WIDTHS = {"wide": 1280, "narrow": 390}

#: What a page does to itself before it is looked at: pictures come now and not when they
#: are scrolled to, and nothing is still moving.
SETTLE = """
async () => {
  for (const image of document.images) image.loading = "eager";
  await Promise.all([...document.images].map((image) => image.decode().catch(() => null)));
  await document.fonts.ready;
}
"""
BROKEN = """
() => [...document.images]
  .filter((image) => image.offsetParent !== null && image.naturalWidth === 0)
  .map((image) => image.getAttribute("src"))
"""
#: Elements that reach beyond the right edge, if the page as a whole can be scrolled sideways.
TOO_WIDE = """
() => {
  const root = document.scrollingElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  return [...document.querySelectorAll("main *")]
    .filter((e) => e.getBoundingClientRect().right > root.clientWidth + 1)
    .slice(0, 3)
    .map((e) => `${e.tagName} ${e.className}`);
}
"""
AXE = "async () => (await axe.run({resultTypes: ['violations']})).violations"


@pytest.fixture
def pages(request):
    """Return the addresses of all pages, or of a sample, without the leading slash."""
    names = [name for name in map(shown, built_site.pages()) if not name.startswith("_static/")]
    assert len(names) > 100
    if request.config.getoption("sample"):
        return ["index.html", *names[::12]]
    return names


@pytest.fixture(params=["light", "dark"])
def theme(request):
    return request.param


@pytest.fixture(params=list(WIDTHS))
def width(request):
    return request.param


@pytest.fixture
def tab(browser, address, theme, width):
    """Return a tab, and a list that collects what goes wrong in it."""
    context = browser.new_context(
        viewport={"width": WIDTHS[width], "height": 900},
        color_scheme=theme,
        reduced_motion="reduce",
    )
    page, wrong = context.new_page(), []
    host = urlsplit(address).netloc

    def asked(request):
        there = urlsplit(request.url)
        if there.scheme in {"http", "https"} and there.netloc != host:
            wrong.append(f"asks another host: {request.url}")

    def answered(response):
        if response.status >= 400:
            wrong.append(f"{response.status}: {response.url}")

    page.on("console", lambda m: wrong.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", asked)
    page.on("response", answered)
    yield page, wrong
    context.close()


def test_every_page_shows_what_it_should(tab, address, theme, pages):
    page, wrong = tab
    faults = {}
    for name in pages:
        wrong.clear()
        page.goto(f"{address}/{name}", wait_until="load")
        page.evaluate(SETTLE)
        seen = page.evaluate("() => document.documentElement.dataset.theme")
        found = [*wrong, *(f"no picture: {source}" for source in page.evaluate(BROKEN))]
        found += [f"too wide: {element}" for element in page.evaluate(TOO_WIDE)]
        if seen != theme:
            found.append(f"shown in the theme {seen!r}")
        if found:
            faults[name] = found
    assert faults == {}


def test_every_page_is_valid_html(pages):
    faults = {}
    for name in pages:
        parser = html5lib.HTMLParser()
        parser.parse((SITE / name).read_text("utf-8"))
        if parser.errors:
            faults[name] = parser.errors[:3]
    assert faults == {}


def test_axe_finds_no_violation(tab, address, pages):
    import axe_playwright_python

    page, _ = tab
    axe = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text("utf-8")
    faults = {}
    for name in pages:
        page.goto(f"{address}/{name}", wait_until="load")
        page.evaluate(SETTLE)
        page.evaluate(axe)
        found = [
            f"{violation['id']} ({len(violation['nodes'])}): {violation['nodes'][0]['html'][:120]}"
            for violation in page.evaluate(AXE)
        ]
        if found:
            faults[name] = found
    assert faults == {}


#: What readers look for, and a page that they should be offered.
WANTED = {
    "dropout": "guide/04_fundamentals/overfitting.html",
    "Grad-CAM": "gallery/05_computer_vision/plot_grad_cam.html",
    "hold_out_split": "reference/training.html",
    "LSTM": "guide/06_text_and_sequences/recurrent.html",
    "mode collapse": "gallery/08_generative/plot_mode_collapse.html",
    "newsgroups": "reference/datasets.html",
    "residual": "gallery/07_advanced_practice/plot_residual.html",
    "variational autoencoder": "guide/08_generative/variational_autoencoders.html",
    "word_vectors": "reference/pretrained.html",
    "wrist": "gallery/09_conclusions/plot_wrist.html",
}


@pytest.mark.parametrize("theme", ["light"], indirect=True)
@pytest.mark.parametrize("width", ["wide"], indirect=True)
@pytest.mark.parametrize("words", WANTED)
def test_search_offers_the_page(tab, address, words):
    page, wrong = tab
    page.goto(f"{address}/search.html?q={words}")
    page.wait_for_selector(f'#search-results li a[href*="{WANTED[words]}"]')
    assert wrong == []


def shown_cards(page):
    """Return the examples that can be seen on the first page of the gallery."""
    return page.eval_on_selector_all(
        ".sphx-glr-thumbcontainer a[href*=plot_]",
        "all => all.filter(a => a.checkVisibility()).map(a => a.getAttribute('href'))",
    )


@pytest.mark.parametrize("theme", ["light"], indirect=True)
def test_examples_are_chosen_by_what_they_are_about(tab, address):
    page, wrong = tab
    page.goto(f"{address}/gallery/index.html")
    every = shown_cards(page)
    assert len(every) > 70
    form, said = page.locator(".dlguide-finder"), page.locator(".dlguide-finder output")
    form.get_by_label("Technique").select_option("dropout")
    by_technique = shown_cards(page)
    assert {name.split("/")[0] for name in by_technique} == {
        "04_fundamentals",
        "06_text_and_sequences",
    }
    assert said.inner_text() == f"{len(by_technique)} of {len(every)} examples"
    form.get_by_label("Data").select_option("time series")
    assert ["plot_recurrent_dropout" in name for name in shown_cards(page)] == [True]
    assert page.get_by_role("heading", level=2).count() == 1  # the other chapters are hidden
    assert page.url.endswith("?data=time+series&technique=dropout")
    page.reload()
    assert len(shown_cards(page)) == 1
    form.get_by_label("Chapter").select_option("8. generative deep learning")
    assert said.inner_text() == "No example has all of these."
    form.get_by_role("button", name="Show all").click()
    page.wait_for_function("() => !location.search")
    assert shown_cards(page) == every
    assert wrong == []


@pytest.mark.parametrize("theme", ["light"], indirect=True)
@pytest.mark.parametrize("width", ["wide"], indirect=True)
def test_an_example_leads_to_others_like_it(tab, address):
    page, wrong = tab
    page.goto(f"{address}/gallery/08_generative/plot_gan.html")
    page.get_by_role("link", name="latent space").click()
    page.wait_for_url("**/gallery/index.html?technique=latent%20space")
    names = {Path(name).stem for name in shown_cards(page)}
    assert names == {"plot_gan", "plot_latent_space", "plot_vae", "plot_vae_and_gan"}
    assert wrong == []


@pytest.mark.parametrize("theme", ["dark"], indirect=True)
@pytest.mark.parametrize("width", ["wide"], indirect=True)
def test_the_card_of_a_data_set_is_dark_on_a_dark_page(tab, address):
    page, _ = tab
    page.goto(f"{address}/reference/datasets.html")
    paper = page.eval_on_selector(
        ".text_html:has(table.dlguide-card)", "e => getComputedStyle(e).backgroundColor"
    )
    assert paper == "rgba(0, 0, 0, 0)"


@pytest.mark.parametrize("theme", ["light"], indirect=True)
@pytest.mark.parametrize("width", ["wide"], indirect=True)
def test_a_page_runs_no_script_but_its_own(tab, address):
    page, wrong = tab
    page.goto(f"{address}/index.html")
    ran = page.evaluate("""() => {
      const script = document.createElement("script");
      script.textContent = "window.strange = true";
      document.head.append(script);
      document.body.insertAdjacentHTML("beforeend", '<img src="no" onerror="strange = true">');
      return new Promise((done) => setTimeout(() => done(window.strange === true), 300));
    }""")
    assert not ran
    assert any("Content Security Policy" in text for text in wrong)


@pytest.mark.parametrize("theme", ["dark"], indirect=True)
@pytest.mark.parametrize("width", ["narrow"], indirect=True)
def test_the_site_can_be_read_from_a_folder(tab):
    page, wrong = tab
    for name in ("index.html", "guide/04_fundamentals/overfitting.html"):
        page.goto((SITE / name).as_uri(), wait_until="load")
        page.evaluate(SETTLE)
        assert page.evaluate("() => document.documentElement.dataset.theme") == "dark"
        assert page.evaluate(BROKEN) == []
        header = page.eval_on_selector(".bd-header", "e => getComputedStyle(e).position")
        assert header == "sticky"  # as the style sheet says
    assert wrong == []
