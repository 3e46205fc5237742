import hashlib
import os
import re
import subprocess
import sys
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

from site_wheel import base_url, build_wheel, keep_only, wheel_of

ROOT = Path(__file__).parents[2]
INDEX = """# A site

{wheel}`The library` is here.

```{toctree}
deep/page
deep/example
how_to/reuse_an_example
```
"""
PAGE = """# A page

Get {wheel}`the library` first.

```{wheel-code} console
$ python -m pip install "./WHEEL[examples]"
$ python -m pip install "dlguide[examples] @ ADDRESS/WHEEL"
```
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build_wheel(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def held(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def information(held, name):
    (text,) = [
        text for path, text in held.items() if re.fullmatch(rf"dlguide-\S+\.dist-info/{name}", path)
    ]
    return text


# What the wheel holds


def test_the_wheel_holds_the_library_and_nothing_more(held):
    library = {
        f"dlguide/{path.relative_to(ROOT / 'src' / 'dlguide').as_posix()}"
        for path in (ROOT / "src" / "dlguide").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {Path(name).suffix for name in library} == {".py", ".json", ".mplstyle", ".typed"}
    assert {"dlguide/py.typed", "dlguide/guide.mplstyle"} <= library
    assert {name for name in held if not name.startswith("dlguide-")} == library


def test_every_example_has_its_record_in_the_wheel(held):
    scripts = sorted((ROOT / "examples").glob("*/plot_*.py"))
    assert scripts
    for script in scripts:
        assert f"dlguide/record/{script.parent.name}/{script.stem}.json" in held


def test_the_metadata_name_the_extra_the_licence_and_the_readme(held):
    metadata = message_from_string(information(held, "METADATA"))
    assert metadata["Name"] == "dlguide"
    assert metadata.get_all("Provides-Extra") == ["examples"]
    extra = [line for line in metadata.get_all("Requires-Dist") if "extra ==" in line]
    assert any(line.startswith("scikit-learn") for line in extra)
    assert metadata["License-Expression"] == "BSD-3-Clause"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload().startswith("# dlguide")
    assert information(held, "licenses/LICENSE").startswith("BSD 3-Clause License")


def test_the_information_is_complete_and_the_wheel_suits_every_machine(held):
    assert {Path(name).name for name in held if name.startswith("dlguide-")} == {
        "LICENSE", "METADATA", "RECORD", "WHEEL",
    }  # fmt: skip
    assert "Tag: py3-none-any" in information(held, "WHEEL")


def test_no_file_of_the_wheel_names_a_folder_of_this_machine(held):
    assert [name for name, text in held.items() if f"{ROOT}/" in text] == []


# When it changes


def test_the_wheel_is_the_same_every_time(wheel, tmp_path):
    again = build_wheel(ROOT, tmp_path)
    assert again.name == wheel.name
    assert (
        hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(wheel.read_bytes()).digest()
    )


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "project"
    (root / "src" / "tiny").mkdir(parents=True)
    (root / "src" / "tiny" / "__init__.py").write_text("VALUE = 1\n", encoding="utf-8")
    (root / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "tiny"\nversion = "1.0"\nrequires-python = ">=3.11"\n'
        '[tool.hatch.build.targets.wheel]\npackages = ["src/tiny"]\n',
        encoding="utf-8",
    )
    return root


def test_a_file_that_would_be_the_same_is_left_alone(project, tmp_path):
    made = build_wheel(project, tmp_path / "site")
    os.utime(made, (1, 1))
    assert build_wheel(project, tmp_path / "site").stat().st_mtime == 1


def test_a_change_of_the_library_makes_a_new_wheel(project, tmp_path):
    made = build_wheel(project, tmp_path / "site")
    before = made.read_bytes()
    (project / "src" / "tiny" / "__init__.py").write_text("VALUE = 2\n", encoding="utf-8")
    assert build_wheel(project, tmp_path / "site") == made
    assert made.read_bytes() != before


def test_a_wheel_of_another_version_goes(tmp_path):
    keep_only(b"old", tmp_path / "downloads" / "tiny-0.9-py3-none-any.whl")
    new = keep_only(b"new", tmp_path / "downloads" / "tiny-1.0-py3-none-any.whl")
    assert wheel_of(tmp_path) == new


def test_a_site_without_a_wheel_is_told_apart(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nox -s docs.*0 of them"):
        wheel_of(tmp_path)


# The address


@pytest.mark.parametrize(
    ("said", "address"),
    [("", ""), ("https://a.b/c", "https://a.b/c/"), ("http://a.b/c/ ", "http://a.b/c/")],
)
def test_the_address_of_the_site_ends_with_one_slash(said, address, monkeypatch):
    monkeypatch.setenv("DLGUIDE_BASE_URL", said)
    assert base_url() == address


def test_what_is_no_address_is_refused(monkeypatch):
    monkeypatch.setenv("DLGUIDE_BASE_URL", "a.b/c")
    with pytest.raises(ValueError, match=r"DLGUIDE_BASE_URL.*'a\.b/c'"):
        base_url()


# On a page


EXAMPLE = """An example
==========

