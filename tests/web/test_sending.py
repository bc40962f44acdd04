"""Readers on slow networks: what they hold up is bounded, and pages are answered meanwhile."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from sending_site import application
from werkzeug.test import Client, TestResponse

from web.sending import AT_ONCE, THREADS, WHOLE_BYTES, Sending

ROOT = Path(__file__).resolve().parents[2]
#: More than the network's own buffers take.
LARGE = 24 << 20
SERVE = """
from web.serving import serve
from web.settings import Settings

serve(Settings(secret_key="x" * 40, port={port}, workers=1), target="sending_site:application")
"""


class Pieces:
    """A body in pieces that remembers whether it was closed."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.pieces)

    def close(self) -> None:
        self.closed += 1


def through(body: Pieces, length: int | None) -> tuple[Iterable[bytes], list[tuple[str, str]]]:
    said: list[tuple[str, str]] = []

    def app(_: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK", [] if length is None else [("Content-Length", str(length))])
        return body

    return Sending(app)({}, lambda _, headers, *__: said.extend(headers)), said


def test_a_small_body_is_handed_over_in_one_piece_and_its_source_is_closed() -> None:
    body = Pieces(b"ab", b"", b"c")
    sent, said = through(body, 3)
    assert sent == [b"abc"]
    assert said == [("Content-Length", "3")]
    assert body.closed == 1


@pytest.mark.parametrize("length", [None, WHOLE_BYTES + 1])
def test_a_large_body_and_one_without_a_length_are_passed_on_as_they_come(length: int | None) -> None:
    body = Pieces(b"ab", b"c")
    sent, _ = through(body, length)
    assert sent is body
    assert body.closed == 0


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "file.bin"
    monkeypatch.setenv("SENDING_FILE", str(path))
    path.write_bytes(bytes(WHOLE_BYTES + 1))
    return path


def test_a_large_file_has_its_place_until_it_is_sent_or_its_reader_is_gone(file: Path) -> None:
    client = Client(application())

    def get(**headers: str) -> TestResponse:
        return client.get("/download/file", headers=headers, buffered=False)

    on_the_way = [get() for _ in range(AT_ONCE)]
    assert [answer.status_code for answer in on_the_way] == [200] * AT_ONCE
    refused = get()
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) > 0
    # What is small, or has no body, needs none.
    for headers, status in (({"Range": "bytes=0-99"}, 206), ({"If-None-Match": '"x"'}, 304)):
        with get(**headers) as small:
            assert small.status_code == status
    with client.head("/download/file") as told:
        assert told.status_code == 200
    on_the_way[0].close()
    again = get()
    assert again.status_code == 200
    assert again.data == file.read_bytes()
    for answer in [*on_the_way[1:], again]:
        answer.close()


@pytest.fixture
def port(file: Path) -> Iterator[int]:
    """Run the site in a server process as ``script/server`` does."""
    with file.open("r+b") as opened:
        opened.truncate(LARGE)
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(__file__).parent)])}
    with subprocess.Popen([sys.executable, "-c", SERVE.format(port=found)], env=env, cwd=ROOT) as process:
        try:
            for _ in range(200):
                with suppress(OSError):
                    asked(found, "/page")
                    break
                time.sleep(0.1)
            yield found
        finally:
            process.terminate()


def asked(port: int, path: str) -> tuple[int, int]:
    """Ask and return the status and the bytes that came."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, len(answer.read())


def stalled(port: int) -> socket.socket:
    """Ask for the file and read nothing of it."""
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    reader.connect(("127.0.0.1", port))
    reader.sendall(b"GET /download/file HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return reader


def test_readers_who_do_not_read_hold_up_no_page_and_leave_their_places_when_they_go(port: int) -> None:
    readers = [stalled(port) for _ in range(3 * THREADS)]
    try:
        time.sleep(0.5)
        assert [asked(port, "/page")[0] for _ in range(2 * THREADS)] == [200] * 2 * THREADS
        assert asked(port, "/download/file")[0] == 503
    finally:
        for reader in readers:
            reader.close()
    for _ in range(100):
        if asked(port, "/download/file") == (200, LARGE):
            break
        time.sleep(0.1)
    else:
        pytest.fail("the places were never free again")
