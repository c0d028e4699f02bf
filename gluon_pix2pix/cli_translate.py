"""The command ``translate``."""

from __future__ import annotations

from pathlib import Path

from . import cli_translate_labels
from .cli_options import add_command, context_option
from .cli_pictures import given_pictures, output_files
from .config import DIRECTIONS

_FOR_PICTURES = ("direction", "half", "fit", "deterministic")


def add_commands(commands):
    parser = add_command(
        commands, "translate", _translate, help="translate your pictures",
        description="Translate pictures with a trained model. They need no partner\n"
        "and may have any size; what things look like, the model has learnt at the\n"
        "size it was trained on, and there it translates best.",
        epilog="examples:\n  gluon-pix2pix translate runs/demo my_labels.png\n"
        "  gluon-pix2pix translate runs/demo folder/ --output painted/\n"
        "  gluon-pix2pix translate runs/apple2orange orange.jpg --direction BtoA\n"
        "with a pix2pixHD:\n"
        "  gluon-pix2pix translate runs/streets labels/ --instances objects/\n"
        "  gluon-pix2pix translate runs/streets data/my_streets --split test --seed 3\n"
        "  gluon-pix2pix translate runs/streets labels/ --instances objects/ \\\n"
        "      --photos photos/ --width 2048")
    parser.add_argument("run", help="run folder or checkpoint")
    parser.add_argument("pictures", nargs="+", help="pictures, or folders of pictures")
    parser.add_argument("--output", default="translated", help="folder for the results "
                        "(default: %(default)s)")
    parser.add_argument("--overwrite", action="store_true",
                        help="replace results that exist already")
    parser.add_argument("--seed", type=int, help="of whatever is drawn: dropout, or "
                        "the looks of objects (default: 0)")
    context_option(parser)
    group = parser.add_argument_group("pix2pix and CycleGAN")
    group.add_argument("--direction", choices=DIRECTIONS, help="a CycleGAN "
                       "translates both ways (default: as its configuration says)")
    group.add_argument("--half", choices=["left", "right"], help="take this half of "
                       "paired pictures")
    group.add_argument("--fit", action="store_true", help="squeeze each picture into "
                       "the square of training, and stretch the result back: for "
                       "pictures much larger or of another shape than in training")
    group.add_argument("--deterministic", action="store_true", help="no dropout, "
                       "running statistics; by default it samples as the paper does")
    cli_translate_labels.add_options(parser)


def _translate(args):
    from .configs import read_config
    from .run_checkpoints import find_checkpoint

    checkpoint = find_checkpoint(args.run, whole=False)
    config = read_config(checkpoint / "config.json")
    if args.seed is not None and not 0 <= args.seed < 2**31:
        raise ValueError(f"--seed {args.seed} is not possible: name one from 0 to "
                         "2**31 - 1.")
    paints_labels = config.model == "pix2pixhd"
    for name in _FOR_PICTURES if paints_labels else cli_translate_labels.OPTIONS:
        given = getattr(args, name)
        if given is not None and given is not False:
            raise ValueError(f"{args.run} is a {config.model}, which has no use for "
                             f"--{name.replace('_', '-')}: leave it out.")
    if paints_labels:
        cli_translate_labels.translate_labels(args, checkpoint, config)
    else:
        _translate_pictures(args, checkpoint)


def _translate_pictures(args, checkpoint):
    from mxnet import nd
    from tqdm.auto import tqdm

    from .generators import load_generator
    from .pictures import read_picture
    from .runtime import get_context, seed_everything
    from .transforms import resize, to_float
    from .translation import translate
    from .viz import save_picture, to_image

    paths = given_pictures(args.pictures)
    targets = output_files(paths, (path.stem for path in paths), args.output,
                           args.overwrite)
    ctx = get_context(args.context)
    netG = load_generator(checkpoint, ctx, args.direction)
    seed_everything(args.seed or 0)
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
