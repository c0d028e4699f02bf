"""What must hold before MXNet loads, then contexts and seeds."""

import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gluon_pix2pix import runtime

mx = runtime.load_mxnet()
INF = float("inf")
ROOT = Path(__file__).resolve().parents[1]
LOAD = "import runpy; g = runpy.run_path('gluon_pix2pix/runtime.py')\n"


def run_python(code, **environment):
    """Run `code` in a fresh Python that no thread variable of this one reaches."""
    env = {k: v for k, v in os.environ.items() if k not in runtime.THREAD_VARIABLES}
    env.update(environment)
    return subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=ROOT, capture_output=True, text=True
    )


def write_module(folder, name, text):
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text(text)
    return str(folder)


# ---------------------------------------------------------------- what cannot work


@pytest.mark.parametrize("version", [(3, 10), (3, 11, 7, "final", 0), (3, 12, 1)])
def test_supported_pythons_have_no_problem(version):
    assert runtime.python_problem(version) is None


@pytest.mark.parametrize("version", [(2, 7), (3, 9, 18), (3, 13, 0), (4, 0)])
def test_other_pythons_are_refused_by_name(version):
    problem = runtime.python_problem(version)
    assert f"this is Python {version[0]}.{version[1]}" in problem
    assert "make venv PYTHON=python3.11" in problem


@pytest.mark.parametrize("version", ["1.23.5", "1.24.0", "1.26.4"])
def test_numpy_1_has_no_problem(version):
    assert runtime.numpy_problem(version) is None


def test_numpy_2_is_refused_before_mxnet_is_touched(tmp_path):
    folder = write_module(tmp_path, "numpy", "__version__ = '2.1.0'")
    done = run_python("import gluon_pix2pix", PYTHONPATH=folder)
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 1
    assert last.startswith("ImportError: MXNet 1.9.1 cannot load beside NumPy 2.1.0")
    assert "pip install 'numpy<2'" in last
    assert "mxnet/" not in done.stderr


@pytest.mark.parametrize("name", ["numpy", "mxnet", "distutils"])
def test_a_missing_package_is_named_with_its_remedy(monkeypatch, name):
    found = runtime.importlib.util.find_spec
    monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(
        runtime.importlib.util, "find_spec", lambda n: None if n == name else found(n)
    )
    with pytest.raises(ImportError, match=f"needs {name}, which is not .*: run `"):
        runtime.prepare()


@pytest.mark.parametrize(
    ("message", "remedy"),
    [
        ("libgomp.so.1: cannot open shared object file", "apt install libgomp1"),
        ("libcudart.so.11.0: cannot open shared object file", "LD_LIBRARY_PATH"),
        ("libnccl.so.2: cannot open shared object file", "LD_LIBRARY_PATH"),
        ("libmxnet.so: file too short", "make clean venv"),
    ],
)
def test_a_missing_library_is_named_with_its_remedy(tmp_path, message, remedy):
    folder = write_module(tmp_path, "mxnet", f"raise OSError({message!r})")
    done = run_python(LOAD + "g['load_mxnet']()", PYTHONPATH=folder)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(f"ImportError: MXNet cannot load: {message}.")
    assert remedy in last


def test_another_mxnet_is_refused(tmp_path):
    folder = write_module(tmp_path, "mxnet", "__version__ = '2.0.0b1'")
    done = run_python(LOAD + "g['load_mxnet']()", PYTHONPATH=folder)
    assert "needs MXNet 1.9.1, and this is 2.0.0b1" in done.stderr


def test_numpy_has_the_name_that_mxnet_reads():
    assert vars(np)["bool"] is bool


# ------------------------------------------------------------------------- threads


def test_threads_are_set_and_mxnet_uses_them():
    code = LOAD + (
        "import os; g['load_mxnet']()\n"
        "print(os.environ['OMP_NUM_THREADS'], g['usable_cpus']())\n"
        "if os.path.exists('/proc/self/maps'):\n"
        "    maps = open('/proc/self/maps').read().split()\n"
        "    path = next(word for word in maps if 'libgomp' in word)\n"
        "    import ctypes; print(ctypes.CDLL(path).omp_get_max_threads())\n"
    )
    done = run_python(code)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.split()) == {str(runtime.usable_cpus())}


