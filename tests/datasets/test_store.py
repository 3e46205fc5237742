from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import traceback
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from dlguide.datasets import DataNotAvailableError, _archive, _cards, _index, _store

from .conftest import LETTERS, NUMBERS, make_card, sdist, wheel


def files_under(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def unused_address() -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}/simple/"


# The normal course of things


def test_a_first_use_downloads_and_keeps_only_the_data_file(toy, index, cache):
    (path,) = _store.paths(toy)
    assert path.read_bytes() == NUMBERS
    assert files_under(cache) == ["toy-data-1.0/numbers.csv"]
    assert [path.name for path in cache.iterdir()] == ["toy-data-1.0"]
    assert index.downloads == 1


def test_a_second_use_asks_the_index_nothing(toy, index):
    first = _store.paths(toy)
    asked = len(index.requests)
    assert _store.paths(toy) == first
    assert len(index.requests) == asked


def test_an_sdist_is_read_like_a_wheel(index, cache, registry):
    members = {"toy_data-1.0/data/letters.txt": LETTERS}
    packed = sdist({"toy_data-1.0/setup.py": b"raise SystemExit('code ran')", **members})
    index.files["toy_data-1.0.tar.gz"] = packed
    card = make_card("letters", "toy_data-1.0.tar.gz", packed, members)
    registry(card)
    (path,) = _store.paths(card)
    assert path.read_bytes() == LETTERS


def test_one_download_serves_all_data_sets_of_an_archive(index, cache, registry):
    packed = wheel({"toy/numbers.csv": NUMBERS, "toy/letters.txt": LETTERS})
    index.files["toy_data-1.0.whl"] = packed
    numbers = make_card("numbers", "toy_data-1.0.whl", packed, {"toy/numbers.csv": NUMBERS})
    letters = make_card("letters", "toy_data-1.0.whl", packed, {"toy/letters.txt": LETTERS})
    registry(numbers, letters)
    _store.paths(numbers)
    assert _store.state(letters) == "ready"
    assert _store.paths(letters)[0].read_bytes() == LETTERS
    assert index.downloads == 1


def test_a_card_that_is_not_registered_can_be_fetched_too(toy, registry):
    registry()
    assert _store.paths(toy)[0].read_bytes() == NUMBERS


def test_the_cache_folder_is_the_one_of_the_environment_or_the_users(cache, monkeypatch):
    assert _store.cache_folder() == cache
    monkeypatch.setenv("DLGUIDE_DATA_DIR", "~/some data")
    assert _store.cache_folder() == Path.home() / "some data"
    monkeypatch.setenv("DLGUIDE_DATA_DIR", "")
    assert _store.cache_folder().name in {"dlguide", "Cache"}


