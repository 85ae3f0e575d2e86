"""Loading schemes by id or path, from the cache or anew; the list of schemes; imports that are whole or not at all."""

from datetime import date

import pytest

from app.application.import_scheme import import_scheme
from app.application.load_scheme import find_scheme, list_schemes, load_scheme, scheme_folders
from app.knowledge.scheme_issues import SchemeError
from tests.scheme_files import small_scheme, write_scheme, zip_scheme


@pytest.fixture
def folders(tmp_path):
    return scheme_folders(tmp_path / "data", tmp_path / "rules")


def test_a_scheme_is_found_by_path_by_folder_and_by_its_own_id(tmp_path, folders):
    imported, shipped = folders
    path = write_scheme(tmp_path / "elsewhere")
    assert (
        load_scheme(path).id == load_scheme(str(path)).id == load_scheme(zip_scheme(tmp_path / "a.zip")).id == "small"
    )
    write_scheme(shipped / "starter", small_scheme(scheme="starter"))
    write_scheme(shipped / "folder-of-another-name", small_scheme(scheme="own"))
    imported.mkdir(parents=True)
    zip_scheme(imported / "zipped.zip", small_scheme(scheme="zipped"))
    for name in ("starter", "own", "zipped"):
        assert load_scheme(name, folders).id == name


def test_an_imported_scheme_is_meant_before_a_shipped_one(folders):
    imported, shipped = folders
    write_scheme(shipped / "both", small_scheme(scheme="both", title="shipped"))
    write_scheme(imported / "both", small_scheme(scheme="both", title="imported"))
    assert load_scheme("both", folders).title == "imported"
    assert [one.title for one in list_schemes(folders)] == ["imported"]


def test_an_unknown_scheme_is_told_with_those_that_are_known(folders):
    write_scheme(folders[1] / "starter", small_scheme(scheme="starter"))
    for name in ("nothing", "../starter", ""):
        with pytest.raises(SchemeError):
            find_scheme(name, folders)
    with pytest.raises(SchemeError, match=r"unknown scheme: .*known are: starter"):
        find_scheme("nothing", folders)


def test_faults_refuse_a_scheme_with_and_without_a_cache(tmp_path):
    files = small_scheme()
    files["rules.csv"] = files["rules.csv"].replace("pdx in F.pdx", "pdx in G.pdx")
    path = write_scheme(tmp_path / "scheme", files)
    for cache in (None, tmp_path / "cache"):
        with pytest.raises(SchemeError, match=r"rules\.csv line 17: missing list G\.pdx"):
            load_scheme(path, (), cache)
    assert not (tmp_path / "cache").exists()


def test_the_compiled_form_is_kept_by_its_revision_and_used(tmp_path, monkeypatch):
    path, cache = write_scheme(tmp_path / "scheme"), tmp_path / "cache"
    first = load_scheme(path, (), cache)
    [file] = cache.iterdir()
    assert file.stem == first.revision
    monkeypatch.setattr("app.application.load_scheme.compile_scheme", None)
    assert load_scheme(path, (), cache).header == first.header
    monkeypatch.undo()
    write_scheme(path, small_scheme(title="another"))
    assert load_scheme(path, (), cache).title == "another"
    assert len(list(cache.iterdir())) == 2


def test_a_damaged_file_in_the_cache_is_made_again(tmp_path):
    path, cache = write_scheme(tmp_path / "scheme"), tmp_path / "cache"
    load_scheme(path, (), cache)
    [file] = cache.iterdir()
    whole = file.read_bytes()
    for damaged in (b"", whole[:50], whole[:-2]):
        file.write_bytes(damaged)
        assert load_scheme(path, (), cache).id == "small"
        assert file.read_bytes() == whole


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path):
    (tmp_path / "cache").write_text("a file, no folder")
    assert load_scheme(write_scheme(tmp_path / "scheme"), (), tmp_path / "cache").id == "small"


def test_schemes_are_listed_with_what_they_say_of_themselves(folders):
    imported, shipped = folders
    write_scheme(shipped / "starter", small_scheme(scheme="starter"))
    imported.mkdir(parents=True)
    (imported / "broken").mkdir()
    (imported / "broken" / "scheme.json").write_text("{")
    (imported / "no-scheme").mkdir()
    (imported / "dust.zip").write_bytes(b"PK")
    found = {one.id: one for one in list_schemes(folders)}
    assert set(found) == {"starter", "broken", "dust"}
    assert (found["starter"].title, found["starter"].period.start) == ("小方案", date(2026, 1, 1))
    assert "not readable as JSON" in found["broken"].fault
    assert "not readable" in found["dust"].fault


def test_an_import_takes_all_files(tmp_path, folders):
    files = small_scheme() | {"weights.csv": "drg,weight\nBR15,0.5\n"}
    done = import_scheme(zip_scheme(tmp_path / "a.zip", files), folders[0])
    assert (done.id, done.is_new, done.path) == ("small", True, folders[0] / "small")
    assert {one.name for one in done.path.iterdir()} == set(files)
    assert load_scheme("small", folders).weights["BR15"].weight is not None
    assert not import_scheme(done.path, folders[0]).is_new


def test_an_import_under_another_id(tmp_path, folders):
    done = import_scheme(write_scheme(tmp_path / "scheme"), folders[0], "city-2026")
    loaded = load_scheme("city-2026", folders)
    assert (done.id, loaded.id, loaded.title) == ("city-2026", "city-2026", "小方案")


@pytest.mark.parametrize("name", ["../up", ".hidden", "a/b", "空"])
def test_an_id_that_is_none_is_refused(tmp_path, folders, name):
    with pytest.raises(SchemeError, match="the id"):
        import_scheme(write_scheme(tmp_path / "scheme"), folders[0], name)
    assert not folders[0].exists()


def test_a_faulty_scheme_is_not_imported(tmp_path, folders):
    files = small_scheme() | {"mcc.csv": "code,table\nA,1\nA,2\nB,1\nB,3\n"}
    with pytest.raises(SchemeError) as error:
        import_scheme(write_scheme(tmp_path / "scheme", files), folders[0])
    assert len(error.value.faults) == 2
    assert not folders[0].exists()


def test_an_id_that_is_taken_is_not_overwritten(tmp_path, folders):
    import_scheme(write_scheme(tmp_path / "one"), folders[0])
    with pytest.raises(SchemeError, match="is taken"):
        import_scheme(write_scheme(tmp_path / "two", small_scheme(title="another")), folders[0])
    assert load_scheme("small", folders).title == "小方案"


def test_an_import_that_is_cut_off_leaves_nothing(tmp_path, folders, monkeypatch):
    monkeypatch.setattr("pathlib.Path.rename", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        import_scheme(write_scheme(tmp_path / "scheme"), folders[0])
    assert list(folders[0].iterdir()) == []
