import base64
import csv
import io
import json
import math
import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from gluon_pix2pix import evaluation_files
from gluon_pix2pix.evaluation import Evaluation
from gluon_pix2pix.evaluation_files import encoded, write_evaluation

CHROMIUM = next(filter(None, map(shutil.which, (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))), None)
L1 = [0.5, 0.1, math.nan, 0.9, 0.30000001]


class Pairs:
    """Five little pairs of one colour each."""

    def __getitem__(self, index):
        return (np.full((3, 8, 8), index / 5, np.float32),
                np.full((1, 8, 8), -index / 5, np.float32))


class Inputs(Pairs):
    def __getitem__(self, index):
        return super().__getitem__(index)[0], None


@pytest.fixture
def evaluation():
    rng = np.random.RandomState(0)
    outputs = [[rng.randint(0, 255, (8, 8, 3)).astype(np.uint8) for _ in range(2)]
               for _ in L1]
    rows = [{"picture": f"{number}<b>&.png", "l1": l1, "psnr": 10 - number,
             "l1_spread": 0.01} for number, l1 in enumerate(L1)]
    rows[1]["psnr"] = math.inf
    about = {"run": "runs/<x>", "pictures": 5, "samples": 2, "dropout": True, "seed": 0,
             "targets": True, "classes_by": None}
    summary = {"l1": {"mean": 0.45, "between_samples": 0.01, "one_picture": 0.6},
               "psnr": {"mean": math.inf}}
    return Evaluation(about, rows, summary, outputs)


