"""Access tokens: which open, as whom, and that every trick is refused and the log alone says why."""

import asyncio
import base64
import json
import logging
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import OKPAlgorithm

from app.domain.access import Caller, Permission, Role, Scope
from app.interfaces.authentication.oauth import AccessTokens
from tests.interfaces.authentication.access_tokens import AUDIENCE, ISSUER, NOW, ask, claims, issuer, token, tokens
from tests.interfaces.authentication.build import bearer
from tests.interfaces.cds_hooks.tokens import jwk, private_key


def test_a_listed_client_gets_its_roles_and_scope_and_is_known_from_then_on() -> None:
    one, sent = tokens(), token()
    assert one.known(bearer(sent)) is None
    caller = ask(one, sent)
    reach = Scope(facilities=frozenset({"H1"}))
    assert caller == Caller(
        id="oauth:login:his", roles=frozenset({Role.HIS_CLIENT}), scope=reach, kind="token", name="his"
    )
    assert one.known(bearer(sent)) == caller
    assert one.known(bearer(sent[:-2] + ("AA" if sent[-2:] != "AA" else "BB"))) is None


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "RS256", "RS384", "PS256"])
def test_each_algorithm_where_it_is_allowed(algorithm: str) -> None:
    key = private_key("RS256") if algorithm == "PS256" else private_key(algorithm)
    sent, keys = token(algorithm=algorithm, key=key), {"keys": [jwk(key)]}
    assert ask(tokens(issuer(algorithms=[algorithm], keys=keys)), sent) is not None
    other = "ES384" if algorithm == "ES256" else "ES256"
    assert ask(tokens(issuer(algorithms=[other], keys=keys)), sent) is None


def test_ed25519() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    told = {**json.loads(OKPAlgorithm.to_jwk(key.public_key())), "kid": "k1"}
    assert ask(tokens(issuer(algorithms=["EdDSA"], keys={"keys": [told]})), token(algorithm="EdDSA", key=key))


def plain(head: Any, told: Any = None, signature: bytes = b"") -> str:
    parts = [json.dumps(one).encode() for one in (head, claims() if told is None else told)]
    return ".".join([base64.urlsafe_b64encode(one).rstrip(b"=").decode() for one in (*parts, signature)])


def by_public_key_as_secret() -> str:
    """The classic: the public key, which everybody has, as the secret of an HMAC."""
    public = private_key("ES256").public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    head = {"alg": "HS256", "kid": "k1", "typ": "JWT"}
    body = plain(head).rpartition(".")[0]
    import hmac

    return f"{body}.{base64.urlsafe_b64encode(hmac.digest(pem, body.encode(), 'sha256')).rstrip(b'=').decode()}"


def with_own_key() -> str:
    own = private_key("ES256", 1)
    return token(key=own, jwk=jwk(own), jku="https://evil.example/keys", x5u="https://evil.example/cert")


TRICKS: dict[str, tuple[Callable[[], str], str]] = {
    "unsigned": (lambda: plain({"alg": "none"}), "'none' is not allowed"),
    "unsigned, oddly written": (lambda: plain({"alg": "nOnE"}), "not allowed"),
    "no algorithm": (lambda: plain({}), "not"),
    "algorithm is a list": (lambda: plain({"alg": ["ES256"]}), ""),
    "public key as a secret": (by_public_key_as_secret, "'HS256' is not allowed"),
    "a key of its own": (with_own_key, "InvalidSignatureError"),
    "another key": (lambda: token(key=private_key("ES256", 1)), "InvalidSignatureError"),
    "no signature": (lambda: plain({"alg": "ES256", "kid": "k1"}), "InvalidSignatureError"),
    "zero signature": (lambda: plain({"alg": "ES256", "kid": "k1"}, signature=bytes(64)), "InvalidSignatureError"),
    "unknown kid": (lambda: token(kid="other"), "0 keys fit"),
    "kid is a path": (lambda: token(kid="../../etc/passwd"), "0 keys fit"),
    "kid is SQL": (lambda: token(kid="' OR 1=1 --"), "0 keys fit"),
    "critical extension": (lambda: plain({"alg": "ES256", "kid": "k1", "crit": ["exp"], "exp": 1}), ""),
    "an id token's kind": (lambda: token(typ="dpop+jwt"), "not of a kind"),
    "another audience": (lambda: token(claims(aud="else")), "audience"),
    "audience as a prefix": (lambda: token(claims(aud=AUDIENCE + "x")), "audience"),
    "no audience": (lambda: token(claims(aud=None)), "audience"),
    "audience is an object": (lambda: token(claims(aud={AUDIENCE: 1})), "audience"),
    "expired": (lambda: token(claims(NOW - 1000)), "expired 100 seconds ago"),
    "issued in the future": (lambda: token(claims(NOW + 100)), "in the future"),
    "not before": (lambda: token(claims(nbf=NOW + 100)), "nbf"),
    "lives too long": (lambda: token(claims(exp=NOW + 3601)), "lives 3601 seconds"),
    "never expires": (lambda: token(claims(exp=None)), "exp"),
    "expires at infinity": (lambda: token(claims(exp=float("inf"))), "exp"),
    "expiry is a truth": (lambda: token(claims(exp=True)), "exp"),
    "no moment of issue": (lambda: token(claims(iat=None)), "iat"),
    "no client": (lambda: token(claims(client_id=None)), "no usable client_id"),
    "client is a list": (lambda: token(claims(client_id=["his"])), "no usable client_id"),
    "unlisted client": (lambda: token(claims(client_id="other")), "not listed"),
    "client of odd signs": (lambda: token(claims(client_id="his\n")), "no usable client_id"),
    "huge": (lambda: token(claims(x="y" * 9000)), "too long"),
    "no token": (lambda: "aaaa.bbbb.cccc", "no token"),
    "dots": (lambda: "..", "no token"),
    "deep": (lambda: plain({"alg": "ES256"}).split(".")[0] + "." + "Ww" * 3000 + ".x", ""),
}


