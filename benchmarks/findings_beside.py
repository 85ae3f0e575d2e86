"""What stands beside findings (申诉与提醒造数): appeals with their decisions, and what doctors were told.

Every fiftieth finding was appealed against and decided; the latest million were reminders, a third of them not shown.
"""

_DAY = 86_400_000_000  # microseconds
_LATEST = 1_000_000


def steps(first: int, last: int) -> str:
    """Of reviews first to last, as findings_fill.py numbers them."""
    return f"""
    INSERT INTO review_steps (review, number, recorded_at, actor, action, comment, content)
    SELECT md5(n::text), number, first_found_at + (3 + number * 5) * {_DAY}::bigint,
        'u' || n % 60,
        CASE WHEN number = 1 THEN 'appeal'
            ELSE (ARRAY['reject','reject','grant','grant_exception'])[1 + n / 50 % 4] END,
        '', json_build_object('role', 'doctor', 'from_state', 'confirmed', 'to_state', 'first_appeal')::text
    FROM generate_series({first + 49 - (first - 1) % 50}, {last}, 50) n
    JOIN reviews ON seq = n CROSS JOIN generate_series(1, 2) number"""


def alerts(count: int) -> str:
    """Of the latest findings, in their order."""
    return f"""
    INSERT INTO alerts (audit, finding, lead, rule, facility, encounter, hook, tier, outcome, recorded_at, answer,
        reason, wait_ms)
    SELECT md5('a' || seq), id, CASE WHEN seq % 3 = 0 THEN '' ELSE id END, rule, facility, encounter, 'order-sign',
        (ARRAY['silent','passive','popup','block'])[1 + severity],
        CASE WHEN seq % 3 > 0 THEN 'shown' ELSE (ARRAY['silent','repeated','limit'])[1 + seq / 3 % 3] END,
        first_found_at, CASE WHEN seq % 3 > 0 AND answer <> 0 THEN 'overridden' ELSE '' END,
        CASE WHEN seq % 3 > 0 AND answer <> 0 THEN 'patient-preference' ELSE '' END,
        CASE WHEN seq % 3 > 0 AND answer <> 0 THEN 4000 + seq % 90000 END
    FROM reviews WHERE seq > {count - min(count, _LATEST)} ORDER BY seq"""
