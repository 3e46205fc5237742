"""Offer the wheel of the library on the site, and name it on the pages.

The wheel is built while the HTML is built and lies in ``downloads/`` of the site. Its dates
and the order of its files are fixed, so it changes only when the library, the README or
``pyproject.toml`` does, and only then is the file written again.

A page refers to it in two ways::

    {wheel}`the wheel of the library`

    ```{wheel-code} console
    $ python -m pip install "./WHEEL[examples]"
    ```

The role is a link. In the code, ``WHEEL`` stands for the file's name and ``ADDRESS`` for
its folder where the site will be served, which ``DLGUIDE_BASE_URL`` tells. The downloads of each
example end with a link to the page that says how to install the wheel.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.addnodes import pending_xref
from sphinx.directives.code import CodeBlock
from sphinx.util.docutils import SphinxRole

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config

FOLDER = "downloads"
CLASS = "dlguide-wheel"
INSTALLING = "how_to/reuse_an_example"
UNKNOWN_ADDRESS = "https://<this site>"


def base_url() -> str:
    """Return the address of the site that is being built, with a slash at its end, or nothing."""
    said = os.environ.get("DLGUIDE_BASE_URL", "").strip()
    if said and not said.startswith(("https://", "http://")):
        raise ValueError(f"DLGUIDE_BASE_URL must be an address of the web. Received: {said!r}")
    return f"{said.rstrip('/')}/" if said else ""


def keep_only(data: bytes, target: Path) -> Path:
    """Let a file hold `data` and be the only wheel of its folder.

    It stays untouched if it holds that already.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.is_file() or target.read_bytes() != data:
        target.write_bytes(data)
    for other in target.parent.glob("*.whl"):
        if other != target:
            other.unlink()
    return target


def build_wheel(root: Path, folder: Path) -> Path:
    """Build the wheel of the project in `root` and keep it as the only one in `folder`."""
    from hatchling.builders.wheel import WheelBuilder

    with tempfile.TemporaryDirectory(prefix="dlguide-") as scratch:
        (made,) = map(Path, WheelBuilder(str(root)).build(directory=scratch, versions=["standard"]))
        return keep_only(made.read_bytes(), folder / made.name)


def wheel_of(site: Path) -> Path:
    """Return the one wheel that a built site offers."""
    found = sorted((site / FOLDER).glob("*.whl"))
    if len(found) != 1:
        raise FileNotFoundError(
            f"The site must offer one wheel in {FOLDER}/: build it with 'nox -s docs'. "
            f"Received a site with {len(found)} of them."
        )
    return found[0]


class WheelLink(SphinxRole):
    """A link to the wheel, from any page."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the link."""
        up = "../" * self.env.docname.count("/")
        address = f"{up}{FOLDER}/{self.config.wheel_name}"
        link = nodes.reference(
            self.rawtext, self.text, refuri=address, internal=True, classes=[CLASS]
        )
        return [link], []


class WheelCode(CodeBlock):
    """A block of code that names the wheel and the address of the site."""

    def run(self) -> list[nodes.Node]:
        """Return the block with the names filled in."""
        names = {"WHEEL": self.config.wheel_name, "ADDRESS": self.config.wheel_address}
        for mark, name in names.items():
            self.content = StringList([line.replace(mark, name) for line in self.content])
        return super().run()


def prepare(app: Sphinx, config: Config) -> None:
    """Build the wheel, and note its name and the address of its folder for the pages.

    Sphinx is told the address of the site as well; it names it on each page as canonical.
    """
    wheel = build_wheel(Path(app.confdir) / config.wheel_project, Path(app.doctreedir) / FOLDER)
    config.wheel_name = wheel.name
    config.html_baseurl = config.html_baseurl or base_url()
    config.wheel_address = (config.html_baseurl or f"{UNKNOWN_ADDRESS}/") + FOLDER


def offer(app: Sphinx) -> None:
    """Put the wheel on the site; a book has no place for it."""
    if app.builder.name == "html":
        wheel = Path(app.doctreedir) / FOLDER / app.config.wheel_name
        keep_only(wheel.read_bytes(), Path(app.outdir) / FOLDER / wheel.name)


def unlink_in_books(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Leave of each link to the wheel its words where no wheel lies beside the pages."""
    del docname
    if app.builder.name != "html":
        for link in list(doctree.findall(_is_link)):
            link.parent.replace(link, link.children)


def say_what_it_needs(app: Sphinx, doctree: nodes.document) -> None:
    """Say below the downloads of an example how to install what they need."""
    for footer in doctree.findall(nodes.container):
        if "sphx-glr-footer-example" not in footer["classes"]:
            continue
        link = pending_xref(
            "",
            nodes.inline("", "Install what it needs", classes=["doc"]),
            refdomain="std",
            reftype="doc",
            reftarget=f"/{INSTALLING}",
            refdoc=app.env.docname,
            refexplicit=True,
        )
        line = nodes.paragraph("", "", link)
        footer.append(nodes.container("", line, classes=["dlguide-needs"]))


def _is_link(node: nodes.Node) -> bool:
    return isinstance(node, nodes.reference) and CLASS in node["classes"]


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.add_config_value("wheel_project", "..", "env")
    app.add_config_value("wheel_name", "", "env")
    app.add_config_value("wheel_address", "", "env")
    app.add_role("wheel", WheelLink())
    app.add_directive("wheel-code", WheelCode)
    app.connect("config-inited", prepare)
    app.connect("builder-inited", offer)
    app.connect("doctree-read", say_what_it_needs)
    app.connect("doctree-resolved", unlink_in_books)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