class Page(HTMLParser):
    """What stands in the cells of the table of pictures, and all tags."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.tags, self._cell = [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append((tag, attributes))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag == "img":
            self.rows[-1][-1] += attributes["src"]

    def handle_data(self, data):
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.rstrip("\n")


def test_json_and_csv_say_the_same(evaluation, tmp_path):
    write_evaluation(evaluation, Pairs(), tmp_path / "e")
    told = json.loads((tmp_path / "e" / "scores.json").read_text("utf-8"),
                      parse_constant=pytest.fail)
    assert told["about"] == evaluation.about
    assert [row["l1"] for row in told["pictures"]] == [0.5, 0.1, None, 0.9, 0.30000001]
    assert told["summary"]["psnr"] == {"mean": None}
    with open(tmp_path / "e" / "scores.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows[4] == {"picture": "4<b>&.png", "l1": "0.30000001", "psnr": "6",
                       "l1_spread": "0.01"}
    assert rows[2]["l1"] == "" and rows[1]["psnr"] == ""
    with open(tmp_path / "e" / "summary.csv", newline="", encoding="utf-8") as file:
        assert next(csv.DictReader(file)) == {
            "score": "l1", "mean": "0.45", "between_samples": "0.01",
            "one_picture": "0.6"}


def test_the_page_is_one_file_that_needs_no_other(evaluation, tmp_path):
    path = write_evaluation(evaluation, Pairs(), tmp_path / "e")
    text = path.read_text("utf-8")
    assert sorted(p.name for p in path.parent.iterdir()) == [
        "index.html", "scores.csv", "scores.json", "summary.csv"]
    page = Page(text)
    assert not re.search(r"https?:|//[a-z]|@import|url\(", re.sub(
        r"base64,[^\"]*", "", text).replace("\n  // ", ""))
    assert all(not {"href", "srcset"} & set(attributes) for _, attributes in page.tags)
    sources = [attributes["src"] for _, attributes in page.tags if "src" in attributes]
    assert len(sources) == 5 * 4
    assert all(source.startswith("data:image/") for source in sources)
    picture = Image.open(io.BytesIO(base64.b64decode(sources[2].split(",")[1])))
    assert np.abs(np.asarray(picture).astype(int) - evaluation.outputs[0][1]).max() < 60
    heads = next(row for row in page.rows if "input" in row)
    assert heads == ["picture", "input", "output 1", "output 2", "target", "L1", "PSNR"]
    assert [row[0] for row in page.rows[-5:]] == [f"{n}<b>&.png" for n in range(5)]
    assert page.rows[-5][5] == "0.5000 ± 0.0100"
    assert "runs/&lt;x&gt;" in text
    assert "caution" not in text.split("</style>")[1]


def test_the_spread_among_real_pictures_stands_everywhere(evaluation, tmp_path):
    evaluation.summary["frechet"] = {"mean": 3.0, "real": 2.0, "between_real_sets": 0.5}
    path = write_evaluation(evaluation, Pairs(), tmp_path / "e")
    assert "<td>2.0000 ± 0.5000</td>" in path.read_text("utf-8")
    assert json.loads((path.parent / "scores.json").read_text("utf-8"))["summary"][
        "frechet"]["between_real_sets"] == 0.5
    with open(path.parent / "summary.csv", newline="", encoding="utf-8") as file:
        assert list(csv.DictReader(file))[2]["between_real_sets"] == "0.5"


def test_what_means_little_is_said_on_the_page_and_in_json(evaluation, tmp_path):
    evaluation.about["feature_count"] = 128
    evaluation.summary["frechet"] = {"mean": 3.0}
    told, = evaluation.cautions
    path = write_evaluation(evaluation, Pairs(), tmp_path / "e")
    assert f'<p class="caution">{told}</p>' in path.read_text("utf-8")
    assert json.loads((path.parent / "scores.json").read_text("utf-8"))["cautions"] == [
        told]


def test_many_pictures_lie_beside_the_page(evaluation, tmp_path, monkeypatch):
    monkeypatch.setattr(evaluation_files, "EMBEDDED", 4)
    path = write_evaluation(evaluation, Pairs(), tmp_path / "e")
    sources = [attributes["src"] for tag, attributes in Page(path.read_text()).tags
               if tag == "img"]
    files = sorted(p.relative_to(path.parent).as_posix()
                   for p in path.parent.glob("pictures/*"))
    assert sorted(sources) == files and len(files) == 20
    assert Image.open(path.parent / sources[-1]).mode == "L"  # a target without colours


def test_without_targets_there_are_inputs_and_outputs(evaluation, tmp_path):
    rows = [{"picture": row["picture"]} for row in evaluation.rows]
    about = {**evaluation.about, "targets": False}
    outputs = [one[:1] for one in evaluation.outputs]
    path = write_evaluation(Evaluation(about, rows, {}, outputs), Inputs(),
                            tmp_path / "e")
    page = Page(path.read_text("utf-8"))
    assert page.rows[0] == ["picture", "input", "output"]
    assert "nothing is scored" in path.read_text("utf-8")


def test_an_earlier_evaluation_is_replaced_and_nothing_else(evaluation, tmp_path):
    (tmp_path / "e").mkdir()
    (tmp_path / "e" / "index.html").write_text("old")
    assert "old" != write_evaluation(evaluation, Pairs(), tmp_path / "e").read_text()
    (tmp_path / "e" / "thesis.tex").write_text("precious")
    with pytest.raises(FileExistsError, match=r"thesis.tex.*name another folder"):
        write_evaluation(evaluation, Pairs(), tmp_path / "e")
    with pytest.raises(FileExistsError, match="is a file"):
        write_evaluation(evaluation, Pairs(), tmp_path / "e" / "thesis.tex")


def test_a_failure_leaves_what_was_there(evaluation, tmp_path):
    path = write_evaluation(evaluation, Pairs(), tmp_path / "e")
    before = path.read_text()

    class Broken(Pairs):
        def __getitem__(self, index):
            if index == 3:
                raise RuntimeError("unreadable")
            return super().__getitem__(index)

    with pytest.raises(RuntimeError, match="unreadable"):
        write_evaluation(evaluation, Broken(), tmp_path / "e")
    assert path.read_text() == before
    assert [p.name for p in tmp_path.iterdir()] == ["e"]


def test_drawings_become_png_and_photos_jpeg():
    flat = np.zeros((64, 64, 3), np.uint8)
    noise = np.random.RandomState(0).randint(0, 255, (64, 64, 3)).astype(np.uint8)
    assert encoded(flat)[0] == "png" and encoded(noise)[0] == "jpeg"
    assert (np.asarray(Image.open(io.BytesIO(encoded(flat)[1]))) == flat).all()


# Clicks on the heads one after another, and notes in which order the rows then stand.
CLICKS = """<script>
addEventListener("error", event => { document.title = "error: " + event.message; });
addEventListener("load", () => {
  const orders = [];
  for (const name of ["L1", "L1", "PSNR", "picture"]) {
    const button = [...document.querySelectorAll("#pictures th button")]
      .find(b => b.textContent === name);
    button.click();
    orders.push([...document.querySelectorAll("#pictures tbody tr")]
      .map(row => row.cells[0].textContent[0]).join("")
      + button.parentElement.getAttribute("aria-sort")[0]);
  }
  const broken = [...document.images].filter(i => !i.complete || !i.naturalWidth);
  document.title = orders.join(" ") + " broken:" + broken.length;
});
</script>"""


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
def test_a_browser_sorts_the_page(evaluation, tmp_path):
    path = write_evaluation(evaluation, Pairs(), tmp_path / "e")
    text = path.read_text("utf-8").replace(' loading="lazy"', "")
    path.write_text(text.replace("<head>", "<head>" + CLICKS), "utf-8")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
               "--virtual-time-budget=5000", f"--user-data-dir={tmp_path / 'profile'}",
               path.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
    title = re.search("<title>(.*?)</title>", shown, re.DOTALL).group(1)
    # The worst first, then the best; what is unknown last in either order.
    assert title == "30412d 14032a 43201a 01234a broken:0"
