"""What several commands share: how they are added, and options worded once."""

from __future__ import annotations

import argparse


def add_command(commands, name, function, **texts) -> argparse.ArgumentParser:
    """Add a command that calls ``function(args)``; return its parser for options."""
    parser = commands.add_parser(
        name, formatter_class=argparse.RawDescriptionHelpFormatter, **texts)
    parser.set_defaults(command=function)
    return parser


def root_option(parser):
    parser.add_argument("--root", default="data", help="folder of the data sets "
                        "(default: %(default)s)")


def source_option(parser):
    parser.add_argument("--source", help="a URL, local archive or folder to take it "
                        "from instead of the public host")


def context_option(parser):
    parser.add_argument("--context", default=None, help="auto, cpu or gpu (default: "
                        "PIX2PIX_CONTEXT, else auto)")
