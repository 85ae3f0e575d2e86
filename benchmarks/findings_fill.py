"""Millions of findings under review, made inside PostgreSQL (造数): for benchmarks/findings.py.

Three years of five hospitals. Like in life, few rules, departments and doctors have most of the findings, old ones are
done with, and what belongs together goes together: a rule has its category and severity, a doctor a department.
"""

import time

from app.store.migrate import migrate
from app.store.review_counts import BY_RULE_WHOLE, BY_STATE_WHOLE, MEASURES, OF_APPEALS
from benchmarks.findings_beside import alerts, steps
from tests.servers import Postgres

_QUICKLY = {
    "fsync": "off", "autovacuum": "off", "max_wal_size": "'20GB'", "maintenance_work_mem": "'1GB'",
    "wal_level": "minimal", "max_wal_senders": "0", "work_mem": "'512MB'", "full_page_writes": "off",
}  # fmt: skip
_SERVING = {  # as docs/findings-query.md tells to; and each question is one process's work, so that it can be told
    "random_page_cost": "1.1", "effective_cache_size": "'16GB'", "max_parallel_workers_per_gather": "0",
}  # fmt: skip
_HAND_OVER = """
CREATE ROLE service LOGIN NOSUPERUSER;
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT oid::regclass FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
    LOOP EXECUTE 'ALTER TABLE ' || name || ' OWNER TO service'; END LOOP;
END $$;
ALTER SEQUENCE audits_seq OWNER TO service; ALTER SCHEMA public OWNER TO service
"""
_CHUNK = 1_000_000
RULES, DEPARTMENTS, DOCTORS, ITEMS, PATIENTS = 120, 60, 12, 20_000, 1_500_000
_FIRST, _LAST = 1_700_000_000_000_000, 1_794_000_000_000_000  # microseconds: November 2023 to November 2026
_WORDS = (
    "阿莫西林,头孢呋辛,氯化钠,地塞米松,甲硝唑,奥美拉唑,布洛芬,胰岛素,维生素,人血白蛋白,肝素,二甲双胍,氨氯地平,"
    "彩色超声,磁共振"
)
_FORMS = "胶囊,片,注射液,颗粒,缓释片,口服液,软膏,滴眼液,检查,测定"
_INITIALS = "amxl,tbfx,lhn,dsms,jxz,amlz,blf,yds,wss,rxbdb,gs,ejsg,alpd,cscs,cgz"


def fill(server: Postgres, count: int) -> str:
    """The URL of the database, for a user whom row-level security limits."""
    _set(server, _QUICKLY)
    url = server.new_database()
    migrate(url)
    database = url.rpartition("/")[2]
    started = time.monotonic()
    indexes = server.sql(
        "SELECT pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class c ON c.oid = indexrelid"
        " WHERE indrelid IN ('reviews'::regclass, 'review_items'::regclass) AND NOT indisunique",
        database,
    ).splitlines()
    for index in indexes:
        server.sql(f"DROP INDEX {index.split()[2]}", database)
    for first in range(1, count + 1, _CHUNK):
        last = min(count, first + _CHUNK - 1)
        server.sql(_QUIET + _reviews(first, last, count), database)
        server.sql(_QUIET + _contents(first, last), database)
        server.sql(_QUIET + steps(first, last), database)
    for statement in (*indexes, *_names(), *_counts(), alerts(count), "VACUUM ANALYZE"):
        server.sql(_QUIET + statement if statement != "VACUUM ANALYZE" else statement, database)
    print(f"filled in {time.monotonic() - started:.0f} s", flush=True)
    for name in _QUICKLY:
        server.sql(f"ALTER SYSTEM RESET {name}")
    server.sql(_HAND_OVER, database)
    _set(server, _SERVING)
    server.sql("CREATE EXTENSION pg_prewarm; SELECT pg_prewarm('reviews')", database)
    return url.replace("mingjian@", "service@")


_QUIET = "SET session_replication_role = replica; "  # without looking up for each row what it belongs to


def _set(server: Postgres, settings: dict[str, str]) -> None:
    for name, value in settings.items():
        server.sql(f"ALTER SYSTEM SET {name} = {value}")
    server.stop()
    server.start()


