"""API10 (2023), unsafe consumption: what other servers answer is bounded, checked, and never followed elsewhere."""

import asyncio
import time
from typing import Any

import pytest

from app.application.ask_witness import HttpWitness
from app.interfaces.authentication.oauth import AccessTokens
from app.interfaces.session.oidc_provider import OidcClient, OidcProvider, OidcUnavailable
from app.trail.keys import Cosigner, read_verifier
from app.trail.note import Checkpoint, sign
from tests.interfaces.authentication.access_tokens import claims, issuer, token
from tests.interfaces.authentication.build import bearer, who
from tests.interfaces.foreign_server import WAYS, Foreign, foreign_server
from tests.trail.test_tree import TREE
from tests.trail.test_verifier import SIGNER

MOST_SECONDS, MOST_BYTES = 12.0, 8 * 1024 * 1024  # what a socket's buffers hold is sent, and not read


@pytest.fixture(params=WAYS)
def foreign(request: pytest.FixtureRequest) -> Any:
    with foreign_server(request.param) as server:
        began = time.monotonic()
        yield server
        assert time.monotonic() - began < MOST_SECONDS
        assert server.sent < MOST_BYTES, "read on and on"
        assert "/elsewhere" not in server.asked, "followed a redirect"
        assert server.asked, "was not asked at all"


def test_api10_keys_of_an_issuer(foreign: Foreign) -> None:
    async def steps() -> None:
        one = AccessTokens([issuer(keys=None, jwks_uri=f"{foreign.url}/keys")])
        assert await who(one, bearer(token(claims(time.time())))) is None
        pinned = next(iter(one._issuers.values())).pinned
        assert pinned is not None
        await pinned.wait()
        assert await who(one, bearer(token(claims(time.time())))) is None

    asyncio.run(steps())


def test_api10_what_an_openid_provider_tells(foreign: Foreign) -> None:
    async def steps() -> None:
        provider = OidcProvider(OidcClient(foreign.url, "mingjian", "s"))
        try:
            with pytest.raises(OidcUnavailable):
                await provider.claims("code", "http://127.0.0.1/back", "n", "v" * 43)
        finally:
            await provider.close()

    asyncio.run(steps())


def test_api10_what_a_witness_answers(foreign: Foreign) -> None:
    key = read_verifier(Cosigner("witness.example/1", bytes(32)).verifier_key)
    note = sign(Checkpoint(SIGNER.name, 700, TREE.root(700)).encode(), [SIGNER])

    async def prove(_: int, __: int) -> list[bytes]:
        return []

    assert asyncio.run(HttpWitness(foreign.url, key).cosign(note, prove)) is None
