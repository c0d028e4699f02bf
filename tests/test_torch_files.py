"""Files of PyTorch, read without it: real ones, broken ones, hostile ones."""

import pickle
import struct
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from gluon_pix2pix import torch_files
from gluon_pix2pix.failures import WeightsError
from gluon_pix2pix.torch_files import read_torch

# torch.save(state, path) of PyTorch 2.13, and the same with the option
# _use_new_zipfile_serialization=False, where state is, with a = torch.arange:
# {"net": OrderedDict(
#      weight=a(24.).reshape(2, 3, 2, 2).to(memory_format=torch.channels_last),
#      half=a(6).half() / 4, bfloat16=a(6).bfloat16() / 4, double=a(3).double(),
#      row=a(12.).reshape(3, 4)[1], parameter=torch.nn.Parameter(torch.ones(2)),
#      none=torch.zeros(0, 3), count=torch.tensor(7),
#      byte=torch.tensor([1], dtype=torch.uint8), flag=torch.tensor([True, False])),
#  "epoch": 3, "nested": {"row": the same row, "lists": [1, 2]}}
REAL = [Path(__file__).with_name(f"torch_{name}.pth") for name in ("zip", "older")]
QUARTERS = np.arange(6, dtype=np.float32) / 4
ROW = np.arange(4, 8, dtype=np.float32)
STATE = {"weight": np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2),
         "half": QUARTERS, "bfloat16": QUARTERS, "double": np.arange(3.0), "row": ROW,
         "parameter": np.ones(2, np.float32), "none": np.zeros((0, 3), np.float32),
         "count": np.array(7), "byte": np.array([1], np.uint8),
         "flag": np.array([True, False])}


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_files_of_pytorch_are_read(path):
    found = read_torch(path)
    assert set(found) == {"net", "nested"} and set(found["net"]) == set(STATE)
    for name, wanted in STATE.items():
        array = found["net"][name]
        assert array.dtype == wanted.dtype and not array.flags.writeable, name
        np.testing.assert_array_equal(array, wanted, name)
    assert set(found["nested"]) == {"row"}
    np.testing.assert_array_equal(found["nested"]["row"], ROW)


def test_pytorch_is_not_needed():
    read_torch(REAL[0])
    assert "torch" not in sys.modules


# What a pickle may say, as bytes ------------------------------------------------------


def plain(value):
    """A number, a text, or a tuple or dict of such."""
    return pickle.dumps(value, 2)[2:-1]


def named(module, name):
    return f"c{module}\n{name}\n".encode()


def called(function, *arguments):
    return function + b"(" + b"".join(arguments) + b"tR"


def storage(kind=b"ctorch\nFloatStorage\n", key="0", count=4, *more):
    return b"".join([b"(", plain("storage"), kind, plain(key), plain("cpu"),
                     plain(count), *map(plain, more), b"tQ"])


def tensor(offset=0, size=(4,), stride=(1,), of=None, hooks=b"N",
           rebuild="_rebuild_tensor_v2"):
    more = [b"\x89", hooks] if rebuild.endswith("2") else []
    return called(named("torch._utils", rebuild), of or storage(), plain(offset),
                  plain(size), plain(stride), *more)


def mapping(**values):
    items = b"".join(plain(name) + value for name, value in values.items())
    return b"}(" + items + b"u"


FOUR = np.arange(4, dtype="<f4").tobytes()


@pytest.fixture
def zipped(tmp_path):
    """Return a function that writes a pickle and a storage as PyTorch does."""

    def write(pickled, numbers=FOUR, compression=zipfile.ZIP_STORED, **more):
        path = tmp_path / "net.pth"
        with zipfile.ZipFile(path, "w", compression) as archive:
            archive.writestr("net/data.pkl", b"\x80\x02" + pickled + b".")
            archive.writestr("net/data/0", numbers)
            for name, content in more.items():
                archive.writestr(f"net/{name}", content)
        return path

    return write


def older(pickled, numbers=FOUR, magic=0x1950A86A20F9469CFC6C, count=4):
    parts = (magic, 1001, {"little_endian": True})
    return b"".join([*(pickle.dumps(part, 2) for part in parts),
                     b"\x80\x02" + pickled + b".", pickle.dumps(["0"], 2),
                     struct.pack("<q", count), numbers])


def test_a_file_put_together_by_hand_is_read(zipped):
    found = read_torch(zipped(mapping(weight=tensor(1, (3,)), one=tensor(2, (), ()),
                                      square=tensor(0, (2, 2), (1, 2)))))
    np.testing.assert_array_equal(found["weight"], [1, 2, 3])
    np.testing.assert_array_equal(found["one"], 2)
    np.testing.assert_array_equal(found["square"], [[0, 2], [1, 3]])


