"""Downloading one file of one package version from a package index.

This module imports the network libraries; import it only where a download starts.
"""

from __future__ import annotations

import hashlib
import os
import sys
from typing import TYPE_CHECKING, Any

import requests
from pypi_simple import (
    NoSuchProjectError,
    PyPISimple,
    UnsupportedContentTypeError,
    UnsupportedRepoVersionError,
)
from requests.adapters import HTTPAdapter
from tqdm import tqdm
from urllib3.util import Retry

from dlguide.datasets._archive import FetchError

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from dlguide.datasets._cards import Archive

_TIMEOUT = (10.0, 60.0)  # seconds to connect, and between two packets
_RETRY = Retry(total=2, backoff_factor=0.5, status_forcelist=(500, 502, 503, 504))


def download(archive: Archive, target: Path, *, progress: bool | None) -> None:
    """Download an archive and check it against its SHA-256.

    The index is that of ``DLGUIDE_INDEX_URL``, else of ``PIP_INDEX_URL``, else
    the public one.

    Parameters
    ----------
    archive : Archive
        What to download.
    target : pathlib.Path
        The file to write.
    progress : bool or None
        Whether to show a progress bar; None for only on a terminal.

    Raises
    ------
    FetchError
        If the index cannot be reached, or does not have this very file.
    OSError
        If the target cannot be written.
    """
    chosen = os.environ.get("DLGUIDE_INDEX_URL") or os.environ.get("PIP_INDEX_URL")
    address: dict[str, Any] = {"endpoint": chosen} if chosen else {}
    try:
        with PyPISimple(session=_session(), **address) as index:
            page = index.get_project_page(archive.package, timeout=_TIMEOUT)
            listed = [entry for entry in page.packages if entry.filename == archive.filename]
            if not listed:
                raise FetchError(f"the package index does not list {archive.filename}")
            index.download_package(
                listed[0],
                target,
                verify=False,  # against the index's own digest; ours is checked below
                progress=lambda _: _Meter(archive, progress),
                timeout=_TIMEOUT,
            )
    # An address may hold a password, and these two errors quote the address: cut them off.
    except NoSuchProjectError:
        raise FetchError(f"the package index does not have {archive.package}") from None
    except requests.HTTPError as error:
        status = error.response.status_code
        raise FetchError(f"the package index answered with HTTP status {status}") from None
    except requests.Timeout as error:
        raise FetchError("the package index did not answer in time") from error
    except requests.exceptions.SSLError as error:
        raise FetchError("the certificate of the package index could not be verified") from error
    except requests.exceptions.ChunkedEncodingError as error:
        raise FetchError("the download broke off") from error
    except requests.ConnectionError as error:
        raise FetchError("there is no connection to the package index") from error
    except (
        requests.RequestException,
        UnsupportedContentTypeError,
        UnsupportedRepoVersionError,
        ValueError,
    ) as error:
        raise FetchError("the package index's address or answer makes no sense") from error
    with target.open("rb") as content:
        if hashlib.file_digest(content, "sha256").hexdigest() != archive.sha256:
            raise FetchError(f"{archive.filename} does not have the expected SHA-256")


def _session() -> requests.Session:
    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=_RETRY))
    return session


class _Meter:
    """Draw the bar of a download, and stop it when more arrives than was announced."""

    def __init__(self, archive: Archive, progress: bool | None) -> None:
        self._archive = archive
        self._left = archive.size
        show = sys.stderr.isatty() if progress is None else progress
        self._bar = tqdm(
            total=archive.size,
            desc=archive.requirement,
            unit="B",
            unit_scale=True,
            disable=not show,
        )

    def __enter__(self) -> _Meter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.close()

    def update(self, increment: int) -> None:
        self._left -= increment
        if self._left < 0:
            raise FetchError(f"{self._archive.filename} is larger than it should be")
        self._bar.update(increment)
