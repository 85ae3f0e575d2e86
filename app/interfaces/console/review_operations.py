"""What the pages for working through findings need (疑点办理页面的权限), for the table of the gate.

Who reads findings may post steps: which of them may be taken is told by the table of reviews, by permission and state.
"""

from app.domain.access import Permission as P
from app.interfaces.need import Entrance, Need

REVIEW_OPERATIONS: dict[str, Need] = {
    "GET /console/sign-in": Entrance.OPEN,
    "POST /console/sign-in": Entrance.OPEN,
    "POST /console/sign-out": Entrance.SIGNED_IN,
    "GET /console/first-steps": Entrance.SIGNED_IN,
    "POST /console/first-steps/password": Entrance.SIGNED_IN,
    "POST /console/first-steps/otp": Entrance.SIGNED_IN,
    "POST /console/first-steps/otp/confirm": Entrance.SIGNED_IN,
    "GET /console": Entrance.SIGNED_IN,
    "GET /console/findings": P.FINDING_READ,
    "POST /console/findings/patient": P.FINDING_READ,
    "POST /console/findings/bulk": P.FINDING_REVIEW,
    "GET /console/findings/export": P.FINDING_EXPORT,
    "GET /console/findings/{finding_id}": P.FINDING_READ,
    "GET /console/findings/{finding_id}/proof": P.FINDING_READ,
    "POST /console/findings/{finding_id}/steps": P.FINDING_READ,
    "POST /console/findings/{finding_id}/attachments": P.FINDING_READ,
    "POST /console/findings/{finding_id}/unmask": P.PATIENT_UNMASK,
    "GET /console/attachments/{attachment_id}": P.FINDING_READ,
    "POST /console/views": P.FINDING_READ,
    "GET /console/views/{view_id}": P.FINDING_READ,
    "POST /console/views/{view_id}/delete": P.FINDING_READ,
    "GET /console/appeals": P.FINDING_READ,
    "GET /console/appeals/{finding_id}/dossier.pdf": P.FINDING_READ,
    "GET /console/rectifications": P.FINDING_READ,
    "GET /v1/findings/{finding_id}/dossier": P.FINDING_READ,
}
