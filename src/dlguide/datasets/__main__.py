"""The command line of the data store: ``python -m dlguide.datasets``."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from dlguide.datasets import _store
from dlguide.datasets._cards import DatasetCard, find, human_size, registered

if TYPE_CHECKING:
    from collections.abc import Sequence

_EPILOG = """\
Without names, fetch and verify take all data sets. The exit status is 0 if every
data set asked for is ready, 1 if one is missing, damaged or cannot be fetched,
and 2 if the command cannot be understood.

environment variables:
  DLGUIDE_DATA_DIR   the folder that keeps the data
  DLGUIDE_INDEX_URL  the package index to fetch from (default: PIP_INDEX_URL, if set)
  DLGUIDE_OFFLINE    set to 1 to forbid every use of the network
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        The command line without the program's name; by default, that of the
        process.

    Returns
    -------
    int
        0 if every data set asked for is ready, else 1.
    """
    chosen = _parser().parse_args(arguments)
    if chosen.command == "list":
        _print_table(registered())
        return 0
    if chosen.command == "path":
        return _print_paths(chosen.name)
    asked = tuple(dict.fromkeys(chosen.names)) or registered()
    if chosen.command == "fetch":
        return _fetch(asked, progress=chosen.progress)
    return _verify(asked)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dlguide.datasets",
        description="Fetch and check the data sets of the guide, and its pretrained weights.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("list", help="show all data sets and whether they are in the cache")
    fetch = commands.add_parser("fetch", help="put data sets into the cache")
    fetch.add_argument(
        "--progress",
        action=argparse.BooleanOptionalAction,
        help="show a progress bar (default: on a terminal only)",
    )
    verify = commands.add_parser("verify", help="compare cached files with their checksums")
    for command in (fetch, verify):
        command.add_argument("names", nargs="*", type=_known, metavar="NAME", help="a data set")
    path = commands.add_parser("path", help="print where the files of a data set are")
    path.add_argument("name", type=_known, metavar="NAME", help="a data set")
    return parser


def _known(name: str) -> DatasetCard:
    try:
        return find(name, registered())
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _fetch(asked: Sequence[DatasetCard], *, progress: bool | None) -> int:
    failed = False
    for one in asked:
        try:
            _store.paths(one, progress=progress)
        except _store.DataNotAvailableError as error:
            failed = True
            reason, _, _ = str(error).partition("\n")  # what follows is the advice to run this
            print(f"error: {reason}", file=sys.stderr)
    _print_table(asked)
    return int(failed)


def _verify(asked: Sequence[DatasetCard]) -> int:
    _print_table(asked)
    bad = [one.name for one in asked if _store.state(one) != "ready"]
    if bad:
        print(f"to fetch: python -m dlguide.datasets fetch {' '.join(bad)}", file=sys.stderr)
    return int(bool(bad))


def _print_paths(one: DatasetCard) -> int:
    found = _store.state(one)
    if found != "ready":
        print(
            f"error: {one.name} is {found} in {_store.cache_folder()}; "
            f"to fetch: python -m dlguide.datasets fetch {one.name}",
            file=sys.stderr,
        )
        return 1
    for place in _store.locations(one):
        print(place)
    return 0


def _print_table(shown: Sequence[DatasetCard]) -> None:
    rows = [("NAME", "DOWNLOAD", "STATE", "LICENCE")]
    rows += [
        (one.name, human_size(one.archive.size), _store.state(one), one.licence) for one in shown
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for name, size, found, licence in rows:
        print(f"{name:<{widths[0]}}  {size:>{widths[1]}}  {found:<{widths[2]}}  {licence}".rstrip())
    print(f"in {_store.cache_folder()}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("interrupted")
