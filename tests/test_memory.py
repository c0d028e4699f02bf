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


def test_other_errors_of_mxnet_stay_as_they_are():
    with pytest.raises(MXNetError, match="shapes"), memory_explained(Progress()):
        raise MXNetError("inconsistent shapes")
