"""Look at the built site as files: what it asks for, what it links to, what it says.

These tests need the guide, built by ``nox -s docs``. Where there is none they are skipped;
on a CI service, which sets ``CI``, that is a failure.
"""

import io
import re
import sys
import tempfile
import zipfile
import zlib
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from bs4 import BeautifulSoup

from tests.built_site import ROOT, SITE, need_site, pages, shown

LOADING = {  # element -> the attributes by which it makes a browser fetch something
    "audio": ["src"],
    "embed": ["src"],
    "iframe": ["src"],
    "img": ["src", "srcset"],
    "input": ["src"],
    "link": ["href"],
    "object": ["data"],
    "script": ["src"],
    "source": ["src", "srcset"],
    "track": ["src"],
    "video": ["src", "poster"],
}
NOT_FETCHED = {"search", "index", "next", "prev", "author", "copyright", "canonical"}


@pytest.fixture(scope="module", autouse=True)
def site():
    need_site()


@cache
def page(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def is_external(address):
    parts = urlsplit(address.strip())
    return bool(parts.netloc) or parts.scheme in {"http", "https", "ftp", "ws", "wss"}


@pytest.mark.parametrize(
    ("address", "external"),
    [("https://a.b/c", True), ("//a.b/c", True), ("../c.html#d", False), ("data:a,b", False)],
)
def test_external_addresses_are_told_apart(address, external):
    assert is_external(address) is external


def test_pages_load_nothing_from_another_host():
    found = []
    for path in pages():
        for element in page(path).find_all(list(LOADING)):
            if element.name == "link" and set(element.get("rel", [])) <= NOT_FETCHED:
                continue
            for name in LOADING[element.name]:
                said = element.get(name, "")
                entries = said.split(",") if name == "srcset" else [said]
                found += [(shown(path), entry) for entry in entries if is_external(entry)]
    assert found == []


def test_style_sheets_and_inline_styles_load_nothing_from_another_host():
    found = []
    for path in SITE.rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        asked = re.findall(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)", text)
        found += [(shown(path), a or b) for a, b in asked if is_external(a or b)]
    for path in pages():
        for element in page(path).find_all(["style"]):
            found += [(shown(path), a) for a in re.findall(r"url\(([^)]+)\)", element.text)]
    assert found == []


def test_scripts_name_no_content_network():
    networks = re.compile(r"https?://[\w.-]*(?:cdn|jsdelivr|unpkg|googleapis|cloudflare)[\w.-]*")
    found = {
        (shown(path), address)
        for path in [*SITE.rglob("*.js"), *pages()]
        for address in networks.findall(path.read_text(encoding="utf-8", errors="replace"))
    }
    assert found == set()


def test_every_inner_link_leads_to_a_file_and_an_anchor():
    anchors = {path: {tag["id"] for tag in page(path).find_all(id=True)} for path in pages()}
    broken = []
    for path in pages():
        for element in page(path).find_all("a", href=True):
            href = element["href"]
            parts = urlsplit(href)
            if is_external(href) or parts.scheme:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir():
                target /= "index.html"
            if not target.is_file() or (
                parts.fragment and unquote(parts.fragment) not in anchors.get(target, ())
            ):
                broken.append((shown(path), href))
    assert broken == []


def test_what_is_like_an_example_can_be_chosen_in_the_gallery():
    gallery = page(SITE / "gallery" / "index.html")
    offered = {
        (select["name"], option["value"])
        for select in gallery.select(".dlguide-finder select")
        for option in select.find_all("option")
    }
    examples = sorted(SITE.glob("gallery/*/plot_*.html"))
    assert len(gallery.select(".sphx-glr-thumbcontainer[data-technique]")) == len(examples)
    for path in examples:
        links = page(path).select('.sphx-glr-download-link-note a[href*="index.html?"]')
        asked = {pair for a in links for pair in parse_qsl(urlsplit(a["href"]).query)}
        assert len(asked) == len(links) > 1
        assert asked <= offered


def test_every_image_is_there_and_says_what_it_shows():
    faults = []
    for path in pages():
        for image in page(path).find_all("img"):
            source = image["src"]
            if not source.startswith("data:") and not (path.parent / unquote(source)).is_file():
                faults.append((shown(path), source, "missing"))
            alt = image.get("alt", "").strip()
            if len(alt) < 10 or alt.endswith(".png"):
                faults.append((shown(path), source, f"alt text: {alt!r}"))
    assert faults == []


def test_figures_come_in_pairs_for_the_two_themes():
    for path in pages():
        figures = page(path).select("img.dlguide-figure")
        themes = [
            next(name for name in image["class"] if name.startswith("only-")) for image in figures
        ]
        assert themes == ["only-light", "only-dark"] * (len(figures) // 2), shown(path)


def test_gallery_output_is_neat():
    debris = {
        "a repr of a figure or object": r"<(?:Figure|matplotlib|keras)\b|\bat 0x[0-9a-f]{6,}",
        "a progress bar": r"\x08|━|\[=+[>.\]]|\d+/\d+ .*\dms/step",
        "a log line": r"WARNING|absl::|I0000|cuda|Traceback",
        "a warning": r"\bWarning:",
        "a path of the building machine": r"/(?:home|root|tmp|work|Users)/\S",
    }
    found = []
    for path in (SITE / "gallery").rglob("plot_*.html"):
        for output in page(path).select(".sphx-glr-script-out pre"):
            found += [
                (shown(path), what, output.text)
                for what, pattern in debris.items()
                if re.search(pattern, output.text)
            ]
    assert found == []


TEXTS = {".css", ".html", ".ipynb", ".js", ".json", ".map", ".py", ".rst", ".svg", ".txt", ".xml"}
ARCHIVES = {".whl", ".zip"}


def texts(name, data):
    """Yield the texts that a file of the site holds, each with its name."""
    suffix = Path(name).suffix
    if suffix in ARCHIVES:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.namelist():
                yield from texts(f"{name}/{member}", archive.read(member))
    elif suffix == ".inv":
        head, _, packed = data.partition(b"zlib.\n")
        yield name, (head + zlib.decompress(packed)).decode()
    elif suffix in TEXTS or Path(name).name in {"METADATA", "RECORD", "WHEEL", "LICENSE"}:
        yield name, data.decode(errors="replace")


def machine(folders):
    """Return a pattern that finds any of these folders where a path begins with it."""
    places = sorted({Path(folder).as_posix() for folder in folders} - {"/"})
    return re.compile(rf"(?<![\w.~-])(?:{'|'.join(map(re.escape, places))})/")


def test_folders_are_found_in_files_of_every_kind():
    line = "made in " + "/".join(["", "home", "me", "guide", "page"])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a/METADATA", line)
        archive.writestr("a/picture.png", line)
    files = {
        "page.html": line.encode(),
        "objects.inv": b"# Compressed using zlib.\n" + zlib.compress(line.encode()),
        "a.whl": packed.getvalue(),
        "picture.png": line.encode(),
    }
    pattern = machine(["/".join(["", "home", "me"]), "/"])
    found = [
        name
        for file, data in files.items()
        for name, text in texts(file, data)
        if pattern.search(text)
    ]
    assert found == ["page.html", "objects.inv", "a.whl/a/METADATA"]
    assert not pattern.search("https://example.org" + "/".join(["", "home", "me", "page"]))


def test_no_generated_file_names_a_folder_of_the_building_machine():
    pattern = machine([ROOT, Path.home(), tempfile.gettempdir(), sys.prefix])
    found = [
        (name, text[max(match.start() - 40, 0) : match.end() + 40])
        for path in sorted(SITE.rglob("*"))
        if path.suffix in TEXTS | ARCHIVES | {".inv"}
        for name, text in texts(shown(path), path.read_bytes())
        for match in pattern.finditer(text)
    ]
    assert found == []


def test_every_example_has_its_page_card_and_downloads():
    scripts = sorted((ROOT / "examples").glob("*/plot_*.py"))
    assert scripts
    for script in scripts:
        path = SITE / "gallery" / script.parent.name / f"{script.stem}.html"
        names = {Path(a["href"]).suffix for a in page(path).select(".sphx-glr-download a")}
        assert {".py", ".ipynb"} <= names, shown(path)
        if "datasets." in script.read_text(encoding="utf-8"):
            assert page(path).select("table.dlguide-card"), shown(path)


def test_formulas_are_mathml():
    path = SITE / "guide" / "03_getting_started" / "movie_reviews.html"
    formulas = page(path).find_all("math")
    assert len(formulas) >= 5
    assert not [
        formula for formula in formulas if "\\" in formula.find("semantics").contents[0].text
    ]
    assert (SITE / "_static" / "stix-two-math.woff2").stat().st_size > 50_000
