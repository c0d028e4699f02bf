"""The command line: parse, build a configuration, call what the notebooks call."""

from __future__ import annotations

import argparse
import os
import sys

from . import (
    cli_data,
    cli_doctor,
    cli_evaluate,
    cli_experiment,
    cli_export,
    cli_features,
    cli_runs,
    cli_train,
    cli_translate,
)
from .train_options import with_model
from .version import __version__


def main(argv: list[str] | None = None) -> int:
    """Run one command; return its exit status (0 well, 1 failed, 130 interrupted)."""
    parser = build_parser()
    args = parser.parse_args(with_model(sys.argv[1:] if argv is None else argv))
    if "command" not in args:
        parser.print_help()
        return 0
    try:
        return args.command(args) or 0
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    except (ValueError, OSError, RuntimeError, ImportError) as error:
        if os.environ.get("PIX2PIX_DEBUG"):
            raise
        print(f"gluon-pix2pix: {error}", file=sys.stderr)
        return 1


def build_parser() -> argparse.ArgumentParser:
    """Describe all commands and their options."""
    parser = argparse.ArgumentParser(
        prog="gluon-pix2pix",
        description="Image-to-image translation: get data, train, translate.",
        epilog="Start with `gluon-pix2pix train pix2pix`: it draws little houses and "
        "learns to paint them within minutes on two CPU cores. Set PIX2PIX_DEBUG=1 to "
        "see the whole traceback of an error.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for module in (cli_data, cli_train, cli_translate, cli_features, cli_evaluate,
                   cli_experiment, cli_export, cli_runs, cli_doctor):
        module.add_commands(commands)
    return parser