def _reviews(first: int, last: int, count: int) -> str:
    """Drawn once for each row, then told by what was drawn. Findings come in the order of time."""
    return f"""
    SELECT setseed({first % 997} / 1000.0);
    INSERT INTO reviews (id, first_found_at, last_found_at, amount_cents, refund_cents, version, touched, deadline,
        state, severity, stage, insurance_type, care_type, answer, is_trial, kind, facility, campus, department,
        practitioner, encounter, patient_key, rule, rule_class, category, assignee)
    SELECT md5(n::text), at, at + (e * 86400000000)::bigint, amount, CASE WHEN state = 15 THEN amount ELSE 0 END,
        1 + state / 3, 1, CASE WHEN state IN (2, 5, 6, 7, 15) THEN 9999999 ELSE 719163 + (at / 86400000000)::int + 10
            + (e * 10)::int END,
        state, severity, stage, insurance, care, answer, rule % 40 = 39,
        ((((severity * 4 + stage) * 8 + insurance) * 8 + care) * 4 + answer) * 2 + (rule % 40 = 39)::int,
        'H' || facility,
        CASE WHEN facility <> 0 THEN '' WHEN department % 2 = 0 THEN '东院' ELSE '西院' END,
        lpad(department::text, 4, '0'),
        'D' || lpad((facility * 100000 + department * 100 + doctor)::text, 12, '0'),
        'E' || lpad((n / 3)::text, 12, '0'), md5('p' || (n * 7919::bigint % {PATIENTS})::text) || md5('q'),
        'rule-' || lpad(rule::text, 3, '0'), '类别' || rule % 30, '违规行为' || rule % 14,
        CASE WHEN state IN (3, 4, 13, 14) OR (state = 1 AND e < 0.3) THEN 'u' || (e * 60)::int ELSE '' END
    FROM (
        SELECT n, {_FIRST} + (n * {(_LAST - _FIRST) // count}::bigint) AS at,
            least(floor(5 * power(random(), 1.6)), 4)::int AS facility,
            floor({DEPARTMENTS} * power(random(), 1.7))::int AS department,
            floor({DOCTORS} * power(random(), 1.4))::int AS doctor,
            floor({RULES} * power(random(), 2.2))::int AS rule,
            random() AS b, random() AS c, random() AS d, random() AS e, random() AS f,
            (power(10, 2 + 3.5 * random()) * random())::bigint AS amount,
            CASE WHEN n > {count} * 0.97 THEN (ARRAY[1,1,1,1,1,1,1,2,3,3,4])[1 + floor(11 * random())::int]
                 WHEN n > {count} * 0.90 THEN (ARRAY[1,2,2,5,5,6,7,8,9,10,13,14,15])[1 + floor(13 * random())::int]
                 WHEN random() < 0.004 THEN (ARRAY[8,10,12,13,14])[1 + floor(5 * random())::int]
                 ELSE (ARRAY[2,2,2,2,5,6,6,7,15,15])[1 + floor(10 * random())::int] END AS state
        FROM generate_series({first}, {last}) n
    ) drawn CROSS JOIN LATERAL (
        SELECT CASE WHEN rule % 4 = 0 THEN 3 WHEN rule % 4 < 3 THEN 2 ELSE 1 END AS severity,
            CASE WHEN b < 0.5 THEN 1 WHEN b < 0.8 THEN 2 ELSE 3 END AS stage,
            CASE WHEN c < 0.55 THEN 1 WHEN c < 0.93 THEN 2 WHEN c < 0.97 THEN 6 ELSE 4 END AS insurance,
            CASE WHEN department < 36 THEN CASE WHEN d < 0.8 THEN 4 ELSE 1 END WHEN d < 0.7 THEN 1
                WHEN d < 0.85 THEN 2 WHEN d < 0.97 THEN 3 ELSE 5 END AS care,
            CASE WHEN f < 0.6 THEN 0 WHEN f < 0.85 THEN 1 WHEN f < 0.98 THEN 2 ELSE 3 END AS answer
    ) coded"""


def _contents(first: int, last: int) -> str:
    return f"""
    INSERT INTO review_contents (id, content)
    SELECT md5(n::text), '{{"rule_version":2,"title":"超限定支付范围用药","message":"该药品限二级及以上医疗机构使用，'
        || '且需有相应的临床诊断或检查依据，本次就诊未见","lines":["L' || n || '"],"last_audit":"' || md5('a' || n)
        || '","times_found":2,"deadline_step":"review"}}'
    FROM generate_series({first}, {last}) n;
    INSERT INTO review_items (item, review)
    SELECT 'X' || lpad(floor({ITEMS} * power(((hashtext(n::text) & 2147483647) / 2147483648.0), 2))::text, 6, '0'), n
    FROM generate_series({first}, {last}) n"""


