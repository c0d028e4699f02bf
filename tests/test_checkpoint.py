import json
import os
import random
import shutil

import numpy as np
import pytest
from mxnet import nd

from gluon_pix2pix import (
    CycleGAN,
    Pix2Pix,
    durable,
    load_checkpoint,
    load_generator,
    save_checkpoint,
    seed_everything,
)
from gluon_pix2pix.checkpoint import (
    checkpoint_size,
    find_checkpoint,
    load_translating,
    parameter_arrays,
    restore,
)
from gluon_pix2pix.checkpoint_files import digest, read_arrays, verify
from gluon_pix2pix.failures import CheckpointError, RuinedError
from gluon_pix2pix.generators import load_generators
from gluon_pix2pix.optimizer_states import optimizer_arrays
from gluon_pix2pix.pix2pixhd import Pix2PixHD
from gluon_pix2pix.translation import translate


@pytest.fixture
def saved(model, batch, tmp_path):
    model.step(*batch)
    folder = tmp_path / "run" / "checkpoints" / "epoch_0001"
    return save_checkpoint(folder, model, epoch=1)


@pytest.fixture
def cycle(tiny_cycle, batch, tmp_path):
    """A CycleGAN that has learnt a little, and its checkpoint."""
    model = CycleGAN(tiny_cycle)
    for _ in range(3):  # more than its pools of 2 hold
        model.step(*batch)
    return model, save_checkpoint(tmp_path / "cycle" / "checkpoints" / "epoch_0001",
                                  model, epoch=1)


def test_loading_gives_the_same_networks(model, saved):
    other = load_checkpoint(saved)
    assert other.config == model.config
    for name, net in model.networks.items():
        arrays, loaded = parameter_arrays(net), parameter_arrays(other.networks[name])
        assert all((arrays[key] == loaded[key]).all() for key in arrays)


def test_translation_needs_only_generator_and_config(model, batch, saved, tmp_path):
    alone = tmp_path / "alone"
    alone.mkdir()
    for name in ("config.json", "generator.npz"):
        shutil.copy(saved / name, alone)
    netG = load_generator(alone)
    expected = model.translate(batch[0], sample=False).asnumpy()
    np.testing.assert_allclose(translate(netG, batch[0], sample=False).asnumpy(),
                               expected, atol=1e-6)


def test_a_cyclegan_translates_both_ways_from_its_generators_alone(
        cycle, batch, tmp_path):
    model, saved = cycle
    alone = tmp_path / "alone"
    alone.mkdir()
    for name in ("config.json", "generators.npz"):
        shutil.copy(saved / name, alone)
    for direction, net in load_generators(alone).items():
        expected = model.translate(batch[0], direction).asnumpy()
        for one in (net, load_generator(alone, direction=direction)):
            assert one.config == model.config
            np.testing.assert_allclose(translate(one, batch[0]).asnumpy(), expected,
                                       atol=1e-6)
    usual = translate(load_generator(alone), batch[0])
    np.testing.assert_allclose(
        usual.asnumpy(), model.translate(batch[0], "AtoB").asnumpy(), atol=1e-6)


@pytest.fixture
def painter(tiny_hd, tmp_path):
    """A pix2pixHD with an encoder that has learnt a little, and its checkpoint."""
    model = Pix2PixHD(tiny_hd)
    shape = (2, 1, 16, 32)
    scene = (nd.ones(shape), nd.ones(shape, dtype="int32"),
             nd.random.uniform(-1, 1, (2, 3, 16, 32)))
    model.step(*scene)
    return model, scene, save_checkpoint(tmp_path / "painter", model)


def test_three_networks_are_saved_and_go_on_as_they_were(painter):
    model, scene, folder = painter
    assert {path.name for path in folder.glob("*.npz")} == {"pools.npz", *(
        f"{of}{name}.npz" for name in ("generator", "discriminator", "encoder")
        for of in ("", "optimizer_"))}
    again = load_checkpoint(folder)
    for _ in range(2):
        assert {name: loss.asscalar() for name, loss in model.step(*scene).items()} == \
            {name: loss.asscalar() for name, loss in again.step(*scene).items()}


