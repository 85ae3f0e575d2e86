"""Caller profiles (接口方配置): what one hospital's client needs otherwise than most. YAML, text only, one file.

A client is known by its facility code and the network it calls from. What a profile does not say is as `default` says,
and what that does not say is the safe choice.
"""

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from app.domain.decision import Severity
from app.domain.encounter import CareType, FacilityLevel, InsuranceType, Pregnancy, Sex
from app.domain.line import FormularyClass
from app.interfaces.nhsa import dictionaries
from app.knowledge.text_yaml import read_yaml


class ProfileError(Exception):
    """The profile file is wrong; the text says what, where, and what to do."""


class Profile(BaseModel):
    """How one client is heard and answered."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = "default"
    facilities: tuple[str, ...] = ()
    networks: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    authentication: Literal["network", "signature", "apikey"] = "network"
    secret_variable: str = Field("", description="Name of the environment variable that holds the secret or key.")
    infcode_as_text: bool = False
    result_as_object: bool = False
    on_internal_error: Literal["open", "closed"] = "open"
    severities: tuple[Severity, ...] = tuple(Severity)
    feedback_needs_reason: bool = False
    trust_own_payment: bool = Field(True, description="Whether ownpay_amt is the patient's own, not a copy of sumamt.")
    popup_base: str = Field("", description="Address of this service as the doctor's browser sees it; blank: no popup.")
    popup_hours: Annotated[int, Field(ge=1, le=72)] = 12
    cors_origins: tuple[str, ...] = ()
    pregnancy: Literal["unknown", "A", "B"] = "unknown"
    visit_type: Literal["agreed", "A", "B"] = "agreed"
    out_of_area: Literal["flag", "place"] = "flag"
    facility_level: Literal["unknown", "national"] | dict[str, FacilityLevel] = "unknown"
    sex: dict[str, Sex] = {}
    care_type: dict[str, CareType] = {}
    insurance_type: dict[str, InsuranceType] = {}
    title: dict[str, str] = {}
    formulary_class: dict[str, FormularyClass] = {}

    @field_validator("networks")
    @classmethod
    def _networks_exist(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for network in networks:
            ip_network(network)
        return networks

    @cached_property
    def levels(self) -> Mapping[str, FacilityLevel]:
        if isinstance(self.facility_level, str):
            return dictionaries.FACILITY_LEVEL[self.facility_level]
        return self.facility_level

    @cached_property
    def pregnancies(self) -> Mapping[str, Pregnancy]:
        return dictionaries.PREGNANCY[self.pregnancy]

    @cached_property
    def secret(self) -> str:
        return os.environ.get(self.secret_variable, "") if self.secret_variable else ""

    @cached_property
    def _networks(self) -> tuple[Any, ...]:
        return tuple(ip_network(network) for network in self.networks)

    def admits(self, address: str) -> bool:
        """Whether the client may call from this address."""
        try:
            found = ip_address(address)
        except ValueError:
            return False
        mapped = getattr(found, "ipv4_mapped", None)
        return any((mapped or found) in network for network in self._networks)


class Profiles:
    """All profiles, by facility code."""

    def __init__(self, default: Profile, others: Sequence[Profile] = ()) -> None:
        self.default = default
        self._by_facility = {code: profile for profile in others for code in profile.facilities}
        self.origins = frozenset(origin for profile in (default, *others) for origin in profile.cors_origins)

    def of(self, facility: str) -> Profile:
        return self._by_facility.get(facility, self.default)


def read_profiles(file: Path | None) -> Profiles:
    """Read `default:` and `callers:` of the file; no file, the safe default for everyone. Raises ProfileError."""
    if file is None:
        return Profiles(Profile())
    try:
        document = read_yaml(file.read_bytes()) or {}
        written = document.get("default") or {}
        default = Profile.model_validate(written)
        others = [Profile.model_validate({**written, **one}) for one in document.get("callers") or ()]
    except (OSError, yaml.YAMLError, AttributeError, TypeError) as error:
        raise ProfileError(f"{file}: not readable as caller profiles: {error}") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ProfileError(f"{file}: {faults}") from error
    for profile in (default, *others):
        if profile.authentication != "network" and not profile.secret:
            raise ProfileError(
                f"{file}: {profile.name}: {profile.authentication} needs a secret: name an environment variable in "
                "secret_variable and set it"
            )
    taken: set[str] = set()
    for code in (code for profile in others for code in profile.facilities):
        if code in taken:
            raise ProfileError(f"{file}: facility {code} stands in two profiles; leave it in one")
        taken.add(code)
    return Profiles(default, others)
