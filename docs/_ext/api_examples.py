"""List below each object of the API the gallery scripts that use it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from processes import silent_descriptor

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment


def append_examples(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Append a mini-gallery to the docstring of an object that a script uses."""
    del obj, options
    if what == "module":
        return
    folder = Path(app.srcdir) / app.config.sphinx_gallery_conf["backreferences_dir"]
    uses = folder / f"{name}.examples"
    if uses.is_file() and uses.stat().st_size > 0:
        lines += ["", ".. rubric:: Used in", "", f".. minigallery:: {name}", ""]


def import_keras(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Import Keras before API pages are read, without the lines that TensorFlow logs."""
    del app, env
    if any(name.startswith("reference/") for name in docnames):
        with silent_descriptor():
            import keras  # noqa: F401


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx, after numpydoc has rewritten the docstring."""
    app.connect("env-before-read-docs", import_keras)
    app.connect("autodoc-process-docstring", append_examples, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
