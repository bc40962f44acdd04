"""The embed behind nginx with the configuration of the docs: its headers arrive, nothing is added, a forged host gets no answer."""

from __future__ import annotations

import http.client
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from embed_pages import LIVE, foreign
from playwright.sync_api import Browser

pytest_plugins = ["window_fixtures", "framed_fixtures"]

CONFIG = Path(__file__).resolve().parents[2] / "docs" / "nginx.conf"


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return int(opened.getsockname()[1])


@pytest.fixture(scope="module")
def proxied(served: tuple[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """nginx before the application, with docs/nginx.conf as it stands but for ports and the host's name."""
    folder = tmp_path_factory.mktemp("nginx")
    port = free_port()
    written = CONFIG.read_text(encoding="utf-8")
    ours = written.replace("listen 8080", f"listen 127.0.0.1:{port}").replace(
        "127.0.0.1:8000", urlsplit(served[0]).netloc
    ).replace("map.example.org", "localhost")  # fmt: skip
    assert ours.count(str(port)) == 2
    (folder / "yizhan.conf").write_text(ours, encoding="utf-8")
    (folder / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;\n"
        "events { worker_connections 64; }\n"
        "http {\n"
        + "".join(
            f"  {kind}_temp_path {folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        + f"  include {folder}/yizhan.conf;\n}}\n",
        encoding="utf-8",
    )
    folder.chmod(0o755)
    running = subprocess.Popen(["/usr/sbin/nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)])
    try:
        for _ in range(100):
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        else:
            raise AssertionError((folder / "error.log").read_text(encoding="utf-8"))
        yield port
    finally:
        running.terminate()
        running.wait(10)


def ask(port: int, path: str, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={"Host": f"localhost:{port}", "Connection": "close"} | headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


@pytest.mark.parametrize(
    ("path", "ancestors"), [("/embed?v=1", "*"), ("/map", "'none'"), ("/embed/builder", "'none'")]
)
def test_the_policy_arrives_once_and_no_frame_option_is_added(
    proxied: int, path: str, ancestors: str
) -> None:
    answer = ask(proxied, path)
    assert answer.status == 200
    assert answer.headers.get_all("X-Frame-Options") is None
    policies = answer.headers.get_all("Content-Security-Policy") or []
    assert len(policies) == 1
    assert policies[0].endswith(f"frame-ancestors {ancestors}")
    assert "unsafe-inline" not in policies[0]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers.get_all("Set-Cookie") is None


@pytest.mark.parametrize(
    ("path", "encodings"),
    [
        ("/embed?v=1", {"gzip", "br"}), ("/map/stations.json", {"gzip", "br"}), ("/static/js/core.js", {"gzip", "br"}),
        ("/static-map.svg", {"gzip"}),
    ],
)  # fmt: skip
def test_what_is_text_arrives_compressed(proxied: int, path: str, encodings: set[str]) -> None:
    answer = ask(proxied, path, **{"Accept-Encoding": "gzip, br"})
    assert answer.headers["Content-Encoding"] in encodings
    assert "Accept-Encoding" in ", ".join(answer.headers.get_all("Vary") or [])


def test_data_may_still_be_read_from_a_page_without_an_origin(proxied: int) -> None:
    assert ask(proxied, "/map/stations.json", Origin="null").headers["Access-Control-Allow-Origin"] == "*"


def test_links_name_the_host_that_readers_reach(proxied: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", proxied, timeout=10)
    connection.request("GET", "/embed?v=1", headers={"Host": f"localhost:{proxied}"})
    page = connection.getresponse().read().decode()
    connection.close()
    assert re.findall(r'rel="canonical" href="([^"]*)"', page) == [f"http://localhost:{proxied}/map"]


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1", ""])
def test_a_forged_host_gets_no_answer(proxied: int, host: str) -> None:
    with socket.create_connection(("127.0.0.1", proxied), timeout=10) as line:
        line.sendall(f"GET /embed HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while chunk := line.recv(4096):
            answer += chunk
    assert b"<html" not in answer or answer.startswith(b"HTTP/1.1 400")
    assert b"evil.example" not in answer
    assert not answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("attributes", ["", 'sandbox="allow-scripts"'])
def test_the_map_runs_in_a_frame_of_another_origin_through_nginx(
    proxied: int, browser: Browser, attributes: str
) -> None:
    site = f"http://localhost:{proxied}"
    markup = f'<iframe src="{site}/embed?v=1&amp;list=beside" title="map" width="800" height="480" {attributes}></iframe>'
    with foreign(markup) as address:
        context = browser.new_context(locale="zh-CN")
        page = context.new_page()
        # localhost is the proxy's name here, so the page around is told by its number.
        page.goto(address.replace("localhost", "127.0.0.1"))
        frame = page.frame_locator("iframe")
        frame.locator(LIVE).wait_for(state="attached")
        assert frame.locator(".leaflet-marker-icon").count() >= 3
        assert frame.locator(".row").count() == 5
        context.close()
