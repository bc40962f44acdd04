"""The map behind nginx with a certificate, by the configuration of the docs: https alone, one number a request, no numbers for strangers."""

from __future__ import annotations

import datetime as dt
import http.client
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from playwright.sync_api import Browser

pytest_plugins = ["window_fixtures", "framed_fixtures"]

CONFIG = Path(__file__).resolve().parents[2] / "docs" / "nginx-tls.conf"


@dataclass(frozen=True)
class Front:
    """Where nginx listens, and the certificate that it shows."""

    plain: int
    secure: int
    certificate: Path

    def ask(self, path: str, *, secure: bool = True, **headers: str) -> tuple[http.client.HTTPResponse, str]:
        context = ssl.create_default_context(cafile=self.certificate)
        connection = (
            http.client.HTTPSConnection("localhost", self.secure, timeout=20, context=context)
            if secure
            else http.client.HTTPConnection("localhost", self.plain, timeout=20)
        )
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read().decode(errors="replace")
        connection.close()
        return answer, body


def make_certificate(folder: Path) -> None:
    """Write a certificate for localhost that is good for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return int(opened.getsockname()[1])


@pytest.fixture(scope="module")
def front(served: tuple[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """nginx before the application, with docs/nginx-tls.conf as it stands but for ports, the host and the certificate."""
    folder = tmp_path_factory.mktemp("tls")
    make_certificate(folder)
    made = Front(free_port(), free_port(), folder / "fullchain.pem")
    ours = CONFIG.read_text(encoding="utf-8")
    for written, meant in {
        "https://map.example.org": f"https://localhost:{made.secure}",
        "map.example.org": "localhost",
        "listen 8080": f"listen 127.0.0.1:{made.plain}",
        "listen 8443": f"listen 127.0.0.1:{made.secure}",
        "127.0.0.1:8000": urlsplit(served[0]).netloc,
        "/etc/ssl/yizhan": str(folder),
        "/var/www/acme": str(folder),
    }.items():
        assert written in ours
        ours = ours.replace(written, meant)
    (folder / "yizhan.conf").write_text(ours, encoding="utf-8")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    (folder / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;\n"
        "events { worker_connections 64; }\nhttp {\n"
        + "".join(f"  {kind}_temp_path {folder}/{kind};\n" for kind in kinds)
        + f"  include {folder}/yizhan.conf;\n}}\n",
        encoding="utf-8",
    )
    folder.chmod(0o755)
    running = subprocess.Popen(["/usr/sbin/nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)])
    try:
        for _ in range(200):
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", made.secure)) == 0:
                    break
            time.sleep(0.05)
        else:
            raise AssertionError((folder / "error.log").read_text(encoding="utf-8"))
        yield made
    finally:
        running.terminate()
        running.wait(10)


def test_plain_http_leads_to_https_and_https_says_that_it_stays(front: Front) -> None:
    answer, _ = front.ask("/map?kind=rider_station", secure=False)
    assert (answer.status, answer.headers["Location"]) == (
        308,
        f"https://localhost:{front.secure}/map?kind=rider_station",
    )
    answer, _ = front.ask("/map")
    assert answer.status == 200
    assert answer.headers.get_all("Strict-Transport-Security") == ["max-age=15552000"]
    assert len(answer.headers.get_all("Content-Security-Policy") or []) == 1
    assert answer.headers.get_all("X-Frame-Options") is None


def test_numbers_for_monitors_do_not_pass_and_a_forged_host_gets_no_certificate(front: Front) -> None:
    answer, body = front.ask("/metrics")
    assert (answer.status, "yizhan_" in body) == (404, False)
    answer, body = front.ask("/readyz")
    assert "database" not in body
    context = ssl.create_default_context(cafile=front.certificate)
    context.check_hostname = False
    with (
        socket.create_connection(("127.0.0.1", front.secure), timeout=10) as line,
        pytest.raises(ssl.SSLError, match=r"(?i)unrecognized"),
    ):
        context.wrap_socket(line, server_hostname="evil.example")


def test_each_answer_has_a_number_of_its_own(front: Front) -> None:
    found = {front.ask("/livez")[0].headers["X-Request-ID"] for _ in range(3)}
    assert len(found) == 3


def test_the_finder_runs_in_a_browser_over_https(front: Front, browser: Browser) -> None:
    context = browser.new_context(locale="zh-CN", ignore_https_errors=True)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(f"https://localhost:{front.secure}/map")
    page.locator(".leaflet-marker-icon").first.wait_for(state="attached")
    assert complaints == []
    assert page.evaluate("location.protocol") == "https:"
    context.close()
