import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from gluon_pix2pix.pictures import (
    PictureError,
    common_stem,
    list_pictures,
    picture_size,
    read_ids,
    read_picture,
)


def test_files_come_in_natural_order(pairs):
    """Erratum 5: not in the order of the file system, nor 1, 10, 11, 2."""
    names = [path.name for path in list_pictures(pairs / "train")]
    assert names == [f"{number}.png" for number in range(1, 13)]


def test_names_of_equal_numbers_have_an_order(tmp_path):
    for name in ("1.png", "01.png", "1²2.png", "A1.png", "a1.png"):
        Image.new("RGB", (64, 32)).save(tmp_path / name)
    names = [path.name for path in list_pictures(tmp_path)]
    assert names == ["01.png", "1.png", "1²2.png", "A1.png", "a1.png"]


def test_hidden_files_and_other_files_are_no_pictures(tmp_path):
    for name in (".hidden.png", "notes.txt", "Thumbs.db"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(FileNotFoundError, match="holds no picture"):
        list_pictures(tmp_path)
    Image.new("L", (2, 2)).save(tmp_path / "A.PNG")
    assert [path.name for path in list_pictures(tmp_path)] == ["A.PNG"]


def test_partners_have_a_common_stem():
    assert {common_stem(f"a_1{ending}.png") for ending in (
        "", "_leftImg8bit", "_gtFine_labelIds", "_gtFine_instanceIds")} == {"a_1"}
    accents = ("caf\u00e9.png", "cafe\u0301.jpg")  # as Linux and as a Mac write it
    assert len(set(map(common_stem, accents))) == 1


@pytest.fixture
def file(tmp_path):
    def save(image, name="x.png", **options):
        image.save(tmp_path / name, **options)
        return tmp_path / name
    return save


def test_sixteen_bits_of_grey_are_scaled_not_cut(file):
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)[None]
    picture = read_picture(file(Image.fromarray(ramp)))
    assert picture.dtype == np.uint8
    assert (picture[0, :, 0] == np.arange(256)).all()


def test_grey_and_palette_become_colours_and_grey_again(file):
    grey = Image.new("L", (4, 2), 70)
    assert (read_picture(file(grey)) == 70).all()
    palette = Image.new("P", (4, 2), 3)
    palette.putpalette([0] * 9 + [200, 100, 50])
    assert read_picture(file(palette))[0, 0].tolist() == [200, 100, 50]
    assert read_picture(file(palette), channels=1).shape == (2, 4, 1)
    bits = Image.new("1", (4, 2), 1)
    assert (read_picture(file(bits)) == 255).all()


@pytest.mark.parametrize("name", ["x.png", "x.webp"])
def test_what_is_transparent_is_seen_on_white(file, name):
    half = Image.new("RGBA", (4, 2), (255, 0, 0, 0))
    half.paste((255, 0, 0, 255), (0, 0, 2, 2))
    picture = read_picture(file(half, name, lossless=True))
    assert picture[0, 0].tolist() == [255, 0, 0]
    assert picture[0, 3].tolist() == [255, 255, 255]


def test_transparency_of_grey_and_of_a_palette(file):
    grey = Image.new("LA", (4, 2), (40, 0))
    assert (read_picture(file(grey)) == 255).all()
    palette = Image.new("P", (4, 2), 1)
    palette.putpalette([0, 0, 0, 9, 9, 9])
    assert (read_picture(file(palette, transparency=1)) == 255).all()


def test_inks_become_light(file):
    inks = Image.new("CMYK", (16, 16), (0, 255, 255, 0))  # magenta and yellow: red
    red, green, blue = read_picture(file(inks, "x.jpg", quality=95))[8, 8]
    assert red > 240 and green < 15 and blue < 15


def test_pictures_are_turned_as_the_camera_noted(file):
    image = Image.new("RGB", (8, 4))
    image.putpixel((0, 0), (255, 255, 255))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    path = file(image, "x.png", exif=exif)
    picture = read_picture(path)
    assert picture.shape == (8, 4, 3) and picture_size(path) == (4, 8)
    assert picture[0, 3].tolist() == [255, 255, 255]


def test_numbers_without_a_range_are_refused(file):
    for mode in ("F", "I"):
        path = file(Image.new(mode, (4, 4)), "x.tif")
        with pytest.raises(PictureError, match="x.tif holds 32-bit.*8 bits") as error:
            read_picture(path)
        assert error.value.path == path


def test_files_that_are_no_pictures_are_named(tmp_path, file):
    with pytest.raises(FileNotFoundError, match="no file"):
        read_picture(tmp_path / "none.png")
    noise = np.random.RandomState(0).randint(0, 255, (64, 64, 3)).astype(np.uint8)
    whole = file(Image.fromarray(noise), "x.jpg").read_bytes()
    for content in (b"", b"text", whole[:len(whole) // 2]):
        (tmp_path / "x.jpg").write_bytes(content)
        for read in (read_picture, read_ids):
            with pytest.raises(PictureError, match="x.jpg (cannot be read|is a JPEG)"):
                read(tmp_path / "x.jpg")


def test_ids_are_exact_in_all_widths(file):
    for dtype, top in ((np.uint8, 255), (np.uint16, 33001)):
        ids = np.array([[0, 7, top]], dtype)
        read = read_ids(file(Image.fromarray(ids)))
        assert read.dtype == np.int32 and read.tolist() == ids.tolist()
    wide = Image.fromarray(np.array([[1, 2**20]], np.int32))
    assert read_ids(file(wide, "x.tif")).tolist() == [[1, 2**20]]
    palette = Image.new("P", (2, 1), 5)
    palette.putpalette(list(range(30)))
    assert read_ids(file(palette)).tolist() == [[5, 5]]


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_ids_of_few_bits_are_not_stretched(tmp_path, bits):
    """Programs that make PNGs smaller store few classes in few bits."""
    ids = np.arange(2**bits, dtype=np.uint8)
    step = 8 // bits
    padded = np.resize(ids, -(-len(ids) // step) * step).reshape(-1, step)
    packed = sum(padded[:, k].astype(int) << bits * (step - 1 - k) for k in range(step))
    row = b"\0" + bytes(packed.astype(np.uint8))
    size = struct.pack(">2I5B", len(ids), 1, bits, 0, 0, 0, 0)
    (tmp_path / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data
        + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", size), (b"IDAT", zlib.compress(row)),
                           (b"IEND", b""))))
    assert read_ids(tmp_path / "x.png").tolist() == [ids.tolist()]


def test_ids_in_colour_or_as_jpeg_are_refused(file):
    with pytest.raises(PictureError, match=r"in colour \(mode RGB\)"):
        read_ids(file(Image.new("RGB", (2, 2))))
    for path in (file(Image.new("L", (8, 8)), "x.jpg"),
                 file(Image.new("L", (8, 8)), "x.tif", compression="jpeg")):
        with pytest.raises(PictureError, match="is a JPEG.*as PNG"):
            read_ids(path)


def test_file_without_permission_is_not_called_broken(file, monkeypatch):
    path = file(Image.new("L", (2, 2)))

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(io, "open", refuse)
    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(PermissionError):
        read_picture(path)
