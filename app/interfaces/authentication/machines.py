"""The ways of machines put together (组装), for the composition root."""

import asyncio

from app.application.hold_keys import KeyHolder
from app.application.manage_keys import KeyDesk
from app.interfaces.authentication.api_keys import ApiKeys
from app.interfaces.authentication.installation_key import InstallationKey
from app.interfaces.authentication.oauth import AccessTokens
from app.interfaces.authentication.oauth_issuers import read_issuers
from app.interfaces.authentication.proxy import ClientCertificates
from app.interfaces.authentication.replay import SharedReplay
from app.interfaces.authenticator import Authenticator
from app.settings import Settings
from app.store.api_keys import ApiKeyStore
from app.store.used_tokens import UsedTokens


class Machines:
    """`authenticators` are for the gate, in the order in which they are asked; `desk` is for whoever manages keys."""

    def __init__(self, settings: Settings, keys: ApiKeyStore, used: UsedTokens | None, installation_key: str) -> None:
        """Raises IssuerError where the file of issuers is wrong."""
        self.desk = KeyDesk(keys, days=settings.key_days, overlap_days=settings.key_overlap_days)
        self.replay = SharedReplay(used)
        self._holder = KeyHolder(keys, settings.key_hold_seconds)
        self._tokens = AccessTokens(read_issuers(settings.oauth_issuers))
        self._following: asyncio.Task[None] | None = None
        self.authenticators: tuple[Authenticator, ...] = (
            ApiKeys(self._holder),
            InstallationKey(installation_key, settings.api_key_roles),
            self._tokens,
            *([ClientCertificates(self._holder)] if settings.client_cert_header else []),
        )

    async def open(self) -> None:
        """The store is to be opened before."""
        await self._holder.open()
        await self._tokens.open()
        self._following = asyncio.create_task(self._holder.follow())

    async def close(self) -> None:
        """The store is to be closed after."""
        if self._following is not None:
            self._following.cancel()
            await self._holder.note_use()
