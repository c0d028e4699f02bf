import json
import os
import shutil

import numpy as np
import pytest

from gluon_pix2pix import Pix2Pix, load_checkpoint, load_generator, save_checkpoint
from gluon_pix2pix.checkpoint import find_checkpoint, parameter_arrays
from gluon_pix2pix.pix2pix import translate


@pytest.fixture
def saved(model, batch, tmp_path):
    model.step(*batch)
    folder = tmp_path / "run" / "checkpoints" / "epoch_0001"
    return save_checkpoint(folder, model, epoch=1)


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
            assert all(file[name].dtype == np.float32 for name in file.files)


def test_a_failed_save_leaves_the_old_one_and_no_remains(model, saved, monkeypatch):
    before = (saved / "generator.npz").read_bytes()

    def full(*args, **arrays):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gluon_pix2pix.checkpoint.np.savez", full)
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

    monkeypatch.setattr("gluon_pix2pix.checkpoint.os.rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(saved, model, epoch=2)
    assert json.loads((saved / "state.json").read_text())["epoch"] == 1
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_the_newest_is_told_by_number(model, saved):
    for epoch in (9999, 10000):
        save_checkpoint(saved.parent / f"epoch_{epoch}", model)
    assert find_checkpoint(saved.parent.parent).name == "epoch_10000"


def test_newer_formats_and_damaged_state_are_refused(saved):
    for text, message in (('{"format": 2}', "format 2"), ("{", "damaged")):
        (saved / "state.json").write_text(text)
        with pytest.raises(ValueError, match=message):
            load_generator(saved)


def test_damage_and_absence_are_named(saved, tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no checkpoint"):
        load_checkpoint(tmp_path / "nothing")
    path = saved / "generator.npz"
    path.write_bytes(path.read_bytes()[:1000])
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
    (saved / "config.json").write_text(json.dumps({**config, "ngf": 8}))
    with pytest.raises(ValueError, match="misshapen: .* instead of"):
        load_generator(saved)
