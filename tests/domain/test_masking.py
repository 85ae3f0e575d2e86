"""What is left of an identity that is masked (脱敏)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.identity import IdentityField, IdentityKind, masked
from app.domain.masking import (
    mask_address,
    mask_birth_date,
    mask_id,
    mask_identity_number,
    mask_name,
    mask_phone,
    mask_text,
)


@pytest.mark.parametrize(
    ("mask", "plain", "left"),
    [
        (mask_name, "张三", "张*"),
        (mask_name, "王小明", "王**"),
        (mask_name, "张", "张*"),
        (mask_name, " 张三 ", "张*"),
        (mask_name, "", ""),
        (mask_identity_number, "110101198802301234", "1101**********1234"),
        (mask_identity_number, "11010119880230123X", "1101**********123X"),
        (mask_identity_number, "110101880230123", "110*********123"),
        (mask_identity_number, "E1234567", "E1****67"),
        (mask_identity_number, "1234", "****"),
        (mask_phone, "19900000731", "199****0731"),
        (mask_phone, "+86 199 0000 0731", "199****0731"),
        (mask_phone, "010-62000000", "**********00"),
        (mask_id, "P1", "**"),
        (mask_id, "12345678", "12****78"),
        (mask_id, "110101198802301234", "1101**********1234"),
        (mask_id, "19900000731", "199****0731"),
        (mask_address, "云梦市大泽区甲路7731号", "云梦市大泽区****"),
        (mask_address, "甲路1号", "甲路****"),
        (mask_address, "", ""),
        (mask_birth_date, "1980-01-02", "1980-**-**"),
        (mask_birth_date, "0", "*"),
        (mask_text, "患者电话19900000731，证件110101198802301234。", "患者电话199****0731，证件1101**********1234。"),
        (mask_text, "项目001102000010000收费3次", "项目001*********000收费3次"),
        (mask_text, "剂量4ml:80mg", "剂量4ml:80mg"),
    ],
)
def test_masks(mask: object, plain: str, left: str) -> None:
    assert callable(mask)
    assert mask(plain) == left


@given(kind=st.sampled_from(IdentityKind), value=st.text(min_size=1, max_size=40))
def test_at_most_half_is_left(kind: IdentityKind, value: str) -> None:
    ((_, left),) = [(one.kind, one.value) for one in masked((IdentityField(kind, value),))]
    shown = len(left) - left.count("*")
    text = value.strip()
    if len(text) > 1 and "*" not in text and kind is not IdentityKind.BIRTH_DATE:
        assert shown * 2 <= len(text) or shown == 1
        assert left != text
