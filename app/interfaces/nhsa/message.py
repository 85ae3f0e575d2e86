"""The messages of 3101 / 3102 / 3103 as clients really send them: every node may be a list, one object, or blank.

Leaves are decoded as they come (`Any`) and understood in translate.py; keys that are not named here are ignored, as the
whole body is stored anyway. Hainan's 3660 / 3661 write the same names in camelCase.
"""

import codecs
import re
from decimal import Decimal
from typing import Any

import msgspec

Blank = str | int | float | bool | None


class Diagnose(msgspec.Struct, gc=False):
    inout_dise_type: Any = None
    maindise_flag: Any = None
    dise_codg: Any = None
    dise_name: Any = None
    dise_date: Any = None


class Operation(msgspec.Struct, gc=False):
    oprn_code: Any = None
    oprn_name: Any = None
    main_oprn_flag: Any = None
    oprn_date: Any = None


class Order(msgspec.Struct, gc=False):
    rx_id: Any = None
    rxno: Any = None
    grpno: Any = None
    long_drord_flag: Any = None
    hilist_type: Any = None
    drord_bhvr: Any = None
    hilist_code: Any = None
    hilist_name: Any = None
    hilist_lv: Any = None
    hilist_memo: Any = None
    hosplist_code: Any = None
    hosplist_name: Any = None
    cnt: Any = None
    pric: Any = None
    sumamt: Any = None
    ownpay_amt: Any = None
    selfpay_amt: Any = None
    spec: Any = None
    spec_unt: Any = None
    drord_begn_date: Any = None
    drord_stop_date: Any = None
    drord_dept_codg: Any = None
    drord_dr_codg: Any = None
    drord_dr_profttl: Any = None
    curr_drord_flag: Any = None


Diagnoses = list[Diagnose | Blank] | Diagnose | Blank
Operations = list[Operation | Blank] | Operation | Blank
Orders = list[Order | Blank] | Order | Blank


class Visit(msgspec.Struct, gc=False):
    mdtrt_id: Any = None
    medins_id: Any = None
    medins_admdvs: Any = None
    medins_type: Any = None
    medins_lv: Any = None
    wardarea_codg: Any = None
    adm_date: Any = None
    dscg_date: Any = None
    dscg_main_dise_codg: Any = None
    dscg_main_dise_name: Any = None
    fsi_diagnose_dtos: Diagnoses = None
    dr_codg: Any = None
    adm_dept_codg: Any = None
    adm_dept_name: Any = None
    med_mdtrt_type: Any = None
    med_type: Any = None
    fsi_order_dtos: Orders = None
    matn_stas: Any = None
    insutype: Any = None
    out_setl_flag: Any = None
    fsi_operation_dtos: Operations = None
    fsi_encounter_dtos: Operations = None  # one client's class puts the operations here


Visits = list[Visit | Blank] | Visit | Blank


class Person(msgspec.Struct, gc=False):
    patn_id: Any = None
    gend: Any = None
    brdy: Any = None
    poolarea: Any = None
    curr_mdtrt_id: Any = None
    fsi_encounter_dtos: Visits = None


Persons = list[Person | Blank] | Person | Blank


class Warn(msgspec.Struct, gc=False):
    warn_rslt_id: Any = None
    dspo_way: Any = None
    dspo_way_rea: Any = None


Warns = list[Warn | Blank] | Warn | Blank


class Data(msgspec.Struct, gc=False):
    task_id: Any = None
    trig_scen: Any = None
    rule_ids: Any = None
    patient_dtos: Persons = None
    warn_type: Any = None
    warns: Warns = None


class Input(msgspec.Struct, gc=False):
    """`data` holds everything, or only the head, with the nodes as its siblings (the flat form)."""

    data: Data | Blank = None
    trig_scen: Data | Blank = None  # Hainan's name of `data`
    patient_dtos: Persons = None
    fsi_encounter_dtos: Visits = None
    fsi_diagnose_dtos: Diagnoses = None
    fsi_order_dtos: Orders = None
    fsi_operation_dtos: Operations = None
    warns: Warns = None


class Message(msgspec.Struct, gc=False):
    infno: Any = None
    msgid: Any = None
    mdtrtarea_admvs: Any = None
    insuplc_admdvs: Any = None
    opter: Any = None
    inf_time: Any = None
    fixmedins_code: Any = None
    medins_code: Any = None  # sent instead of fixmedins_code by one client
    input: Input | Blank = None


class Envelope(msgspec.Struct, gc=False):
    """What is read of a message that is not understood further."""

    infno: Any = None
    mdtrtarea_admvs: Any = None
    fixmedins_code: Any = None
    medins_code: Any = None


def _camel(struct: type[msgspec.Struct], made: dict[type, type]) -> type[msgspec.Struct]:
    """The same struct with camelCase keys, and so down to the leaves. The envelope's own keys stay as they are."""
    if struct not in made:
        fields = [
            (field.name, _camel_type(field.type, made), field.default) for field in msgspec.structs.fields(struct)
        ]
        rename = {} if struct is Message else {name: _camel_name(name) for name, _, _ in fields}
        made[struct] = msgspec.defstruct(f"Camel{struct.__name__}", fields, bases=(struct,), rename=rename, gc=False)
    return made[struct]


def _camel_name(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _camel_type(annotation: Any, made: dict[type, type]) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return _camel(annotation, made)
    arguments = getattr(annotation, "__args__", None)
    if not arguments:
        return annotation
    changed = tuple(_camel_type(argument, made) for argument in arguments)
    if getattr(annotation, "__origin__", None) is list:
        return list[changed[0]]  # type: ignore[valid-type]
    union = changed[0]
    for one in changed[1:]:
        union |= one
    return union


_snake = msgspec.json.Decoder(Message, float_hook=Decimal)
_camel_case: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_camel(Message, {}), float_hook=Decimal)
_envelope = msgspec.json.Decoder(Envelope, float_hook=Decimal)
_CAMEL_MARKS = (b'"patientDtos"', b'"trigScen"', b'"fsiEncounterDtos"', b'"warnRsltId"')
_GBK = re.compile(r"charset\s*=\s*\"?(gbk|gb2312|gb18030)", re.IGNORECASE)


def text_of(body: bytes, content_type: str = "") -> tuple[bytes, str]:
    """The body as UTF-8, and the encoding it came in; raises UnicodeDecodeError for neither UTF-8 nor GBK.

    A text may be valid in both: then what the content type declares decides, or else UTF-8.
    """
    if body.isascii() or not (_GBK.search(content_type) or _is_not_utf_8(body)):
        return body.removeprefix(codecs.BOM_UTF8), "utf-8"
    try:
        return body.decode("gb18030").encode("utf-8"), "gbk"
    except UnicodeDecodeError:
        body.decode("utf-8")
        return body.removeprefix(codecs.BOM_UTF8), "utf-8"


def _is_not_utf_8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def decode_message(body: bytes) -> Message:
    """Raises msgspec.DecodeError (ValidationError with a path for what has another shape)."""
    if b'_dtos"' not in body and any(mark in body for mark in _CAMEL_MARKS):
        found: Message = _camel_case.decode(body)
        return found
    return _snake.decode(body)


def decode_envelope(body: bytes) -> Envelope:
    return _envelope.decode(body)
