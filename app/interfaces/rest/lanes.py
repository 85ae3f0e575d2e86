"""The hot lanes of grouping and settlement (分组与结算接口), by method and path."""

from app.application.keep_stays import StayKeeper
from app.application.load_scheme import scheme_folders
from app.application.scheme_shelf import SchemeShelf
from app.interfaces.asgi import Application
from app.interfaces.rest.coding import CHECK, CodingEndpoint
from app.interfaces.rest.groupings import DIP, DRG, GroupingEndpoints
from app.interfaces.rest.settlements import PREVIEW, SettlementEndpoints
from app.interfaces.rest.simulations import INDICES, SIMULATE, STAYS, SimulationEndpoints
from app.interfaces.rest.what_if import WHAT_IF, WhatIfEndpoint
from app.settings import Settings
from app.store.stays import StayStore


def scheme_shelf(settings: Settings) -> SchemeShelf:
    return SchemeShelf(scheme_folders(settings.data_dir, settings.rules_dir), settings.cache_dir)


def settlement_lanes(shelf: SchemeShelf, settings: Settings) -> dict[tuple[str, str], Application]:
    groupings = GroupingEndpoints(shelf, settings.max_body_bytes, settings.max_bulk_line_bytes)
    settlements = SettlementEndpoints(shelf, settings.max_body_bytes)
    return {
        ("POST", DRG): groupings.drg,
        ("POST", f"{DRG}/bulk"): groupings.drg_bulk,
        ("POST", DIP): groupings.dip,
        ("POST", f"{DIP}/bulk"): groupings.dip_bulk,
        ("POST", PREVIEW): settlements.preview,
    }


def case_lanes(shelf: SchemeShelf, stays: StayStore, settings: Settings) -> dict[tuple[str, str], Application]:
    """What-if and coding faults of one case; kept stays, and what is priced over many."""
    sets = SimulationEndpoints(shelf, StayKeeper(stays), settings.max_body_bytes, settings.max_bulk_line_bytes)
    return {
        ("POST", CHECK): CodingEndpoint(shelf, settings.rules_dir, settings.max_body_bytes).check,
        ("POST", WHAT_IF): WhatIfEndpoint(shelf, settings.max_body_bytes).serve,
        ("POST", STAYS): sets.take_in,
        ("POST", SIMULATE): sets.simulate,
        ("POST", INDICES): sets.indices,
    }
