"""What ``gluon-pix2pix doctor`` looks at: the findings, as plain data.

Nothing here imports MXNet, or anything else that might be missing: what MXNet does is
tried in a process of its own (`probe`), which may fail, hang or die and thereby becomes
a finding.
"""

from __future__ import annotations

import os

from . import computing, data, notebooks, versions
from .finding import Finding, as_text, attempt
from .probing import run_probe

__all__ = ["Finding", "as_text", "examine"]


def examine(root: str | os.PathLike = "data", runs: str | os.PathLike = "runs",
            online: bool = False) -> list[Finding]:
    """Look at all that the course needs, in about five seconds.

    Parameters
    ----------
    root : str or Path
        The folder of the data sets.
    runs : str or Path
        The folder of the trainings.
    online : bool
        Ask the hosts of the downloads whether they answer. Otherwise the network is
        left alone.

    Returns
    -------
    list of Finding
    """
    looked = data.look(root, runs, online)
    python, *_ = attempt("Python", versions.python)
    settings = attempt("setting", computing.settings)
    if python.state == "problem":  # what is installed for it is of no use
        return [python, *settings, *looked]
    numpy, *_ = attempt("NumPy", versions.numpy)
    findings = [python, numpy, *attempt("packages", versions.packages), *settings]
    if numpy.state == "problem":
        findings += attempt("MXNet", versions.mxnet_untried)
    else:
        findings += attempt("MXNet", _probed)
    return [*findings, *looked, *attempt("kernel", notebooks.kernel)]


def _probed():
    probed = run_probe()
    findings = [versions.mxnet(probed["import"])]
    if "error" not in probed["import"]:
        findings += computing.look(probed)
    return findings
