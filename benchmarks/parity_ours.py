"""This package's side of `parity.py`: results by name, to be compared with PyTorch's.

Names are ``kind/what/which``; `parity_rows` says how each kind is compared.
"""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

import gluon_pix2pix as g2p  # isort: skip  # first: it sets the threads of MXNet
import mxnet as mx
import numpy as np
import parity_cases as cases
from mxnet import autograd, nd
from mxnet.gluon import nn

from gluon_pix2pix import optimizers
from gluon_pix2pix.convert import load_torch
from gluon_pix2pix.instance_pooling import instance_mean
from gluon_pix2pix.losses import GANLoss, MultiscaleGANLoss, feature_matching, l1_loss
from gluon_pix2pix.perceptual import VGGLoss
from gluon_pix2pix.torch_names import weight_names


def results(width: int) -> dict[str, np.ndarray]:
    """Compute all results, with networks of so many channels behind the first layer."""
    found = {}
    for part in (forwards, pix2pix_step, cyclegan_step, hd_steps):
        found.update(part(width))
    for part in (losses, vgg_loss, adam, schedules, pool, pooling):
        found.update(part())
    return {name: value.asnumpy() if hasattr(value, "asnumpy") else np.asarray(value)
            for name, value in found.items()}


def filled(net, name: str):
    """Give a network the weights that belong to its name."""
    shapes = {key: param.shape for key, param in weight_names(net).items()}
    load_torch(net, cases.weights(name, shapes))
    return net


def forwards(width: int) -> dict:
    """Run the eight networks, those with batch norm in both modes."""
    x, pair, layers = (nd.array(cases.picture(name, channels)) for name, channels
                       in (("x", 3), ("pair", 6), ("layers", 5)))
    found = {}
    for net, seen in ((g2p.UnetGenerator(3, 5, width, use_dropout=False), x),
                      (g2p.Discriminator(6, width), pair),
                      (g2p.PixelDiscriminator(6, width), pair)):
        name = type(net).__name__
        filled(net, name).hybridize()
        found[f"forward/{name}/running statistics"] = net(seen)
        with autograd.train_mode():
            found[f"forward/{name}/own statistics"] = net(seen)
            nd.waitall()
    for net, seen in (
            (g2p.ResnetGenerator(3, ngf=width, n_blocks=2), x),
            (g2p.GlobalGenerator(5, ngf=width, n_downsampling=3, n_blocks=2), layers),
            (g2p.LocalEnhancer(5, ngf=width, n_downsampling=3, n_blocks=2), layers)):
        name = type(net).__name__
        filled(net, name).hybridize()
        found[f"forward/{name}/output"] = net(seen)
    encoder = filled(g2p.Encoder(ngf=width, n_downsampling=3), "Encoder")
    found["forward/Encoder/output"] = encoder(
        x, nd.array(cases.instances(), dtype="int32"))
    multiscale = g2p.MultiscaleDiscriminator(6, width, num_d=3)
    filled(multiscale, "MultiscaleDiscriminator").hybridize()
    for scale, activations in enumerate(multiscale(pair)):
        for number, activation in enumerate(activations):
            found[f"forward/MultiscaleDiscriminator/{scale}.{number}"] = activation
    return found


def pix2pix_step(width: int) -> dict:
    """Train pix2pix for a step without dropout."""
    model = g2p.Pix2Pix(g2p.Pix2PixConfig(size=cases.SQUARE, ngf=width, ndf=width,
                                          use_dropout=False), "cpu")
    nets = {"G": filled(model.netG, "pix2pix G"), "D": filled(model.netD, "pix2pix D")}
    real = (nd.array(cases.noise(name, 1, 3, cases.SQUARE, cases.SQUARE))
            for name in ("real_in", "real_out"))
    found = _step("pix2pix", nets, model.step(*real), ("loss_D", "loss_G"))
    for name, param in weight_names(model.netG).items():
        if name.endswith("running_mean"):
            found[f"statistics/running means/{name}"] = param.data()
        if name.endswith("running_var"):
            found[f"statistics/running variances/{name}"] = param.data()
    return found


def cyclegan_step(width: int) -> dict:
    """Train CycleGAN for a step; its histories give what they get."""
    model = g2p.CycleGAN(g2p.CycleGANConfig(size=cases.SQUARE, ngf=width, ndf=width),
                         "cpu")
    nets = {"G": model.netG, "F": model.netF, "D_A": model.netD_A, "D_B": model.netD_B}
    for name, net in nets.items():
        filled(net, f"CycleGAN {name}")
    real = (nd.array(cases.noise(name, 1, 3, cases.SQUARE, cases.SQUARE))
            for name in ("real_A", "real_B"))
    return _step("CycleGAN", nets, model.step(*real),
                 ("loss_G", "loss_D_A", "loss_D_B"))


