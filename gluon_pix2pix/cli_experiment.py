"""The command ``experiment``."""

from __future__ import annotations

from .cli_options import add_command, context_option, root_option
from .profiles import PROFILES, TOY_OF, current_profile


def add_commands(commands):
    parser = add_command(
        commands, "experiment", _experiment, help="find out what matters",
        description="Train a configuration and its variants with several seeds, score\n"
        "all on the same held-out pictures, and compare. Each training has a run\n"
        "folder; an interrupted experiment goes on with the same command.",
        epilog="examples:\n  gluon-pix2pix experiment\n"
        "  gluon-pix2pix experiment losses\n"
        "  gluon-pix2pix experiment patches --dataset facades --profile full\n"
        "Notebook 08 explains the experiments and their results.")
    parser.add_argument("name", nargs="?", help="which one (default: list them)")
    parser.add_argument("--dataset", help="a name or a folder of pairs, labels and "
                        "photos (default: toy_facades, with --profile full facades)")
    root_option(parser)
    parser.add_argument("--profile", choices=PROFILES,
                        help="smoke: seconds; lesson: minutes on two CPU cores; full: "
                        "the paper, for a GPU (default: PIX2PIX_PROFILE, else lesson)")
    parser.add_argument("--seeds", type=int, help="with how many seeds to train each "
                        "variant (default: the profile's)")
    parser.add_argument("--place", default="runs/what_matters", help="folder for the "
                        "run folders (default: %(default)s)")
    parser.add_argument("--overwrite", action="store_true", help="replace trainings "
                        "there with another configuration or other data")
    context_option(parser)


def _experiment(args):
    from .ablations import EXPERIMENTS, experiment

    if args.name is None:
        for name, question in EXPERIMENTS.items():
            print(f"{name:<12}{question}")
        return
    import matplotlib

    matplotlib.use("Agg")  # pictures go to files, whatever screen there is
    from pathlib import Path

    from .comparison import Comparison
    from .comparison_plots import comparison_grid, plot_comparison
    from .interruption import terminations_interrupt
    from .sources import default_direction, get_dataset
    from .viz import save_figure

    profile = current_profile(args.profile)
    name = args.dataset or ("facades" if profile == "full" else TOY_OF["facades"])
    asked = experiment(args.name, profile, args.seeds,
                       direction=default_direction(name, args.root))
    data = get_dataset(name, args.root, profile, size=asked.base.size)
    compared = Comparison(asked)
    folder = Path(args.place) / asked.name
    with terminations_interrupt():
        try:
            for result in asked.run(data, args.place, ctx=args.context,
                                    overwrite=args.overwrite):
                compared.add(result)
        finally:  # what is there by now, earlier seeds too
            if compared.results:
                Comparison(asked, asked.finished(data, args.place)).write(folder)
    figures = {"scores.png": plot_comparison(compared),
               "pictures.png": comparison_grid(compared, asked.held_out(data))}
    for file, figure in figures.items():
        save_figure(figure, folder / file)
    print(f"{compared}\n\nLook at  {folder}")
