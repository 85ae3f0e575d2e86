"""The composition root (组装): settings, store, rules and interfaces meet here and nowhere else."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from hashlib import sha256

from fastapi import FastAPI

from app.application.audit_coding import open_judge
from app.application.audit_encounter import EncounterAuditor
from app.application.follow_ruleset import RulesetFollower
from app.application.load_feed import FeedLoader
from app.application.load_ruleset import load_ruleset
from app.application.patient_history import FacilityGroups, PatientHistory
from app.application.publish_ruleset import RulesetPublisher
from app.application.reviewing import Reviewing
from app.application.safety_net import SafetyNet
from app.application.tell_degraded import DegradedTeller
from app.assembly import VERSION, Parts, assemble
from app.domain.decision import DecisionPolicy
from app.domain.review_policy import policy_of
from app.interfaces.asgi import Application
from app.interfaces.auth import KEY_FILE, local_key
from app.interfaces.authentication.machines import Machines
from app.interfaces.authentication.proxy import behind_proxies
from app.interfaces.cds_hooks.lanes import CdsHooks
from app.interfaces.console.system_pages import trail_verifiers
from app.interfaces.nhsa.profiles import read_profiles
from app.interfaces.notices import Notices
from app.interfaces.observe.condition import Sources
from app.interfaces.observe.logs import log_to_stderr
from app.interfaces.observe.shared import share_metrics
from app.interfaces.observe.watching import Watching
from app.interfaces.serving import run, server_config
from app.interfaces.session.staff import Staff, told
from app.interfaces.trailing import trail_keeper
from app.interfaces.workers import end_with_parent
from app.knowledge.calendar_file import calendar_in
from app.knowledge.pack import PackError
from app.settings import Settings
from app.store.opening import store_at
from app.store.store import Store


def create_app(settings: Settings) -> Application:
    """The whole service as one ASGI application, which fails to start where there is no ruleset to judge by."""
    store = store_at(settings.database, settings.database_path, settings.redis, keys=settings.key_source)
    rulesets, feeds = _follower(store, settings), FeedLoader(store.feeds)
    net, watching = SafetyNet(store, settings.spool_dir), Watching(settings, VERSION)
    key = the_key(settings)
    machines = Machines(settings, store.keys, store.used, key)
    coding = open_judge(settings.grouping_scheme, settings.data_dir, settings.rules_dir, settings.cache_dir)
    parts = Parts(
        rulesets=rulesets,
        publisher=RulesetPublisher(store.rulesets, store.distribution),
        store=store,
        net=net,
        machines=machines,
        staff=Staff(settings, store),
        notices=Notices(settings, store),
        coding=coding,
        verifiers=trail_verifiers(settings),
        reviewing=_reviewing(store, rulesets, net, settings),
        profiles=read_profiles(settings.nhsa_profiles),
        ticket_secret=sha256(b"popup tickets" + key.encode()).digest(),
        feeds=feeds,
        auditor=EncounterAuditor(
            lambda: rulesets.current(),
            store.log,
            DecisionPolicy(settings.decisions),
            feeds=lambda: feeds.current(),
            history=_history(store, settings),
            recorder=net.recorder,
            history_breaker=net.history_breaker,
            coding=coding,
            observer=watching.observer,
        ),
        watching=watching,
        cds_hooks=CdsHooks(settings, store.alerts, machines, net.history_breaker),
    )
    return behind_proxies(assemble(parts, settings, _Lifetime(parts, settings).span), settings)


class _Lifetime:
    """What begins before the first request is served, and ends after the last."""

    def __init__(self, parts: Parts, settings: Settings) -> None:
        self._parts, self._settings = parts, settings
        self._trail = trail_keeper(parts.store.trail, settings)
        self._degraded = DegradedTeller(parts.store.trail, lambda: parts.net.dependencies)

    @asynccontextmanager
    async def span(self, _: FastAPI) -> AsyncIterator[None]:
        await self._open()
        parts = self._parts
        following = [
            asyncio.create_task(one.follow()) for one in (parts.feeds, parts.rulesets, self._trail, self._degraded)
        ]
        await self._begin()
        yield
        await self._end()
        for one in following:
            one.cancel()
        await self._trail.close()
        await parts.staff.close()
        await parts.machines.close()
        await parts.store.close()

    async def _open(self) -> None:
        """What everything else rests on."""
        parts, store = self._parts, self._parts.store
        await store.open()
        await parts.machines.open()
        await parts.rulesets.open(publish=self._settings.publish_at_start)
        await parts.feeds.open()
        before = (await store.effects.counts())[0].audits if await store.trail.size() == 0 else 0
        await self._trail.open(before, {"version": VERSION, **self._settings.told})
        if made := await parts.staff.open():
            print(told(made), flush=True)  # noqa: T201
        gc.collect()
        gc.freeze()  # what is loaded now lives as long as the process: no collection need look at it again
        gc.set_threshold(10_000, 10, 10)  # requests make few cycles; who reads and writes findings makes more

    async def _begin(self) -> None:
        parts = self._parts
        await parts.net.open(parts.auditor)
        await parts.cds_hooks.open()
        await parts.watching.open(
            Sources(parts.rulesets, parts.store.rulesets, parts.store.trail, self._trail, parts.net)
        )
        parts.reviewing.open()
        await parts.notices.open()

    async def _end(self) -> None:
        parts = self._parts
        await parts.notices.close()
        await parts.reviewing.close()
        await parts.watching.close()
        await parts.cds_hooks.close()
        await parts.net.close()


def _reviewing(store: Store, rulesets: RulesetFollower, net: SafetyNet, settings: Settings) -> Reviewing:
    return Reviewing(
        store,
        lambda: rulesets.current(),
        calendar_in(settings.rules_dir),
        policy_of(settings.review_policy),
        is_busy=lambda: net.pressure.is_busy,
    )


def _follower(store: Store, settings: Settings) -> RulesetFollower:
    local = partial(load_ruleset, settings.rules_dir, settings.cache_dir)
    return RulesetFollower(store.rulesets, store.distribution, settings.cache_dir, local)


def _history(store: Store, settings: Settings) -> PatientHistory | None:
    if not settings.keep_history:
        return None
    return PatientHistory(store.history, FacilityGroups(settings.history_groups))


def the_key(settings: Settings) -> str:
    return settings.api_key.get_secret_value() if settings.api_key is not None else local_key(settings.data_dir)


def serve(workers: int | None = None, factory: str = "app.main:worker") -> None:
    """Serve on the configured address until told to stop; prints where, and the key to call with.

    `factory` makes the application of each worker, where there are several. Raises PackError where there is no ruleset
    to judge by.
    """
    settings = Settings()
    count = workers or settings.workers
    log_to_stderr(settings.log_format)
    if count == 1:
        config = server_config(_fit_app(settings), settings)
    else:
        share_metrics(settings.data_dir)
        asyncio.run(_prepare(settings))
        config = server_config(factory, settings, count)
    where = "as MINGJIAN_API_KEY says" if settings.api_key is not None else f"in {settings.data_dir / KEY_FILE}"
    run(config, f"Mingjian 明鉴 {VERSION}", the_key(settings), where)


def worker() -> Application:
    """The application of one of several workers."""
    settings = Settings()
    log_to_stderr(settings.log_format)
    end_with_parent()
    return create_app(settings)


def _fit_app(settings: Settings) -> Application:
    try:
        load_ruleset(settings.rules_dir, settings.cache_dir)
    except PackError:
        asyncio.run(_prepare(settings))
    return create_app(settings)


async def _prepare(settings: Settings) -> None:
    """Migrate, and publish at start, once for all workers. Raises PackError where there is no ruleset to judge by."""
    store = store_at(settings.database, settings.database_path, settings.redis, keys=settings.key_source)
    await store.open()
    try:
        await _follower(store, settings).open(publish=settings.publish_at_start)
    finally:
        await store.close()
    os.environ["MINGJIAN_PUBLISH_AT_START"] = "false"  # a worker that is started again publishes nothing
