"""Keys of an issuer: fetched when they are new, held while it is down, and given up when it took them back."""

import asyncio
import time
from typing import Any

from app.interfaces.authentication.oauth import AccessTokens
from tests.interfaces.authentication.access_tokens import ISSUER, claims, issuer, token
from tests.interfaces.authentication.build import bearer, who
from tests.interfaces.cds_hooks.test_client_keys import emr, jwks  # noqa: F401 - a fixture: somebody's web server


def test_a_new_key_is_fetched_while_the_first_token_that_needs_it_waits(emr: Any) -> None:  # noqa: F811
    async def steps() -> None:
        emr.answer = (200, {}, jwks("ES256"))
        now = time.time()
        one = AccessTokens([issuer(keys=None, jwks_uri=emr.url)])
        assert await who(one, bearer(token(claims(now)))) is not None
        assert emr.asked == 1
        for _ in range(20):
            assert await who(one, bearer(token(claims(now), kid="made-up"))) is None
        assert emr.asked == 1, "however many unknown keys are named"

    asyncio.run(steps())


def test_keys_go_on_while_their_issuer_is_down_but_not_for_ever(emr: Any) -> None:  # noqa: F811
    async def steps() -> None:
        emr.answer = (200, {}, jwks("ES256"))
        one = AccessTokens([issuer(keys=None, jwks_uri=emr.url)])
        await one.open()
        emr.answer = (500, {}, b"")
        pinned = one._issuers[ISSUER].pinned
        assert pinned is not None
        began, later = time.monotonic(), 0.0
        pinned._clock = lambda: began + later
        sent = token(claims(time.time()))
        assert await who(one, bearer(sent)) is not None
        later = 4000.0
        assert await who(one, bearer(sent)) is not None
        await pinned.wait()
        assert emr.asked == 2
        later = 24 * 3600 + 60.0
        assert one.known(bearer(sent)) is None
        assert await who(one, bearer(sent)) is None

    asyncio.run(steps())


def test_a_key_that_its_issuer_took_back_opens_nothing_more(emr: Any) -> None:  # noqa: F811
    async def steps() -> None:
        emr.answer = (200, {}, jwks("ES256"))
        one = AccessTokens([issuer(keys=None, jwks_uri=emr.url, algorithms=["ES256", "ES384"])])
        await one.open()
        sent = token(claims(time.time()))
        assert await who(one, bearer(sent)) is not None
        pinned = one._issuers[ISSUER].pinned
        assert pinned is not None
        began = time.monotonic()
        pinned._clock = lambda: began + 4000
        emr.answer = (200, {}, jwks("ES384"))
        pinned.current()
        await pinned.wait()
        assert one.known(bearer(sent)) is None, "what was known is looked at again"
        assert await who(one, bearer(sent)) is None

    asyncio.run(steps())
