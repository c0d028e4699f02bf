"""Start the probe in a process of its own, and make sense of how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

TIMEOUT = 120  # seconds; far more than it takes
# What is said of the import must survive an import that fails. The package's folder
# comes last on the path: it may hold other packages, which shall not go before any.
_CODE = """
import json, sys
sys.path.append({folder!r})
print(json.dumps({{"stage": "import"}}), flush=True)
try:
    from gluon_pix2pix.doctor.probe import main
except Exception as error:
    told = str(error) if type(error) is ImportError else (
        f"{{type(error).__name__}}: {{error}}")
    print(json.dumps({{"stage": "import", "error": told}}))
else:
    main()
"""


def run_probe(timeout: float = TIMEOUT) -> dict[str, dict]:
    """Run all stages of the probe in a new process.

    Returns
    -------
    dict of str to dict
        What each stage said, by its name. A stage that failed, or in which the process
        ended, has ``error``; those after it are missing.
    """
    code = _CODE.format(folder=str(Path(__file__).resolve().parents[2]))
    try:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True,
                              timeout=timeout)
        end = _end(done)
    except subprocess.TimeoutExpired as expired:
        done, end = expired, f"it took more than {timeout:.0f} seconds"
    seen = {}
    for line in (done.stdout or b"").decode(errors="replace").splitlines():
        if line.startswith('{"stage"'):
            said = json.loads(line)
            seen[said.pop("stage")] = said
    for said in seen.values():
        if not said:  # begun and never finished
            said["error"] = end
    seen.setdefault("import", {"error": end})
    return seen


def _end(done):
    """Say how a process ended, with the last thing it told."""
    told = done.stderr.decode(errors="replace").strip().splitlines()
    last = f": {told[-1].strip()}" if told else ""
    if done.returncode >= 0:
        return f"the process ended with exit status {done.returncode}{last}"
    try:
        name = signal.Signals(-done.returncode).name
    except ValueError:
        name = f"signal {-done.returncode}"
    return f"the process was ended by {name}{last}"
