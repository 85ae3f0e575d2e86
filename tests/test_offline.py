"""A hospital has no internet (离线安装): installed from a folder of wheels, started and used where there is no network
but the machine itself, and without any attempt to reach another one.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("app", "migrations", "rules", "scripts", "demo", "pyproject.toml", "README.md", "requirements.lock",
          "requirements-build.lock")  # fmt: skip
LOCKS = ("requirements.lock", "requirements-build.lock")
TRACED = "connect,sendto,sendmsg,sendmmsg"
_ADDRESS = re.compile(r'sa_family=AF_INET6?,.*?(?:inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)")')
_AT_HOME = re.compile(r"127\.|::1$|::ffff:127\.")

RUN = r"""
import fcntl, json, re, signal, socket, struct, subprocess, sys, time, urllib.request
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:  # the loopback is down in a new network
    request = struct.pack("16sh14x", b"lo", 0)
    flags = struct.unpack("16sh14x", fcntl.ioctl(one, 0x8913, request))[1]
    fcntl.ioctl(one, 0x8914, struct.pack("16sh14x", b"lo", flags | 1))
assert not open("/proc/net/route").read().splitlines()[1:], "there is a route"
subprocess.run(["sh", "scripts/setup.sh", "requirements.lock"], check=True)
server = subprocess.Popen([".venv/bin/mingjian", "serve"], stdout=subprocess.PIPE, text=True)
said = [server.stdout.readline() for _ in range(3)]
base, key = said[0].split()[-1], said[2].split()[-1]

def ask(path, body=None):
    headers = {"authorization": "Bearer " + key, "content-type": "application/json"}
    made = urllib.request.Request(base + path, data=body, headers=headers)
    with urllib.request.urlopen(made, timeout=30) as answer:
        return answer.read()

until = time.monotonic() + 60
while True:
    try:
        ask("/readyz")
        break
    except OSError:
        assert time.monotonic() < until, "the service does not become ready"
        time.sleep(0.1)
sent = open("demo/encounters/03-drug-for-unlisted-diagnosis.json", "rb").read()
seen = {"findings": len(json.loads(ask("/v1/audits", sent))["findings"]), "assets": [], "foreign": []}
ask("/openapi.json")
for page in ("/docs", "/redoc"):
    for link in re.findall(r"(?:src|href|url)\s*[=:]\s*[\"']([^\"']+)", ask(page).decode()):
        (seen["foreign"] if link.startswith(("http:", "https:", "//")) else seen["assets"]).append(link)
for link in seen["assets"]:
    if link.startswith("/"):
        assert ask(link), link
server.send_signal(signal.SIGTERM)
seen["status"] = server.wait(30)
print(json.dumps(seen))
"""


def attempts(log: str) -> list[str]:
    """Addresses of other machines that a traced process tried to reach."""
    found = [first or second for first, second in _ADDRESS.findall(log)]
    return [address for address in found if not _AT_HOME.match(address)]


def alone(command: list[str], log: Path, **options: object) -> subprocess.CompletedProcess[str]:
    """Run it in a network of its own, in which there is nothing else; tell whom it tried to reach."""
    tracing = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", f"trace={TRACED}", "-e", "signal=none", "-o", str(log)]
    return subprocess.run(
        ["unshare", "--net", *tracing, *command], capture_output=True, text=True, timeout=300, **options
    )  # type: ignore[call-overload,no-any-return]


@pytest.fixture
def _may_be_alone() -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed (apt-get install strace)")
    tried = subprocess.run(["unshare", "--net", "true"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"no network of its own can be made here: {tried.stderr.strip()}")


@pytest.fixture(scope="module")
def wheels() -> Path:
    """The folder that an administrator carries into the hospital; kept as long as the locks stay the same."""
    locks = hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in LOCKS)).hexdigest()[:16]
    folder = Path(os.environ.get("MINGJIAN_TEST_WHEELS") or Path(tempfile.gettempdir()) / f"mingjian-wheels-{locks}")
    if not (folder / "SHA256SUMS").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        environment = os.environ | {"PYTHON": sys.executable}
        subprocess.run(["sh", "scripts/wheels.sh", str(folder)], cwd=ROOT, check=True, timeout=300, env=environment)
    return folder


@pytest.mark.usefixtures("_may_be_alone")
def test_installed_started_and_used_without_any_network(wheels: Path, tmp_path: Path) -> None:
    for name in COPIED:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tmp_path / name)
    (tmp_path / "run.py").write_text(RUN)
    own = {"WHEELS": str(wheels), "PYTHON": sys.executable, "HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    log = tmp_path / "trace"
    done = alone([sys.executable, "run.py"], log, cwd=tmp_path, env=own)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert attempts(log.read_text(errors="replace")) == []
    seen = done.stdout.splitlines()[-1]
    assert '"foreign": []' in seen
    assert re.search(r'"status": (0|-15)}', seen), seen  # ended in good order, and then by the signal's own name
    assert re.search(r'"findings": [1-9]', seen), seen
    assert len(re.findall(r"\.(?:js|css)\"", seen)) >= 3, seen


@pytest.mark.usefixtures("_may_be_alone")
def test_an_attempt_would_be_seen(tmp_path: Path) -> None:
    ask = (
        "import socket, contextlib\n"
        "for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):\n"
        "    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, kind) as one:\n"
        "        one.connect(('192.0.2.7', 443))\n"
        "with contextlib.suppress(OSError), socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as one:\n"
        "    one.sendto(b'x', ('2001:db8::7', 53))\n"
    )
    done = alone([sys.executable, "-c", ask], tmp_path / "trace")
    assert done.returncode == 0, done.stderr
    assert attempts((tmp_path / "trace").read_text()) == ["192.0.2.7", "192.0.2.7", "2001:db8::7"]


def test_a_wheel_that_was_exchanged_is_not_installed(wheels: Path, tmp_path: Path) -> None:
    shutil.copytree(wheels, tmp_path / "wheels")
    changed = min((tmp_path / "wheels").glob("*.whl"), key=lambda path: path.stat().st_size)
    changed.write_bytes(changed.read_bytes() + b"\0")
    for name in ("scripts", "requirements.lock", "requirements-build.lock", "pyproject.toml"):
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tmp_path / name)
    environment = os.environ | {"WHEELS": str(tmp_path / "wheels"), "PYTHON": sys.executable}
    setup = ["sh", "scripts/setup.sh", "requirements.lock"]
    refused = subprocess.run(setup, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert refused.returncode != 0
    assert changed.name in refused.stdout + refused.stderr
    assert not (tmp_path / ".venv").exists()
