"""Who the patient is in a FHIR message (FHIR 报文中的身份字段)."""

from app.application.stored_identity import IdentityNames
from app.domain.identity import IdentityKind as K

FHIR_NAMES = IdentityNames(
    frozenset({"hook", "resourceType"}),
    {"patientId": K.PATIENT, "birthDate": K.BIRTH_DATE},
    {
        "name": {"text": K.NAME, "family": K.NAME, "given": K.NAME},
        "identifier": {"value": K.IDENTITY_NUMBER},
        "telecom": {"value": K.PHONE},
        "address": {"text": K.ADDRESS, "line": K.ADDRESS},
    },
)