.. container:: sphx-glr-footer sphx-glr-footer-example

    .. container:: sphx-glr-download

        A notebook and a script.
"""


def build_site(folder, project, builder="html", address=""):
    """Build a site of two pages and return the folder of what was written."""
    (folder / "deep").mkdir(parents=True, exist_ok=True)
    (folder / "index.md").write_text(INDEX, encoding="utf-8")
    (folder / "deep" / "page.md").write_text(PAGE, encoding="utf-8")
    (folder / "deep" / "example.rst").write_text(EXAMPLE, encoding="utf-8")
    (folder / "how_to").mkdir(exist_ok=True)
    (folder / "how_to" / "reuse_an_example.md").write_text("# Reuse an example\n", "utf-8")
    (folder / "conf.py").write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT / 'docs' / '_ext')!r})\n"
        'extensions = ["site_wheel", "myst_parser"]\nhtml_theme = "basic"\n'
        f"wheel_project = {str(project)!r}\nversion = release = '1.0'\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", builder, ".", f"_build/{builder}"]
    environment = {**os.environ, "DLGUIDE_BASE_URL": address}
    result = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return folder / "_build" / builder


def words(html):
    return re.sub(r"<[^>]+>", "", html).replace("&lt;", "<").replace("&gt;", ">")


def test_pages_link_to_the_wheel_and_name_it(project, tmp_path):
    site = build_site(tmp_path / "docs", project)
    name = "tiny-1.0-py3-none-any.whl"
    for page, address in [("index", f"downloads/{name}"), ("deep/page", f"../downloads/{name}")]:
        text = (site / f"{page}.html").read_text(encoding="utf-8")
        assert f'href="{address}"' in text
        assert (site / f"{page}.html").parent.joinpath(address).resolve() == wheel_of(site)
    shown = words((site / "deep" / "page.html").read_text(encoding="utf-8"))
    assert f"./{name}[examples]" in shown
    assert f"@ https://<this site>/downloads/{name}" in shown


def test_downloads_of_an_example_end_with_what_they_need(project, tmp_path):
    site = build_site(tmp_path / "docs", project)
    text = (site / "deep" / "example.html").read_text(encoding="utf-8")
    link = r'href="\.\./how_to/reuse_an_example\.html"><span class="doc">Install what it needs<'
    needs = text.index("dlguide-needs")
    assert text.index("A notebook and a script.") < needs < re.search(link, text).start()
    assert "dlguide-needs" not in (site / "deep" / "page.html").read_text(encoding="utf-8")


def test_a_known_address_stands_in_the_command_and_on_every_page(project, tmp_path):
    site = build_site(tmp_path / "docs", project, address="https://a.b/c")
    text = (site / "deep" / "page.html").read_text(encoding="utf-8")
    assert "@ https://a.b/c/downloads/tiny-1.0-py3-none-any.whl" in words(text)
    assert '<link rel="canonical" href="https://a.b/c/deep/page.html"' in text


def test_a_book_names_the_wheel_and_does_not_link_to_it(project, tmp_path):
    book = build_site(tmp_path / "docs", project, builder="singlehtml")
    text = (book / "index.html").read_text(encoding="utf-8")
    assert "Get the library first" in text
    assert re.findall(r'href="[^"]*\.whl"', text) == []
    assert not (book / "downloads").exists()