def test_pips_index_is_used_unless_ours_is_set(toy, index, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", unused_address())
    _store.paths(toy)  # DLGUIDE_INDEX_URL wins
    _store.locations(toy)[0].unlink()
    monkeypatch.setenv("PIP_INDEX_URL", index.address)
    monkeypatch.setenv("DLGUIDE_INDEX_URL", "")
    _store.paths(toy)
    assert index.downloads == 2


def test_the_progress_bar_is_shown_if_asked_for_and_not_in_a_log(toy, capsys):
    _store.paths(toy)
    assert capsys.readouterr().err == ""
    _store.locations(toy)[0].unlink()
    _store.paths(toy, progress=True)
    shown = capsys.readouterr().err
    assert "toy-data==1.0" in shown
    assert "100%" in shown


# Files in the cache that are not what they should be


@pytest.mark.parametrize(
    "content",
    [NUMBERS[:-100], b"", NUMBERS.replace(b"1", b"7"), NUMBERS + b"more"],
    ids=["truncated", "empty", "same size, other content", "longer"],
)
def test_a_wrong_cached_file_is_noticed_and_fetched_again(toy, index, content):
    (path,) = _store.paths(toy)
    path.write_bytes(content)
    assert _store.state(toy) == "damaged"
    assert _store.paths(toy) == (path,)
    assert path.read_bytes() == NUMBERS
    assert _store.state(toy) == "ready"
    assert index.downloads == 2


def test_a_missing_file_among_several_is_fetched(index, cache, registry):
    members = {"toy/numbers.csv": NUMBERS, "toy/letters.txt": LETTERS}
    packed = wheel(members)
    index.files["toy_data-1.0.whl"] = packed
    card = make_card("both", "toy_data-1.0.whl", packed, members)
    registry(card)
    numbers, letters = _store.paths(card)
    before = numbers.stat().st_mtime_ns
    letters.unlink()
    assert _store.state(card) == "missing"
    _store.paths(card)
    assert letters.read_bytes() == LETTERS
    assert numbers.stat().st_mtime_ns == before  # the intact file is left alone


def test_a_damaged_file_that_cannot_be_fetched_again_is_not_used(toy, monkeypatch):
    (path,) = _store.paths(toy)
    path.write_bytes(NUMBERS[:-1])
    monkeypatch.setenv("DLGUIDE_OFFLINE", "1")
    with pytest.raises(DataNotAvailableError, match="'toy' is damaged in"):
        _store.paths(toy)


# No network


def test_without_network_and_data_the_error_says_what_to_do(toy, cache, monkeypatch):
    monkeypatch.setenv("DLGUIDE_INDEX_URL", unused_address())
    with pytest.raises(DataNotAvailableError) as caught:
        _store.paths(toy)
    message = str(caught.value)
    assert "'toy' is missing" in message
    assert str(cache) in message
    assert "there is no connection to the package index" in message
    assert "toy-data==1.0" in message
    assert message.endswith("python -m dlguide.datasets fetch toy")
    assert isinstance(caught.value, OSError)
    assert files_under(cache) == []


def test_without_network_a_full_cache_is_enough(toy, monkeypatch):
    expected = _store.paths(toy)
    monkeypatch.setenv("DLGUIDE_INDEX_URL", unused_address())
    assert _store.paths(toy) == expected


def test_a_lost_connection_is_tried_again(toy, monkeypatch):
    monkeypatch.undo()
    assert _index._RETRY.total == 2
    assert {502, 503, 504} <= set(_index._RETRY.status_forcelist)


def test_offline_never_asks_the_index(toy, index, cache, monkeypatch):
    monkeypatch.setenv("DLGUIDE_OFFLINE", "1")
    with pytest.raises(DataNotAvailableError, match="DLGUIDE_OFFLINE is set"):
        _store.paths(toy)
    assert index.requests == []
    assert not cache.exists()
    monkeypatch.setenv("DLGUIDE_OFFLINE", "0")
    expected = _store.paths(toy)
    monkeypatch.setenv("DLGUIDE_OFFLINE", "1")
    assert _store.paths(toy) == expected


# An index that misbehaves


def fails_with(card: _cards.DatasetCard, reason: str, cache: Path) -> None:
    with pytest.raises(DataNotAvailableError, match=reason):
        _store.paths(card)
    assert list(cache.iterdir()) == []
    assert _store.state(card) == "missing"


def test_a_download_that_breaks_off_leaves_nothing(toy, index, cache):
    index.cut_at = 50
    fails_with(toy, "the download broke off", cache)
    index.cut_at = None
    assert _store.paths(toy)[0].read_bytes() == NUMBERS


def test_an_archive_with_another_checksum_is_refused(toy, index, cache):
    packed = index.files[toy.archive.filename]
    index.files[toy.archive.filename] = packed[:-1] + bytes([packed[-1] ^ 1])
    fails_with(toy, "whl does not have the expected SHA-256", cache)


def test_an_archive_cut_short_by_the_index_is_refused(toy, index, cache):
    index.files[toy.archive.filename] = index.files[toy.archive.filename][:-10]
    fails_with(toy, "whl does not have the expected SHA-256", cache)


def test_an_archive_that_does_not_end_is_stopped(toy, index, cache):
    index.files[toy.archive.filename] += bytes(1_000_000)
    fails_with(toy, "is larger than it should be", cache)


def test_a_file_that_the_index_does_not_list_is_reported(toy, index, cache):
    index.files = {"toy_data-1.1-py3-none-any.whl": b""}
    fails_with(toy, "does not list toy_data-1.0-py3-none-any.whl", cache)


def test_a_package_that_the_index_does_not_have_is_reported(toy, index, cache):
    absent = replace(toy, archive=replace(toy.archive, package="no-such-package"))
    fails_with(absent, "does not have no-such-package", cache)


def test_an_answer_that_is_no_index_page_is_reported(toy, cache, monkeypatch):
    monkeypatch.setenv("DLGUIDE_INDEX_URL", "nonsense")
    fails_with(toy, "address or answer makes no sense", cache)


def test_an_error_shows_the_status_and_never_a_password(toy, index, cache, monkeypatch):
    index.status = 401
    address = index.address.replace("http://", "http://user:my-password@")
    monkeypatch.setenv("DLGUIDE_INDEX_URL", address)
    with pytest.raises(DataNotAvailableError, match="HTTP status 401") as caught:
        _store.paths(toy)
    shown = "".join(traceback.format_exception(caught.value))
    assert "my-password" not in shown
    index.status = 404
    with pytest.raises(DataNotAvailableError, match="does not have toy-data") as caught:
        _store.paths(toy)
    assert "my-password" not in "".join(traceback.format_exception(caught.value))


# Interruptions and other processes


def test_an_interrupt_from_the_keyboard_leaves_nothing(toy, cache, monkeypatch):
    def interrupted(self: object, increment: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(_index._Meter, "update", interrupted)
    with pytest.raises(KeyboardInterrupt):
        _store.paths(toy)
    assert list(cache.iterdir()) == []


FETCH_IN_A_PROCESS = """
import json, sys
from dlguide.datasets import _cards, _store
facts = json.loads(sys.argv[1])
facts["archive"] = _cards.Archive(**facts["archive"])
facts["members"] = tuple(_cards.Member(**member) for member in facts["members"])
print(_store.paths(_cards.DatasetCard(**facts))[0].read_bytes().decode(), end="")
"""


def start_fetch(card: _cards.DatasetCard) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", FETCH_IN_A_PROCESS, json.dumps(asdict(card))]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_process_killed_while_downloading_does_no_harm(toy, index, cache):
    index.stall.clear()
    process = start_fetch(toy)
    assert index.half_sent.wait(timeout=60)
    process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    process.communicate()
    index.stall.set()
    (leftover,) = cache.iterdir()
    assert leftover.name.startswith(".fetch-")
    assert _store.state(toy) == "missing"
    assert _store.paths(toy)[0].read_bytes() == NUMBERS
    assert leftover.exists()  # for all that is known, its owner lives
    two_days_ago = time.time() - 2 * 24 * 3600
    os.utime(leftover, (two_days_ago, two_days_ago))
    _store.locations(toy)[0].unlink()
    _store.paths(toy)
    assert not leftover.exists()


def test_two_processes_that_fetch_at_once_both_succeed(toy, index, cache):
    index.barrier = threading.Barrier(2)
    processes = [start_fetch(toy), start_fetch(toy)]
    results = [process.communicate(timeout=120) for process in processes]
    assert [errors for _, errors in results] == [b"", b""]
    assert [output for output, _ in results] == [NUMBERS, NUMBERS]
    assert index.downloads == 2
    assert files_under(cache) == ["toy-data-1.0/numbers.csv"]
    assert [path.name for path in cache.iterdir()] == ["toy-data-1.0"]


def test_a_file_in_use_by_another_process_is_as_good(toy, monkeypatch):
    def refused(self: Path, target: Path) -> Path:
        target.write_bytes(NUMBERS)  # what the other process has just put there
        raise PermissionError(13, "the file is in use")

    monkeypatch.setattr(Path, "replace", refused)
    assert _store.paths(toy)[0].read_bytes() == NUMBERS


# Folders that cannot be written to


@pytest.mark.parametrize("below", [".", "folder"])
def test_a_cache_that_is_no_folder_is_reported(toy, tmp_path, monkeypatch, below):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("DLGUIDE_DATA_DIR", str(tmp_path / "file" / below))
    with pytest.raises(DataNotAvailableError, match=r"cannot be written to .*DLGUIDE_DATA_DIR"):
        _store.paths(toy)


def test_a_folder_that_refuses_new_files_is_reported(toy, cache, monkeypatch):
    cache.mkdir()

    def refused(*arguments: object, **options: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "mkdtemp", refused)
    with pytest.raises(DataNotAvailableError, match=r"cannot be written to \(Permission denied\)"):
        _store.paths(toy)


def test_a_full_disk_is_reported_and_leaves_nothing(toy, cache, monkeypatch):
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_archive.os, "fsync", full)
    with pytest.raises(DataNotAvailableError, match="No space left on device"):
        _store.paths(toy)
    assert list(cache.iterdir()) == []


def test_a_file_that_cannot_be_moved_to_its_place_is_reported(toy, cache, monkeypatch):
    def refused(self: Path, target: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(DataNotAvailableError, match="Permission denied"):
        _store.paths(toy)
    assert files_under(cache) == []


def test_a_full_cache_is_used_without_any_write(toy, monkeypatch):
    expected = _store.paths(toy)

    def refused(*arguments: object, **options: object) -> None:
        raise PermissionError(30, "Read-only file system")

    for owner, name in ((Path, "mkdir"), (tempfile, "mkdtemp"), (os, "replace"), (os, "utime")):
        monkeypatch.setattr(owner, name, refused)
    assert _store.paths(toy) == expected


def test_a_folder_without_write_permission(toy, cache):
    cache.mkdir(mode=0o555)
    if os.access(cache, os.W_OK):
        cache.rmdir()
        pytest.skip("permissions do not stop this user (root?)")
    try:
        with pytest.raises(DataNotAvailableError, match="cannot be written to"):
            _store.paths(toy)
        cache.chmod(0o755)
        expected = _store.paths(toy)
        cache.chmod(0o555)
        assert _store.paths(toy) == expected
    finally:
        cache.chmod(0o755)


# Archives with tricks inside


def test_names_that_point_outside_are_never_followed(index, cache, registry, tmp_path):
    outside = tmp_path / "outside.txt"
    members = {"toy/numbers.csv": NUMBERS}
    tricks = {"../outside.txt": b"bad", "../../outside.txt": b"bad", str(outside): b"bad"}
    for filename, pack in (("toy_data-1.0.whl", wheel), ("toy_data-1.0.tar.gz", sdist)):
        packed = pack({**tricks, **members})
        index.files[filename] = packed
        card = make_card("toy", filename, packed, members)
        registry(card)
        (path,) = _store.paths(card)
        assert files_under(tmp_path) == ["cache/toy-data-1.0/numbers.csv"]
        path.unlink()


def test_even_a_member_with_such_a_name_lands_inside_the_cache(index, cache, registry, tmp_path):
    members = {"../../outside.csv": NUMBERS}
    packed = wheel(members)
    index.files["toy_data-1.0.whl"] = packed
    card = make_card("toy", "toy_data-1.0.whl", packed, members)
    registry(card)
    _store.paths(card)
    assert files_under(tmp_path) == ["cache/toy-data-1.0/outside.csv"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE])
def test_a_link_or_a_folder_in_place_of_the_file_is_refused(index, cache, registry, kind):
    entry = tarfile.TarInfo("toy/numbers.csv")
    entry.type = kind
    entry.linkname = "toy/other.csv"
    packed = sdist({"toy/other.csv": NUMBERS, "toy/numbers.csv": entry})
    index.files["toy_data-1.0.tar.gz"] = packed
    card = make_card("toy", "toy_data-1.0.tar.gz", packed, {"toy/numbers.csv": NUMBERS})
    registry(card)
    fails_with(card, "is not a regular file", cache)


def test_an_archive_without_the_file_is_refused(index, cache, registry):
    for filename, pack in (("toy_data-1.0.whl", wheel), ("toy_data-1.0.tar.gz", sdist)):
        packed = pack({"toy/other.csv": NUMBERS})
        index.files[filename] = packed
        card = make_card("toy", filename, packed, {"toy/numbers.csv": NUMBERS})
        registry(card)
        fails_with(card, "does not hold toy/numbers.csv", cache)


def test_an_archive_that_is_not_one_is_refused(index, cache, registry):
    for filename in ("toy_data-1.0.whl", "toy_data-1.0.tar.gz"):
        index.files[filename] = b"plain text"
        card = make_card("toy", filename, b"plain text", {"toy/numbers.csv": NUMBERS})
        registry(card)
        fails_with(card, "cannot be read", cache)


@pytest.mark.parametrize("content", [NUMBERS[:-1], NUMBERS + b"x", NUMBERS.replace(b"1", b"7")])
def test_another_file_under_the_same_name_is_refused(index, cache, registry, content):
    packed = wheel({"toy/numbers.csv": content})
    index.files["toy_data-1.0.whl"] = packed
    card = make_card("toy", "toy_data-1.0.whl", packed, {"toy/numbers.csv": NUMBERS})
    registry(card)
    fails_with(card, "does not have the expected size and SHA-256", cache)


def test_a_member_that_unpacks_without_end_is_stopped(tmp_path):
    packed = wheel({"toy/numbers.csv": bytes(50_000_000)})
    assert len(packed) < 100_000
    (tmp_path / "packed").write_bytes(packed)
    card = make_card("toy", "toy_data-1.0.whl", packed, {"toy/numbers.csv": NUMBERS})
    with pytest.raises(_archive.FetchError, match="expected size"):
        _archive.extract(card.archive, tmp_path / "packed", card.members[0], tmp_path / "unpacked")
    assert (tmp_path / "unpacked").stat().st_size <= len(NUMBERS) + 1
