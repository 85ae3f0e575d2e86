"""What one audit needs of the past, in one statement (既往明细查询)."""

from datetime import date
from typing import Any

from app.store.history import HistoryQuery, StoredEncounter
from app.store.postgres.reader import Question, Reader
from app.store.postgres.text import plain

# $1 facility, $2 encounter, $3 what stands for the patient, $4 facilities, $5 dates since, $6 lines since, $7 codes,
# $8 prefixes, $9 first, $10 the first day of the own encounter's lines, where that is known to lie before the month in
# which it is kept.
#
# How far back the others matter depends on the own encounter's first line, and to open the partitions a second time
# costs more than to look into a few encounters too many: `own` tells the earliest that this line should be, `e` holds
# every encounter that might matter, `l` all of their lines; only then `asked` is worked out, and sifts them. OFFSET 0
# keeps the lines of an encounter one look into the index of one partition. Of other encounters counts what is not
# withdrawn, and not an order that a charge of the encounter carries out.
FETCH = """
WITH own AS MATERIALIZED (
    SELECT month, header, least($10::text::date,
        CASE WHEN month % 100 BETWEEN 1 AND 12 AND month > 100 THEN make_date(month / 100, month % 100, 1)
            ELSE '0001-01-01' END) AS start
    FROM history_encounters WHERE facility = $1 AND encounter = $2
), told AS MATERIALIZED (
    SELECT $5::text::date AS dates_since, $6::text::date AS since, $9::text::date AS first, start,
        coalesce(greatest($9::text::date - start, 0), 0) AS most
    FROM (SELECT 1) one LEFT JOIN own ON true
), e AS MATERIALIZED (
    SELECT 0 AS n, month, $1 AS facility, $2 AS encounter, header, NULL::date AS last_date, false AS has_death,
        false AS is_dated
    FROM own
    UNION ALL
    SELECT row_number() OVER (), h.month, h.facility, h.encounter, h.header, h.last_date, h.has_death,
        h.last_date >= dates_since - least(most, dates_since - '0001-01-01')
    FROM history_encounters h CROSS JOIN told
    WHERE h.patient = ANY ($3::text[]) AND h.facility = ANY ($4::text[]) AND (h.facility, h.encounter) <> ($1, $2)
        AND (h.last_date >= least(dates_since, since) - least(most, least(dates_since, since) - '0001-01-01')
            OR h.has_death AND coalesce(dates_since, since) IS NOT NULL)
), l AS MATERIALIZED (
    SELECT e.n, e.is_dated, h.line, h.service_date, h.is_charge, h.order_id,
        CASE WHEN e.n = 0 OR h.item_code IN (SELECT unnest($7::text[])) OR h.item_code ^@ ANY ($8::text[])
            THEN h.content END AS content
    FROM e CROSS JOIN LATERAL (
        SELECT * FROM history_lines s
        WHERE s.month = e.month AND s.facility = e.facility AND s.encounter = e.encounter AND NOT s.is_withdrawn
        OFFSET 0
    ) h
), asked AS MATERIALIZED (
    SELECT dates_since - least(moved, dates_since - '0001-01-01') AS dates_since,
        since - least(moved, since - '0001-01-01') AS since,
        CASE WHEN began < start AND began < first AND coalesce(dates_since, since) IS NOT NULL THEN began END AS again
    FROM (
        SELECT told.*, began, greatest(first - began, 0) AS moved
        FROM told CROSS JOIN (SELECT min(service_date) AS began FROM l WHERE n = 0) own_lines
    ) known
), counted AS (
    SELECT n,
        array_agg(content ORDER BY service_date, line COLLATE "C")
            FILTER (WHERE content IS NOT NULL AND NOT is_charge AND (n = 0 OR service_date >= since)) AS orders,
        array_agg(content ORDER BY service_date, line COLLATE "C")
            FILTER (WHERE content IS NOT NULL AND is_charge AND (n = 0 OR service_date >= since)) AS charges,
        array_agg(DISTINCT service_date ORDER BY service_date) FILTER (WHERE is_dated) AS dates
    FROM l CROSS JOIN (SELECT since FROM asked) asked
    WHERE n = 0 OR is_charge OR (n, line) NOT IN (SELECT n, order_id FROM l WHERE order_id <> '')
    GROUP BY n
)
SELECT e.facility, e.encounter, e.header, counted.orders, counted.charges,
    CASE WHEN e.last_date >= asked.dates_since THEN counted.dates END AS dates, asked.again
FROM e CROSS JOIN asked LEFT JOIN counted USING (n)
WHERE e.has_death OR e.last_date >= asked.dates_since OR counted.orders IS NOT NULL OR counted.charges IS NOT NULL
ORDER BY e.facility COLLATE "C", e.encounter COLLATE "C"
"""
NOTHING: Question = (FETCH, "", "", [], [], None, None, [], [], None, None)


async def fetch_history(reader: Reader, query: HistoryQuery) -> list[StoredEncounter]:
    """Raises Unavailable. In one round trip, but for an encounter of which a line came in later that lies before the
    month in which its first message said that it began: then in two.
    """
    vault = reader.vault
    patients = vault.lookups(plain(query.patient))
    rows = await reader.fetch(FETCH, *values_of(query, patients))
    if rows and (began := rows[0][6]) is not None:
        rows = await reader.fetch(FETCH, *values_of(query, patients, began))
    return [
        StoredEncounter(
            facility=facility,
            encounter=encounter,
            header=vault.open_text("history_encounters", (facility, encounter), header),
            orders=orders or [],
            charges=charges or [],
            dates=dates or [],
        )
        for facility, encounter, header, orders, charges, dates, _ in rows
    ]


def values_of(query: HistoryQuery, patients: list[str], began: date | None = None) -> tuple[Any, ...]:
    """What FETCH asks for, in its order."""
    return (
        plain(query.facility),
        plain(query.encounter),
        patients,
        [plain(one) for one in query.facilities],
        _iso(query.dates_since),
        _iso(query.since),
        query.codes,
        query.prefixes,
        _iso(query.first),
        _iso(began),
    )


def _iso(day: date | None) -> str | None:
    """As text: the driver takes the first and the last day of all for infinity."""
    return None if day is None else day.isoformat()
