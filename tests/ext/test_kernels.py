import multiprocessing as mp
import os
import sys
import time
from multiprocessing import forkserver

import nbclient
import nbformat
import psutil
import pytest

import kernels
import processes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")


@pytest.fixture(scope="module", autouse=True)
def quick_server():
    """Branch the kernels off a server that has imported nothing."""
    preload = list(processes.PRELOAD)
    forkserver._forkserver._stop()
    processes.PRELOAD[:] = ["colorsys"]
    yield
    forkserver._forkserver._stop()
    processes.PRELOAD[:] = preload


@pytest.fixture(autouse=True)
def same_environment(monkeypatch, tmp_path):
    """Undo what the server sets, and give the kernels a profile of their own."""
    for name in processes.ONE_THREAD:
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))


def executed(folder, *cells, timeout=60):
    """Execute cells in a forked kernel and return what each has printed."""
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))
    client = nbclient.NotebookClient(
        notebook,
        timeout=timeout,
        kernel_manager_class=kernels.WarmKernelManager,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    return ["".join(output.get("text", "") for output in cell.outputs) for cell in notebook.cells]


def test_a_kernel_computes_in_its_folder_from_what_is_warm(tmp_path):
    printed = executed(
        tmp_path,
        "x = 6",
        "import os, sys\nprint(x * 7, os.getcwd())",
        "print('colorsys' in sys.modules, __name__)",
    )
    assert printed == ["", f"42 {tmp_path}\n", "True __main__\n"]


def test_each_kernel_is_fresh(tmp_path):
    executed(tmp_path, "import sys\nsys.left_behind = 1")
    assert executed(tmp_path, "import sys\nprint(hasattr(sys, 'left_behind'))") == ["False\n"]


def test_a_kernel_sees_what_the_build_sees(tmp_path, monkeypatch):
    monkeypatch.setenv("ONLY_HERE", "5")
    printed = executed(tmp_path, "import os\nprint(os.environ['ONLY_HERE'])", "import kernels")
    assert printed == ["5\n", ""]


#: Leave a note of who one is, and go on for ever.
ENDLESS = "import os, time\nopen('id', 'w').write(str(os.getpid()))\ntime.sleep(600)"


def gone(process_id):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if not psutil.pid_exists(process_id):
            return True
        time.sleep(0.1)
    return False


def test_a_kernel_ends_with_its_page(tmp_path):
    (printed,) = executed(tmp_path, "import os\nprint(os.getpid())")
    assert gone(int(printed))


def test_an_error_a_death_and_a_cell_without_end_are_told(tmp_path):
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="ZeroDivisionError"):
        executed(tmp_path, "1 / 0")
    with pytest.raises(nbclient.exceptions.DeadKernelError):
        executed(tmp_path, "import os\nos._exit(3)")
    with pytest.raises(nbclient.exceptions.CellTimeoutError):
        executed(tmp_path, ENDLESS, timeout=2)
    assert gone(int((tmp_path / "id").read_text()))


def _page(folder, results):
    results.put(executed(folder, "print(1 + 1)"))


def test_processes_that_sphinx_forks_share_the_server(tmp_path):
    processes.server()
    served = forkserver._forkserver._forkserver_pid
    fork = mp.get_context("fork")
    results = fork.Queue()
    page = fork.Process(target=_page, args=(tmp_path, results))
    page.start()
    assert results.get(timeout=60) == ["2\n"]
    page.join(20)
    assert page.exitcode == 0
    assert forkserver._forkserver._forkserver_pid == served


def test_a_kernel_does_not_outlive_a_build_that_is_killed(tmp_path):
    processes.server()
    where = tmp_path / "id"
    build = mp.get_context("fork").Process(target=executed, args=(tmp_path, ENDLESS))
    build.start()
    deadline = time.monotonic() + 60
    while not (where.is_file() and where.read_text()) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.kill(build.pid, 9)
    build.join()
    assert gone(int(where.read_text()))
