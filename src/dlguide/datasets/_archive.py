"""Taking one data file out of a downloaded wheel or sdist, and nothing else."""

from __future__ import annotations

import hashlib
import os
import tarfile
import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO

    from dlguide.datasets._cards import Archive, Member

_CHUNK = 1 << 20  # bytes copied at a time


class FetchError(Exception):
    """Why a file could not be fetched, in words that complete a sentence."""


def extract(archive: Archive, packed: Path, member: Member, target: Path) -> None:
    """Copy one member of an archive to a file, and check its size and checksum.

    The member is read by its exact name, never further than its known size. No
    other name in the archive is used for anything.

    Parameters
    ----------
    archive : Archive
        What the archive is.
    packed : pathlib.Path
        Where the archive is.
    member : Member
        The file to take out.
    target : pathlib.Path
        The file to write.

    Raises
    ------
    FetchError
        If the archive cannot be read or the member is not the expected file.
    OSError
        If the target cannot be written.
    """
    digest = hashlib.sha256()
    left = member.size
    try:
        with _opened(archive, packed, member) as stream, target.open("wb") as copy:
            while left >= 0 and (chunk := stream.read(min(_CHUNK, left + 1))):
                digest.update(chunk)
                copy.write(chunk)
                left -= len(chunk)
            copy.flush()
            os.fsync(copy.fileno())
    except KeyError:
        raise FetchError(f"{archive.filename} does not hold {member.path}") from None
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError) as error:
        raise FetchError(f"{archive.filename} cannot be read") from error
    if left != 0 or digest.hexdigest() != member.sha256:
        raise FetchError(f"{member.path} does not have the expected size and SHA-256")


@contextmanager
def _opened(archive: Archive, packed: Path, member: Member) -> Iterator[IO[bytes]]:
    if archive.filename.endswith((".whl", ".zip")):
        with zipfile.ZipFile(packed) as zipped, zipped.open(member.path) as stream:
            yield stream
    else:
        with tarfile.open(packed) as tarred:
            entry = tarred.getmember(member.path)
            regular = tarred.extractfile(entry) if entry.isreg() else None
            if regular is None:
                raise FetchError(f"{member.path} in {archive.filename} is not a regular file")
            with regular:
                yield regular
