"""A browser and a server for the built guide."""

import functools
import http.server
import os
import shutil
import threading
from pathlib import Path

import pytest

SITE = Path(__file__).parents[1] / "docs" / "_build" / "html"
#: Where Debian and others put the browser; Playwright's own is taken where there is one.
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def skip(message):
    """Skip a test; on a CI service, which sets CI, fail."""
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def address():
    """Serve the built guide on this machine, and return its address."""
    if not (SITE / "index.html").is_file():
        skip("There is no built guide to look at: run 'nox -s docs' first.")
    handler = functools.partial(_Quiet, directory=SITE)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def browser(address):
    """Start a Chromium without a window."""
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        skip("There is no Chromium on this machine: install the package 'chromium'.")
    # a container's root may not use the sandbox, and only our own pages are opened
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox"] if root else []
        )
        yield running
        running.close()
