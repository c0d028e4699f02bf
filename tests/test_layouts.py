import pytest

from gluon_pix2pix.layouts import (
    LAYOUTS,
    count_pictures,
    find_layout,
    missing_folders,
)


def put(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


@pytest.mark.parametrize(("kind", "files"), [
    ("paired", ["train/1.jpg", "val/1.png"]),
    ("unpaired", ["trainA/1.jpg", "trainB/x.webp", "testA/1.jpg"]),
    ("labels", ["train_img/1.png", "train_label/1.png"]),
    ("aligned", ["train_A/1.png", "train_B/1.png", "test_A/2.png"]),
])
def test_layouts_are_recognised(tmp_path, kind, files):
    put(tmp_path, *files)
    assert find_layout(tmp_path) == kind
    assert missing_folders(kind, tmp_path) == []
    assert set(LAYOUTS[kind].required) <= set(LAYOUTS[kind].folders)


def test_missing_folders_are_named(tmp_path):
    put(tmp_path, "trainA/1.jpg", "trainB/notes.txt", "train_img/1.png")
    assert missing_folders("unpaired", tmp_path) == ["trainB"]
    assert missing_folders("labels", tmp_path) == ["train_label"]
    assert missing_folders("paired", tmp_path / "none") == ["train"]


def test_counts_leave_out_what_is_no_picture(tmp_path):
    put(tmp_path, "val/1.jpg", "train/1.jpg", "train/2.JPEG", "train/.3.jpg",
        "train/notes.txt", ".hidden/1.jpg", "empty/notes.txt", "extra/1.png", "1.png")
    counts = count_pictures(tmp_path)
    assert counts == {"train": 2, "val": 1, "extra": 1}
    assert list(counts) == ["train", "val", "extra"]


def test_other_folders_are_told_what_they_lack(tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder"):
        find_layout(tmp_path / "none")
    put(tmp_path, "photos/1.jpg", "photos/2.jpg")
    with pytest.raises(ValueError, match=r"photos/ \(2 pictures\).*prepare"):
        find_layout(tmp_path)
