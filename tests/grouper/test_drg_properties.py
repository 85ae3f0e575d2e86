"""What must hold for any stay: order, bystanders, sole drivers, the trace; and the slow grouper on the small scheme."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from app.application.load_scheme import load_scheme
from app.domain.encounter import Sex
from app.domain.stay import Stay
from app.grouper import plan
from app.grouper.drg import group
from app.grouper.entry import MCC, UNKNOWN, severity
from tests.grouper.drg_build import Draw, outcome, stay_of
from tests.grouper.drg_oracle import Oracle
from tests.scheme_files import CC, DIAGNOSIS_MAP, LISTS, OTHER_PROCEDURES, VALID, small_scheme, write_scheme

DIAGNOSES = sorted(
    {code.split("/")[0] for name, codes in LISTS.items() if "proc" not in name for code in codes if code[0].isalpha()}
)
CODES = st.sampled_from([*DIAGNOSES, *CC, "J96.000", "I21.000", "R51.x00"])
PROCEDURES = st.sampled_from([*VALID, *OTHER_PROCEDURES, "96.0400", "40.5900", "68.8x00"])
STAYS = st.builds(
    Stay,
    sex=st.sampled_from(Sex),
    age_years=st.sampled_from([None, 0, 1, 16, 17, 60]),
    age_days=st.sampled_from([None, 1, 28, 29, 300]),
    weight_grams=st.sampled_from([None, 0, 900, 1000, 1001, 1499, 1500, 2499, 2500]),
    department=st.sampled_from(["", "ICU"]),
    stay_days=st.sampled_from([None, 1, 4, 5]),
    icu_hours=st.sampled_from([None, 0, 1, 120, 120.5]),
    discharge_disposition=st.sampled_from(["", "1", "2", "5"]),
    diagnoses=st.lists(CODES, max_size=6).map(tuple),
    procedures=st.lists(PROCEDURES, max_size=4).map(tuple),
)


@given(case=STAYS, translate=st.booleans())
def test_with_and_without_trace_the_answer_is_the_same(small, case, translate):
    plain, traced = group(small, case, translate=translate), group(small, case, translate=translate, trace=True)
    assert plain.trace is None
    assert traced.trace is not None
    assert msgspec.structs.replace(traced, trace=None) == plain
    assert all(traced.trace.sentences())


@given(case=STAYS, place=st.integers(0, 6))
def test_a_bystander_changes_nothing(small, case, place):
    """A diagnosis that is no complication and in no list, anywhere but first."""
    diagnoses = case.diagnoses
    if diagnoses:
        place = 1 + place % len(diagnoses)
        more = msgspec.structs.replace(case, diagnoses=(*diagnoses[:place], "R51.x00", *diagnoses[place:]))
        assert group(small, more) == group(small, case)


@given(case=STAYS, random=st.randoms(use_true_random=False))
def test_the_order_of_secondary_diagnoses_is_irrelevant(small, case, random):
    rest = list(case.diagnoses[1:])
    random.shuffle(rest)
    assert group(small, msgspec.structs.replace(case, diagnoses=(*case.diagnoses[:1], *rest))) == group(small, case)


@given(case=STAYS, random=st.randoms(use_true_random=False))
def test_the_order_of_other_procedures_is_irrelevant(small, case, random):
    rest = list(case.procedures[1:])
    random.shuffle(rest)
    assert group(small, msgspec.structs.replace(case, procedures=(*case.procedures[:1], *rest))) == group(small, case)


@given(
    principal=st.sampled_from(["I61.900", "I63.900", "I21.001", "I21.100", "N40.x00"]),
    mcc=st.sampled_from(["J96.000", "I50.900", "G93.500"]),
    others=st.lists(st.sampled_from(["J18.900", "E11.900", "R51.x00"]), max_size=3),
)
def test_dropping_the_sole_driver_falls_to_the_lower_split(small, principal, mcc, others):
    case = Stay(sex=Sex.MALE, age_years=60, diagnoses=(principal, *others, mcc))
    with_it = group(small, case)
    without = group(small, msgspec.structs.replace(case, diagnoses=(principal, *others)))
    entries = [small.diagnoses.get(code, UNKNOWN) for code in case.diagnoses]
    if severity([entries[0], entries[-1]]):
        assert with_it.drg.endswith("1")
        assert without.drg.endswith("3" if set(others) & {"J18.900", "E11.900"} else "5")
        assert without.adrg == with_it.adrg
    else:
        assert entries[-1][MCC]
        assert with_it == without


@given(st.lists(st.sampled_from([*DIAGNOSIS_MAP, "nowhere"]), min_size=1, max_size=4))
def test_translation_is_the_map_applied_once(small, codes):
    case = Stay(sex=Sex.MALE, age_years=60, diagnoses=tuple(codes))
    found = group(small, case, translate=True)
    to = {code: code if target == "=" else target for code, target in DIAGNOSIS_MAP.items()}
    if "nowhere" in codes or not to[codes[0]]:
        assert found.status.name == "DIAGNOSIS_UNTRANSLATABLE"
    else:
        told = tuple(to[code] for code in codes if to[code])
        assert found == group(small, msgspec.structs.replace(case, diagnoses=told))


@settings(max_examples=10)
@given(seed=st.integers(0, 2**32), retries=st.booleans())
def test_the_slow_grouper_agrees_on_the_small_scheme(tmp_path_factory, seed, retries):
    folder = write_scheme(tmp_path_factory.mktemp("small"), small_scheme(retry_single_procedure=retries))
    oracle, scheme = Oracle(folder), load_scheme(folder)
    draw = Draw(oracle, seed)
    for _ in range(150):
        case = draw.case()
        assert outcome(group(scheme, stay_of(case))) == oracle.group(case), case


def test_plans_are_forgotten_when_there_are_too_many(make_scheme, monkeypatch):
    monkeypatch.setattr(plan, "_MOST_PLANS", 2)
    scheme = make_scheme()
    case = Stay(sex=Sex.MALE, age_years=60, diagnoses=("I61.900", "J96.000"))
    for code in DIAGNOSES:
        group(scheme, msgspec.structs.replace(case, diagnoses=(code,)))
        assert 0 < len(scheme.planner.plans) <= 2
    assert group(scheme, case).drg == "BR11"
