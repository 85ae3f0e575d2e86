"""The shelf of grouping schemes (方案库): DRG schemes and DIP catalogues by id, opened once and then shared."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple, TypeVar

from app.application.load_dip import load_dip
from app.application.load_scheme import list_schemes, load_scheme
from app.grouper.dip_catalogue import DipCatalogue
from app.grouper.scheme import Scheme
from app.knowledge.dip_faults import BadCatalogue
from app.knowledge.scheme_issues import SchemeError

_OPEN = 8  # schemes of each method that are kept open; a hospital works with one or two
_DIP_META = "catalogue.yaml"

T = TypeVar("T")


class UnknownScheme(LookupError):
    """There is no such scheme, or it cannot be used; the text says why and which there are."""


class Listed(NamedTuple):
    """One scheme: `method` is drg or dip; `fault` is blank where it can be used."""

    id: str
    method: str
    title: str
    start: date
    end: date
    status: str
    fault: str


class SchemeShelf:
    """Asked from the event loop; a scheme is read in a thread, by one request for all that wait for it."""

    def __init__(self, folders: Sequence[Path], cache_dir: Path | None) -> None:
        """The first of the folders that has an id is meant by it."""
        self._folders, self._cache_dir = tuple(folders), cache_dir
        self._drg: OrderedDict[str, Scheme] = OrderedDict()
        self._dip: OrderedDict[str, DipCatalogue] = OrderedDict()
        self._lock = asyncio.Lock()

    async def drg(self, scheme_id: str) -> Scheme:
        """Raises UnknownScheme."""
        found = self._drg.get(scheme_id)
        return found if found is not None else await self._open(self._drg, scheme_id, self._read_drg)

    async def dip(self, catalogue_id: str) -> DipCatalogue:
        """Raises UnknownScheme."""
        found = self._dip.get(catalogue_id)
        return found if found is not None else await self._open(self._dip, catalogue_id, self._read_dip)

    async def method_of(self, scheme_id: str) -> str:
        """drg or dip. Raises UnknownScheme."""
        if scheme_id in self._drg:
            return "drg"
        if scheme_id in self._dip:
            return "dip"
        for one in await self.listed():
            if one.id == scheme_id:
                return one.method
        raise self._unknown(scheme_id)

    async def listed(self) -> list[Listed]:
        return await asyncio.to_thread(self._list)

    async def _open(self, shelf: "OrderedDict[str, T]", name: str, read: Callable[[str], T]) -> T:
        async with self._lock:
            if name not in shelf:
                shelf[name] = await asyncio.to_thread(read, name)
                while len(shelf) > _OPEN:
                    shelf.popitem(last=False)
            return shelf[name]

    def _read_drg(self, scheme_id: str) -> Scheme:
        if scheme_id not in {one.id for one in list_schemes(self._folders)}:  # never a path of this machine
            raise self._unknown(scheme_id)
        try:
            return load_scheme(scheme_id, self._folders, self._cache_dir)
        except SchemeError as error:
            raise UnknownScheme(f"the scheme {scheme_id!r} cannot be used: {error}") from error

    def _read_dip(self, catalogue_id: str) -> DipCatalogue:
        folder = self._dip_folders().get(catalogue_id)
        if folder is None:
            raise self._unknown(catalogue_id)
        try:
            return load_dip(folder)
        except BadCatalogue as error:
            raise UnknownScheme(f"the catalogue {catalogue_id!r} cannot be used: {error}") from error

    def _dip_folders(self) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for folder in self._folders:
            for meta in sorted(folder.glob(f"*/{_DIP_META}")):
                found.setdefault(meta.parent.name, meta.parent)
        return found

    def _list(self) -> list[Listed]:
        drg = [
            Listed(one.id, "drg", one.title, one.period.start, one.period.end, one.status, one.fault)
            for one in list_schemes(self._folders)
        ]
        return sorted([*drg, *[_listed_dip(name, folder) for name, folder in self._dip_folders().items()]])

    def _unknown(self, name: str) -> UnknownScheme:
        known = "、".join(one.id for one in self._list()) or "none"
        return UnknownScheme(f"there is no scheme {name[:64]!r} here; there are: {known}. Import it, or name another.")


def _listed_dip(name: str, folder: Path) -> Listed:
    try:
        meta = load_dip(folder).meta
    except BadCatalogue as error:
        return Listed(name, "dip", "", date.min, date.max, "", str(error))
    return Listed(name, "dip", meta.name, meta.period.start, meta.period.end, str(meta.status), "")
