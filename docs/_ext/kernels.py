"""Let the kernels of the chapters start warm, talk through files, and run side by side.

A kernel spends most of its first seconds on importing TensorFlow. On Linux it is forked, as
the examples are, from the server that has done so (see `processes`); elsewhere it starts
from nothing.

Jupyter's kernels talk over the loopback network by default. Through files, a build needs no
network at all, not even that of the machine to itself, and no other user can listen.

Sphinx reads pages in several processes. The first to keep a page's outputs would make the
store for all outputs, and two firsts would be in each other's way: it is made before.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import weakref
from collections.abc import Mapping
from multiprocessing import parent_process
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import jupyter_client
from jupyter_client.manager import AsyncKernelManager
from traitlets import default

import processes

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment


def _end_with_parent() -> None:
    """Leave no kernel behind if the build is killed."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _serve(connection_file: str, environment: Mapping[str, str], folder: str | None) -> None:
    """Be a kernel, in a fresh process, until it is told to stop."""
    from ipykernel.kernelapp import IPKernelApp

    Thread(target=_end_with_parent, daemon=True).start()
    os.environ.update(environment)
    if folder:
        os.chdir(folder)
    IPKernelApp.launch_instance(argv=["-f", connection_file], parent_handle=os.getppid())


class _Forked:
    """A forked kernel, seen as the process that Jupyter expects: a `subprocess.Popen`."""

    stdin = stdout = stderr = None  # it has none of its own

    def __init__(self, process: BaseProcess) -> None:
        self._process = process
        self.pid = process.pid

    def poll(self) -> int | None:
        """Return the exit code, or nothing while it runs."""
        return self._process.exitcode

    def wait(self) -> int | None:
        """Wait for the end, and return the exit code."""
        self._process.join()
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self.poll() is None and self.pid is not None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Stop it at once."""
        self._process.kill()

    def terminate(self) -> None:
        """Ask it to stop."""
        self._process.terminate()


class FileKernelManager(AsyncKernelManager):
    """A kernel manager whose sockets are files in a folder of their own."""

    @default("transport")
    def _files(self) -> str:
        return "ipc"

    @default("ip")
    def _place(self) -> str:
        folder = tempfile.mkdtemp(prefix="kernel-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return str(Path(folder) / "socket")


class WarmKernelManager(FileKernelManager):
    """A kernel manager whose kernels need not import TensorFlow again."""

    async def _async_launch_kernel(self, kernel_cmd: list[str], **kw: Any) -> None:
        del kernel_cmd
        process = processes.server().Process(
            target=_serve,
            args=(os.path.realpath(self.connection_file), kw.get("env") or {}, kw.get("cwd")),
        )
        process.start()
        assert self.provisioner is not None
        vars(self.provisioner)["process"] = _Forked(process)
        self._reconcile_connection_info(self.provisioner.connection_info)


def make_store(app: Sphinx) -> None:
    """Make the data base of the executed pages, if there is none yet."""
    from jupyter_cache import get_cache

    get_cache(app.config.nb_execution_cache_path).list_cache_records()


def start_server(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Start the server; Sphinx's own processes, which fork from this one, then share it."""
    del app, env
    if docnames and sys.platform == "linux":
        processes.server()


def setup(app: Sphinx) -> dict[str, Any]:
    """Make the notebook client take this manager; it asks for the name when it starts."""
    app.connect("builder-inited", make_store)
    app.connect("env-before-read-docs", start_server)
    if os.name == "posix":
        manager = WarmKernelManager if sys.platform == "linux" else FileKernelManager
        setattr(jupyter_client, "AsyncKernelManager", manager)  # noqa: B010 - for mypy
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