def _names() -> list[str]:
    words = f"(string_to_array('{_WORDS}', ','))[1 + n % 15]"
    initials = f"(string_to_array('{_INITIALS}', ','))[1 + n % 15]"
    forms = f"(string_to_array('{_FORMS}', ','))[1 + n / 15 % 10]"
    return [
        "INSERT INTO review_kinds SELECT DISTINCT kind, severity, stage, insurance_type, care_type, answer, is_trial"
        " FROM reviews",
        "INSERT INTO review_stands SELECT DISTINCT state, deadline < 9999999, assignee <> '' FROM reviews",
        "INSERT INTO review_topics SELECT DISTINCT rule, rule_class, category, severity FROM reviews",
        "INSERT INTO review_places SELECT DISTINCT facility, campus, department, practitioner FROM reviews",
        f"""
        INSERT INTO search_terms (kind, code, text, initials, uses)
        SELECT 'item', item, {words} || {forms} || n, {initials} || n, uses
        FROM (SELECT item, substr(item, 2)::int AS n, count(*) AS uses FROM review_items GROUP BY item) used""",
        f"""
        INSERT INTO search_terms (kind, code, text, initials, uses)
        SELECT 'rule', 'rule-' || lpad(n::text, 3, '0'), {words} || '超限定用药' || n, {initials} || 'cxdyy' || n, 0
        FROM generate_series(0, {RULES - 1}) n""",
        f"""
        INSERT INTO departments (facility, code, name, campus, head, initials)
        SELECT 'H' || f, lpad(n::text, 4, '0'), '内科' || n || '病区', '', '', 'nk' || n || 'bq'
        FROM generate_series(0, 4) f, generate_series(0, {DEPARTMENTS - 1}) n""",
        f"""
        INSERT INTO practitioners (facility, code, name, department, title, initials)
        SELECT 'H' || f, 'D' || lpad((f * 100000 + d * 100 + n)::text, 12, '0'), '王医生' || d || n,
            lpad(d::text, 4, '0'), '', 'wys' || d || n
        FROM generate_series(0, 4) f, generate_series(0, {DEPARTMENTS - 1}) d, generate_series(0, {DOCTORS - 1}) n""",
    ]


def _counts() -> list[str]:
    states = (
        "CASE state WHEN 1 THEN 'open' WHEN 2 THEN 'lapsed' WHEN 3 THEN 'in_review' WHEN 4 THEN 'awaiting_second'"
        " WHEN 5 THEN 'confirmed' WHEN 6 THEN 'false_positive' WHEN 7 THEN 'excepted' WHEN 8 THEN 'first_appeal'"
        " WHEN 10 THEN 'second_appeal' WHEN 12 THEN 'final_appeal' WHEN 13 THEN 'rectifying' WHEN 14 THEN 'rectified'"
        " WHEN 15 THEN 'closed' ELSE 'first_rejected' END"
    )
    severities = "CASE severity WHEN 3 THEN 'definite' WHEN 2 THEN 'highly_suspect' ELSE 'slightly_suspect' END"
    day = "to_char(to_timestamp(first_found_at / 1000000.0) AT TIME ZONE 'Asia/Shanghai', 'YYYYMMDD')::int"
    is_confirmed = "state NOT IN (1, 2, 3, 4, 6, 7)"
    sums = (
        "count(*), sum(amount_cents), count(*) FILTER (WHERE state IN (1, 3, 4)),"
        f" count(*) FILTER (WHERE {is_confirmed}), coalesce(sum(amount_cents) FILTER (WHERE {is_confirmed}), 0),"
        " count(*) FILTER (WHERE state = 6), count(*) FILTER (WHERE state = 7), count(*) FILTER (WHERE state = 2),"
        " sum(refund_cents), count(*) FILTER (WHERE answer IN (1, 3)), count(*) FILTER (WHERE answer <> 0)"
    )
    months = ", ".join(f"sum({name})" for name in MEASURES)
    made = [
        f"INSERT INTO review_counts SELECT {axis}, {day} AS period, is_trial, facility, campus, department, {key},"
        f" {sums} FROM reviews GROUP BY period, is_trial, facility, campus, department, {key}"
        for axis, key in ((1, "rule"), (2, "practitioner"), (3, states), (4, severities))
    ]
    made += [
        f"INSERT INTO review_counts SELECT {kept}, period, is_trial, facility, '', '', key, {months}"
        f" FROM review_counts WHERE axis = {axis} GROUP BY period, is_trial, facility, key"
        for axis, kept in ((1, BY_RULE_WHOLE), (3, BY_STATE_WHOLE))
    ]
    made.append(
        f"INSERT INTO review_counts SELECT {OF_APPEALS}, to_char(to_timestamp(recorded_at / 1000000.0) AT TIME ZONE"
        f" 'Asia/Shanghai', 'YYYYMMDD')::int AS period, is_trial, facility, campus, department, action, count(*)"
        f"{', 0' * (len(MEASURES) - 1)} FROM review_steps JOIN reviews ON reviews.id = review_steps.review"
        " GROUP BY period, is_trial, facility, campus, department, action"
    )
    return [
        *made,
        f"INSERT INTO review_counts SELECT axis, period / 100, is_trial, facility, campus, department, key, {months}"
        " FROM review_counts GROUP BY axis, period / 100, is_trial, facility, campus, department, key",
    ]
