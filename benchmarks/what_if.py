"""What-if and simulation: one case with all its variants, and a set of kept stays priced by two policies."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from msgspec.structs import replace

from app.application.keep_stays import StayKeeper
from app.application.load_dip import load_dip
from app.application.load_scheme import load_scheme
from app.application.pricing import DrgPricer, PriceBy
from app.application.simulate import Simulator, over_all
from app.application.simulation_result import Simulation
from app.domain.encounter import Facility, FacilityLevel, Sex
from app.domain.payment import PaymentFacts
from app.domain.settled_stay import SettledStay
from app.domain.stay import Stay
from app.grouper.scheme import Scheme
from app.grouper.what_if import what_if
from app.grouper.what_if_dip import what_if_dip
from app.store.opening import store_at
from app.store.stays import StayFilter
from benchmarks.goals import goal, rounded

_ROOT = Path(__file__).parents[1]
_GROUPING = _ROOT / "rules" / "grouping"
_PUBLISHED = _ROOT.parent / "shared" / "data" / "drg" / "schemes" / "chs_drg_11.zip"
_LARGE = Stay(
    sex=Sex.MALE,
    age_years=60,
    stay_days=8,
    total_amount=Decimal(19_000),
    diagnoses=(
        "I63.900", "J96.000", "J44.100", "J18.900", "E11.900", "I10.x05", "I50.900", "N18.900", "K92.200", "D64.900",
    ),
    procedures=("88.5500", "36.0700", "96.0400", "39.5000", "54.2100"),
)  # fmt: skip
_FACTS = PaymentFacts(total_amount=_LARGE.total_amount, facility_level=FacilityLevel.TERTIARY, stay_days=8)
_SECONDARIES = _LARGE.diagnoses[1:]
_PRINCIPALS = ("I63.900", "J44.100", "J18.900", "I21.001", "E11.900", "K80.101", "N18.001")


def run(quick: bool = False) -> list[str]:
    starter, rounds = load_scheme(_GROUPING / "starter"), 100 if quick else 1000
    scheme = load_scheme(_PUBLISHED) if _PUBLISHED.exists() else starter
    print(f"a case of 10 diagnoses and 5 procedures, {scheme.id}, one core, {rounds} rounds")
    usual = _what_ifs(scheme, starter, rounds)
    count = 20_000 if quick else 100_000
    seconds = asyncio.run(_simulated(scheme, starter, count))
    per_minute = count / seconds * 60
    print(f"{count:,} kept stays priced by two policies in {seconds:.1f} s, {rounded(count / seconds)} a second")
    return [
        goal("what-if, all variants, median", f"{usual:.2f} ms", usual < 3, "< 3 ms"),
        goal("simulation of kept stays", f"{rounded(per_minute)} a minute", per_minute > 100_000, "> 100,000 a minute"),
    ]


def _what_ifs(scheme: Scheme, starter: Scheme, rounds: int) -> float:
    """The median in milliseconds of the case with every variant told."""
    payment, told = starter.payments[-1], 0.0
    for every in (False, True):
        times = []
        for _ in range(rounds):
            started = time.perf_counter()
            found = what_if(scheme, _LARGE, payment, _FACTS, all_variants=every)
            times.append((time.perf_counter() - started) * 1000)
        told = _told(f"DRG, {len(found.variants)} of {found.tried} variants told", times)
    catalogue = load_dip(_GROUPING / "dip-starter")
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        what_if_dip(catalogue, _LARGE, _FACTS, point_value=Decimal(10), all_variants=True)
        times.append((time.perf_counter() - started) * 1000)
    _told("DIP, every variant told", times)
    return told


def _told(what: str, times: Sequence[float]) -> float:
    usual, worst = statistics.median(times), statistics.quantiles(times, n=100)[98]
    print(f"{what:<44}{usual:>8.2f} ms median {worst:>8.2f} ms p99")
    return usual


async def _simulated(scheme: Scheme, starter: Scheme, count: int) -> float:
    """Seconds from the first page read to the result; the stays are kept in an SQLite file."""
    with tempfile.TemporaryDirectory() as folder:
        store = store_at(None, Path(folder) / "mingjian.sqlite3")
        await store.open()
        keeper, random = StayKeeper(store.stays), Random(6)
        for start in range(0, count, 1000):
            await asyncio.gather(*[keeper.keep(_stay(random, number)) for number in range(start, start + 1000)])
        before = DrgPricer(starter, PriceBy(scheme=starter.id))
        after = DrgPricer(starter, PriceBy(scheme=starter.id, parameters={"rate": "9000"}))
        if scheme is not starter:
            after = _Borrowed(scheme, starter, PriceBy(scheme=scheme.id))
        started = time.perf_counter()
        simulator = Simulator(before, after)
        await over_all(keeper.chunks(StayFilter()), simulator.add)
        found: Simulation = simulator.result()
        seconds = time.perf_counter() - started
        await store.close()
    assert found.totals.cases == count
    return seconds


class _Borrowed(DrgPricer):
    """A published scheme has no payment parameters: it is priced by the starter's."""

    def __init__(self, scheme: Scheme, starter: Scheme, asked: PriceBy) -> None:
        super().__init__(starter, asked)
        self._scheme, self.groups_by = scheme, (scheme, False)


def _stay(random: Random, number: int) -> SettledStay:
    codes = (random.choice(_PRINCIPALS), *random.sample(_SECONDARIES, random.randrange(5)))
    stay = replace(
        _LARGE,
        id=f"S{number}",
        diagnoses=codes,
        procedures=tuple(random.choices(_LARGE.procedures, k=random.randrange(3))),
        total_amount=Decimal(random.randrange(100_000, 9_000_000)) / 100,
    )
    return SettledStay(
        facility=Facility(id=f"F{number % 3}", level=FacilityLevel.TERTIARY),
        stay=stay,
        department=f"D{number % 40}",
        discharge_date=date(2025, 1, 1) + timedelta(days=random.randrange(700)),
    )
