"""TensorBoard itself finds what a run has written."""

import json
import queue
import re
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import contextmanager

import keras
import numpy as np
import pytest

from dlguide import training

pytest.importorskip("tensorboard")
PATIENCE = 240  # seconds, on a slow machine; usually ten are enough


@contextmanager
def tensorboard(folder):
    """Start TensorBoard on a free port of this machine, and end it again."""
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder)]
    command += ["--host", "127.0.0.1", "--port", "0", "--load_fast", "false"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    lines: queue.Queue[str] = queue.Queue()
    reader = threading.Thread(target=lambda: [lines.put(line) for line in process.stdout])
    reader.start()
    try:
        yield address(lines, process)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join(20)
        process.stdout.close()


def address(lines, process):
    """Return the address that TensorBoard prints when it is ready."""
    said = []
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            said.append(lines.get(timeout=1))
        except queue.Empty:
            if process.poll() is not None:
                break
            continue
        found = re.search(r"http://127\.0\.0\.1:\d+/", said[-1])
        if found:
            return found[0]
    pytest.fail("TensorBoard gave no address. It said:\n" + "".join(said))


def ask(base, path, ready):
    """Return an answer in JSON as soon as it is complete; files are read bit by bit."""
    until = time.monotonic() + PATIENCE
    answer = None
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < until:
        with direct.open(base + path, timeout=30) as response:
            answer = json.load(response)
        if ready(answer):
            return answer
        time.sleep(0.5)
    pytest.fail(f"{path} lacks what the run has written. It has: {answer}")


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """Return the folder of two short runs, as the guide writes them."""
    folder = tmp_path_factory.mktemp("logs")
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    y = x.sum(axis=1, keepdims=True)
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, "relu", name="hidden"), keras.layers.Dense(1)]
    )
    model.compile("sgd", loss="mse")
    run = folder / "first"
    callbacks = [
        keras.callbacks.TensorBoard(run, histogram_freq=1),
        training.LayerStatistics(x, y, log_dir=run / "layers"),
    ]
    model.fit(x, y, epochs=2, validation_data=(x, y), verbose=0, callbacks=callbacks)
    np.savetxt(run / "train/vectors.tsv", np.eye(3), delimiter="\t")
    (run / "train/words.tsv").write_text("a\nb\nc\n", encoding="utf-8")
    (run / "train/projector_config.pbtxt").write_text(
        'embeddings {\n  tensor_name: "words"\n'
        '  tensor_path: "vectors.tsv"\n  metadata_path: "words.tsv"\n}\n',
        encoding="utf-8",
    )
    return folder


def test_tensorboard_shows_what_a_run_has_written(logs):
    with tensorboard(logs) as base:
        scalars = ask(base, "data/plugin/scalars/tags", lambda tags: "first/validation" in tags)
        assert "epoch_loss" in scalars["first/train"]
        histograms = ask(
            base, "data/plugin/histograms/tags", lambda tags: len(tags.get("first/layers", ())) == 6
        )
        assert "hidden/activation" in histograms["first/layers"]
        assert "hidden/kernel/gradient" in histograms["first/layers"]
        assert any("hidden/kernel" in tag for tag in histograms["first/train"])
        seen = ask(
            base,
            "data/plugin/histograms/histograms?run=first%2Flayers&tag=hidden%2Factivation",
            lambda events: len(events) == 3,
        )
        assert [step for _, step, _ in seen] == [0, 1, 2]
        graph = ask(base, "data/plugin/graphs/info", lambda runs: "first/train" in runs)
        assert "keras" in graph["first/train"]["tags"]
        clouds = ask(base, "data/plugin/projector/runs", bool)
        assert clouds == ["first/train"]
