"""The command ``runs``."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from .cli_options import add_command

_HEAD = ("run", "model", "data", "state", "epoch", "val L1", "best", "size")


def add_commands(commands):
    parser = add_command(
        commands, "runs", _runs, help="list what was trained, and draw it again",
        description="List run folders: how far each has come, its distance on held-out "
        "pairs\n(val L1: last, and best with its epoch; of a CycleGAN how far pictures "
        "are from\nthemselves after there and back), its size on disk. What is damaged "
        "or no run is\nnamed below. Nothing is changed, and a training that is running "
        "is not disturbed.",
        epilog="examples:\n  gluon-pix2pix runs\n"
        "  gluon-pix2pix runs runs/facades            one run, with all its figures\n"
        "  gluon-pix2pix runs runs/facades --redraw   losses.png and samples.png anew\n"
        "  gluon-pix2pix runs --json                  for a program to read\n"
        "An interrupted run goes on with `gluon-pix2pix train --run RUN --resume`.")
    parser.add_argument("folder", nargs="?", default="runs", help="a run, or a folder "
                        "of runs (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print all that is known, "
                        "as a JSON list")
    parser.add_argument("--redraw", action="store_true", help="draw the curves and the "
                        "samples of one run again, from its folder alone")


def _runs(args):
    from .run_list import find_runs

    if args.redraw:
        import matplotlib

        matplotlib.use("Agg")  # pictures go to files, whatever screen there is
        from .run_plots import redraw

        print(*redraw(args.folder), sep="\n")
        return
    runs = find_runs(args.folder)
    if args.json:
        print(json.dumps([dataclasses.asdict(run) for run in runs], indent=2,
                         default=str))
        return
    listed = [run for run in runs if run.state != "no run"]
    print(_table(listed) if listed else f"No runs in {args.folder}.")
    if runs and runs[0].folder == Path(args.folder) and runs[0].last:
        print("", *(f"{name:<20} {value:.5g}" for name, value in runs[0].last.items()),
              sep="\n")
    problems = [problem for run in runs for problem in run.problems]
    if problems:
        print("", *problems, sep="\n")


def _table(runs):
    rows = [_HEAD, *map(_row, runs)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    rows.insert(1, tuple("-" * width for width in widths))
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _row(run):
    from .catalog import size_text

    best = run.best
    return (str(run.folder), run.model or "-", run.data or "-", run.state,
            f"{run.epoch} of {run.epochs}" if run.epochs else "-", _held_out(run.last),
            f"{best['val_l1']:.4f} in {best['epoch']}" if best else "-",
            size_text(run.bytes))


def _held_out(last):
    """Write the last distance on held-out pictures, with what it is of a CycleGAN."""
    if "val_l1" in last:
        return f"{last['val_l1']:.4f}"
    cycles = [last[name] for name in ("val_cycle_A", "val_cycle_B") if name in last]
    return f"{sum(cycles) / len(cycles):.4f} cycle" if cycles else "-"
