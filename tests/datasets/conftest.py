"""A package index on this machine, with one small package, and an empty cache."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dlguide.datasets import _cards, _index

NUMBERS = b"a,b\n1,2\n" * 500
LETTERS = b"alpha beta gamma\n" * 300


def wheel(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def sdist(members: dict[str, bytes | tarfile.TarInfo]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
            else:
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)


def make_card(
    name: str, filename: str, packed: bytes, members: dict[str, bytes]
) -> _cards.DatasetCard:
    return _cards.DatasetCard(
        name=name,
        title=name.capitalize(),
        summary="Made for a test.",
        archive=_cards.Archive(
            package="toy-data",
            version="1.0",
            filename=filename,
            sha256=hashlib.sha256(packed).hexdigest(),
            size=len(packed),
        ),
        members=tuple(
            _cards.Member(path=path, sha256=hashlib.sha256(content).hexdigest(), size=len(content))
            for path, content in members.items()
        ),
        licence="CC0",
        source="This test.",
        citations=(),
    )


class PackageIndex:
    """A simple package index that can be told to misbehave."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.status = 200
        self.cut_at: int | None = None  # bytes of an archive to send before hanging up
        self.stall = threading.Event()  # if cleared, an archive stops half way until set
        self.stall.set()
        self.half_sent = threading.Event()
        self.barrier: threading.Barrier | None = None  # archives start together
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index.requests.append(self.path)
                index.answer(self)

            def log_request(self, *arguments: object) -> None:
                pass  # what was asked is in index.requests

            log_error = log_request

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/simple/"

    @property
    def downloads(self) -> int:
        return sum(path.startswith("/files/") for path in self.requests)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        if self.status != 200:
            request.send_error(self.status)
        elif request.path == "/simple/toy-data/":
            links = "".join(f'<a href="/files/{name}">{name}</a><br>' for name in self.files)
            self._send(request, f"<!DOCTYPE html><html><body>{links}</body></html>".encode())
        elif request.path.removeprefix("/files/") in self.files:
            self._send_archive(request, self.files[request.path.removeprefix("/files/")])
        else:
            request.send_error(404)

    def _send(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "text/html")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def _send_archive(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        if self.barrier is not None:
            self.barrier.wait(timeout=60)
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body[: len(body) // 2 if self.cut_at is None else self.cut_at])
        request.wfile.flush()
        self.half_sent.set()
        self.stall.wait(timeout=60)
        if self.cut_at is None:
            try:
                request.wfile.write(body[len(body) // 2 :])
            except OSError:  # the other side gave up, as some tests want
                request.close_connection = True

    def close(self) -> None:
        self.stall.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def index(monkeypatch):
    served = PackageIndex()
    monkeypatch.setenv("DLGUIDE_INDEX_URL", served.address)
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    monkeypatch.delenv("DLGUIDE_OFFLINE", raising=False)
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(_index, "_RETRY", 0)
    yield served
    served.close()


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("DLGUIDE_DATA_DIR", str(folder))
    return folder


@pytest.fixture
def registry(monkeypatch):
    """Return a function that makes its arguments the only data sets there are."""

    def register(*known: _cards.DatasetCard) -> None:
        monkeypatch.setattr(_cards, "_CARDS", known)

    return register


@pytest.fixture
def toy(index, cache, registry) -> _cards.DatasetCard:
    """A data set of one file in a wheel that the index serves and the cache lacks."""
    members = {"toy/data/numbers.csv": NUMBERS}
    packed = wheel({**members, "toy/__init__.py": b"raise SystemExit('code ran')"})
    index.files["toy_data-1.0-py3-none-any.whl"] = packed
    card = make_card("toy", "toy_data-1.0-py3-none-any.whl", packed, members)
    registry(card)
    return card
