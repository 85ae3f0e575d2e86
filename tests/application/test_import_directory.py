"""The directory is read as staff save it; a file with faults is told line by line, and nothing of it is stored."""

import asyncio
from pathlib import Path

import pytest

from app.application.import_directory import BadDirectory, DirectoryImporter, read_directory
from app.store.reviews import Department, StaffMember
from app.store.sqlite.store import sqlite_store

DEPARTMENTS = "医疗机构代码,科室代码,科室名称,院区,科主任代码\nF1,0201,普外科,东院,D9\n,,\nF1,0202,儿科,,\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_departments_are_read(encoding: str) -> None:
    assert read_directory(DEPARTMENTS.encode(encoding), Department) == [
        Department(facility="F1", code="0201", name="普外科", campus="东院", head="D9"),
        Department(facility="F1", code="0202", name="儿科"),
    ]


def test_english_headings_and_one_facility_for_all() -> None:
    text = "name,code,title,department,further\n欧阳修,D7,主任医师,0201,x\n"
    assert read_directory(text.encode(), StaffMember, "F1") == [
        StaffMember(facility="F1", code="D7", name="欧阳修", department="0201", title="主任医师")
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "第1行：缺少列“医疗机构代码”"),
        ("机构代码,科室代码\n", "第1行：缺少列“科室名称”"),
        ("机构代码,科室代码,科室名称\n", "文件中没有数据行"),
        ("机构代码,科室代码,科室名称\nF1,,外科\n", "第2行：“科室代码”为空"),
        ("机构代码,科室代码,科室名称\nF1,1,外科\nF1,1,内科\n", "第3行：代码“1”与第2行重复"),
        (f"机构代码,科室代码,科室名称\nF1,1,{'外' * 101}\n", "第2行：“科室名称”超过100个字符"),
        ("机构代码,科室代码,科室名称\nF1,1,外\x07科\n", "第2行：“科室名称”含有不可见字符"),
    ],
)
def test_faults_are_told(text: str, fault: str) -> None:
    with pytest.raises(BadDirectory) as told:
        read_directory(text.encode(), Department)
    assert fault in told.value.faults


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(BadDirectory, match="GB18030"):
        read_directory(b"\xff\xff\xff", Department)


def test_an_import_takes_the_place_of_what_was_known(tmp_path: Path) -> None:
    async def steps() -> None:
        store = sqlite_store(tmp_path / "mingjian.sqlite3")
        await store.open()
        importer = DirectoryImporter(store.directory)
        await importer.import_departments(DEPARTMENTS.encode(), caller="u1")
        renamed = DEPARTMENTS.replace("儿科", "儿内科").encode()
        assert (await importer.import_departments(renamed, caller="u1")).departments == 2
        assert [one.name for one in await store.directory.departments("F1")] == ["普外科", "儿内科"]
        assert [one.code for one in await store.directory.departments("F1", ["0202", "9"])] == ["0202"]
        staff = "姓名,医师代码\n欧阳修,D7\n".encode()
        assert (await importer.import_staff(staff, caller="u1", facility="F1")).staff == 1
        assert [one.name for one in await store.directory.staff("F1", ["D7"])] == ["欧阳修"]
        assert await store.directory.staff("F1", []) == []
        assert len(await store.trail.find("directory/departments")) == 2
        await store.close()

    asyncio.run(steps())
