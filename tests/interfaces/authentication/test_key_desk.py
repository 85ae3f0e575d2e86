"""Who issues keys, and what they cannot do; and the key that the installation itself has."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.application.authorise import OutOfScope
from app.application.manage_keys import ChangedMeanwhile, KeyDesk, KeyEnded, KeyRequest, UnknownKey
from app.domain.access import Caller, Permission, Role, Scope
from app.domain.api_key import BadKey
from app.interfaces.authentication.installation_key import WITHHELD, InstallationKey
from app.interfaces.authentication.machines import Machines
from tests.interfaces.authentication.build import KEY, SECURITY, bearer, issued, request, with_machines


def test_who_issues_cannot_reach_beyond_themselves(tmp_path: Path) -> None:
    async def steps(machines: Machines) -> None:
        limited = Caller(id="s", roles=SECURITY.roles, scope=Scope(facilities=frozenset({"H1"})))
        desk = machines.desk
        for scope in (Scope(), Scope(facilities=frozenset({"H1", "H2"}))):
            with pytest.raises(OutOfScope):
                await desk.issue(KeyRequest("HIS", scope=scope), limited)
        mine = await desk.issue(KeyRequest("HIS", scope=Scope(facilities=frozenset({"H1"}))), limited)
        other = await desk.issue(KeyRequest("HIS"), SECURITY)
        assert [one.key.id for one in await desk.keys(limited)] == [mine.key.id]
        with pytest.raises(UnknownKey):
            await desk.rotate(other.key.id, limited)
        with pytest.raises(UnknownKey):
            await desk.revoke(other.key.id, limited)
        with pytest.raises(BadKey):
            await desk.issue(KeyRequest("HIS", roles=frozenset({Role.SECURITY_ADMINISTRATOR})), SECURITY)
        with pytest.raises(BadKey, match="expire"):
            await desk.issue(KeyRequest("HIS", expires_at=datetime.now(UTC) + timedelta(days=1096)), SECURITY)
        past = datetime.now(UTC) - timedelta(days=9)
        with pytest.raises(BadKey, match="expire"):
            await desk.issue(KeyRequest("HIS", not_before=past, expires_at=past + timedelta(days=1)), SECURITY)

    with_machines(tmp_path, steps)


def test_what_is_revoked_stays_so_and_two_at_once_do_not_both_change_it(tmp_path: Path) -> None:
    async def steps(machines: Machines) -> None:
        one = await issued(machines)
        done = await asyncio.gather(
            *[machines.desk.rotate(one.key.id, SECURITY) for _ in range(5)], return_exceptions=True
        )
        changed = [each for each in done if not isinstance(each, BaseException)]
        assert len(changed) >= 1
        assert {type(each) for each in done if isinstance(each, BaseException)} <= {ChangedMeanwhile}
        await machines.desk.revoke(one.key.id, SECURITY)
        for act in (machines.desk.revoke, machines.desk.rotate):
            with pytest.raises(KeyEnded):
                await act(one.key.id, SECURITY)

    with_machines(tmp_path, steps)


def test_the_installation_key_may_do_what_its_roles_say_but_for_what_people_answer() -> None:
    every = InstallationKey(KEY, Role)
    caller = every.known(bearer(KEY))
    assert caller is not None
    assert (caller.id, caller.kind) == ("local", "key")
    assert {one for one in Permission if not caller.may(one)} == WITHHELD
    narrow = InstallationKey(KEY, [Role.HIS_CLIENT]).known(bearer(KEY))
    assert narrow is not None
    assert narrow.may(Permission.AUDIT_SUBMIT)
    assert not narrow.may(Permission.TRAIL_READ)
    for wrong in (bearer(KEY + "x"), bearer(KEY[:-1]), bearer(""), request(), request(f"Basic {KEY}"), bearer("é")):
        assert every.known(wrong) is None
    for blank in ("", " "):
        with pytest.raises(ValueError, match="blank"):
            InstallationKey(blank, Role)


def test_desk_makes_no_two_alike(tmp_path: Path) -> None:
    async def steps(machines: Machines) -> None:
        desk: KeyDesk = machines.desk
        tokens = {(await desk.issue(KeyRequest("HIS"), SECURITY)).token for _ in range(20)}
        assert len({one.split(".")[1] for one in tokens}) == len({one.split(".")[2] for one in tokens}) == 20

    with_machines(tmp_path, steps)
