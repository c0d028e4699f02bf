"""A headless Chromium, driven by its DevTools protocol."""

import base64
import json
import shutil
import subprocess
import time
import urllib.request

CHROMIUM = next(filter(None, map(shutil.which, (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))), None)


class Browser:
    """One page of a browser of its own; end it with ``close``.

    Parameters
    ----------
    profile : Path
        A folder for what it keeps.
    """

    def __init__(self, profile):
        import websocket

        self.process = subprocess.Popen(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu",
             "--window-size=1400,1000", "--remote-debugging-port=0",
             f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            told = until(lambda: _read(profile / "DevToolsActivePort"), 30)
            with urllib.request.urlopen(f"http://127.0.0.1:{told.split()[0]}/json"
                                        ) as answer:
                page = next(target for target in json.load(answer)
                            if target["type"] == "page")
            self.socket = websocket.create_connection(
                page["webSocketDebuggerUrl"], timeout=60, suppress_origin=True)
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        self.calls = 0

    def close(self):
        self.socket.close()
        self.process.kill()
        self.process.wait()

    def call(self, method, **parameters):
        """Call a method of the protocol; return its result."""
        self.calls += 1
        self.socket.send(json.dumps({"id": self.calls, "method": method,
                                     "params": parameters}))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == self.calls:
                assert "error" not in answer, answer["error"]
                return answer["result"]

    def run(self, script):
        """Run JavaScript in the page; return its value, awaited."""
        told = self.call("Runtime.evaluate", expression=script, awaitPromise=True,
                         returnByValue=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def until(self, script, seconds=60):
        """Wait for JavaScript to give something true, and return it."""
        return until(lambda: self.run(script), seconds, script)

    def click(self, element, across=0.5, down=0.5):
        """Click into an element, given in JavaScript, at shares of width and height."""
        x, y = self.run(
            f"(e => {{ e.scrollIntoView({{block: 'center'}}); "
            "const r = e.getBoundingClientRect(); "
            f"return [r.x + {across} * r.width, r.y + {down} * r.height]; }})"
            f"({element})")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left",
                      clickCount=1)

    def image(self, element):
        """Return the bytes of an image, as they are, whatever its address."""
        text = self.run(
            f"fetch(({element}).src).then(r => r.arrayBuffer()).then(b => "
            "btoa(String.fromCharCode(...new Uint8Array(b))))")
        return base64.b64decode(text)


def until(ask, seconds, what="the browser"):
    """Ask until the answer is true; return it."""
    end = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.1)
    return answer


def _read(path):
    return path.read_text() if path.exists() else ""
