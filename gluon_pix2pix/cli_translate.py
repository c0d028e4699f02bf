"""The command ``translate``."""

from __future__ import annotations

from pathlib import Path

from .cli_options import add_command, context_option
from .config import DIRECTIONS


def add_commands(commands):
    parser = add_command(
        commands, "translate", _translate, help="translate your pictures",
        description="Translate pictures with a trained model. They need no partner\n"
        "and may have any size; what things look like, the model has learnt at the\n"
        "size it was trained on, and there it translates best.",
        epilog="examples:\n  gluon-pix2pix translate runs/demo my_labels.png\n"
        "  gluon-pix2pix translate runs/demo folder/ --output painted/\n"
        "  gluon-pix2pix translate runs/apple2orange orange.jpg --direction BtoA")
    parser.add_argument("run", help="run folder or checkpoint")
    parser.add_argument("pictures", nargs="+", help="pictures, or folders of pictures")
    parser.add_argument("--output", default="translated", help="folder for the results "
                        "(default: %(default)s)")
    parser.add_argument("--direction", choices=DIRECTIONS, help="a CycleGAN "
                        "translates both ways (default: as its configuration says)")
    parser.add_argument("--half", choices=["left", "right"], help="take this half of "
                        "paired pictures")
    parser.add_argument("--fit", action="store_true", help="squeeze each picture into "
                        "the square of training, and stretch the result back: for "
                        "pictures much larger or of another shape than in training")
    parser.add_argument("--deterministic", action="store_true", help="no dropout, "
                        "running statistics; by default it samples as the paper does")
    parser.add_argument("--seed", type=int, default=0, help="of the dropout (default: "
                        "%(default)s)")
    parser.add_argument("--overwrite", action="store_true",
                        help="replace results that exist already")
    context_option(parser)


def _translate(args):
    from mxnet import nd
    from tqdm.auto import tqdm

    from .checkpoint import load_generator
    from .pictures import list_pictures, read_picture
    from .run_checkpoints import find_checkpoint
    from .runtime import get_context, seed_everything
    from .transforms import resize, to_float
    from .translation import translate
    from .viz import save_picture, to_image

    checkpoint = find_checkpoint(args.run, whole=False)
    paths = [path for given in map(Path, args.pictures)
             for path in (list_pictures(given) if given.is_dir() else [given])]
    for path in paths:
        if not path.is_file():
            raise FileNotFoundError(f"There is no picture or folder {path}.")
    targets = [Path(args.output) / f"{path.stem}.png" for path in paths]
    taken = {target for target in targets if targets.count(target) > 1}
    if taken:
        raise ValueError(
            f"Several pictures would become {min(taken)}: translate them one folder at "
            "a time, with different --output.")
    sources = {path.resolve() for path in paths}
    replaced = [target for target in targets if target.resolve() in sources]
    if replaced:
        raise ValueError(
            f"The translation of {replaced[0]} would replace the picture itself: name "
            "another --output.")
    existing = [target for target in targets if target.exists()]
    if existing and not args.overwrite:
        raise FileExistsError(
            f"{existing[0]} exists already: name another --output, or add --overwrite.")
    ctx = get_context(args.context)
    netG = load_generator(checkpoint, ctx, args.direction)
    seed_everything(args.seed)
    Path(args.output).mkdir(parents=True, exist_ok=True)
    bar = tqdm(paths, unit="picture", disable=len(paths) < 3)
    for path, target in zip(bar, targets):
        picture = read_picture(path, netG.in_channels)
        height, width = picture.shape[:2]
        if width == 2 * height and not args.half:
            bar.write(f"{path} looks like a pair: to translate one half of it, add "
                      "--half left or --half right.")
        if args.half:
            middle = width // 2
            left, right = picture[:, :middle], picture[:, width - middle:]
            picture = left if args.half == "left" else right
        height, width = picture.shape[:2]
        if args.fit:
            picture = resize(picture, netG.config.size, netG.config.size)
        real_in = nd.array(to_float(picture)[None], ctx=ctx)
        fake_out = translate(netG, real_in, sample=not args.deterministic)
        result = to_image(fake_out)
        save_picture(resize(result, width, height) if args.fit else result, target)
    print(targets[0] if len(paths) == 1 else f"{len(paths)} pictures in {args.output}")
