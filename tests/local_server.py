"""A web server on this machine that behaves as badly as it is told to.

And archives of tiny pictures in the layouts that the real ones have.
"""

import io
import tarfile
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PICTURE = bytes(range(256)) * 8
LOGIN_PAGE = b"<!DOCTYPE html><html>Please log in to the network.</html>"
ETAG = '"5f1-59e7c2"'


class Server:
    """Answers each path as told: a list of answers, the last of them for ever.

    An answer is a dict: ``body``; ``status`` (200, or 206 to a range); ``headers``;
    ``etag`` (None for none, and ranges are honoured when there is one); ``cut`` (break
    off after so many bytes); ``stall`` (seconds of silence there instead); ``trickle``
    (bytes at once, with pauses); ``sleep`` (at the end); ``chunked`` (no length).
    """

    def __init__(self):
        self.answers, self.requests = {}, []
        self.asked, self.sent = [], []  # the Range and bytes of each request
        self.closing = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.close_connection = True
                server.answer(self)

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.01,))
        self.thread.start()

    def serve(self, path, *answers, **answer):
        self.answers[path] = list(answers) or [answer]
        return self.base + path

    def answer(self, handler):
        self.requests.append(handler.path)
        self.asked.append(handler.headers.get("Range"))
        answers = self.answers.get(handler.path, [{"status": 404}])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        body, etag = answer.get("body", b""), answer.get("etag")
        status = answer.get("status", 200)
        headers = {"Date": handler.date_time_string()}
        if etag:
            headers["ETag"] = etag
        start = self.range_start(handler, etag)
        if start is not None and status == 200:
            if start >= len(body):
                status, body = 416, b""
            else:
                status = 206
                headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
                body = body[start:]
        if answer.get("chunked"):
            headers["Transfer-Encoding"] = "chunked"
        else:
            headers["Content-Length"] = len(body)
        headers |= answer.get("headers", {})
        self.sent.append(0)
        handler.send_response_only(status)
        for name, value in headers.items():
            if value is not None:
                handler.send_header(name, value)
        handler.end_headers()
        self.send(handler, answer, body[:answer.get("cut")], len(self.sent) - 1)

    @staticmethod
    def range_start(handler, etag):
        """Where to begin, if the client may have a range: RFC 9110, section 13.1.5."""
        asked = handler.headers.get("Range")
        if not asked or not etag or handler.headers.get("If-Range") not in (None, etag):
            return None
        return int(asked.removeprefix("bytes=").removesuffix("-"))

    def send(self, handler, answer, body, number):
        step = answer.get("trickle") or max(len(body), 1)
        try:
            for at in range(0, len(body), step):
                piece = body[at:at + step]
                # Counted first: a test may look as soon as its client has it all.
                self.sent[number] += len(piece)
                if answer.get("chunked"):
                    handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                else:
                    handler.wfile.write(piece)
                handler.wfile.flush()
                if answer.get("trickle"):
                    self.closing.wait(0.005)
            if answer.get("chunked") and "cut" not in answer:
                handler.wfile.write(b"0\r\n\r\n")
            self.closing.wait(answer.get("stall", 0) + answer.get("sleep", 0))
        except OSError:
            pass  # the client is gone

    def close(self):
        self.closing.set()
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


def files_of(splits, top="facades/"):
    return {f"{top}{split}/{number}.jpg": PICTURE + f"{split}{number}".encode()
            for split, count in splits.items() for number in range(1, count + 1)}


def tar_bytes(files, mode="w:gz"):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def zip_bytes(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in files.items():
            file.writestr(name, content)
    return buffer.getvalue()


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def left_overs(root):
    """Whatever lies in the hidden folder beside locks and noted checksums."""
    hidden = root / ".downloads"
    return sorted(path.name for path in hidden.glob("*") if not (
        path.suffix == ".lock" or path.suffix == ".json" and ".part" not in path.name))


def short_sleep(seconds, sleep=time.sleep):
    sleep(min(seconds, 0.02))


def running():
    """Serve while a test runs: ``yield from`` it in a fixture."""
    server = Server()
    yield server
    server.close()