def test_what_versions_before_0_4_wrote_is_read(tmp_path):
    size = called(named("torch", "Size"), plain((2, 2)))
    built = called(named("torch._utils", "_rebuild_tensor"),
                   storage(b"ctorch\nFloatStorage\n", "0", 4, None), plain(0), size,
                   plain((2, 1)))
    # Python 2 hands an OrderedDict its items as a list of lists.
    names = called(named("collections", "OrderedDict"),
                   b"](](U\x06weight" + built + b"ee")
    path = tmp_path / "net.pth"
    path.write_bytes(older(names))
    np.testing.assert_array_equal(read_torch(path)["weight"], [[0, 1], [2, 3]])


def test_tensors_of_one_storage_share_its_memory(zipped):
    found = read_torch(zipped(mapping(a=tensor(), b=tensor(2, (2,)))))
    assert np.shares_memory(found["a"], found["b"])


# What is refused ----------------------------------------------------------------------

OBJECTS = {
    "a command": (called(named("os", "system"), plain("echo > hacked")), "os.system"),
    "code": (called(named("builtins", "eval"), plain("1")), "builtins.eval"),
    "an attribute": (called(named("builtins", "getattr"), plain(1), plain("real")),
                     "builtins.getattr"),
    "a network": (named("networks", "UnetGenerator") + b")\x81", "networks.UnetGen"),
    "another rebuilding": (tensor(rebuild="_rebuild_sparse_tensor"), "sparse_tensor"),
    "loading within": (called(named("torch.storage", "_load_from_bytes"), plain("")),
                       "_load_from_bytes"),
    "an unknown storage": (tensor(of=storage(b"ctorch\nUntypedStorage\n")), "Untyped"),
    "another persistent thing": (plain(("module", "f4", "0", "cpu", 4)) + b"Q",
                                 "a storage of an unknown kind"),
    "a storage named by no text": (
        tensor(of=b"(" + plain("storage") + b"ctorch\nFloatStorage\n" + b")"
               + b"2\x86" * 60 + plain("cpu") + plain(4) + b"tQ"), "an unknown kind"),
    "a view of a storage": (tensor(of=storage(b"ctorch\nFloatStorage\n", "0", 4,
                                              ("1", 0, 2))), "an unknown kind"),
}


