"""A browser and a server for the built guide."""

import functools
import gzip
import http.server
import os
import shutil
import threading
from pathlib import Path

import pytest

from tests.built_site import SITE, need_site, skip

#: The names under which systems install the browser.
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def pytest_addoption(parser):
    parser.addoption(
        "--sample", action="store_true", help="look at one page in twelve, not at all of them"
    )


#: What hosts send compressed.
TEXTS = {".css", ".html", ".js", ".json", ".svg", ".txt"}


@functools.cache
def packed(path):
    return gzip.compress(path.read_bytes(), mtime=0)


class _Host(http.server.SimpleHTTPRequestHandler):
    """Serve the site as a host does that people publish on: texts compressed, over one line."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = Path(self.translate_path(self.path))
        wanted = "gzip" in self.headers.get("Accept-Encoding", "")
        if not (wanted and path.is_file() and path.suffix in TEXTS):
            super().do_GET()
            return
        body = packed(path)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def address():
    """Serve the built guide on this machine, and return its address."""
    need_site()
    handler = functools.partial(_Host, directory=SITE)
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
def flags():
    """Return with which flags to start it."""
    # a container's root may not use the sandbox, and only our own pages are opened
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    return ["--no-sandbox"] if root else []


@pytest.fixture(scope="session")
def browser(address, chromium, flags):
    """Start a Chromium without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield running
        running.close()
