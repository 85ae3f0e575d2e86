"""Who the patient is in a national message (国家报文中的身份字段)."""

from app.application.stored_identity import IdentityNames
from app.domain.identity import IdentityKind as K

NHSA_NAMES = IdentityNames(
    frozenset({"infno", "input"}),
    {
        "patn_id": K.PATIENT, "psn_no": K.PATIENT, "patn_name": K.NAME, "psn_name": K.NAME, "coner_name": K.NAME,
        "certno": K.IDENTITY_NUMBER, "psn_certno": K.IDENTITY_NUMBER, "mdtrt_cert_no": K.CARD, "card_sn": K.CARD,
        "ipt_otp_no": K.CARD, "medcasno": K.CARD, "tel": K.PHONE, "mob": K.PHONE, "coner_tel": K.PHONE,
        "addr": K.ADDRESS, "live_addr": K.ADDRESS, "brdy": K.BIRTH_DATE,
    },
)  # fmt: skip
