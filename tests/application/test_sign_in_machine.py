"""Signing in against a model (登录状态机): time moves, passwords are guessed, sessions end, on two workers."""

import asyncio
import tempfile
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, rule

from app.application.account_entries import Whence
from app.application.first_accounts import AT_THE_MACHINE
from app.application.keep_sessions import Sessions
from app.application.manage_accounts import AccountManager
from app.application.password_hash import PasswordHashes
from app.application.sign_in import MOST_OF_ACCOUNT, MOST_OF_ADDRESS, WAIT, Locked, SignIn, WrongCredentials
from app.application.staff_keys import StaffKeys
from app.domain.access import Role
from app.domain.account import IDLE, LONGEST, OtpPolicy
from app.store.opening import store_at

T = TypeVar("T")
PASSWORD = "Lantern-over-7-rivers"
CHEAP = PasswordHashes(time_cost=1, memory_cost=8)
LOGINS = ("zhang", "li", "nobody")
ADDRESSES = ("10.0.0.1", "10.0.0.2")
TOUCHED = timedelta(minutes=1)  # how exactly it is noted that a session is in use
SPREAD = timedelta(seconds=5)  # until what one worker ended is known at the other


class Counter:
    """What the rules say of attempts: so many, and then none until the time has passed since the last that counted."""

    def __init__(self, most: int) -> None:
        self.most, self.count, self.at = most, 0, datetime.min.replace(tzinfo=UTC)

    def is_open(self, now: datetime) -> bool:
        return self.count < self.most or now >= self.at + WAIT

    def add(self, now: datetime) -> None:
        self.count = 1 if now >= self.at + WAIT else self.count + 1
        self.at = now


class SignInMachine(RuleBasedStateMachine):
    tokens = Bundle("tokens")

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 3, 2, 8, tzinfo=UTC)
        self.logins = {one: Counter(MOST_OF_ACCOUNT) for one in LOGINS}
        self.addresses = {one: Counter(MOST_OF_ADDRESS) for one in ADDRESSES}
        self.open: dict[str, tuple[str, datetime, datetime]] = {}  # token to login, start, and when it was used last
        self.ended: dict[str, datetime] = {}
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()

    def do(self, steps: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(steps)

    @initialize()
    def start(self) -> None:
        self.store = store_at(None, Path(self.folder.name) / "mingjian.sqlite3")
        self.do(self.store.open())
        keys = StaffKeys()
        keys.tell(self.do(self.store.secret()))
        self.workers = []
        for _ in range(2):
            sessions = Sessions(self.store.sessions, OtpPolicy.NOBODY, lambda: self.now, lambda: self.now.timestamp())
            self.workers.append((sessions, SignIn(self.store.accounts, sessions, keys, CHEAP, lambda: self.now)))
        manager = AccountManager(self.store.accounts, self.store.sessions, self.workers[0][0], CHEAP, lambda: self.now)
        self.manager = manager
        self.ids = {}
        for login in LOGINS[:2]:
            made = manager.create(
                login,
                login,
                caller=AT_THE_MACHINE,
                roles=frozenset({Role.FINANCE}),
                password=PASSWORD,
                must_change=False,
            )
            self.ids[login] = self.do(made).account.id

    @rule(minutes=st.sampled_from([0.02, 0.5, 1, 5, 14.98, 15, 29, 31, 300]))
    def time_passes(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(
        target=tokens, login=st.sampled_from(LOGINS), address=st.sampled_from(ADDRESSES), worker=st.integers(0, 1),
        is_right=st.booleans(),
    )  # fmt: skip
    def somebody_signs_in(self, login: str, address: str, worker: int, is_right: bool) -> str:
        of_login, of_address = self.logins[login], self.addresses[address]
        is_open = of_login.is_open(self.now) and of_address.is_open(self.now)
        password = PASSWORD if is_right else "a wrong password"
        try:
            opened = self.do(self.workers[worker][1].by_password(login, password, "", Whence(address)))
        except Locked:
            assert not is_open
            return ""
        except WrongCredentials:
            assert is_open
            assert not (is_right and login in self.ids)
            of_login.add(self.now)
            of_address.add(self.now)
            return ""
        assert is_open
        assert is_right
        assert login in self.ids
        self.logins[login] = Counter(MOST_OF_ACCOUNT)
        of_address.add(self.now)
        of_address.count -= 1
        self.open[opened.token] = (login, self.now, self.now)
        return opened.token

    @rule(token=tokens, worker=st.integers(0, 1))
    def a_session_is_used(self, token: str, worker: int) -> None:
        sessions = self.workers[worker][0]
        found = sessions.remembered(token) or self.do(sessions.find(token))
        if token not in self.open:
            assert found is None or self.now < self.ended.get(token, self.now) + SPREAD
            return
        login, started, seen = self.open[token]
        if self.now >= started + LONGEST or self.now >= seen + IDLE:
            assert found is None
            del self.open[token]
        elif self.now < seen + IDLE - TOUCHED:
            assert found is not None
            assert found.caller.id == self.ids[login]
            self.open[token] = (login, started, self.now)
        elif found is not None:
            self.open[token] = (login, started, self.now)
        else:
            del self.open[token]

    @rule(token=consumes(tokens), worker=st.integers(0, 1))
    def somebody_signs_out(self, token: str, worker: int) -> None:
        self.do(self.workers[worker][0].end(token, Whence()))
        if self.open.pop(token, None) is not None:
            self.ended[token] = self.now
        assert self.do(self.workers[worker][0].find(token)) is None

    @rule(login=st.sampled_from(LOGINS[:2]))
    def the_administrator_ends_all_sessions(self, login: str) -> None:
        self.do(self.manager.end_sessions(self.ids[login], caller=AT_THE_MACHINE, whence=Whence()))
        for token in [one for one, (whose, _, _) in self.open.items() if whose == login]:
            del self.open[token]
            self.ended[token] = self.now

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.do(self.store.close())
        self.loop.close()
        self.folder.cleanup()


TestSignIn = SignInMachine.TestCase
TestSignIn.settings = settings(max_examples=12, stateful_step_count=35, deadline=None)
