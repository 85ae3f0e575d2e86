"""POST /v1/audits/{audit_id}/unmask: who the patient of an audit is, for a person who says why (查看身份信息)."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from app.application.stored_identity import REST_NAMES
from app.application.unmask import LEAST_REASON, MOST_REASON, Audits, NoReason, NotForThem, Unmasker
from app.domain.access import Permission
from app.domain.identity import IdentityKind
from app.interfaces.caller import SignedIn
from app.interfaces.errors import FieldError, Problem, forbidden, not_found, not_recorded
from app.interfaces.fhir.identity import FHIR_NAMES
from app.interfaces.nhsa.identity import NHSA_NAMES
from app.interfaces.rest.bodies import PROBLEM
from app.store.audit_log import NotRecorded
from app.store.store import Store


class UnmaskRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(min_length=LEAST_REASON, max_length=MOST_REASON, description="Why; it is recorded.")]


class IdentifiedField(BaseModel):
    kind: IdentityKind
    value: str


class Unmasked(BaseModel):
    """What the stored request tells of the patient; nothing where it tells nothing."""

    audit: str
    patient: list[IdentifiedField]


def unmasker_of(audits: Audits, store: Store) -> Unmasker:
    """Knows the messages of every interface."""
    return Unmasker(
        audits, store.trail, lambda patient: store.vault.lookup(patient), (REST_NAMES, NHSA_NAMES, FHIR_NAMES)
    )


def unmask_router(unmasker: Unmasker) -> APIRouter:
    routes = APIRouter()

    @routes.post(
        "/v1/audits/{audit_id}/unmask",
        summary="Who the patient of an audit is",
        description="For people who signed in and hold the permission `patient.unmask`. That it was asked, by whom and"
        " why, is an entry of the trail, without which nothing is told.",
        responses={400: {"description": "The body is not JSON", **PROBLEM}},
    )
    async def unmask(
        audit_id: Annotated[str, Path(max_length=64)],
        asked: UnmaskRequest,
        caller: SignedIn,
        response: Response,
    ) -> Unmasked:
        response.headers["cache-control"] = "no-store"
        try:
            identity = await unmasker.unmask(audit_id, caller, asked.reason)
        except NotForThem:
            raise forbidden(Permission.PATIENT_UNMASK) from None
        except NoReason as error:
            fault = FieldError("/reason", str(error))
            raise Problem(422, "invalid-request", "A reason is needed", errors=(fault,)) from None
        except NotRecorded:
            raise not_recorded() from None
        if identity is None:
            raise not_found("audit", audit_id)
        return Unmasked(audit=audit_id, patient=[IdentifiedField(kind=one.kind, value=one.value) for one in identity])

    return routes
