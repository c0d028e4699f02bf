from types import SimpleNamespace

import pytest
from mxnet.base import MXNetError

from gluon_pix2pix.failures import OutOfMemoryError
from gluon_pix2pix.memory import memory_explained
from gluon_pix2pix.progress import Progress


@pytest.mark.parametrize(("error", "message"), [
    (MXNetError("File ...\nMXNetError: Failed to allocate CPU Memory"), "at step 7 or"),
    (MXNetError("cudaMalloc retry failed: out of memory"), "Lower batch_size, size"),
    (MXNetError("std::bad_alloc"), r"the process held up to [\d.]+ GB"),
    (MemoryError("Unable to allocate 3.00 GiB for an array"), "asked for 3.00 GiB"),
])
def test_memory_that_is_too_small_is_told_with_what_to_lower(error, message):
    with pytest.raises(OutOfMemoryError, match=message), \
            memory_explained(Progress(iteration=7)):
        raise error


@pytest.mark.parametrize(("platform", "text"), [("linux", "2.0 GB"),
                                                ("darwin", "0.0 GB")])
def test_macos_counts_bytes_and_linux_kibibytes(monkeypatch, platform, text):
    import resource

    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(resource, "getrusage",
                        lambda who: SimpleNamespace(ru_maxrss=2 * 10**9 // 1024))
    with pytest.raises(OutOfMemoryError, match=text), memory_explained(Progress()):
        raise MemoryError


def test_other_errors_of_mxnet_stay_as_they_are():
    with pytest.raises(MXNetError, match="shapes"), memory_explained(Progress()):
        raise MXNetError("inconsistent shapes")