@pytest.mark.parametrize("variable", runtime.THREAD_VARIABLES)
def test_threads_that_the_user_set_stay(variable):
    code = LOAD + "import os; print([os.environ.get(v) for v in g['THREAD_VARIABLES']])"
    done = run_python(code, **{variable: "1"})
    expected = ["1" if v == variable else None for v in runtime.THREAD_VARIABLES]
    assert done.stdout.strip() == str(expected)


def test_mxnet_imported_first_works_and_warns_once():
    code = (
        "import numpy; numpy.bool = bool  # all that `import mxnet` needs anywhere\n"
        "import mxnet\n"
        "import gluon_pix2pix; import gluon_pix2pix\n"
        "print(gluon_pix2pix.get_context('cpu'))\n"
    )
    done = run_python(code)
    assert done.stdout.strip() == "cpu(0)", done.stderr
    warned = 1 if runtime.usable_cpus() > 1 else 0
    assert done.stderr.count("RuntimeWarning: MXNet was imported before") == warned
    assert done.stderr.count("<string>:3: RuntimeWarning") == warned


def test_the_warning_names_the_remedy(monkeypatch, recwarn):
    for variable in runtime.THREAD_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(runtime, "usable_cpus", lambda: 1)
    runtime.prepare()
    assert not recwarn.list  # half of one CPU is one CPU
    monkeypatch.setattr(runtime, "usable_cpus", lambda: 6)
    with pytest.warns(RuntimeWarning, match="OMP_NUM_THREADS=6 before Python starts"):
        runtime.prepare()
    assert "OMP_NUM_THREADS" not in os.environ


@pytest.mark.parametrize("theirs", [{}, {"OMP_WAIT_POLICY": "active"},
                                    {"GOMP_SPINCOUNT": "7"}])
def test_waiting_threads_soon_sleep_unless_the_user_says_otherwise(theirs):
    code = LOAD + "import os; print([os.environ.get(v) for v in g['WAIT_VARIABLES']])"
    environment = {k: v for k, v in os.environ.items()
                   if k not in runtime.WAIT_VARIABLES}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, text=True,
                          env={**environment, **theirs}, capture_output=True)
    expected = theirs or {"GOMP_SPINCOUNT": "1000"}
    found = [expected.get(variable) for variable in runtime.WAIT_VARIABLES]
    assert done.stdout.strip() == str(found)


@pytest.mark.parametrize(
    ("files", "granted"),
    [
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu.max": "max 100000\n"}, INF),
        ({"cpu/cpu.cfs_quota_us": "400000", "cpu/cpu.cfs_period_us": "100000"}, 4),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, INF),
        ({}, INF),
    ],
)
def test_cpu_quota_of_a_container(tmp_path, files, granted):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert runtime._cpu_quota(tmp_path) == granted


@pytest.mark.parametrize(("quota", "cpus"), [(1.5, 2), (0.2, 1), (INF, 8)])
def test_usable_cpus_heed_affinity_and_quota(monkeypatch, quota, cpus):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: range(8), raising=False)
    monkeypatch.setattr(runtime, "_cpu_quota", lambda root: quota)
    assert runtime.usable_cpus() == cpus


# ------------------------------------------------------------------------ contexts


@pytest.fixture
def gpus(monkeypatch):
    """Let MXNet see that many GPUs, or fail as it does without a driver."""

    def see(count):
        def num_gpus():
            if count is None:
                raise mx.base.MXNetError("[12:00] c.cc:1: Check failed\nno driver")
            return count

        monkeypatch.setattr(mx.context, "num_gpus", num_gpus)

    monkeypatch.delenv("PIX2PIX_CONTEXT", raising=False)
    return see


@pytest.mark.parametrize(
    ("count", "name", "context"),
    [
        (0, None, mx.cpu()),
        (0, "auto", mx.cpu()),
        (0, "cpu(0)", mx.cpu()),
        (2, None, mx.gpu(0)),
        (2, "CPU", mx.cpu()),
        (2, "gpu", mx.gpu(0)),
        (2, "gpu(1)", mx.gpu(1)),
        (0, mx.gpu(3), mx.gpu(3)),
    ],
)
def test_contexts_by_name(gpus, count, name, context):
    gpus(count)
    assert runtime.get_context(name) == context


