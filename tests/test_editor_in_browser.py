"""The editor in JupyterLab, clicked at by a headless Chromium (twenty seconds)."""

import io
import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import nbformat
import numpy as np
import pytest
from browser import CHROMIUM, Browser, until
from PIL import Image

pytest.importorskip("jupyterlab")
pytest.importorskip("ipyevents")
pytest.importorskip("websocket")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")

CELL = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from gluon_pix2pix.editor_widget import edit
from gluon_pix2pix.scene_editor import SceneEditor
from painter import Painter, two_cars
edit(SceneEditor(Painter(), *two_cars()), width=320)
"""
PICTURE = "document.querySelector('.jp-OutputArea img.widget-image')"
# ipywidgets shows spaces that do not break.
OBJECT = ("document.querySelector('.jp-OutputArea select')"
          "?.selectedOptions[0].text.replaceAll('\\u00a0', ' ')")


@pytest.fixture
def lab(tmp_path):
    """Serve a notebook with the editor in JupyterLab; return its address."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(CELL.strip())],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    (tmp_path / "work").mkdir()
    nbformat.write(notebook, tmp_path / "work" / "scene.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    root = str(Path(__file__).resolve().parents[1])
    env = {**os.environ, "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
           "JUPYTER_DATA_DIR": str(tmp_path / "share"),
           "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
           "PYTHONPATH": os.pathsep.join(
               filter(None, [root, os.environ.get("PYTHONPATH")]))}
    with open(tmp_path / "lab.log", "w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
             "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0",
             "--IdentityProvider.token=secret", "--expose-app-in-browser",
             "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"],
            cwd=tmp_path / "work", env=env, stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}"
        until(lambda: answers(f"{address}/api?token=secret"), 60, "JupyterLab")
        yield f"{address}/lab/tree/scene.ipynb?token=secret"
    finally:
        server.terminate()
        server.wait(30)
        print((tmp_path / "lab.log").read_text())  # shown where the test fails


def answers(address):
    try:
        return urllib.request.urlopen(address, timeout=5).status == 200
    except OSError:
        return False


@pytest.fixture
def page(tmp_path, lab):
    browser = Browser(tmp_path / "profile")
    yield browser
    browser.close()


def shown(page):
    return np.asarray(Image.open(io.BytesIO(page.image(PICTURE)))).astype(int)


def test_a_click_at_a_car_and_another_look_for_it(page, lab):
    page.call("Page.navigate", url=lab)
    page.until("[...(window.jupyterapp?.shell?.widgets('main') ?? [])][0]"
               "?.sessionContext?.session?.kernel?.status == 'idle'", 120)
    page.run("void jupyterapp.commands.execute('notebook:run-all-cells')")
    page.until(f"{PICTURE}?.naturalWidth == 16 && {OBJECT} == 'sky'", 120)
    before = shown(page)

    # The right car is at columns 8 to 14 of 16, rows 6 to 9 of 12.
    page.click(PICTURE, 11.5 / 16, 8 / 12)
    page.until(f"{OBJECT} == 'car 26001'")
    buttons = "[...document.querySelectorAll('.jp-OutputArea button')]"
    named = f"{buttons}.filter(b => b.textContent.startsWith('look '))"
    assert page.until(f"{named}.length == 3")
    source = page.run(f"{PICTURE}.src")
    page.click(f"{named}.find(b => !b.classList.contains('mod-info'))")
    page.until(f"{PICTURE}.src != '{source}' && {PICTURE}.complete")
    after = shown(page)
    inside = np.zeros((12, 16), bool)
    inside[7:9, 9:14] = True  # without its border, which is outlined
    assert (np.abs(after - before)[inside].max(axis=1) > 100).all()
    far = np.ones((12, 16), bool)
    far[0] = far[-1] = far[:, 0] = far[:, -1] = False  # the outline of the sky
    far[5:11] = False
    assert (after == before)[far].all()
