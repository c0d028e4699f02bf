"""Adam as one native operation for a whole network, in MXNet's own queue.

``gluon.Trainer(parameters, "fusedadam", ...)`` computes what ``"adam"`` computes, to
the bit, in about a third of the time: MXNet's ``adam_update`` handles one number after
the other, and the same loop compiled by numba for the CPU at hand takes 8 or 16 at
once. One thread is then as fast as the memory.

The loop enters MXNet's engine as an operation that reads the gradients and writes
weights and moments. The engine orders it among all others, so Python runs ahead
instead of waiting for the backward pass to end.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import functools
import math
import warnings

import mxnet as mx
import numpy as np
from mxnet import autograd, nd
from mxnet.base import _LIB, check_call

# What the compiled loop is told of each array it updates. Arrays go as handles: where
# their numbers lie is asked when the update runs.
_JOB = np.dtype([
    *((name, np.uintp) for name in ("weight", "grad", "mean", "variance")),
    ("size", np.int64), ("jobs", np.int64),
    *((name, np.float32) for name in
      ("lr", "wd", "beta1", "beta2", "epsilon", "rescale", "clip", "unused")),
])


@mx.optimizer.register
class FusedAdam(mx.optimizer.Adam):
    """MXNet's Adam for the CPU, faster, with the same parameters, states and numbers.

    The states of the two are interchangeable. Arrays that are not dense float32 on the
    CPU go to ``adam_update``, and so does everything where numba is missing; a warning
    tells the reason once.

    The first update imports numba and compiles the loop, in about a second.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.aggregate_num = 2**20  # the Trainer hands over all arrays in one call
        self._told = False

    def update(self, index, weight, grad, state):
        """Update one array, or lists of them."""
        if not isinstance(index, (list, tuple)):
            index, weight, grad, state = [index], [weight], [grad], [state]
        fused = []
        for job in zip(index, weight, grad, state):
            obstacle = _obstacle(job[1], job[2], *job[3])
            if obstacle is None:
                fused.append(job)
            else:
                self._tell(obstacle)
                super().update(*job)
        if fused:
            self._update_fused(fused)

    def update_multi_precision(self, index, weight, grad, state):
        """Update float32 copies of float16 weights, if the optimiser is to keep them.

        MXNet's own does so for a single array only.
        """
        if self.multi_precision and isinstance(index, (list, tuple)):
            for job in zip(index, weight, grad, state):
                super().update_multi_precision(*job)
        else:
            super().update_multi_precision(index, weight, grad, state)

    def _tell(self, obstacle):
        if not self._told:
            self._told = True
            warnings.warn(f"FusedAdam leaves the work to MXNet's slower adam_update: "
                          f"{obstacle}.", RuntimeWarning, stacklevel=2)

    def _update_fused(self, updates):
        self._update_count([index for index, *_ in updates])
        jobs = np.zeros(len(updates), _JOB)
        jobs["jobs"] = len(updates)
        for name, number in {"beta1": self.beta1, "beta2": self.beta2,
                             "epsilon": self.epsilon, "rescale": self.rescale_grad,
                             "clip": self.clip_gradient or -1,  # -1: do not clip
                             }.items():
            jobs[name] = _as_mxnet_reads(number)
        for job, (index, weight, *_) in zip(jobs, updates):
            steps = self._index_update_count[index]
            job["lr"] = _as_mxnet_reads(self._get_lr(index)
                                        * math.sqrt(1 - self.beta2**steps)
                                        / (1 - self.beta1**steps))
            job["wd"], job["size"] = _as_mxnet_reads(self._get_wd(index)), weight.size
        _push(jobs, [(weight, grad, *state) for _, weight, grad, state in updates])


def _obstacle(*arrays):
    """Say why the compiled loop cannot take these arrays; None if it can."""
    if any(array.context.device_type != "cpu" for array in arrays):
        return "it updates arrays on the CPU only"
    if any(array.stype != "default" or array.dtype != np.float32 for array in arrays):
        return "it updates dense float32 arrays only"
    return _numba_problem()


@functools.cache
def _numba_problem():
    try:
        import numba  # noqa: F401
    except ImportError as error:
        return f"numba cannot be imported ({error}); `pip install numba` installs it"
    return None


@functools.lru_cache(maxsize=64)
def _as_mxnet_reads(number):
    """Round to float32 as MXNet does, whose operators get their numbers as text.

    It reads mantissa and power of ten apart and is off by an ulp now and then. Over
    some dozen steps of a GAN, that is a difference one can see.
    """
    mantissa, _, exponent = str(abs(float(number))).partition("e")
    whole, _, decimals = mantissa.partition(".")
    decimals = decimals[:19]
    value = np.float32(whole)
    value += np.float32(int(decimals or 0) / 10 ** len(decimals))
    power, left = np.float32(1), abs(int(exponent or 0))
    while left:
        step = 8 if left >= 8 else 1
        power *= np.float32(10**step)
        left -= step
    value = value / power if exponent.startswith("-") else value * power
    return -value if number < 0 else value


def _finish():
    with contextlib.suppress(mx.MXNetError):  # it was raised before, where it belongs
        nd.waitall()