def test_generator_and_encoder_are_enough_to_paint(painter, tmp_path):
    model, (labels, instances, photo), folder = painter
    alone = tmp_path / "alone"
    alone.mkdir()
    for name in ("config.json", "generator.npz", "encoder.npz"):
        shutil.copy(folder / name, alone)
    config, networks = load_translating(alone)
    assert config == model.config and list(networks) == ["generator", "encoder"]
    looks = networks["encoder"](photo, instances)
    np.testing.assert_allclose(
        looks.asnumpy(), model.features_of(photo, instances).asnumpy(), atol=1e-5)
    netG = load_generator(alone)
    assert netG.config == config and netG.in_channels == config.generator_channels
    (alone / "encoder.npz").unlink()
    with pytest.raises(FileNotFoundError, match="encoder.npz"):
        load_translating(alone)


def test_a_damaged_encoder_is_noticed(painter):
    _, _, folder = painter
    content = bytearray((folder / "encoder.npz").read_bytes())
    content[-300] ^= 1
    (folder / "encoder.npz").write_bytes(content)
    for load in (load_checkpoint, load_translating):
        with pytest.raises(CheckpointError, match="encoder.npz is damaged"):
            load(folder)


def test_a_direction_that_was_not_trained_is_refused(saved, cycle):
    load_generator(saved, direction="AtoB")
    with pytest.raises(ValueError, match="holds a pix2pix that translates AtoB, and "
                       "not BtoA: train another"):
        load_generator(saved, direction="BtoA")
    with pytest.raises(ValueError, match="AtoB and BtoA, and not AtoA"):
        load_generator(cycle[1], direction="AtoA")


def test_names_do_not_depend_on_what_was_built_before(tiny, saved):
    for _ in range(3):
        Pix2Pix(tiny)
    load_checkpoint(saved)


def test_a_run_folder_means_its_newest_checkpoint(model, saved):
    save_checkpoint(saved.parent / "epoch_0010", model, epoch=10)
    assert find_checkpoint(saved.parent.parent).name == "epoch_0010"
    assert find_checkpoint(saved) == saved
    shutil.rmtree(saved.parent / "epoch_0010")
    saved.rename(saved.parent / ".epoch_0001.killed")
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        find_checkpoint(saved.parent.parent)


def test_state_and_versions_are_readable(saved):
    state = json.loads((saved / "state.json").read_text())
    assert state["epoch"] == 1 and {"mxnet", "numpy"} <= set(state["versions"])


def test_nothing_is_pickled(saved):
    for path in saved.glob("*.npz"):
        with np.load(path, allow_pickle=False) as file:
            assert all(file[name].dtype.kind in "fiu" for name in file.files)