@pytest.mark.parametrize("what", OBJECTS)
def test_no_code_of_a_file_runs(zipped, what, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pickled, told = OBJECTS[what]
    for path in (zipped(mapping(weight=pickled)), tmp_path / "older.pth"):
        if path.name == "older.pth":
            path.write_bytes(older(mapping(weight=pickled)))
        with pytest.raises(WeightsError, match=f"holds more than tensors .*{told}"):
            read_torch(path)
    assert not (tmp_path / "hacked").exists()


MANY = 2**40
WRONG = {
    "a huge tensor of one number": tensor(0, (MANY,), (0,)),
    "more numbers than there are": tensor(0, (5,)),
    "an offset beyond the end": tensor(1, (4,)),
    "a stride beyond the end": tensor(0, (2,), (4,)),
    "a negative stride": tensor(3, (4,), (-1,)),
    "a negative offset": tensor(-1, (2,)),
    "a negative size": tensor(0, (-1,)),
    "a size of text": tensor(0, ("a",)),
    "too few strides": tensor(0, (2, 2), (1,)),
    "40 dimensions": tensor(0, (1,) * 40, (1,) * 40),
    "a storage larger than its bytes": tensor(of=storage(count=MANY)),
    "a storage of -1 numbers": tensor(of=storage(count=-1)),
    "a storage of no number": tensor(of=storage(count="4")),
    "a storage that is not there": tensor(of=storage(key="1")),
    "a storage that is elsewhere": tensor(of=storage(key="../../data/0")),
    "a storage of two types": tensor() + b"0" + tensor(
        of=storage(b"ctorch\nDoubleStorage\n")),
    "a tensor without a storage": tensor(of=plain(4)),
    # Python's own reader makes room for 2**32 objects at once: 64 GB.
    "the place of an object that is never there": b"Nr\xf0\xff\xff\xff",
    "a text of 4 GB that is not there": b"X\xff\xff\xff\xff",
    "bytes of 2**60 that are not there": b"\x8e" + struct.pack("<Q", 2**60),
    "a changed storage type": named("torch", "FloatStorage") + b"}b",
    "a changed tensor": tensor() + mapping(x=plain(1)) + b"b",
    "100,000 tuples within each other": b")" + b"\x85" * 100_000,
    "an object of the register": b"\x82\x01",
    "nothing": b"",
}


@pytest.mark.parametrize("what", WRONG)
def test_pickles_that_contradict_themselves_are_refused(zipped, what):
    if what.startswith("100,000"):
        read_torch(zipped(mapping(weight=WRONG[what])))  # it is left out, and that's it
        return
    with pytest.raises(WeightsError, match="is damaged, or torch.save has not written"):
        read_torch(zipped(mapping(weight=WRONG[what])))


def test_a_file_leaves_nothing_behind(zipped):
    function = named("torch._utils", "_rebuild_tensor_v2")
    state = b"N" + mapping(__defaults__=plain((1, 2)), hacked=plain(1)) + b"\x86b"
    found = read_torch(zipped(mapping(weight=tensor(), changed=function + state)))
    assert set(found) == {"weight"}
    assert torch_files._tensor.__defaults__ is None
    assert not vars(torch_files._tensor)


def test_sizes_are_numbers(zipped):
    with pytest.raises(WeightsError, match="interpreted as an integer"):
        read_torch(zipped(mapping(weight=tensor(0, (2**20, (1,)), (1, 1)))))


def test_mappings_within_themselves_take_no_longer(zipped):
    doubled = b"}q\x01"  # a mapping that holds the one before twice, 60 times
    for n in range(60):
        shared = bytes([n + 1])
        doubled += (b"0}q" + bytes([n + 2]) + plain("a") + b"h" + shared + b"s"
                    + plain("b") + b"h" + shared + b"s")
    found = read_torch(zipped(doubled))
    assert found["a"] is found["b"]
    itself = read_torch(zipped(b"}q\x01" + plain("self") + b"h\x01s"))
    assert itself["self"] is itself


def test_only_tensors_with_names_are_returned(zipped):
    seven = b"K\x07" + tensor() + b"s"
    state = read_torch(zipped(mapping(a=tensor(), b=mapping(c=tensor()) + seven,
                                      d=plain(3), e=b"]" + tensor() + b"a")))
    assert set(state) == {"a", "b"} and set(state["b"]) == {"c"}


def test_archives_that_torch_does_not_write_are_refused(zipped, tmp_path):
    bomb = zipped(mapping(weight=tensor()), bytes(10**6), zipfile.ZIP_DEFLATED)
    with pytest.raises(WeightsError, match="compressed"):
        read_torch(bomb)
    with pytest.raises(WeightsError, match="byte order"):
        read_torch(zipped(mapping(weight=tensor()), byteorder="big"))
    with pytest.raises(WeightsError, match="no tensors by name"):
        read_torch(zipped(tensor()))
    with zipfile.ZipFile(tmp_path / "other.pth", "w") as archive:
        archive.writestr("picture.png", b"")
    with pytest.raises(WeightsError, match=r"other.pth is damaged"):
        read_torch(tmp_path / "other.pth")


def test_older_files_that_contradict_themselves_are_refused(tmp_path):
    path, pickled = tmp_path / "net.pth", mapping(weight=tensor())
    path.write_bytes(older(pickled))
    np.testing.assert_array_equal(read_torch(path)["weight"], range(4))
    for broken in (older(pickled, magic=1), older(pickled, count=3),
                   older(pickled, count=MANY), older(pickled, FOUR[:-1]),
                   older(mapping(weight=tensor(of=storage(key="1")))), b"",
                   b"\x89PNG\r\n\x1a\n", pickle.dumps({"weight": 1})):
        path.write_bytes(broken)
        with pytest.raises(WeightsError, match=r"net.pth is damaged, or torch.save"):
            read_torch(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no file .*net.pth"):
        read_torch(tmp_path / "net.pth")
    with pytest.raises(FileNotFoundError, match="There is no file"):
        read_torch(tmp_path)


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_every_truncated_file_is_refused(path, tmp_path):
    whole, cut = path.read_bytes(), tmp_path / "cut.pth"
    for length in range(0, len(whole), 7):
        cut.write_bytes(whole[:length])
        with pytest.raises(WeightsError, match=r"cut.pth is damaged"):
            read_torch(cut)


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(path, tmp_path):
    whole, rng = np.fromfile(path, np.uint8), np.random.default_rng(0)
    refused, damaged = 0, tmp_path / "damaged.pth"
    for _ in range(300):
        changed = whole.copy()
        places = rng.integers(0, len(whole), rng.integers(1, 4))
        changed[places] = rng.integers(0, 256, len(places))
        damaged.write_bytes(changed.tobytes())
        try:
            read_torch(damaged)
        except WeightsError as error:
            assert len(str(error)) < len(str(damaged)) + 200
            refused += 1
    assert refused > 50