class _Context(ctypes.Structure):
    """MXNet's ``Context``, as its C interface takes it."""

    _fields_ = [("device_type", ctypes.c_int), ("device_id", ctypes.c_int32)]


def _push(jobs, arrays):
    """Queue the updates of ``(weight, grad, mean, variance)`` as one operation."""
    update, release, allocate = _compiled()
    weights = [weight for weight, *_ in arrays]
    reads = [grad for _, grad, *_ in arrays]
    writes = [array for weight, _, *state in arrays for array in (weight, *state)]
    for job, four in zip(jobs, arrays):
        # Handles of the update's own, as Python may drop its NDArrays before it runs.
        for name, array in zip(_JOB.names, four):
            handle = ctypes.c_void_p()
            check_call(_LIB.MXShallowCopyNDArray(array.handle, ctypes.byref(handle)))
            job[name] = handle.value
    memory = ctypes.c_void_p(allocate(jobs.nbytes))  # `release` frees it, and handles
    ctypes.memmove(memory, jobs.ctypes.data, jobs.nbytes)
    context = _Context(weights[0].context.device_typeid, weights[0].context.device_id)

    # A convolution in predict mode leaves its weight behind in oneDNN's own order of
    # elements, and perhaps has not even run yet. Reshaping in place restores plain
    # order, and is free where that is given. In one bulk, the engine lets nothing come
    # between it and the update; the bulk of 0 ends one that was begun before.
    plain = [array for array in weights + reads if array.ndim > 1]
    with mx.engine.bulk(0), mx.engine.bulk(len(plain) + 2), autograd.pause():
        for array in plain:
            nd.Reshape(array, shape=array.shape, out=array)
        check_call(_LIB.MXEnginePushSyncND(
            ctypes.c_void_p(update), memory, ctypes.c_void_p(release),
            ctypes.byref(context), _handles(reads), len(reads), _handles(writes),
            len(writes), None, 0, b"fused_adam_update"))


def _handles(arrays):
    return (ctypes.c_void_p * len(arrays))(*(array.handle for array in arrays))


@functools.cache
def _compiled():
    """Compile the operation.

    Returns
    -------
    update, release : int
        Addresses of the operation and of what frees its jobs.
    allocate : callable
        The C library's ``malloc``, whose memory ``release`` frees.
    """
    import numba
    from numba import types
    from numba.extending import intrinsic

    word, libc = ctypes.c_size_t, ctypes.CDLL(None)
    allocate = ctypes.CFUNCTYPE(ctypes.c_void_p, word)(("malloc", libc))
    free = ctypes.CFUNCTYPE(None, word)(("free", libc))
    get_data = ctypes.CFUNCTYPE(ctypes.c_int, word, word)(("MXNDArrayGetData", _LIB))
    free_array = ctypes.CFUNCTYPE(ctypes.c_int, word)(("MXNDArrayFree", _LIB))

    def pointer_to(kind):
        """Make a function from an address to a typed pointer, which numba lacks."""
        @intrinsic
        def pointer(_, address):
            def generate(context, builder, signature, arguments):
                pointer_type = context.get_value_type(signature.return_type)
                return builder.inttoptr(arguments[0], pointer_type)
            return types.CPointer(kind)(types.uintp), generate
        return pointer

    to_floats = pointer_to(types.float32)
    to_jobs = pointer_to(numba.from_dtype(_JOB))
    one, zero = np.float32(1), np.float32(0)

    @numba.njit
    def numbers(handle, size):
        address = np.zeros(1, np.uintp)
        get_data(handle, address.ctypes.data)
        return numba.carray(to_floats(address[0]), size)

    @numba.njit
    def list_of_jobs(address):
        count = numba.carray(to_jobs(address), 1)[0].jobs
        return numba.carray(to_jobs(address), count)

    # NumPy's rules for a division by zero: Python's would forbid vector instructions.
    # And no fastmath: every rounding is the one of adam_update.
    @numba.njit(error_model="numpy")
    def adam(weight, grad, mean, variance, lr, wd, beta1, beta2, epsilon, rescale,
             clip):
        for i in range(weight.size):
            g = rescale * grad[i] + wd * weight[i]
            if clip >= zero:
                g = min(max(g, -clip), clip)
            mean[i] = beta1 * mean[i] + (one - beta1) * g
            variance[i] = beta2 * variance[i] + (one - beta2) * g * g
            weight[i] -= lr * mean[i] / (np.sqrt(variance[i]) + epsilon)

    @numba.cfunc(types.void(types.uintp, types.uintp))
    def update(_, address):
        for job in list_of_jobs(address):
            adam(numbers(job.weight, job.size), numbers(job.grad, job.size),
                 numbers(job.mean, job.size), numbers(job.variance, job.size), job.lr,
                 job.wd, job.beta1, job.beta2, job.epsilon, job.rescale, job.clip)

    @numba.cfunc(types.void(types.uintp))
    def release(address):
        for job in list_of_jobs(address):
            free_array(job.weight)
            free_array(job.grad)
            free_array(job.mean)
            free_array(job.variance)
        free(address)

    # The code must outlive what is queued, also when Python ends.
    _compiled.keep = update, release
    atexit.register(_finish)
    return update.address, release.address, allocate
