"""The command ``doctor``, which needs nothing but Python to run.

The package's ``__init__`` comes here, before it loads MXNet, in a process that was
started as ``gluon-pix2pix doctor``: where something is broken, nothing after that line
would be reached.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys

from .cli_options import add_command, root_option
from .version import __version__


def main() -> int:
    """Run ``doctor`` from this process's arguments; return its exit status."""
    parser = argparse.ArgumentParser(prog="gluon-pix2pix")
    add_commands(parser.add_subparsers())
    args = parser.parse_args()
    try:
        return args.command(args)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130


def add_commands(commands):
    parser = add_command(
        commands, "doctor", _doctor, help="find what is wrong with this installation",
        description="Look at versions, contexts, threads (measured), data and the "
        "notebooks' kernel,\nand say what to do about each finding: ok is fine, * can "
        "be better, !! does not work.\nExits with 1 if there is a !!.",
        epilog="examples:\n  gluon-pix2pix doctor\n"
        "  gluon-pix2pix doctor --online\n  python -m gluon_pix2pix doctor --json")
    root_option(parser)
    parser.add_argument("--online", action="store_true", help="ask the hosts of the "
                        "downloads whether they answer")
    parser.add_argument("--json", action="store_true",
                        help="print the findings as JSON")


def _doctor(args):
    from .doctor import as_text, examine

    findings = examine(args.root, online=args.online)
    well = all(finding.state != "problem" for finding in findings)
    if args.json:
        print(json.dumps({"version": __version__, "ok": well, "findings": [
            dataclasses.asdict(finding) for finding in findings]}, indent=2))
    else:
        print(f"gluon_pix2pix {__version__}\n\n{as_text(findings)}")
    return 0 if well else 1
