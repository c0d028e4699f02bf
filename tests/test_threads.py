"""MXNet gets all CPUs, however Python was started: asked of OpenMP in its engine.

How fast that is depends on what else the machine does; how many threads OpenMP takes
does not. Each test starts processes that no thread variable of this one reaches.
"""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from gluon_pix2pix.doctor.probe import affinity
from gluon_pix2pix.runtime import THREAD_VARIABLES, WAIT_VARIABLES, usable_cpus

ROOT = Path(__file__).resolve().parents[1]
CPUS = usable_cpus()
REPORT = "from gluon_pix2pix.doctor.probe import engine_threads\n"


@pytest.fixture
def run(tmp_path):
    """Run a Python in an empty folder; return the lines it prints."""

    def start(*command, code=None, **environment):
        env = {name: value for name, value in os.environ.items()
               if name not in (*THREAD_VARIABLES, *WAIT_VARIABLES)}
        env.update(environment, PYTHONPATH=str(ROOT), PIX2PIX_CONTEXT="cpu")
        if code is not None:
            (tmp_path / "code.py").write_text(code)
            command = (*command, tmp_path / "code.py")
        done = subprocess.run([sys.executable, *map(str, command)], cwd=tmp_path,
                              env=env, text=True, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()

    return start


def test_the_engine_is_asked_and_not_the_main_thread(run):
    """This variable limits the engine's threads and leaves the main one as it was."""
    code = REPORT + "print(engine_threads())"
    assert run(code=code, MXNET_OMP_MAX_THREADS="1") == ["1"]
    assert run(code=code, OMP_NUM_THREADS="3") == ["3"]


@pytest.mark.parametrize("start", [
    "import gluon_pix2pix\n",
    # as `python -m gluon_pix2pix` and as the console script do it
    "import runpy, sys; sys.argv = ['x', '--version']\n"
    "try: runpy.run_module('gluon_pix2pix', run_name='__main__', alter_sys=True)\n"
    "except SystemExit: pass\n",
    "from gluon_pix2pix.cli import main\nassert main(['download', '--list']) == 0\n",
], ids=["script", "python -m", "console script"])
def test_a_program_computes_with_all_cpus(run, start):
    assert run(code=start + REPORT + "print(engine_threads())")[-1] == str(CPUS)


def test_a_thread_of_python_and_the_loader_change_nothing(run, pairs):
    code = REPORT + f"""
import gluon_pix2pix as g2p
from concurrent.futures import ThreadPoolExecutor
config = g2p.Pix2PixConfig(size=32, batch_size=4)
loader = g2p.Loader(g2p.PairedImages({str(pairs)!r}, config=config), workers=2)
told = [engine_threads() for _ in loader]  # while its threads read ahead
with ThreadPoolExecutor(1) as pool:
    print({{*told, engine_threads(), pool.submit(engine_threads).result()}})
"""
    assert run(code=code) == [str({CPUS})]


def test_worker_processes_of_gluon_inherit_the_number(run):
    """Forked ones and spawned ones, which set it for themselves."""
    code = REPORT + """
import multiprocessing
import numpy as np
from mxnet import gluon

class Dataset:
    def __len__(self):
        return 2

    def __getitem__(self, index):
        return np.array([engine_threads(), bool(multiprocessing.parent_process())])

if __name__ == "__main__":
    for batch in gluon.data.DataLoader(Dataset(), 1, num_workers=2):
        print(batch.asnumpy().tolist())
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.apply(engine_threads))
"""
    assert run(code=code) == [f"[[{CPUS}, 1]]"] * 2 + [str(CPUS)]


def test_mxnet_imported_first_takes_half_and_that_is_what_is_said(run):
    code = ("import warnings, numpy; numpy.bool = bool\nimport mxnet\n"
            "with warnings.catch_warnings(record=True) as caught:\n"
            "    warnings.simplefilter('always')\n"
            "    import gluon_pix2pix\n"
            f"{REPORT}print(engine_threads())\n"
            "print([str(w.message) for w in caught if w.category is RuntimeWarning])")
    threads, said = run(code=code)
    if CPUS == 1:
        assert said == "[]"
        return
    assert f"half of the {CPUS} CPUs" in said and f"OMP_NUM_THREADS={CPUS}" in said
    if platform.machine() == "x86_64" and CPUS == affinity():  # no quota
        assert int(threads) == CPUS // 2


def test_a_notebook_computes_with_all_cpus(run, tmp_path):
    """nbval starts the kernel as Jupyter does, and compares the stored output."""
    cell = {"cell_type": "code", "execution_count": 1, "metadata": {}, "id": "a",
            "source": f"import gluon_pix2pix\n{REPORT}print(engine_threads())",
            "outputs": [{"name": "stdout", "output_type": "stream",
                         "text": f"{CPUS}\n"}]}
    notebook = {"cells": [cell], "nbformat": 4, "nbformat_minor": 5, "metadata": {
        "kernelspec": {"name": "python3", "display_name": "Python 3",
                       "language": "python"}}}
    (tmp_path / "threads.ipynb").write_text(json.dumps(notebook))
    lines = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval",
                "--nbval-current-env", "--nbval-cell-timeout=60", "threads.ipynb")
    assert lines[-1].startswith("1 passed")


def test_processes_of_the_benchmarks(run):
    """Ours takes all CPUs; the older tutorial's, what MXNet takes by itself."""
    child = (f"import sys; sys.path.insert(0, {str(ROOT / 'benchmarks')!r})\n"
             f"import {{}}\n{REPORT}print(engine_threads())")
    code = f"""
import subprocess, sys
import gluon_pix2pix  # as the script that starts them has done
for module in ("our_pix2pix", "tutorial_step"):
    subprocess.run([sys.executable, "-c", {child!r}.format(module)], check=True)
"""
    ours, tutorial = run(code=code)
    assert ours == str(CPUS)
    if platform.machine() == "x86_64" and CPUS == affinity():
        assert int(tutorial) == max(1, CPUS // 2)
