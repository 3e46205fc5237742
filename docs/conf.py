"""Settings of the documentation build."""

import os
import shutil
import sys
from importlib import metadata
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "_ext"))

import dlguide  # noqa: E402
from processes import ONE_THREAD  # noqa: E402 - in the folder added above

# Every process of the build computes with one thread, prints no log lines, touches no
# network, and finds the extensions above.
os.environ.update(ONE_THREAD)
os.environ["DLGUIDE_OFFLINE"] = "1"
IPYTHON = DOCS / "_build" / "ipython"  # a copy, since IPython writes its history there
shutil.rmtree(IPYTHON, ignore_errors=True)
shutil.copytree(DOCS / "_ext" / "ipython", IPYTHON)
os.environ["IPYTHONDIR"] = str(IPYTHON)
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, [str(DOCS / "_ext"), os.environ.get("PYTHONPATH")])
)

project = "dlguide"
author = "The dlguide authors"
copyright = "2026, the dlguide authors. Code: BSD-3-Clause. Prose and figures: CC BY 4.0"  # noqa: A001
version = release = dlguide.__version__

extensions = [
    "accessible",
    "book",
    "example_finder",
    "figures",
    "gallery_runner",
    "inventories",
    "kernels",
    "known",
    "learning_path",
    "leftovers",
    "mathematics",
    "plain_text",
    "results",
    "security",
    "site_wheel",
    "stale_pages",
    "steady",
    "topics",
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "api_use",
    "api_examples",  # after autodoc, whose event it uses
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]

source_suffix = {".md": "myst-nb", ".rst": "restructuredtext"}
# Sphinx-gallery writes a notebook beside each page; myst-nb would take it for the page.
exclude_patterns = [
    "_build",
    "_ext",
    "gallery/**.ipynb",
    "gallery/backreferences",
]
nitpicky = True
nitpick_ignore_regex = [
    # Words that numpydoc takes for types.
    ("py:class", r"(optional|default.*|sequence.*|shape.*|dtype.*|of|or|callable|mapping.*)"),
]
suppress_warnings = [
    "config.cache",  # the gallery's settings hold functions, which Sphinx cannot store
]

# Pages ---------------------------------------------------------------------------------
myst_enable_extensions = ["amsmath", "attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
myst_links_external_new_tab = False
nb_execution_mode = "cache"
nb_execution_cache_path = str(DOCS / "_build" / "jupyter-cache")
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_execution_show_tb = True
nb_output_stderr = "remove"
nb_merge_streams = True

# Gallery -------------------------------------------------------------------------------
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"[/\\]plot_",
    "within_subsection_order": "examples.ByTopic",
    "image_scrapers": ("figures.scrape",),
    "reset_modules": (),  # every script has a process of its own
    "capture_repr": ("_repr_html_",),
    "remove_config_comments": True,
    "show_signature": False,
    "write_computation_times": False,  # times stand in the record: a page never changes
    "min_reported_time": 1e9,
    "backreferences_dir": "gallery/backreferences",
    "doc_module": ("dlguide",),
    "thumbnail_size": (480, 320),
}

# API -----------------------------------------------------------------------------------
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autosummary_generate = False  # numpydoc brings the extension; nothing here uses it
numpydoc_show_class_members = False
numpydoc_xref_param_type = True
numpydoc_xref_aliases = {
    "ndarray": "numpy.ndarray",
    "Figure": "matplotlib.figure.Figure",
    "Axes": "matplotlib.axes.Axes",
    "Model": "keras.Model",
    "History": "keras.callbacks.History",
}
numpydoc_xref_ignore = "all"
intersphinx_mapping: dict[str, tuple[str, tuple[str]]] = {}
inventories_file = "_ext/links.txt"

# Site ----------------------------------------------------------------------------------
html_theme = "pydata_sphinx_theme"
html_title = "dlguide"
html_static_path = ["_static"]
html_css_files = ["guide.css"]
html_js_files = ["guide.js"]
html_favicon = "_static/guide.svg"
templates_path = ["_templates"]
html_math_renderer = "mathml"
html_copy_source = False
html_context = {
    "default_mode": "auto",
    "versions": {
        "dlguide": version,
        "Keras": metadata.version("keras"),
        "TensorFlow": metadata.version("tensorflow"),
    },
}
# Pages that stand alone have no section to navigate.
html_sidebars = dict.fromkeys(["index", "glossary", "references", "results"], ())
html_show_sourcelink = False
html_show_sphinx = False
html_domain_indices = False  # the API reference lists the modules
html_theme_options = {
    "logo": {"text": "dlguide"},
    "navbar_align": "left",
    "header_links_before_dropdown": 8,
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["plain_text", "versions"],
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "back_to_top_button": True,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"

# Book ----------------------------------------------------------------------------------
epub_basename = "dlguide"
epub_title = "dlguide: a guide to deep learning with Keras"
epub_description = (
    "A guide to deep learning with Keras "
    "whose every figure and number is made by the code on its page."
)
epub_contributor = author
epub_uid = "book"
epub_identifier = "urn:uuid:14c2b2d2-480a-5794-8425-379b4a50d639"
epub_css_files = ["book.css"]
epub_tocscope = "includehidden"  # the first page hides the contents, the book does not
epub_show_urls = "no"
