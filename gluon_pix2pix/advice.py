"""What to say of a training's troubles, and what is left to try, in each model."""

from __future__ import annotations

_SEEN = {
    "pix2pix": {
        "discriminator won":
            "The discriminator has won: over {steps} steps it told {accuracy:.1f} % of "
            "the patches apart, and the generator's adversarial loss climbs "
            "({older:.1f} to {newer:.1f}).",
        "one picture":
            "The generator returns nearly one picture, whatever the input: what it "
            "paints varies by {share:.0f} % of what the targets do."},
    "cyclegan": {
        "discriminator won":
            "The discriminator of {domain} has won: over {steps} steps it told "
            "{accuracy:.1f} % of the patches apart, and the adversarial loss of "
            "{generator} climbs ({older:.2f} to {newer:.2f}).",
        "one picture":
            "A generator returns nearly one picture, whatever the input: what it "
            "paints varies by {share:.0f} % of what real pictures do."},
    "pix2pixhd": {
        "discriminator won":
            "The discriminators have won: over {steps} steps they told {accuracy:.1f} "
            "% of the patches apart, and the generator's adversarial loss climbs "
            "({older:.2f} to {newer:.2f}).",
        "one picture":
            "The generator paints nearly one picture, whatever the labels: what it "
            "paints varies by {share:.0f} % of what photos do."},
}


def seen(kind: str, config, **figures: float | str) -> str:
    """Say what is seen of a trouble, with its figures and names."""
    return _SEEN[config.model][kind].format(**figures)


def remedy(kind: str, config) -> str:
    """Say what is left to try with this configuration."""
    advice, tries = _REMEDIES[config.model](kind, config)
    return f"{advice}{', '.join(tries[:-1])} or {tries[-1]}."


def _pix2pix(kind, config):
    tries = []
    if config.lambda_l1 < 100 * config.lambda_gan:
        tries.append("lambda_l1 at 100 times lambda_gan, as in the paper")
    if kind == "one picture":
        return ("Look at a batch: are both halves partners, and is the direction "
                "right? If so, try "), [*tries, "a lower lr", "another seed"]
    if config.lambda_l1 == 100 * config.lambda_gan:
        tries.append("a smaller lambda_gan, so that L1 leads")
    elif not tries:
        tries.append("a larger lambda_gan, for the generator hardly answers it")
    tries += [*_weaker_discriminator(config),
              "more pairs, which it cannot learn by heart"]
    if not config.lambda_l1:
        return "Nothing else teaches the generator. Try ", tries
    return ("L1 teaches on, so look at the samples. If they get no better, try ", tries)


def _cyclegan(kind, config):
    tries = []
    if config.lambda_cycle < 10:
        tries.append("lambda_cycle at 10, as in the paper")
    if kind == "one picture":
        return ("Look at a batch: does each domain show many things? If so, try ",
                [*tries, "a lower lr", "another seed"])
    return ("The samples tell whether the generators still learn. If they get no "
            "better, try "), [*tries, *_weaker_discriminator(config),
                              "more pictures, which they cannot learn by heart"]


def _pix2pixhd(kind, config):
    tries = []
    if config.lambda_feat < 10:
        tries.append("lambda_feat at 10, as in the paper")
    if kind == "one picture":
        return ("Look at a batch: do labels and photos show the same scenes? If so, "
                "try "), [*tries, "a lower lr", "another seed"]
    tries += [*_weaker_discriminator(config),
              "more photos, which they cannot learn by heart"]
    if not (config.lambda_feat or config.lambda_vgg):
        return "Nothing else teaches the generator. Try ", tries
    return ("The distances of features teach on, so look at the samples. If they get "
            "no better, try "), tries


def _weaker_discriminator(config):
    tries = ["a smaller discriminator (ndf)"]
    if not config.pool_size:
        tries.append("a history of fakes (pool_size=50)")
    return [*tries, "a lower lr"]


_REMEDIES = {"pix2pix": _pix2pix, "cyclegan": _cyclegan, "pix2pixhd": _pix2pixhd}
