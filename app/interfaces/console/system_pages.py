"""The pages for running it (系统管理页面), put together for the composition root."""

from collections.abc import Sequence

from fastapi import APIRouter

from app.application.manage_keys import KeyDesk
from app.application.manage_webhooks import WebhookDesk
from app.application.safety_net import SafetyNet
from app.application.trail_keys import trail_signers
from app.application.verify_trail import TrailVerifier
from app.domain.account import OtpPolicy
from app.interfaces.console.accounts import AccountPages
from app.interfaces.console.keys import key_pages
from app.interfaces.console.pages import Pages
from app.interfaces.console.people import People
from app.interfaces.console.profiles import ProfilePages, configured
from app.interfaces.console.trail import TrailDesk, trail_pages
from app.interfaces.console.webhooks import WebhookPages
from app.interfaces.nhsa.profiles import Profiles
from app.interfaces.session.staff import Staff
from app.settings import Settings
from app.store.store import Store
from app.trail.keys import read_verifier
from app.trail.note import Verifier


class SystemPages:
    def __init__(
        self,
        pages: Pages,
        settings: Settings,
        store: Store,
        staff: Staff,
        keys: KeyDesk,
        webhooks: WebhookDesk,
        profiles: Profiles,
        net: SafetyNet,
        verifiers: Sequence[Verifier],
    ) -> None:
        """`verifiers`: the keys of the trail itself, from where no database administrator can change them."""
        witnesses = tuple([read_verifier(one["key"]).name for one in settings.trail_witnesses])
        verifier = TrailVerifier(store.trail, store.effects, verifiers)
        trail = TrailDesk(pages, store.trail, verifier, store.access, People(store.accounts), witnesses)
        otp = OtpPolicy.NOBODY if settings.evaluation else settings.require_otp
        hooks = WebhookPages(pages, webhooks)
        self._routers = [
            trail_pages(trail),
            AccountPages(pages, staff.manager, store.sessions, otp).router(),
            key_pages(pages, keys),
            hooks.router(),
            ProfilePages(pages, configured(settings, profiles), net, store.access, hooks).router(),
        ]

    def routers(self) -> list[APIRouter]:
        return self._routers


def trail_verifiers(settings: Settings) -> list[Verifier]:
    """The public keys that the trail of this installation is signed by. Raises BadNote."""
    signers = trail_signers(
        settings.trail_dir, settings.trail_origin, settings.trail_key_file, settings.trail_sm2_key_file
    )
    return [read_verifier(key) for one in signers if (key := getattr(one, "verifier_key", ""))]
