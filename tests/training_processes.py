"""Training processes that are born fast, so that many of them can be killed.

A process that trains needs about three seconds before its first step: imports, and
Adam's compiled loop. Here one process makes that start and then waits, with no
operation of MXNet executed and hence with a single thread, which is what makes it safe
to fork. Each training is a fork of it, a process of its own with an engine of its own,
that can be sent any signal.

As a module this holds what tests use (`Nursery`); as a program it is that process.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

MODELS = ("pix2pix", "cyclegan", "pix2pixhd")  # later models join here, and in `_model`


class Nursery:
    """Start trainings in processes of their own; close it at the end."""

    def __init__(self):
        here = Path(__file__).resolve()
        environment = {**os.environ, "PYTHONPATH": str(here.parents[1]),
                       # One thread: NumPy's would start at import, and MXNet's would
                       # spend their time waiting for each other on a busy machine.
                       "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, str(here)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env=environment)
        assert self.process.stdout.readline() == "ready\n"

    def run(self, task: str, kill_after: float | None = None, **arguments) -> dict:
        """Run a function of this module in a new process.

        Returns ``status`` (0, an exit status, or minus the signal that ended it),
        ``seconds`` and ``text``, all it has printed.
        """
        request = {"task": task, "kill_after": kill_after, "arguments": arguments}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def train(folder, data, model="pix2pix", kill_at_call=None):
    """Train a tiny model, going on with what is in the folder, to the end."""
    import gluon_pix2pix as g2p
    from gluon_pix2pix.models import build_model
    from gluon_pix2pix.runs import RunFolder

    if kill_at_call:
        _die_at_call(kill_at_call)
    config, view = _model(model, data)
    network = build_model(config)
    run = RunFolder(folder, config, resume=True)
    for report in g2p.fit(network, g2p.Loader(view.train), report_every=2, run=run,
                          resume="auto"):
        run.log(report, **view.measure(network) if report.epoch_ends else {})


def _model(name, data):
    """Return a tiny configuration, and what to train on and to measure."""
    import gluon_pix2pix as g2p
    from gluon_pix2pix.configs import CONFIGS
    from gluon_pix2pix.train_views import VIEWS

    size = {"size": 32, "n_layers": 1, "pool_size": 3, "batch_size": 3, "epochs": 2,
            "epochs_decay": 2}
    if name == "pix2pix":
        config = g2p.Pix2PixConfig(ngf=16, ndf=16, **size)
    elif name == "cyclegan":
        config = g2p.CycleGANConfig(ngf=4, ndf=4, n_blocks=1, **size)
    elif name == "pix2pixhd":  # all that one can have, and a part that waits an epoch
        config = CONFIGS[name](
            ngf=2, ndf=4, nef=2, generator="local", n_downsampling=1, n_blocks=1,
            n_blocks_local=1, epochs_fix_global=1, features="encoder", lambda_vgg=0.0,
            n_downsampling_encoder=1, **size)
    else:
        raise ValueError(name)
    return config, VIEWS[name](Path(data), config)


def _die_at_call(number):
    """Kill this process before the n-th call that makes something last on the disk."""
    left = [number]

    def deadly(function):
        def call(*args, **options):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **options)
        return call

    for name in ("fsync", "rename", "replace", "rmdir"):
        setattr(os, name, deadly(getattr(os, name)))


def command_line(arguments, signal_at_step=None, number=None):
    """Run the command line; send this process a signal in the middle of a step."""
    import gluon_pix2pix as g2p
    from gluon_pix2pix.cli import main

    step, steps = g2p.Pix2Pix.step, []

    def interrupted(model, *batch):
        steps.append(1)
        if len(steps) == signal_at_step:
            os.kill(os.getpid(), number)
        return step(model, *batch)

    g2p.Pix2Pix.step = interrupted
    sys.exit(main(arguments))


def starve(folder, images):
    """Train on two small batches and a large one, with memory for the small ones."""
    import resource

    from mxnet import nd

    import gluon_pix2pix as g2p

    class Batches(list):
        epoch = 0

    def batch(count):
        return nd.zeros((count, 3, 32, 32)), nd.ones((count, 3, 32, 32))

    config = g2p.Pix2PixConfig(size=32, ngf=16, ndf=16, n_layers=1, epochs=1,
                               epochs_decay=0)
    batches = Batches([batch(1), batch(1), batch(images)])
    nd.waitall()
    run = g2p.RunFolder(folder, config)
    for report in g2p.fit(g2p.Pix2Pix(config), batches, report_every=1, run=run):
        run.log(report)
        if report.iteration > 1:
            continue
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * os.sysconf("SC_PAGE_SIZE") + 40 * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _serve():
    """Wait for requests; fork for each."""
    import gluon_pix2pix  # noqa: F401
    from gluon_pix2pix import cli, fused_adam  # noqa: F401

    with contextlib.suppress(ImportError):  # without numba there is nothing to compile
        fused_adam._compiled()
    assert len(os.listdir("/proc/self/task")) == 1, "it is not safe to fork"
    print("ready", flush=True)
    for line in sys.stdin:
        request, start = json.loads(line), time.monotonic()
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            os.dup2(writing, 1)
            os.dup2(writing, 2)
            _work(request)
        os.close(writing)
        if request["kill_after"] is not None:
            time.sleep(request["kill_after"])
            os.kill(child, signal.SIGKILL)
        with os.fdopen(reading, errors="replace") as pipe:
            text = pipe.read()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(json.dumps({"status": status, "seconds": time.monotonic() - start,
                          "text": text}), flush=True)


def _work(request):
    status = 1
    try:
        globals()[request["task"]](**request["arguments"])
        status = 0
    except SystemExit as error:
        status = error.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    _serve()
