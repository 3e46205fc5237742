"""Let Lighthouse judge four kinds of pages: is it quick, accessible, sound, and can it be found?

Lighthouse comes from npm: ``npm install --global lighthouse``. Where it is missing these tests
are skipped; on a CI service, which sets ``CI``, that is a failure.
"""

import json
import os
import shutil
import subprocess

import pytest

from tests.built_site import skip

PAGES = (
    "index.html",
    "guide/04_fundamentals/overfitting.html",
    "gallery/06_text_and_sequences/plot_conv_front.html",
    "reference/training.html",
)
#: The least that a page may reach, of 1.
WANTED = {"performance": 0.95, "accessibility": 1.0, "best-practices": 1.0, "seo": 1.0}


@pytest.mark.parametrize("page", PAGES)
def test_lighthouse_is_content(page, address, chromium, flags, tmp_path):
    lighthouse = shutil.which("lighthouse")
    if lighthouse is None:
        skip("There is no Lighthouse on this machine: npm install --global lighthouse.")
    said = tmp_path / "said.json"
    command = [lighthouse, f"{address}/{page}", "--quiet", "--output=json"]
    command += [f"--output-path={said}", "--preset=desktop"]
    command += [f"--chrome-flags={' '.join(['--headless=new', *flags])}"]
    subprocess.run(command, check=True, timeout=180, env={**os.environ, "CHROME_PATH": chromium})
    found = json.loads(said.read_text(encoding="utf-8"))
    scores = {name: found["categories"][name]["score"] for name in WANTED}
    faults = [
        f"{name}: {audit['title']}"
        for name, audit in found["audits"].items()
        if audit["score"] is not None and audit["score"] < 1
    ]
    assert all(scores[name] >= least for name, least in WANTED.items()), (scores, faults)
