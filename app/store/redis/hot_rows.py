"""Hot history as Redis keeps it (缓存编码): packed rows, of which only the needed ones are sent and unpacked."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec

from app.store.history import HistoryLine, HistoryQuery, HistoryWrite, StoredEncounter
from app.store.redis.connection import Argument
from app.store.redis.hot_keys import HotKeys
from app.store.vault import Vault
from app.store.whole_history import WholeEncounter

Record = tuple[str, str, str, bool, str, list[str], int, str]
# facility, encounter, last day, has death, header, days of the lines that count, number of lines, first day of a line
Row = tuple[str, bool, str, str, str]  # day, is a charge, item code, the order that it carries out, the line as JSON

_TABLE = "redis"  # a header that was read here is not one that the database holds
_pack = msgspec.msgpack.Encoder().encode
_unpack_record = msgspec.msgpack.Decoder(Record).decode
_unpack_row = msgspec.msgpack.Decoder(Row).decode
Placed = tuple[str, bytes, bool, str]  # day, line, is a charge, content: in this order they are answered


def can_be_kept(lines: Sequence[HistoryLine]) -> bool:
    """Not where a text holds a NUL, which databases store each in its way, nor where a line is told of twice."""
    names = {line for line, *_ in lines}
    texts = [text for line, _, code, _, order, _ in lines for text in (line, code, order)]
    return len(names) == len(lines) and "\0" not in "".join(texts)


def can_be_asked(query: HistoryQuery) -> bool:
    names = (query.facility, query.encounter, query.patient, *query.facilities)
    return "\0" not in "".join((*names, *query.codes, *query.prefixes))


def arguments_of_lines(lines: Sequence[HistoryLine]) -> list[Argument]:
    packed: list[Argument] = []
    for line, day, code, is_charge, order, content in lines:
        packed += (line, _pack((day, is_charge, code, order, content)))
    return packed


def arguments_of_write(write: HistoryWrite, keys: HotKeys, vault: Vault) -> list[Argument]:
    """For lua/finish.lua."""
    encounter = keys.encounter(write.facility, write.encounter)
    has_death = "1" if write.has_death else "0"
    header = vault.seal_text(_TABLE, (write.facility, write.encounter), write.header)
    return [encounter, write.last_date, has_death, header, *arguments_of_lines(write.lines)]


def arguments_of_whole(whole: Sequence[WholeEncounter], keys: HotKeys, vault: Vault) -> list[Argument]:
    """For lua/fill.lua."""
    packed: list[Argument] = []
    for one in whole:
        header = vault.seal_text(_TABLE, (one.facility, one.encounter), one.header)
        record = (one.facility, one.encounter, one.last_date, one.has_death, header, (), len(one.lines), "")
        packed += (keys.encounter(one.facility, one.encounter), _pack(record), *arguments_of_lines(one.lines))
    return packed


def arguments_of_query(query: HistoryQuery, keys: HotKeys, *, facilities: str) -> list[Argument]:
    """For lua/read.lua."""
    own = keys.encounter(query.facility, query.encounter)
    days = ["" if day is None else day.isoformat() for day in (query.earliest, query.since, query.first)]
    return [facilities, own, *days, len(query.codes), *query.codes, *query.prefixes]


def own_of(reply: list[Any], vault: Vault) -> tuple[list[StoredEncounter], date | None]:
    """The own encounter with all of its lines, none where it has none, and their first day."""
    record = _unpack_record(reply[0])
    placed = _placed(reply)
    if not placed:
        return [], None
    return [_stored(record, placed, [], vault)], date.fromisoformat(placed[0][0])


def others_of(replies: list[list[Any]], query: HistoryQuery, vault: Vault) -> list[StoredEncounter]:
    """The others that have something of what was asked for."""
    dates_since = None if query.dates_since is None else query.dates_since.isoformat()
    found = []
    for reply in replies:
        record = _unpack_record(reply[0])
        _, _, last_date, has_death, _, days, _, _ = record
        has_dates = dates_since is not None and last_date >= dates_since
        placed = _placed(reply)
        if placed or has_dates or has_death:
            dates = [date.fromisoformat(day) for day in sorted(days)] if has_dates else []
            found.append(_stored(record, placed, dates, vault))
    return found


def _placed(reply: list[Any]) -> list[Placed]:
    placed: list[Placed] = []
    for at in range(1, len(reply), 2):
        day, is_charge, _, _, content = _unpack_row(reply[at + 1])
        placed.append((day, reply[at], is_charge, content))
    placed.sort()
    return placed


def _stored(record: Record, placed: list[Placed], dates: list[date], vault: Vault) -> StoredEncounter:
    return StoredEncounter(
        facility=record[0],
        encounter=record[1],
        header=vault.open_text(_TABLE, record[:2], record[4]),
        orders=[content for _, _, is_charge, content in placed if not is_charge],
        charges=[content for _, _, is_charge, content in placed if is_charge],
        dates=dates,
    )
