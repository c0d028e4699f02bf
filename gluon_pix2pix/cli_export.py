"""The command ``export``."""

from __future__ import annotations

from pathlib import Path

from .cli_options import add_command
from .config import DIRECTIONS

_OURS = {"MODEL_CARD.md", "translate_onnx.py",
         *(f"generator{way}{ending}" for way in ("", *(f"_{d}" for d in DIRECTIONS))
           for ending in (".onnx", "-symbol.json", "-0000.params", ".json"))}


def add_commands(commands):
    parser = add_command(
        commands, "export", _export, help="write a model for use without this package",
        description="Write the generator of a run as files that run elsewhere, with a\n"
        "model card that is filled from the run. ONNX files come with a script that\n"
        "translates pictures with numpy, Pillow and onnxruntime alone. All of it is\n"
        "run and compared with the model before it is left on disk.",
        epilog="examples:\n  gluon-pix2pix export runs/facades\n"
        "  gluon-pix2pix export runs/facades/checkpoints/epoch_0150 \\\n"
        "      --mode deterministic --output facades_onnx/\n"
        "  gluon-pix2pix export runs/apple2orange --direction BtoA\n"
        "  gluon-pix2pix export runs/facades --format symbol\n"
        "then, where no MXNet is:\n"
        "  python translate_onnx.py generator.onnx my_labels.png\n"
        "ONNX needs an extra: pip install -c constraints.txt -e \".[onnx]\"")
    parser.add_argument("run", help="run folder or checkpoint")
    parser.add_argument("--output", help="folder for the files (default: export/ in "
                        "the run folder)")
    parser.add_argument("--overwrite", action="store_true",
                        help="replace an earlier export in that folder")
    parser.add_argument("--format", choices=["onnx", "symbol"], default="onnx",
                        help="onnx, for onnxruntime and many others, or symbol, the "
                        "files of MXNet itself (default: %(default)s)")
    parser.add_argument("--mode", choices=["sample", "deterministic"], help="as "
                        "translate does it: with dropout and the statistics of each "
                        "picture, or, as with its --deterministic, neither (default: "
                        "sample); a symbol does both")
    parser.add_argument("--direction", choices=DIRECTIONS, help="only this one of a "
                        "CycleGAN's (default: both, a file each)")
    parser.add_argument("--tolerance", type=float, default=1e-4, help="largest "
                        "difference to allow, of values in [-1, 1] (default: "
                        "%(default)g)")


def _export(args):
    from . import durable, onnx_translate
    from .checkpoint import load_translating
    from .export import to_onnx, to_symbol
    from .model_card import NAME, dataset_of, model_card, script_options
    from .models import MODELS
    from .onnx_graphs import onnx_packages
    from .run_checkpoints import find_checkpoint, run_of

    # What can be wrong is found before anything takes its time.
    if args.format == "symbol" and args.mode:
        raise ValueError("A symbol samples or not as MXNet is told when it runs: leave "
                         "--mode out, or take --format onnx.")
    if args.format == "onnx":
        onnx_packages()
    checkpoint = find_checkpoint(args.run, whole=False)
    output = _place(args.output or run_of(checkpoint) / "export", args.overwrite)
    model = config, networks = load_translating(checkpoint, "cpu")
    dataset = dataset_of(checkpoint)
    ways = list(MODELS[config.model].generators(config, next(iter(networks.values()))))
    if args.direction and args.direction not in ways:
        raise ValueError(f"{args.run} holds a {config.model} that translates "
                         f"{' and '.join(ways)}, and not {args.direction}: leave "
                         "--direction out.")
    exported = []
    with durable.explained(output), durable.whole_folder(output) as folder:
        for way in [args.direction] if args.direction else ways:
            name = "generator" + f"_{way}" * (len(ways) > 1)
            options = {"dataset": dataset, "tolerance": args.tolerance}
            exported.append(
                to_symbol(model, folder / name, way, **options)
                if args.format == "symbol" else
                to_onnx(model, folder / f"{name}.onnx", way, args.mode or "sample",
                        **options))
        durable.write_text(folder / NAME, model_card(exported, config, checkpoint))
        if args.format == "onnx":
            source = Path(onnx_translate.__file__).read_text(encoding="utf-8")
            durable.write_text(folder / "translate_onnx.py", source)
    for each in exported:
        count = len(each.differences)
        print(f"{output / each.files[0].name}: {each.facts['direction']}, "
              f"{each.facts['mode']}; differs from the model by {each.difference:.1e} "
              f"at most, in {count} batches")
    print(output / NAME)
    if args.format == "onnx":
        print(f"\nNext     python {output / 'translate_onnx.py'} "
              f"{output / exported[0].files[0].name} PICTURE"
              f"{script_options(config)}")


def _place(folder, overwrite):
    """Refuse a folder where something would be lost."""
    from . import durable

    folder = Path(folder)
    if folder.is_file():
        raise FileExistsError(f"{folder} is a file: name a folder with --output.")
    if folder.is_dir():
        found = {path.name for path in folder.iterdir()}
        if found - _OURS:
            raise FileExistsError(
                f"{folder} holds {', '.join(sorted(found - _OURS)[:3])}, which is no "
                "part of an export and would be lost: name another --output.")
        if found and not overwrite:
            raise FileExistsError(f"{folder} holds an export already: name another "
                                  "--output, or add --overwrite.")
    durable.check_writable(folder)
    return folder
