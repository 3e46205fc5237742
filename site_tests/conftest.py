"""A browser and a server for the built guide."""

import functools
import http.server
import os
import shutil
import threading

import pytest

from tests.built_site import SITE, need_site, skip

#: The names under which systems install the browser.
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def pytest_addoption(parser):
    parser.addoption(
        "--sample", action="store_true", help="look at one page in twelve, not at all of them"
    )


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def address():
    """Serve the built guide on this machine, and return its address."""
    need_site()
    handler = functools.partial(_Quiet, directory=SITE)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def chromium():
    """Return where the system's Chromium is."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        skip("There is no Chromium on this machine: install the package 'chromium'.")
    return found


@pytest.fixture(scope="session")
def browser(address, chromium):
    """Start a Chromium without a window."""
    from playwright.sync_api import sync_playwright

    # a container's root may not use the sandbox, and only our own pages are opened
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"] if root else []
        )
        yield running
        running.close()