def test_a_failed_save_leaves_the_old_one_and_no_remains(model, saved, monkeypatch):
    before = (saved / "generator.npz").read_bytes()

    def full(*args, **arrays):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gluon_pix2pix.durable.np.savez", full)
    with pytest.raises(OSError, match="No space"):
        save_checkpoint(saved, model)
    assert (saved / "generator.npz").read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_saving_again_replaces(model, saved):
    save_checkpoint(saved, model, epoch=2)
    assert json.loads((saved / "state.json").read_text())["epoch"] == 2
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_other_folders_are_not_replaced(model, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.tex").write_text("...")
    with pytest.raises(FileExistsError, match="chapter1.tex"):
        save_checkpoint(tmp_path / "thesis", model)
    assert (tmp_path / "thesis" / "chapter1.tex").exists()


def test_files_beside_a_checkpoint_are_not_deleted(model, saved):
    (saved / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="notes.txt"):
        save_checkpoint(saved, model)
    assert (saved / "notes.txt").read_text() == "mine"


def test_an_interrupt_between_the_renames_brings_the_old_one_back(
        model, saved, monkeypatch):
    rename, calls = os.rename, []

    def interrupted(source, target):
        calls.append(target)
        if len(calls) == 2:
            raise KeyboardInterrupt
        rename(source, target)

    monkeypatch.setattr("gluon_pix2pix.durable.os.rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(saved, model, epoch=2)
    assert json.loads((saved / "state.json").read_text())["epoch"] == 1
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_the_newest_is_told_by_number(model, saved):
    for epoch in (9999, 10000):
        save_checkpoint(saved.parent / f"epoch_{epoch}", model)
    assert find_checkpoint(saved.parent.parent).name == "epoch_10000"


def test_newer_formats_and_damaged_state_are_refused(saved):
    for text, message in (('{"format": 3}', "format 3"), ("{", "damaged"),
                          ("[]", "damaged"), ('{"format": 2}', "json is damaged")):
        (saved / "state.json").write_text(text)
        with pytest.raises(ValueError, match=message):
            load_generator(saved)


def test_damage_and_absence_are_named(saved, tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder .*nothing"):
        load_checkpoint(tmp_path / "nothing")
    (tmp_path / "nothing").mkdir()
    with pytest.raises(FileNotFoundError, match="holds no checkpoint"):
        load_checkpoint(tmp_path / "nothing")
    path = saved / "generator.npz"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match="generator.npz is damaged"):
        load_generator(saved)
    (saved / "state.json").unlink()  # without it nothing tells what should be there
    with pytest.raises(ValueError, match="generator.npz is damaged"):
        load_generator(saved)
    np.savez(path, foo=np.zeros(3))
    with pytest.raises(ValueError, match="missing: .*; surplus: foo"):
        load_generator(saved)


def test_a_missing_network_is_named(saved):
    (saved / "discriminator.npz").unlink()
    with pytest.raises(FileNotFoundError, match="discriminator.npz"):
        load_checkpoint(saved)


def test_another_architecture_is_refused_with_shapes(tiny, saved):
    config = json.loads((saved / "config.json").read_text())
    (saved / "state.json").unlink()
    (saved / "config.json").write_text(json.dumps({**config, "ngf": 8}))
    with pytest.raises(ValueError, match="misshapen: .* instead of"):
        load_generator(saved)


def test_a_loaded_model_goes_on_as_the_saved_one(model, batch, saved):
    """Weights, Adam's moments and counts, the pool and its random numbers."""
    other = load_checkpoint(saved)
    for net in (model, other):
        for seed in range(5):
            seed_everything(seed)
            net.step(*batch)
    for name, net in model.networks.items():
        arrays, loaded = parameter_arrays(net), parameter_arrays(other.networks[name])
        assert all((arrays[key] == loaded[key]).all() for key in arrays)
    assert len(other.pool.images) == 2


def test_a_loaded_cyclegan_goes_on_as_the_saved_one(cycle, batch):
    """Four networks, two optimisers, and the pools of both sides."""
    model, saved = cycle
    assert sorted(path.name for path in saved.iterdir()) == [
        "config.json", "discriminators.npz", "generators.npz",
        "optimizer_discriminators.npz", "optimizer_generators.npz", "pools.npz",
        "state.json"]
    other = load_checkpoint(saved)
    for net in (model, other):
        for seed in range(5):
            seed_everything(seed)
            net.step(*batch)
    assert everything(other) == everything(model)
    assert len(other.pool_A.images) == len(other.pool_B.images) == 2


def test_a_checkpoint_of_an_unknown_model_is_named(saved):
    (saved / "state.json").unlink()
    for model in ("pix2pixHD", 7, None):
        config = json.loads((saved / "config.json").read_text())
        (saved / "config.json").write_text(json.dumps({**config, "model": model}))
        with pytest.raises(ValueError, match="config.json is no configuration.* this "
                           "version knows pix2pix, cyclegan"):
            load_generator(saved)


def test_the_arrays_of_another_model_do_not_fit(cycle, model):
    with pytest.raises(FileNotFoundError, match="no file .*generator.npz"):
        restore(model, cycle[1])


def test_the_size_is_three_times_the_weights(model, saved):
    state = json.loads((saved / "state.json").read_text())
    assert state["bytes"] == sum(path.stat().st_size for path in saved.iterdir()
                                 if path.name != "state.json")
    assert 0.9 * checkpoint_size(model) < state["bytes"] < 1.3 * checkpoint_size(model)


def test_a_ruined_model_is_not_saved(model, tmp_path):
    weight = next(iter(model.netG.collect_params().values()))
    weight.set_data(nd.full(weight.shape, np.inf))
    with pytest.raises(RuinedError, match="of generator.npz holds NaN or infinity"):
        save_checkpoint(tmp_path / "ruined", model)
    assert list(tmp_path.iterdir()) == []


def test_one_that_was_killed_between_the_renames_is_found_again(model, saved):
    """But is left where it is, as a training may be replacing it just now."""
    saved.rename(saved.with_name(".epoch_0001.abcd.old"))
    assert find_checkpoint(saved) == saved.with_name(".epoch_0001.abcd.old")
    load_generator(saved)
    assert not saved.exists()


def everything(model):
    """All that a model is, as bytes."""
    arrays = {}
    for name, net in model.networks.items():
        arrays[name] = parameter_arrays(net)
        arrays[f"optimizer_{name}"] = optimizer_arrays(model.trainers[name], net)
    arrays.update({name: pool.arrays() for name, pool in model.pools.items()})
    return {f"{name}/{key}": array.tobytes() for name, part in arrays.items()
            for key, array in part.items()}


@pytest.mark.parametrize(("file", "part", "value", "message"), [
    ("discriminator.npz", "weight", lambda array: array.astype(np.float64),
     "of another type: .*weight is float64"),
    ("discriminator.npz", "weight", lambda array: array * np.nan,
     "NaN or infinite: .*weight"),
    ("optimizer_discriminator.npz", "variance", lambda array: array.astype(np.float16),
     "of impossible values"),
    ("optimizer_discriminator.npz", "updates", lambda array: array - 7,
     "of impossible values"),
    ("pools.npz", "random_position", lambda array: array + 10**6,
     "does not fit a pool"),
    ("pools.npz", "random_position", None, "does not fit the model: it holds pool, my"),
])
def test_a_strangers_arrays_change_all_of_a_model_or_nothing(
        tiny, model, saved, batch, file, part, value, message):
    arrays = read_arrays(saved / file)
    name = next(name for name in arrays if name.endswith(part))
    if value:
        arrays[name] = value(arrays[name])
    else:
        arrays["my.image_0"] = arrays[name]
    np.savez(saved / file, **arrays)
    other = Pix2Pix(tiny.replace(seed=5))
    other.step(*batch)
    before = everything(other)
    with pytest.raises(ValueError, match=f"{file} .*{message}"):
        restore(other, saved)
    assert everything(other) == before


def test_compressed_arrays_are_refused(tmp_path):
    """They may take a thousand times the memory that the file has bytes."""
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=np.zeros(10**6))
    with pytest.raises(CheckpointError, match="a.npz is damaged .it is compressed"):
        read_arrays(path)
    np.savez(path, x=np.zeros(10))
    assert read_arrays(path)["x"].shape == (10,)


def test_one_part_under_many_names_is_refused(tmp_path):
    """A zip file's list may name the same bytes as often as it likes."""
    path = tmp_path / "a.npz"
    np.savez(path, a=np.zeros(1000))
    content = path.read_bytes()
    entry = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    listing = 9 * content[entry:end]
    tail = bytearray(content[end:])
    tail[8:12] = 2 * (9).to_bytes(2, "little")  # so many entries
    tail[12:16] = len(listing).to_bytes(4, "little")
    path.write_bytes(content[:entry] + listing + tail)
    with pytest.raises(CheckpointError, match="a.npz is damaged .it is compressed"):
        read_arrays(path)


@pytest.mark.parametrize("field", ["ngf", "ndf"])
def test_a_network_of_absurd_size_is_refused_before_it_takes_memory(saved, field):
    config = json.loads((saved / "config.json").read_text())
    (saved / "config.json").write_text(json.dumps({**config, field: 10**6}))
    if field == "ngf":
        (saved / "state.json").unlink()
        with pytest.raises(ValueError, match="generator.npz does not fit .*misshapen"):
            load_generator(saved)
        return
    seal(saved)
    with pytest.raises(ValueError, match="discriminator.npz does not fit .*misshapen"):
        load_checkpoint(saved)


def seal(folder, **changes):
    """Write checksums that fit, as anybody can who hands on a checkpoint."""
    state = {**json.loads((folder / "state.json").read_text()), **changes}
    state.pop("sha256")
    for name, file in state["files"].items():
        file.update(bytes=(folder / name).stat().st_size,
                    sha256=durable.sha256(folder / name))
    state = {name: value for name, value in state.items() if value != "gone"}
    (folder / "state.json").write_text(json.dumps({**state, "sha256": digest(state)}))


@pytest.mark.parametrize(("name", "value"), [
    ("epoch", "1"), ("score", "x"), ("saved_at", "gone"), ("losses", {}),
    ("files", {"/etc/passwd": {}}), ("versions", []), ("data", 3)])
def test_entries_of_wrong_types_are_damage(saved, name, value):
    if name == "files":
        state = json.loads((saved / "state.json").read_text())
        state.pop("sha256")
        state["files"] = value
        (saved / "state.json").write_text(
            json.dumps({**state, "sha256": digest(state)}))
    else:
        seal(saved, **{name: value})
    with pytest.raises(CheckpointError, match=f"state.json is damaged .*: {name}"):
        verify(saved)


def test_what_could_not_be_read_again_is_not_saved(model, tmp_path):
    with pytest.raises(ValueError, match="wrong type: epoch"):
        save_checkpoint(tmp_path / "x", model, epoch="first")
    assert list(tmp_path.iterdir()) == []


def test_translation_asks_for_no_more_than_it_needs(saved):
    """Neither for the optimisers' checksums nor for the optimisers."""
    (saved / "optimizer_generator.npz").write_bytes(b"damaged")
    run = saved.parent.parent
    netG = load_generator(run)
    assert {param.grad_req for param in netG.collect_params().values()} == {"null"}
    assert find_checkpoint(run, whole=False) == saved
    with pytest.raises(FileNotFoundError, match="no checkpoint that is intact"):
        find_checkpoint(run)


def test_a_machine_without_bfloat16_can_load_what_was_trained_in_it(
        tiny, batch, tmp_path, monkeypatch):
    config = tiny.replace(ngf=16, ndf=16)
    model = Pix2Pix(config)
    model.config = config.replace(precision="bfloat16")
    save_checkpoint(tmp_path / "x", model)
    monkeypatch.setattr("gluon_pix2pix.convolution.bfloat16_problem", lambda: "old")
    with pytest.raises(RuntimeError, match="not possible here: old"):
        load_checkpoint(tmp_path / "x")
    other = load_checkpoint(tmp_path / "x", precision="float32")
    assert other.config.precision == "float32"
    expected = model.translate(batch[0], sample=False).asnumpy()
    for fake in (other.translate(batch[0], sample=False),
                 translate(load_generator(tmp_path / "x"), batch[0], sample=False)):
        np.testing.assert_allclose(fake.asnumpy(), expected, atol=1e-6)


def _corrupt(path, rng):
    """Damage a file in one of the ways in which files get damaged."""
    content = bytearray(path.read_bytes())
    where = rng.randrange(len(content))
    kind = rng.choice(["flip", "byte", "zeros", "cut", "longer", "swap", "gone"])
    if kind == "flip":
        content[where] ^= 1 << rng.randrange(8)
    elif kind == "byte":
        content[where] = rng.randrange(256)
    elif kind == "zeros":
        content[where:where + 512] = bytes(len(content[where:where + 512]))
    elif kind == "cut":
        del content[where:]
    elif kind == "longer":
        content += bytes(rng.randrange(1, 100))
    elif kind == "swap":
        other = rng.randrange(len(content))
        content[where], content[other] = content[other], content[where]
    else:
        path.unlink()
        return
    path.write_bytes(content)


@pytest.mark.parametrize("alone", [False, True])
def test_200_damaged_checkpoints_are_named_or_harmless(saved, tmp_path, alone):
    """Whole ones, and generators alone, whose damage no list of checksums tells."""
    rng, refused = random.Random(1), 0
    files = ["config.json", "generator.npz"] if alone \
        else sorted(path.name for path in saved.iterdir())
    expected = {name: parameter_arrays(net)
                for name, net in load_checkpoint(saved).networks.items()}
    for number in range(100):
        folder = tmp_path / f"damaged{number}"
        folder.mkdir()
        for name in files:
            shutil.copy(saved / name, folder)
        # The text of a configuration that stands alone may be changed to another one.
        name = "generator.npz" if alone else rng.choice(files)
        _corrupt(folder / name, rng)
        try:
            nets = {"generator": load_generator(folder)} if alone \
                else load_checkpoint(folder).networks
        except (CheckpointError, FileNotFoundError, ValueError) as error:
            assert str(folder) in str(error) and (
                name in str(error) or not (folder / name).exists())
            refused += 1
        else:  # a byte that says nothing, such as a space in JSON or a date
            for key, net in nets.items():
                found = parameter_arrays(net)
                assert all((found[k] == expected[key][k]).all() for k in found)
        shutil.rmtree(folder)
    assert refused > 80
