"""Password hashes: argon2id by the parameters asked for, the same for the same letters however they are typed."""

import asyncio

from app.application.password_hash import PasswordHashes


def test_hashes_are_argon2id_as_owasp_asks_and_weaker_ones_are_told() -> None:
    strong, cheap = PasswordHashes(), PasswordHashes(time_cost=1, memory_cost=8)
    old, new = asyncio.run(cheap.make("k7-lamp-Truc")), asyncio.run(strong.make("k7-lamp-Truc"))
    assert new.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert strong.is_weak(old)
    assert not strong.is_weak(new)
    assert asyncio.run(PasswordHashes().fits("k7-lamp-Truc", old))


def test_only_the_password_fits_and_nothing_fits_nobody() -> None:
    async def steps() -> list[bool]:
        hashes = PasswordHashes(time_cost=1, memory_cost=8)
        known = await hashes.make("cafe\u0301-on-the-hill")
        asked = [
            ("caf\u00e9-on-the-hill", known), ("cafe-on-the-hill", known), ("", known), ("the password of nobody", ""),
            ("caf\u00e9-on-the-hill", "no hash"),
        ]  # fmt: skip
        return [await hashes.fits(*one) for one in asked]

    assert asyncio.run(steps()) == [True, False, False, False, False]
