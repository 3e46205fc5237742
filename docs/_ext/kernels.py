"""Let the kernels of the chapters talk through files, and run side by side.

Jupyter's kernels talk over the loopback network by default. Through files, a build needs no
network at all, not even that of the machine to itself, and no other user can listen.

Sphinx reads pages in several processes. The first to keep a page's outputs would make the
store for all outputs, and two firsts would be in each other's way: it is made before.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jupyter_client
from jupyter_client.manager import AsyncKernelManager
from traitlets import default

if TYPE_CHECKING:
    from sphinx.application import Sphinx


class FileKernelManager(AsyncKernelManager):
    """A kernel manager whose sockets are files in a folder of their own."""

    @default("transport")
    def _files(self) -> str:
        return "ipc"

    @default("ip")
    def _place(self) -> str:
        folder = tempfile.TemporaryDirectory(prefix="kernel-")
        self._folder = folder  # lives as long as the kernel's manager
        return str(Path(folder.name) / "socket")


def make_store(app: Sphinx) -> None:
    """Make the data base of the executed pages, if there is none yet."""
    from jupyter_cache import get_cache

    get_cache(app.config.nb_execution_cache_path).list_cache_records()


def setup(app: Sphinx) -> dict[str, Any]:
    """Make the notebook client take this manager; it asks for the name when it starts."""
    app.connect("builder-inited", make_store)
    if os.name == "posix":
        setattr(jupyter_client, "AsyncKernelManager", FileKernelManager)  # noqa: B010 - for mypy
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
