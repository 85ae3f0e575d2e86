"""Issuers of access tokens (令牌签发方): whose tokens open this service, and what their clients may do. YAML.

A client is either listed by its id, or the issuer's own claims tell its roles and facilities, which are translated by a
table: nothing that a token says becomes a right by itself.
"""

import re
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from app.domain.access import Role, Scope
from app.domain.api_key import MACHINE_ROLES
from app.interfaces.authentication.jwks import BadKeys, Key, keys_in
from app.knowledge.text_yaml import read_yaml

Algorithm = Literal["ES256", "ES384", "RS256", "RS384", "PS256", "EdDSA"]
_SAFE = re.compile(r"https://[^/]+(/.*)?|http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?(/.*)?")


class IssuerError(Exception):
    """The file of issuers is wrong; the text says what and where."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OAuthClient(_Part):
    """What one client of the issuer may do. Who has no limit says so: `everywhere: true`."""

    roles: Annotated[frozenset[Role], Field(min_length=1)] = frozenset({Role.HIS_CLIENT})
    everywhere: bool = False
    facilities: frozenset[str] = frozenset()
    campuses: frozenset[str] = frozenset()
    departments: frozenset[str] = frozenset()

    @field_validator("roles")
    @classmethod
    def _are_for_machines(cls, roles: frozenset[Role]) -> frozenset[Role]:
        if staff := sorted(roles - MACHINE_ROLES):
            raise ValueError(f"{', '.join(staff)}: only people hold this")
        return roles

    @model_validator(mode="after")
    def _has_a_scope(self) -> "OAuthClient":
        if self.everywhere == bool(self.facilities):
            raise ValueError("name facilities, or say everywhere: true")
        return self

    @property
    def scope(self) -> Scope:
        return Scope(
            facilities=self.facilities or None, campuses=self.campuses or None, departments=self.departments or None
        )


class OAuthIssuer(_Part):
    """One authorization server. Its keys stand here (`keys`, a JWKS), or at its one address (`jwks_uri`)."""

    issuer: Annotated[str, Field(min_length=1, max_length=500)]
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,20}$")]  # what records call it
    audience: Annotated[str, Field(min_length=1, max_length=500)]
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = ("ES256", "RS256")
    jwks_uri: str = ""
    keys: dict[str, Any] | None = None
    client_claim: Annotated[str, Field(min_length=1, max_length=100)] = "client_id"
    clients: dict[str, OAuthClient] = {}
    roles_claim: str = ""  # for clients that are not listed: a text, parted by spaces, or a list
    roles: dict[str, Role] = {}  # what that claim says, to our role
    facilities_claim: str = ""  # likewise; without it such a client is refused
    longest_seconds: Annotated[int, Field(ge=10, le=86400)] = 3600  # between iat and exp

    @field_validator("jwks_uri")
    @classmethod
    def _is_safe(cls, uri: str) -> str:
        if uri and not _SAFE.fullmatch(uri):
            raise ValueError("must begin with https://; whoever could change the answer could make keys")
        return uri

    @field_validator("roles")
    @classmethod
    def _are_for_machines(cls, roles: dict[str, Role]) -> dict[str, Role]:
        if staff := sorted(set(roles.values()) - MACHINE_ROLES):
            raise ValueError(f"{', '.join(staff)}: only people hold this")
        return roles

    @model_validator(mode="after")
    def _is_whole(self) -> "OAuthIssuer":
        if bool(self.jwks_uri) == (self.keys is not None):
            raise ValueError("give either jwks_uri or keys")
        if bool(self.roles_claim) != bool(self.facilities_claim) or bool(self.roles_claim) != bool(self.roles):
            raise ValueError("roles_claim, roles and facilities_claim belong together")
        if not self.clients and not self.roles_claim:
            raise ValueError("list clients, or say roles_claim, roles and facilities_claim")
        return self

    def own_keys(self) -> dict[str, tuple[Key, ...]]:
        """The keys of the file; none where they are to be fetched. Raises BadKeys."""
        return {} if self.keys is None else keys_in(self.keys)


class _Issuers(_Part):
    issuers: tuple[OAuthIssuer, ...] = ()


def read_issuers(file: Path | None) -> tuple[OAuthIssuer, ...]:
    """No file: nobody calls by access token. Raises IssuerError."""
    if file is None:
        return ()
    try:
        found = _Issuers.model_validate(read_yaml(file.read_bytes()) or {}).issuers
        for one in found:
            one.own_keys()
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_input=False))
        raise IssuerError(f"{file}: {told}") from None
    except (OSError, ValueError, TypeError, yaml.YAMLError, BadKeys) as error:
        raise IssuerError(f"{file}: {error}") from None
    for what in ("issuer", "name"):
        counts = Counter(getattr(one, what) for one in found)
        if several := [one for one, count in counts.items() if count > 1]:
            raise IssuerError(f"{file}: the {what} {several[0]} stands twice; keep one")
    return found
