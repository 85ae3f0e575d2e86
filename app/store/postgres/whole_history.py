"""A patient's whole history from PostgreSQL (患者全部既往明细)."""

from datetime import date

from sqlalchemy import text

from app.store.postgres.database import Database
from app.store.postgres.text import plain
from app.store.whole_history import WholeEncounter

# One statement, so that all of it is of one moment.
_READ = text("""
SELECT e.facility, e.encounter, e.header, e.last_date, e.has_death, l.names, l.days, l.codes, l.charges, l.orders,
    l.contents
FROM history_encounters e CROSS JOIN LATERAL (
    SELECT array_agg(s.line) AS names, array_agg(s.service_date) AS days, array_agg(s.item_code) AS codes,
        array_agg(s.is_charge) AS charges, array_agg(s.order_id) AS orders, array_agg(s.content) AS contents
    FROM history_lines s
    WHERE s.month = e.month AND s.facility = e.facility AND s.encounter = e.encounter AND NOT s.is_withdrawn
) l
WHERE e.patient = ANY (CAST(:patients AS text[])) AND e.facility = ANY (CAST(:facilities AS text[]))
    AND (e.last_date >= CAST(:since AS date) OR e.has_death)
""")


class PostgresWholeHistory:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(
        self, patient: str, facilities: tuple[str, ...], since: date, most: int
    ) -> list[WholeEncounter] | None:
        vault = self._database.vault
        patients = vault.lookups(plain(patient))
        asked = {"patients": patients, "facilities": [plain(one) for one in facilities], "since": since}
        async with self._database.reading() as connection:
            rows = (await connection.execute(_READ, asked)).all()
        if sum(len(names or ()) for *_, names, _, _, _, _, _ in rows) > most:
            return None
        return [
            WholeEncounter(
                facility=facility,
                encounter=encounter,
                header=vault.open_text("history_encounters", (facility, encounter), header),
                last_date=last_date.isoformat(),
                has_death=has_death,
                lines=[
                    (name, day.isoformat(), code, is_charge, order, content)
                    for name, day, code, is_charge, order, content in zip(*columns, strict=True)
                ]
                if columns[0] is not None
                else [],
            )
            for facility, encounter, header, last_date, has_death, *columns in rows
        ]
