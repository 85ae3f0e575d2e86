"""A real nginx for tests (测试用反向代理), with the configuration that is shipped: only places and patience differ."""

import re
import shutil
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.deploy.authority import Authority, Issued, trusting
from tests.servers import Server, free_port, private_folder
from tests.service import ROOT

SHIPPED = ROOT / "deploy" / "nginx" / "mingjian.conf"
HEADER_SECONDS = 1
# As Debian has it around conf.d/*.conf: it packs pages, and logs queries, unless it is told otherwise.
AROUND = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
    sendfile on; tcp_nopush on; types_hash_max_size 2048; default_type application/octet-stream;
    ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on;
    access_log {folder}/default.log; gzip on;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    include {folder}/mingjian.conf;
}}
"""


class Proxy:
    def __init__(self, folder: Path, plain: int, tls: int, authority: Authority, revoked: Issued) -> None:
        self.folder, self.plain_port, self.port = folder, plain, tls
        self.authority, self.revoked, self.url = authority, revoked, f"https://127.0.0.1:{tls}"

    @property
    def log(self) -> str:
        return (self.folder / "access.log").read_text()

    def trusted(self, shown: Issued | None = None) -> ssl.SSLContext:
        return trusting(self.authority, shown)

    def client(self, headers: Mapping[str, str] | None = None, shown: Issued | None = None) -> httpx.Client:
        return httpx.Client(base_url=self.url, verify=self.trusted(shown), headers=headers, timeout=30, trust_env=False)


@contextmanager
def running_nginx(upstream: int) -> Iterator[Proxy]:
    """In front of what listens there."""
    binary = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/sbin")
    if binary is None:
        pytest.skip("nginx is not installed (apt-get install nginx-light)")
    with private_folder("nginx") as folder:
        authority, plain, tls = Authority(folder / "tls"), free_port(), free_port()
        revoked = authority.issue("stolen")
        (folder / "mingjian.conf").write_text(_placed(folder, upstream, plain, tls, authority, revoked))
        (folder / "nginx.conf").write_text(AROUND.format(folder=folder))
        for one in folder.rglob("*"):
            shutil.chown(one, folder.owner())
        proxy = Proxy(folder, plain, tls, authority, revoked)
        command = [binary, "-e", str(folder / "error.log"), "-p", str(folder), "-c", str(folder / "nginx.conf")]
        server = Server(folder, command, lambda: _answers(proxy), tls)
        server.start()
        try:
            yield proxy
        finally:
            server.stop()


def _placed(folder: Path, upstream: int, plain: int, tls: int, authority: Authority, revoked: Issued) -> str:
    own = authority.issue("audit.hospital.example", "127.0.0.1")
    places = {
        r"127\.0\.0\.1:8000": f"127.0.0.1:{upstream}",
        r"listen 80 ": f"listen 127.0.0.1:{plain} ",
        r"listen \[::\]:80 [^;]*;": "",
        r"listen 443 ": f"listen 127.0.0.1:{tls} ",
        r"listen \[::\]:443 [^;]*;": "",
        r"Host \$host;": f"Host $host:{tls};",
        r"/etc/nginx/tls/audit\.crt": str(own.certificate),
        r"/etc/nginx/tls/audit\.key": str(own.key),
        r"/etc/nginx/tls/machines-ca\.crt": str(authority.certificate),
        r"/etc/nginx/tls/machines\.crl": str(authority.revoke(revoked)),
        r"client_header_timeout 10s;": f"client_header_timeout {HEADER_SECONDS}s;",
        r"/var/log/nginx/mingjian\.log": str(folder / "access.log"),
    }
    text = SHIPPED.read_text("utf-8")
    for shipped, placed in places.items():
        text, count = re.subn(shipped, placed, text)
        assert count, f"{shipped} stands no more in {SHIPPED.name}"
    return text


def _answers(proxy: Proxy) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{proxy.plain_port}/", trust_env=False).status_code == 403
    except httpx.TransportError:
        return False
