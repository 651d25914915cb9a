"""Files over HTTP, from a server in this process: good, missing, silent and closed."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mlplab.data import HttpFolder, SourceError

SERVED = {"/a": b"first", "/b": b"second" * 10_000}


class Handler(BaseHTTPRequestHandler):
    def do_HEAD(self):
        self._head()

    def do_GET(self):
        self._head()
        if self.path in SERVED:
            self.wfile.write(SERVED[self.path])

    def _head(self):
        known = self.path in SERVED
        self.send_response(200 if known else 404)
        self.send_header("Content-Length", str(len(SERVED.get(self.path, b""))))
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")


@pytest.fixture
def url():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def silent(line):
    raise AssertionError(f"nothing to report, but: {line}")


def test_files_are_downloaded_without_a_word(url, tmp_path, capfd):
    HttpFolder(url).fetch(("a", "b"), tmp_path, silent)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {
        "a": b"first",
        "b": SERVED["/b"],
    }
    assert capfd.readouterr() == ("", "")


def test_a_file_that_is_not_there_is_a_failure(url, tmp_path):
    with pytest.raises(SourceError, match=r"download failed .*404"):
        HttpFolder(url).fetch(("a", "c"), tmp_path, silent)
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_closed_port_fails_at_once(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(SourceError, match="cannot be reached"):
        HttpFolder(f"http://127.0.0.1:{port}/").fetch(("a",), tmp_path, silent)


def test_a_server_that_never_answers_is_given_up(tmp_path):
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(1)
        source = HttpFolder(f"http://127.0.0.1:{deaf.getsockname()[1]}/", patience_seconds=0.3)
        with pytest.raises(SourceError, match=r"no answer within 0\.3 s|cannot be reached"):
            source.fetch(("a",), tmp_path, silent)


def test_a_name_that_takes_for_ever_to_look_up_is_given_up(tmp_path, monkeypatch):
    wake, ended = threading.Event(), threading.Event()

    def slow(*args, **kwargs):
        wake.wait(60)
        ended.set()
        raise OSError("too late")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with pytest.raises(SourceError, match=r"no answer within 0\.2 s"):
        HttpFolder("http://example.invalid/", patience_seconds=0.2).fetch(("a",), tmp_path, silent)
    assert not ended.is_set()
    wake.set()
