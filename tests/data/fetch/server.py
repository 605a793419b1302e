"""A local server that misbehaves on request, and the data set it serves."""

import contextlib
import hashlib
import http.server
import io
import os
import re
import threading
import zipfile
from collections import namedtuple

from pipeline_lib.data.downloads import Archive, DataSet

Request = namedtuple("Request", "path range condition answer")


def make_zip(name="set"):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr(f"{name}/list.txt", "1\n")
        file.writestr(f"{name}/a/1.jpg", os.urandom(1_000_000))
    return content.getvalue()


ZIP = make_zip()


SHA256 = f"sha256:{hashlib.sha256(ZIP).hexdigest()}"


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves ``server.files``; ``server.plan`` has what to do to the next requests, good by default."""

    def do_GET(self):
        server = self.server
        act = server.plan.pop(0) if server.plan else {}
        content = act.get("content", server.files.get(self.path))
        given = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        condition = self.headers.get("If-Range")
        start = int(given[1]) if given and not act.get("ignores_range") else 0
        if condition not in (None, server.tag):
            start = 0
        if "redirect" in act:
            status, content = 302, b""
        elif "status" in act or content is None:
            status, content = act.get("status", 404), b"<html>no</html>"
        elif start >= len(content) > 0:
            status, content = 416, b""
        else:
            status = 206 if start else 200
        server.requests.append(
            Request(self.path, given and int(given[1]), condition, act.get("status", status))
        )
        self.send_response(status)
        if "redirect" in act:
            self.send_header("Location", act["redirect"])
        if status == 416:
            self.send_header("Content-Range", f"bytes */{len(server.files[self.path])}")
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            content = content[start:]
        if server.tag and status < 300:
            self.send_header("ETag", server.tag)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.wfile.write(content[: act.get("cut_after")])
            if "hangs" in act:
                self.wfile.flush()
                act["hangs"].wait(30)

    def log_message(self, *_):
        pass


class Server:
    """A server on 127.0.0.1 and the requests it received."""

    def __init__(self, context=None):
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        if context is not None:
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.http.files, self.http.plan, self.http.requests = {"/set.zip": ZIP}, [], []
        self.http.tag = '"v1"'
        scheme = "http" if context is None else "https"
        self.address = f"{scheme}://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def __getattr__(self, name):
        return getattr(self.http, name)

    def close(self):
        self.http.shutdown()
        self.http.server_close()


def data_set(server, path="/set.zip", login=None, **changes):
    archive = {
        "file": "set.zip",
        "expected_files": ("list.txt", "a/*.jpg"),
        "urls": (f"{server.address}{path}",),
        "checksum": SHA256,
        "file_count": 1,
    }
    return DataSet("set", "Set", "SET", (Archive(**archive | changes),), login=login)


def is_whole(root):
    with zipfile.ZipFile(io.BytesIO(ZIP)) as file:
        photograph = file.read("set/a/1.jpg")
    return (root / "SET" / "a" / "1.jpg").read_bytes() == photograph


def archives(root):
    return sorted(path.name for path in (root / "archives").iterdir())
