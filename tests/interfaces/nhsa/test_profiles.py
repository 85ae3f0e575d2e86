"""Caller profiles: what a file may say, which profile speaks for a call, and what each setting does to the answer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.interfaces.nhsa.profiles import Profile, ProfileError, Profiles, read_profiles
from tests.interfaces.nhsa.caller import BASE, Caller
from tests.interfaces.nhsa.messages import message, order, ordered, person, visit

MakeCaller = Callable[..., Caller]


def read(tmp_path: Path, text: str) -> Profiles:
    file = tmp_path / "profiles.yaml"
    file.write_text(text, "utf-8")
    return read_profiles(file)


def test_without_a_file_everyone_gets_the_safe_default() -> None:
    profile = read_profiles(None).of("H00000000001")
    assert profile == Profile()
    assert (profile.pregnancy, profile.facility_level, profile.popup_base) == ("unknown", "unknown", "")
    assert not profile.admits("192.0.2.1")


def test_callers_inherit_from_the_default_and_are_known_by_facility_or_path(tmp_path: Path) -> None:
    profiles = read(
        tmp_path,
        """
        default: {networks: [192.0.2.0/24], severities: [definite], popup_hours: 2}
        callers:
          - {name: his, facilities: [H00000000001, H00000000002], infcode_as_text: true}
          - {name: emr, paths: [emr], severities: [definite, highly_suspect]}
        """,
    )
    assert profiles.of("H00000000009").name == "default"
    his, emr = profiles.of("H00000000002", "/fsi/api/3101"), profiles.of("H00000000001", "/fsi/api/emr/3101")
    assert (his.name, his.infcode_as_text, his.severities, his.popup_hours) == ("his", True, ("definite",), 2)
    assert (emr.name, emr.infcode_as_text, len(emr.severities)) == ("emr", False, 2)
    assert his.admits("192.0.2.7")


def test_an_empty_file_is_the_default(tmp_path: Path) -> None:
    assert read(tmp_path, "").default == Profile()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("default: {pregnancy: C}", "pregnancy"),
        ("default: {infcode_text: true}", "infcode_text"),
        ("default: {networks: [192.0.2.0/99]}", "networks"),
        ("default: {severities: [serious]}", "severities"),
        ("default: {popup_hours: 0}", "popup_hours"),
        ("default: {title: {'77': boss}}", "title"),
        ("default: {facility_level: {'2': big}}", "facility_level"),
        ("default: {authentication: apikey}", "needs a secret"),
        ("default: {authentication: signature, secret_variable: MINGJIAN_TEST_UNSET}", "needs a secret"),
        ("caller: []", "caller is not known"),
        ("callers: [{name: his}]", "his is never used"),
        ("callers: [{facilities: [A]}, {facilities: [A]}]", "A stands in facilities of two"),
        ("callers: [{paths: [a]}, {paths: [a]}]", "a stands in paths of two"),
        ("callers: 5", "not readable"),
        ("just text", "not readable"),
        ("default: {name: a, name: b}", "profiles.yaml"),
        ("default: [", "profiles.yaml"),
    ],
)
def test_what_a_file_may_not_say(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(ProfileError, match=fault):
        read(tmp_path, text)


def test_a_file_that_is_not_there_or_no_text_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"no\.yaml"):
        read_profiles(tmp_path / "no.yaml")
    (tmp_path / "gbk.yaml").write_bytes("default: {name: 默认}".encode("gbk"))
    with pytest.raises(ProfileError, match=r"gbk\.yaml"):
        read_profiles(tmp_path / "gbk.yaml")


def test_a_secret_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINGJIAN_TEST_SECRET", "s3cret")
    profiles = read(tmp_path, "default: {authentication: apikey, secret_variable: MINGJIAN_TEST_SECRET}")
    assert profiles.default.secret == "s3cret"


@pytest.mark.parametrize(
    ("networks", "authentication", "address", "admitted"),
    [
        (None, "network", "127.0.0.1", True),
        (None, "network", "127.9.9.9", True),
        (None, "network", "::1", True),
        (None, "network", "::ffff:127.0.0.1", True),
        (None, "network", "192.0.2.1", False),
        (None, "network", "::ffff:192.0.2.1", False),
        (None, "network", "", False),
        (None, "network", "testclient", False),
        (None, "apikey", "192.0.2.1", True),
        (None, "signature", "", True),
        (["192.0.2.0/24"], "network", "192.0.2.1", True),
        (["192.0.2.0/24"], "network", "127.0.0.1", False),
        (["192.0.2.0/24"], "apikey", "198.51.100.1", False),
        (["2001:db8::/32"], "network", "2001:db8::7", True),
        ([], "network", "127.0.0.1", False),
    ],
)
def test_which_addresses_are_let_in(networks: Any, authentication: Any, address: str, admitted: bool) -> None:
    assert Profile(networks=networks, authentication=authentication).admits(address) is admitted


def test_the_path_of_a_client_chooses_its_profile(with_profiles: MakeCaller) -> None:
    caller = with_profiles({}, {"name": "emr", "paths": ["emr"], "infcode_as_text": True})
    assert caller.post(message(), path=f"{BASE}/3101").json()["infcode"] == 0
    assert caller.post(message(), path=f"{BASE}/emr").json()["infcode"] == "0"
    assert caller.post(message(), path=f"{BASE}/emr/3101").json()["infcode"] == "0"
    assert [one.caller for one in caller.records()] == [
        "nhsa:default:H00000000001", "nhsa:emr:H00000000001", "nhsa:emr:H00000000001",
    ]  # fmt: skip


def test_a_facility_has_its_profile_also_under_the_other_name_of_its_code(with_profiles: MakeCaller) -> None:
    caller = with_profiles(
        {}, {"name": "hainan", "facilities": ["H46"], "visit_facilities": ["H00000000001"], "result_as_object": True}
    )
    content = message()
    del content["fixmedins_code"]
    content["medins_code"] = "H46"
    assert isinstance(caller.post(content).result, dict)
    assert isinstance(caller.post(message()).result, list)


def test_severities_that_are_not_shown_are_stored_all_the_same(with_profiles: MakeCaller) -> None:
    caller = with_profiles({"severities": ["highly_suspect"]})
    assert caller.post(message()).result == []
    (stored,) = caller.records()
    assert b'"severity":"definite"' in stored.audit


def test_dictionaries_of_a_profile_change_what_is_found(with_profiles: MakeCaller) -> None:
    caller = with_profiles({}, {"paths": ["swapped"], "sex": {"1": "female", "2": "male"}})
    assert len(caller.post(message()).result) == 1
    assert caller.post(message(), path=f"{BASE}/swapped").result == []
    assert len(caller.post(message(person(gend="2")), path=f"{BASE}/swapped").result) == 1


def test_own_payment_is_believed_or_not(with_profiles: MakeCaller) -> None:
    caller = with_profiles({}, {"paths": ["copies"], "trust_own_payment": False})
    often = order("YZ1", "001102000050000", cnt="3", pric="20", sumamt="60", ownpay_amt="60")
    assert caller.post(ordered(often)).result == []
    assert len(caller.post(ordered(often), path=f"{BASE}/copies").result) == 1


def test_every_setting_is_explained() -> None:
    explained = (Path(__file__).parents[3] / "docs" / "his-integration.md").read_text("utf-8")
    assert [name for name in Profile.model_fields if f"| `{name}` |" not in explained] == []


def test_the_profiles_of_the_documentation_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (Path(__file__).parents[3] / "docs" / "his-integration.md").read_text("utf-8")
    shown = [block.split("```")[0] for block in text.split("```yaml\n")[1:]]
    assert shown
    for block in shown:
        for profile in yaml.safe_load(block).get("callers", []):
            if "secret_variable" in profile:
                monkeypatch.setenv(profile["secret_variable"], "x")
        assert read(tmp_path, block)


def test_a_visit_needs_no_profile_to_be_read_whole(with_profiles: MakeCaller) -> None:
    caller = with_profiles({"facility_level": "national", "pregnancy": "A"})
    caller.post(message(person(visit(medins_lv="05", matn_stas="1"))))
    assert b'"data_issues":[]' in caller.records()[0].audit