def hd_steps(width: int) -> dict:
    """Train pix2pixHD for a step: as it is, with an encoder, and a local enhancer."""
    found = {}
    for name, options in {
            "pix2pixHD": {}, "pix2pixHD with encoder": {"features": "encoder"},
            "pix2pixHD, local enhancer": {"generator": "local"}}.items():
        model = g2p.Pix2PixHD(g2p.Pix2PixHDConfig(
            size=cases.WIDTH, ngf=width, ndf=width, nef=width, n_downsampling=2,
            n_downsampling_encoder=2, n_blocks=1, lambda_vgg=0.0, **options),
            "cpu")
        nets = {"G": model.netG, "D": model.netD}
        if model.netE:
            nets["E"] = model.netE
        for place, net in nets.items():
            filled(net, f"{name} {place}")
        told = model.step(nd.array(cases.labels(), dtype="int32"),
                          nd.array(cases.instances(1), dtype="int32"),
                          nd.array(cases.picture("photo")[:1]))
        found.update(_step(name, nets, told,
                           ("loss_D", "loss_G", "loss_gan", "loss_feat")))
    return found


def _step(model, nets, scalars, told):
    found = {f"step losses/{model}/{name}": scalars[name] for name in told}
    for place, net in nets.items():
        for name, param in weight_names(net).items():
            if param.grad_req != "null":
                found[f"gradients/{model}/{place}.{name}"] = param.grad()
                found[f"weights/{model}/{place}.{name}"] = param.data()
    return found


def losses() -> dict:
    """Compute the losses and their gradients."""
    logits = nd.array(cases.noise("logits", 2, 1, 6, 6, scale=20))
    fakes, reals = ([[nd.array(array) for array in scale]
                     for scale in cases.activations(name)] for name in ("fake", "real"))
    fake, real = (nd.array(cases.picture(name)) for name in ("fake", "real"))
    found = {}
    for target, kind in ((True, "real"), (False, "fake")):
        for name in ("bce", "lsgan"):
            gan = functools.partial(GANLoss(name), target_is_real=target)
            found.update(_loss(f"GAN {name}, {kind}", gan, logits))
        gan = functools.partial(MultiscaleGANLoss(), target_is_real=target)
        found.update(_loss(f"multiscale lsgan, {kind}", lambda *x, gan=gan:
                           gan([[logits] for logits in x]),
                           *(scale[-1] for scale in fakes)))
    count = len(fakes[0])
    found.update(_loss("feature matching", lambda *flat: feature_matching(
        [flat[:count], flat[count:]], reals), *(x for scale in fakes for x in scale)))
    found.update(_loss("L1", lambda x: l1_loss(x, real), fake))
    return found


def vgg_loss() -> dict:
    """Compute the distance between features of VGG19, with random weights."""
    fake, real = (nd.array(cases.picture(name)[:1]) for name in ("fake", "real"))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "vgg19.npz")
        np.savez(file, **cases.vgg_weights())
        distance = VGGLoss(file, "cpu")
    return _loss("VGG19", lambda x: distance(x, real), fake)


def _loss(name, function, *arrays):
    arrays = [array.copy() for array in arrays]
    for array in arrays:
        array.attach_grad()
    with autograd.record():
        value = function(*arrays)
    value.backward()
    gradients = [array.grad.reshape(-1) for array in arrays]
    return {f"loss/{name}/value": value,
            f"loss/{name}/gradient": nd.concat(*gradients, dim=0)}


def adam() -> dict:
    """Update weights by given gradients."""
    layer = nn.Dense(8, in_units=4, use_bias=False)
    layer.initialize()
    layer.weight.set_data(nd.array(cases.noise("weight", 8, 4)))
    trainer = optimizers.adam(layer, g2p.Pix2PixConfig(), mx.cpu())
    for step in range(10):
        with autograd.record():  # the Trainer wants gradients of a backward pass
            zero = 0 * layer(nd.zeros((1, 4))).sum()
        zero.backward()
        layer.weight.grad()[:] = nd.array(cases.noise(f"gradient {step}", 8, 4))
        trainer.step(1)
    return {"adam/10 steps/weight": layer.weight.data()}


def schedules() -> dict:
    """List the learning rates of all epochs."""
    found = {}
    for epochs, decay in cases.SCHEDULES:
        config = g2p.Pix2PixConfig(epochs=epochs, epochs_decay=decay)
        rates = [g2p.learning_rate(config, epoch)
                 for epoch in range(1, epochs + decay + 1)]
        found[f"schedule/pix2pix and CycleGAN/{epochs}+{decay}"] = rates
    rates = [g2p.learning_rate(g2p.Pix2PixHDConfig(), epoch) for epoch in range(1, 201)]
    found["schedule/pix2pixHD/100+100"] = rates
    return found


def pool() -> dict:
    """Ask a history of pictures; each picture is its number."""
    history = g2p.ImagePool(cases.POOL)
    given = [history.query(nd.full((1, 1, 1, 1), number)).asnumpy().item()
             for number in range(cases.QUERIES)]
    return {"pool/ImagePool/pictures": given}


def pooling() -> dict:
    """Average features over objects, and take the gradient back."""
    features = nd.array(cases.picture("features"))
    features.attach_grad()
    with autograd.record():
        means = instance_mean(features, nd.array(cases.instances(), dtype="int32"))
    means.backward(nd.array(cases.picture("gradient")))
    return {"pooling/instance_mean/value": means,
            "pooling/instance_mean/gradient": features.grad}