def test_context_from_the_environment(gpus, monkeypatch):
    gpus(2)
    monkeypatch.setenv("PIX2PIX_CONTEXT", "gpu(1)")
    assert runtime.get_context() == mx.gpu(1)
    assert runtime.get_context("cpu") == mx.cpu()


@pytest.mark.parametrize("name", ["cuda", "gpu:0", "cpu(1)", "auto(1)", "gpu()", 0.5])
def test_unknown_contexts(name):
    with pytest.raises(ValueError, match="Unknown context .* use 'auto', 'cpu', 'gpu'"):
        runtime.get_context(name)


@pytest.mark.parametrize(
    ("count", "name", "cuda", "reason"),
    [
        (0, "gpu", False, "built for the CPU alone.*make venv MXNET=mxnet-cu117"),
        (0, "gpu", True, "sees no GPU here.*nvidia-smi"),
        (2, "gpu(2)", True, r"sees gpu\(0\) to gpu\(1\) only"),
        (None, "gpu", True, r"CUDA fails \(no driver\)"),
    ],
)
def test_a_gpu_that_is_not_there(gpus, monkeypatch, count, name, cuda, reason):
    gpus(count)
    monkeypatch.setattr(mx.runtime.Features, "is_enabled", lambda self, name: cuda)
    with pytest.raises(RuntimeError, match=reason):
        runtime.get_context(name)


def test_auto_says_when_a_driver_fails(gpus):
    gpus(None)
    with pytest.warns(RuntimeWarning, match=r"on the CPU, as CUDA fails \(no driver\)"):
        assert runtime.get_context("auto") == mx.cpu()


# --------------------------------------------------------------------------- seeds


def train_a_little(seed):
    """Train a small net with dropout; everything random in it comes from the seed."""
    runtime.seed_everything(seed)
    nn = mx.gluon.nn
    net = nn.HybridSequential()
    net.add(nn.Conv2D(16, 4, 2, 1), nn.BatchNorm(), nn.Dropout(0.5), nn.Dense(1))
    net.initialize(mx.init.Normal(0.02))
    net.hybridize()
    trainer = mx.gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 2e-4})
    for _ in range(3):
        X = mx.nd.array(np.random.rand(2, 3, 16, 16))  # noqa: NPY002
        with mx.autograd.record():
            loss = ((net(X) - random.random()) ** 2).mean()
        loss.backward()
        trainer.step(2)
    weights = [p.data().asnumpy() for p in net.collect_params().values()]
    return np.concatenate([w.ravel() for w in weights])


def test_equal_seeds_give_equal_trainings():
    first, again, other = train_a_little(7), train_a_little(7), train_a_little(8)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_equal_seeds_give_equal_trainings_in_another_process():
    threads = {v: os.environ[v] for v in runtime.THREAD_VARIABLES if v in os.environ}
    code = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from test_runtime import train_a_little\n"
        "print(train_a_little(7).tobytes().hex())"
    )
    done = run_python(code, **threads)  # another number of threads rounds differently
    assert done.stdout.strip() == train_a_little(7).tobytes().hex(), done.stderr


@pytest.mark.parametrize("seed", [-1, 2**31, 1.5, "1", None])
def test_seeds_out_of_range_are_refused(seed):
    with pytest.raises(ValueError, match="A seed is an integer from 0 to"):
        runtime.seed_everything(seed)


def test_mxnet_does_not_see_scipy():
    """It would warn at every array, and take time and memory for nothing."""
    pytest.importorskip("scipy")
    done = run_python(
        LOAD + "import warnings; g['load_mxnet']()\n"
        "import sys, mxnet, numpy; assert 'scipy' not in sys.modules\n"
        "import scipy.sparse\n"
        "with warnings.catch_warnings():\n"
        "    warnings.simplefilter('error')\n"
        "    print(mxnet.nd.array(numpy.ones(3)).sum().asscalar())\n")
    assert done.stdout.strip() == "3.0", done.stderr
