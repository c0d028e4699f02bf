"""Files that ``torch.save`` has written, read without PyTorch and without their code.

Such a file is a pickle, which describes how to build objects by calling functions, and
the bytes of the tensors beside it. Here only those functions are known that put tensors
together, and they return plain arrays; a file that names any other is refused.
"""

from __future__ import annotations

import io
import pickle
import pickletools
import zipfile
from math import prod
from operator import index
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .failures import WeightsError

_MAGIC = 0x1950A86A20F9469CFC6C  # begins a file of PyTorch before version 1.6
_BFLOAT16 = "bfloat16"  # which NumPy does not have
_TYPES = {"FloatStorage": "<f4", "DoubleStorage": "<f8", "HalfStorage": "<f2",
          "BFloat16Storage": _BFLOAT16, "LongStorage": "<i8", "IntStorage": "<i4",
          "ShortStorage": "<i2", "CharStorage": "i1", "ByteStorage": "u1",
          "BoolStorage": "?"}


def read_torch(path: str | Path) -> dict[str, Any]:
    """Read the tensors of a ``.pth`` file as arrays.

    Parameters
    ----------
    path : str or Path
        A ``state_dict()``, or mappings with some of them, that ``torch.save`` has
        written; with version 1.6 or later, or in the older format.

    Returns
    -------
    dict of str to ndarray
        Arrays by name, read-only; float32 where the file has half precision. A mapping
        within the file's is such a dict of its own, to be picked by its name. All else
        is left out: what is neither tensor nor mapping, or has a number for a name.

    Raises
    ------
    FileNotFoundError
        If it is missing.
    WeightsError
        If it is damaged, or holds objects that only code of their own can build.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    try:
        with path.open("rb") as file:
            zipped = file.read(4) == b"PK\x03\x04"
        found, numbers = _read_zip(path) if zipped else _read_older(path)
        if not isinstance(found, dict):
            raise ValueError("it holds no tensors by name")
        return _with_arrays(found, numbers, {})
    except _RefusedError as refused:
        raise WeightsError(
            f"{path} holds more than tensors ({refused}), which would have to be built "
            "by code of its own: save the network's state_dict() instead.") from None
    except Exception as error:  # what can be wrong in a pickle has no end
        reason = str(error)
        if len(reason) > 80:  # Python may quote half of the file
            reason = type(error).__name__
        raise WeightsError(f"{path} is damaged, or torch.save has not written it "
                           f"({reason}).") from error


class _RefusedError(Exception):
    """A function or class that is none of those that make tensors."""


class _Storage(NamedTuple):
    key: str
    kind: str
    count: int


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    size: tuple
    stride: tuple


class _Names(dict):
    """Stands for the OrderedDict of a state_dict."""

    def __setstate__(self, state):
        """Leave out what PyTorch notes about the versions of its layers."""


def _tensor(storage, offset, size, stride, *_):
    # Whole numbers: the product with a tuple would be a tuple of any length.
    return _Tensor(storage, offset, tuple(map(index, size)), tuple(map(index, stride)))


def _parameter(tensor, *_):
    return tensor


_KNOWN = {("collections", "OrderedDict"): _Names,
          ("torch", "Size"): tuple,
          ("torch._utils", "_rebuild_tensor"): _tensor,
          ("torch._utils", "_rebuild_tensor_v2"): _tensor,
          ("torch._utils", "_rebuild_parameter"): _parameter,
          **{("torch", name): kind for name, kind in _TYPES.items()}}


class _Reader(pickle.Unpickler):
    """Unpickles tensors as `_Tensor`, whose `storages` are still to be read."""

    def __init__(self, pickled: bytes):
        super().__init__(io.BytesIO(pickled), encoding="utf-8")
        self.storages = {}

    def find_class(self, module, name):
        if (module, name) not in _KNOWN:
            raise _RefusedError(f"{module}.{name}")
        known = _KNOWN[module, name]
        # A pickle may set attributes of a function: of one that is forgotten then.
        return (lambda *given: known(*given)) if known in (_tensor, _parameter) \
            else known

    def persistent_load(self, pid):
        what, kind, key, _, count, *view = pid
        # A key of tuples within each other would take for ever to be looked up.
        if (what != "storage" or kind not in _TYPES.values() or any(view)
                or not isinstance(key, str)):
            raise _RefusedError("a storage of an unknown kind")
        storage = _Storage(key, kind, count)
        if count < 0 or self.storages.setdefault(key, storage) != storage:
            raise ValueError("its pickle contradicts itself")
        return storage


def _unpickled(file):
    """Read the pickle at the file's position, and return what storages it names."""
    start = file.tell()
    for opcode, argument, _ in pickletools.genops(file):
        # Python makes room for as many objects as such a number says.
        if opcode.name.endswith("PUT") and argument > file.tell():
            raise ValueError("its pickle numbers more objects than it has")
    length = file.tell() - start
    file.seek(start)
    reader = _Reader(file.read(length))
    return reader.load(), reader.storages