@pytest.mark.parametrize("trick", TRICKS)
def test_what_opens_nothing(trick: str, caplog: pytest.LogCaptureFixture) -> None:
    make, why = TRICKS[trick]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sent = make()
    with caplog.at_level(logging.WARNING):
        assert ask(tokens(), sent) is None
    (entry,) = caplog.messages
    assert why in entry
    assert len(sent) < 5 or sent not in entry


@pytest.mark.parametrize("told", [None, "https://else.example", ISSUER + "/", ["x"], 5])
def test_another_issuers_token_is_left_to_others(told: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert ask(tokens(), token(claims(iss=told))) is None
    assert caplog.messages == []


def test_a_token_of_one_issuer_is_none_of_another() -> None:
    second = issuer(issuer="https://b.example", name="b", keys={"keys": [jwk(private_key("ES256", 2))]})
    assert ask(tokens(issuer(), second), token(claims(iss="https://b.example"))) is None


def test_what_is_known_ends_with_its_token() -> None:
    now = float(NOW)
    one = AccessTokens([issuer()], lambda: now)
    sent = token()
    assert ask(one, sent) is not None
    now = NOW + 929.0
    assert one.known(bearer(sent)) is not None, "clocks may differ by half a minute"
    now = NOW + 930.0
    assert one.known(bearer(sent)) is None
    assert ask(one, sent) is None


def test_roles_and_facilities_by_claims_are_translated_and_never_taken_as_they_are() -> None:
    by_claims = issuer(
        clients={}, roles_claim="groups", roles={"mj-audit": "his_client"}, facilities_claim="orgs",
    )  # fmt: skip
    caller = ask(tokens(by_claims), token(claims(groups=["mj-audit", "security_administrator"], orgs="H1 H2")))
    assert caller is not None
    assert caller.roles == {Role.HIS_CLIENT}
    assert caller.scope == Scope(facilities=frozenset({"H1", "H2"}))
    assert not caller.may(Permission.RIGHT_GRANT)
    for told in ({"orgs": "H1"}, {"groups": "mj-audit"}, {"groups": "security_administrator", "orgs": "H1"},
                 {"groups": {"mj-audit": 1}, "orgs": "H1"}, {"groups": "mj-audit", "orgs": []}):  # fmt: skip
        assert ask(tokens(by_claims), token(claims(**told))) is None


def test_no_two_clients_become_one_in_the_records() -> None:
    long = {"x" * 90 + end: {"everywhere": "true"} for end in "ab"}
    found = [ask(tokens(issuer(clients=long)), token(claims(client_id=name))) for name in long]
    assert len({one.id for one in found if one is not None}) == 2
    assert all(one is not None and len(one.id) <= 64 for one in found)


@given(st.text(max_size=200) | st.binary(max_size=100).map(lambda raw: base64.urlsafe_b64encode(raw).decode() + "..x"))
def test_whatever_is_sent_breaks_nothing(sent: str) -> None:
    one = tokens()
    scope = bearer("x")
    scope["headers"] = [(b"authorization", b"Bearer " + sent.encode("utf-8", "replace"))]
    assert one.known(scope) is None
    assert asyncio.run(one.find(scope)) is None
