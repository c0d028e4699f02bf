import json

import pytest

from gluon_pix2pix.run_command import read_command

WHOLE = {"dataset": "x", "root": "/data", "profile": "smoke", "unreadable": "skip",
         "save_every": 3, "start": "/runs/half", "vgg_weights": "/vgg19.npz"}


def test_what_is_known_is_returned(tmp_path):
    assert read_command(tmp_path) == {}
    for values in (WHOLE, {"dataset": "x"}, {}):
        (tmp_path / "command.json").write_text(json.dumps({**values, "more": 1}))
        assert read_command(tmp_path) == values


@pytest.mark.parametrize("text", [
    "", "{", "[]", '"x"', "3", "null", 9999 * "[", *(json.dumps({**WHOLE, **wrong})
    for wrong in ({"dataset": 3}, {"root": None}, {"profile": "huge"}, {"profile": []},
                  {"unreadable": "maybe"}, {"save_every": 0}, {"save_every": True},
                  {"start": 3}, {"vgg_weights": []}))])
def test_damage_is_named(tmp_path, text):
    path = tmp_path / "command.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"command\.json is damaged \(.*--dataset"):
        read_command(tmp_path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match=f"{path} is damaged"):
        read_command(tmp_path)
