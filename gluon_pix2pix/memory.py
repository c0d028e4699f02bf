"""What to say when the memory is too small."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator

from mxnet.base import MXNetError

from .failures import OutOfMemoryError
from .progress import Progress

# As MXNet, CUDA, cuDNN, oneDNN and the C++ library say it.
_SIGNS = re.compile(r"out of memory|failed to allocate|bad_alloc|ALLOC_FAILED"
                    r"|could not (?:create|allocate) a? ?memory", re.IGNORECASE)


@contextlib.contextmanager
def memory_explained(progress: Progress) -> Iterator[None]:
    """Turn an error about memory into a sentence that says what to lower.

    Parameters
    ----------
    progress : Progress
        Where the training is.

    Raises
    ------
    OutOfMemoryError
        In place of a MemoryError, or one of MXNet's that means the same.
    """
    try:
        yield
    except (MemoryError, MXNetError) as error:
        if isinstance(error, MXNetError) and not _SIGNS.search(str(error)):
            raise
        asked = re.search(r"allocate ([\w.]+ ?(?:bytes|[kMG]i?B))", str(error))
        wanted = f", which asked for {asked[1]}" if asked else ""
        raise OutOfMemoryError(
            f"The memory is too small: it ran out at step {max(1, progress.iteration)} "
            f"or just after{wanted}{_used()}. Lower batch_size, size, or ngf and ndf, "
            "or close other programs that compute.") from error


def _used():
    try:
        import resource
    except ImportError:  # Windows
        return ""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak *= 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux KiB
    return f" (the process held up to {peak / 1e9:.1f} GB)"
