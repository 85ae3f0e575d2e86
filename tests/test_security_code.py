"""What the code must not do, seen in its syntax: run what was sent in, use weak ciphers or guessable numbers, follow
strangers' redirects. docs/security.md leans on this.
"""

import ast
import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.application.password_hash import PasswordHashes

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "app").rglob("*.py"))
RUNS_CODE = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "pickle.loads", "pickle.load",
             "marshal.loads", "shelve.open", "yaml.unsafe_load", "yaml.full_load"}  # fmt: skip
UNSAFE_MODULES = ("pickle", "marshal", "shelve", "dill", "xml", "lxml", "telnetlib", "ftplib", "ldap", "smtplib")
HASHES = {"sha256", "sha512", "blake2b", "file_digest", "scrypt"}
CIPHERS = {"AESGCM", "SM4", "GCM", "Cipher", "algorithms", "modes"}
PROGRAMS = {
    "app/store/postgres/copying.py",
    "app/trail/sm2.py",
    "app/knowledge/imports/apart.py",
}  # pg_dump; openssl; ours
NAMES = {"app/store/postgres/partitions.py"}  # partitions are named by their month
JITTER = {
    "app/domain/notice.py",
    "app/store/breaker.py",
    "app/store/redis/rulesets.py",
}  # how long to wait: nobody need not guess it


def trees() -> Iterator[tuple[str, ast.Module]]:
    for file in FILES:
        yield str(file.relative_to(ROOT)), ast.parse(file.read_text("utf-8"))


def calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Module and name; the name is blank where the whole module is imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((one.name, "") for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield from ((node.module, one.name) for one in node.names)


def made_of_input(tree: ast.Module) -> list[str]:
    found = [name for name, _ in calls(tree) if name in RUNS_CODE]
    return found + [module for module, _ in imports(tree) if module.split(".")[0] in UNSAFE_MODULES]


def test_nothing_that_was_sent_in_is_run_or_unpickled_and_no_xml_is_read() -> None:
    assert [(file, found) for file, tree in trees() if (found := made_of_input(tree))] == []


@pytest.mark.parametrize("code", ["eval('1')", "import pickle", "from xml.etree import ElementTree", "os.system('x')"])
def test_it_would_be_seen(code: str) -> None:
    assert made_of_input(ast.parse(code)) != []


def test_programs_are_run_from_three_places_and_never_by_a_shell() -> None:
    running = {file for file, tree in trees() if any(module == "subprocess" for module, _ in imports(tree))}
    assert running == PROGRAMS
    for file, tree in trees():
        for name, call in calls(tree):
            shell = [one.value for one in call.keywords if one.arg == "shell"]
            assert not shell, f"{file}: {name}"
            assert not name.startswith(("asyncio.create_subprocess", "os.spawn", "os.exec")), file


def test_only_ciphers_and_hashes_that_are_approved() -> None:
    for file, tree in trees():
        for module, name in imports(tree):
            if module.startswith("cryptography.hazmat.primitives.ciphers"):
                assert name in CIPHERS, f"{file}: {name}"
            if module == "hashlib" and name and name not in HASHES:
                assert (file, name) == ("app/store/redis/connection.py", "sha1"), f"{file}: {name}"
        for name, call in calls(tree):
            if name.startswith("modes."):
                assert name == "modes.GCM", file
            if name.endswith("sha1"):  # Redis names its scripts so
                assert any(one.arg == "usedforsecurity" and ast.unparse(one.value) == "False" for one in call.keywords)
            if name.startswith("hashlib."):
                assert name.split(".")[1].split("(")[0] in HASHES, f"{file}: {name}"


def test_what_must_not_be_guessed_is_not_drawn_from_the_plain_generator() -> None:
    assert {file for file, tree in trees() if any(module == "random" for module, _ in imports(tree))} <= JITTER


def test_calls_to_elsewhere_follow_no_redirect_no_environment_and_check_certificates() -> None:
    clients = 0
    for file, tree in trees():
        for name, call in calls(tree):
            told = {one.arg: ast.unparse(one.value) for one in call.keywords}
            if name in ("httpx.AsyncClient", "httpx.Client"):
                clients += 1
                assert told.get("trust_env") == "False", file
                assert "timeout" in told, file
                assert told.get("follow_redirects", "False") == "False", file
            assert "verify" not in told or told["verify"] != "False", f"{file}: {name}"
            assert name not in ("urlopen", "urllib.request.urlopen", "requests.get", "requests.post"), file
    assert clients >= 3


def test_templates_are_files_of_ours_and_escape_what_is_put_in() -> None:
    made = 0
    for file, tree in trees():
        for name, call in calls(tree):
            assert not name.endswith(("from_string", "render_template_string")), file
            if name.endswith("Environment"):
                made += 1
                told = {one.arg: ast.unparse(one.value) for one in call.keywords}
                assert told.get("autoescape") in ("True", "select_autoescape()"), f"{file}: it does not escape"
    assert made >= 1


def test_statements_are_not_put_together_from_values() -> None:
    """SQL that is an f-string may hold names of ours (capitals, or a checked identifier), never what was sent in."""
    for file, tree in trees():
        for name, call in calls(tree):
            if name.split(".")[-1] in ("execute", "executemany", "fetch", "fetchrow", "fetchval") and call.args:
                assert not (isinstance(call.args[0], ast.BinOp) and isinstance(call.args[0].op, ast.Mod)), file
                if isinstance(call.args[0], ast.JoinedStr) and file not in NAMES:
                    text = ast.unparse(call.args[0])
                    assert not any(word in text.upper() for word in (" WHERE ", "INSERT INTO ", "UPDATE ")), (
                        f"{file}: {text}"
                    )


def test_passwords_are_stored_by_a_slow_function() -> None:
    """OWASP's least parameters of argon2id: 19 MiB, two passes, one lane."""

    async def made() -> str:
        return await PasswordHashes().make("a password of the tests")

    found = re.fullmatch(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$\S+\$\S+", asyncio.run(made()))
    assert found is not None
    memory, passes, lanes = map(int, found.groups())
    assert memory >= 19 * 1024
    assert passes >= 2
    assert lanes == 1