def _read_zip(path):
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        if any(part.compress_type != zipfile.ZIP_STORED for part in parts) or sum(
                part.file_size for part in parts) > path.stat().st_size:
            raise ValueError("it is compressed, which torch.save does not do")
        names = archive.namelist()
        pickled, = (name for name in names if name.endswith("/data.pkl"))
        folder = pickled.removesuffix("data.pkl")
        order = f"{folder}byteorder"
        if order in names and archive.read(order) != b"little":
            raise ValueError("its numbers have another byte order")
        found, storages = _unpickled(io.BytesIO(archive.read(pickled)))
        return found, {
            key: _numbers(archive.read(f"{folder}data/{key}"), storage)
            for key, storage in storages.items()}


def _read_older(path):
    data = path.read_bytes()
    file = io.BytesIO(data)
    if _unpickled(file)[0] != _MAGIC:
        raise ValueError("it begins otherwise")
    _unpickled(file)  # the version of the format, the only one there was
    system, _ = _unpickled(file)
    if not system["little_endian"]:
        raise ValueError("its numbers have another byte order")
    found, storages = _unpickled(file)
    keys, _ = _unpickled(file)
    arrays = {}
    for key in keys:
        storage = storages[key]
        if int.from_bytes(file.read(8), "little") != storage.count:
            raise ValueError("its pickle contradicts itself")
        arrays[key] = _numbers(data, storage, file.tell())
        file.seek(storage.count * _stored(storage).itemsize, io.SEEK_CUR)
    return found, arrays


def _stored(storage):
    return np.dtype("<u2" if storage.kind == _BFLOAT16 else storage.kind)


def _numbers(data, storage, start=0):
    """Return the numbers of a storage, in the memory of the file where possible."""
    stored = _stored(storage)
    if start + storage.count * stored.itemsize > len(data):
        raise ValueError("it ends early")
    numbers = np.ndarray(storage.count, stored, data, start)
    if storage.kind == _BFLOAT16:  # the upper half of a float32
        numbers = (numbers.astype(np.uint32) << 16).view(np.float32)
    elif stored == np.float16:
        numbers = numbers.astype(np.float32)
    numbers.flags.writeable = False
    return numbers


def _with_arrays(found, numbers, done):
    """Put arrays in the place of tensors, once in a mapping, however often shared."""
    if id(found) not in done:
        done[id(found)] = arrays = {}
        named = {name: value for name, value in found.items() if isinstance(name, str)}
        for name, value in named.items():
            if isinstance(value, dict):
                arrays[name] = _with_arrays(value, numbers, done)
            elif isinstance(value, _Tensor):
                arrays[name] = _array(value, numbers[value.storage.key])
    return done[id(found)]


def _array(tensor, numbers):
    """Return a tensor as a view of its storage, of which it must not leave."""
    if prod(tensor.size) > numbers.size or min(tensor.stride, default=0) < 0:
        raise ValueError("a tensor is larger than its storage")
    return np.ndarray(tensor.size, numbers.dtype, numbers,
                      tensor.offset * numbers.itemsize,
                      [step * numbers.itemsize for step in tensor.stride])
