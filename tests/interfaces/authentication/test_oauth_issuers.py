"""The file of issuers: what is wrong in it stops the start and says where."""

from pathlib import Path

import pytest

from app.interfaces.authentication.oauth_issuers import IssuerError, OAuthIssuer, read_issuers

ISSUER = "https://login.example/his"
GOOD = f"issuers:\n- issuer: {ISSUER}\n  name: login\n  audience: mingjian\n  jwks_uri: https://login.example/keys\n"
CLIENTS = "  clients: {his: {facilities: [H1]}}\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (GOOD, "list clients"),
        (GOOD + "  clients: {his: {}}\n", "name facilities"),
        (GOOD + "  clients: {his: {facilities: [H1], everywhere: 'true'}}\n", "name facilities"),
        (GOOD + "  clients: {his: {facilities: [H1], roles: [security_administrator]}}\n", "only people"),
        (GOOD + "  clients: {his: {facilities: [H1], roles: [king]}}\n", "roles"),
        (GOOD + CLIENTS + "  roles_claim: groups\n", "belong together"),
        (GOOD + "  roles_claim: g\n  facilities_claim: f\n  roles: {a: audit_staff}\n", "only people"),
        (GOOD + CLIENTS + "  algorithms: [HS256]\n", "algorithms"),
        (GOOD + CLIENTS + "  algorithms: [none]\n", "algorithms"),
        (GOOD + CLIENTS + "  algorithms: []\n", "algorithms"),
        (GOOD + CLIENTS + "  longest_seconds: 1000000\n", "longest_seconds"),
        (GOOD + CLIENTS + "  keys: {keys: []}\n", "either jwks_uri or keys"),
        (GOOD.replace("https://login.example/keys", "http://login.example/keys") + CLIENTS, "https://"),
        (GOOD.replace("https://login.example/keys", "http://localhost.evil/keys") + CLIENTS, "https://"),
        (GOOD + CLIENTS + GOOD.partition("issuers:\n")[2] + CLIENTS, "stands twice"),
        (GOOD + CLIENTS + "  unknown: 1\n", "unknown"),
        ("[]: {", "issuers.yaml"),
        ("- 1", "issuers.yaml"),
    ],
)
def test_a_file_that_is_wrong_says_so(text: str, why: str, tmp_path: Path) -> None:
    file = tmp_path / "issuers.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(IssuerError, match=why):
        read_issuers(file)


def test_the_file_as_the_documentation_shows_it(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / "authentication.md").read_text("utf-8")
    (shown,) = [block.split("```")[0] for block in text.split("```yaml\n")[1:] if block.startswith("issuers:")]
    file = tmp_path / "issuers.yaml"
    file.write_text(shown, "utf-8")
    assert read_issuers(file)
    assert read_issuers(None) == ()
    told = [name for name in OAuthIssuer.model_fields if f"`{name}`" not in text]
    assert told == []
