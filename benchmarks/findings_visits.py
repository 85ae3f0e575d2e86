"""Which pages of the console are asked for, and with what (页面清单), for benchmarks/findings_pages.py.

Each as its name, its address, who asks, and the status it answers. What is in braces is told by the benchmark.
"""

from typing import NamedTuple

AUDITOR, OPERATOR, SECURITY, NOBODY = "bench-auditor", "bench-operator", "bench-security", ""


class Visit(NamedTuple):
    name: str
    path: str
    login: str = AUDITOR
    status: int = 200


_LIST, _BOARD = "/console/findings", "/console/dashboard"
_FILTERS = {
    "no filter": "",
    "open, by deadline": "state=open&sort=deadline&order=asc",
    "closed, by deadline": "state=closed&sort=deadline&order=asc",
    "closed, settled, emergency, by deadline": "state=closed&stage=settled&care=emergency&sort=deadline&order=asc",
    "a rule, inpatients, from 1,000 yuan": "rule=rule-000&care=inpatient&amount_from=1000",
    "a rule, inpatients, from 20,000 yuan": "rule=rule-000&care=inpatient&amount_from=20000",
    "a department and a rule, definite": "department=0057&rule=rule-000&severity=definite",
    "a rare department, settled, by amount": "department=0057&stage=settled&sort=amount",
    "a practitioner, a year": "practitioner=D000000405711&from=2025-11-05&to=2026-11-05",
    "a category, maternity": "category=违规行为13&insurance=maternity",
    "from 1,000 yuan, a campus, no answer": "amount_from=1000&campus=西院",
    "by severity, three months": "from=2026-08-05&to=2026-11-05&sort=severity",
    "mine": "assignee=u7",
    "a word": "q=阿莫西林",
    "two words": "q=阿莫西林 内科3",
    "initials": "q=amxl",
    "an encounter": "q=E000000001234",
    "a word that nothing has": "q=没有的词",
    "a word, and closed": "q=阿莫西林&state=closed",
    "trial rules as well": "trial=all&severity=slightly_suspect",
}
_SPANS = {
    "a month": "from=2026-10-06&to=2026-11-05",
    "a year": "from=2025-11-06&to=2026-11-05",
    "three years": "from=2023-11-15&to=2026-11-05",
}
_PLACES = {"": "", ", a facility": "&facility=H0", ", a department": "&facility=H0&department=0057"}

VISITS: dict[str, list[Visit]] = {
    "GET /console": [Visit("workbench", "/console"), Visit("workbench of an operator", "/console", OPERATOR)],
    f"GET {_LIST}": [Visit(f"list: {name}", f"{_LIST}?{query}") for name, query in _FILTERS.items()],
    f"GET {_LIST}/{{finding_id}}": [
        Visit("a finding", f"{_LIST}/{{finding}}"),
        Visit("a finding, in appeal", f"{_LIST}/{{appeal}}"),
        Visit("a finding of today, with its audit", f"{_LIST}/{{fresh}}"),
    ],
    f"GET {_LIST}/{{finding_id}}/proof": [Visit("proof of a finding", f"{_LIST}/{{fresh}}/proof")],
    "GET /console/attachments/{attachment_id}": [Visit("a file", "/console/attachments/{attachment}")],
    "GET /console/views/{view_id}": [Visit("a saved view", "/console/views/{view}", AUDITOR, 303)],
    "GET /console/appeals": [
        Visit(f"appeals: {step}", f"/console/appeals?step={step}")
        for step in ("first", "second", "final", "rejected", "open")
    ],
    "GET /console/appeals/{finding_id}/dossier.pdf": [Visit("dossier", "/console/appeals/{appeal}/dossier.pdf")],
    "GET /console/rectifications": [
        *[
            Visit(f"rectification: {step}", f"/console/rectifications?step={step}")
            for step in ("rectifying", "rectified")
        ],
        Visit("rectification: closed", "/console/rectifications?step=closed"),
        Visit("rectification: closed, a department", "/console/rectifications?step=closed&department=0057"),
    ],
    f"GET {_BOARD}": [
        Visit(f"dashboard: {span}{place}", f"{_BOARD}?{days}{limit}")
        for span, days in _SPANS.items()
        for place, limit in _PLACES.items()
    ],
    f"GET {_BOARD}/fees": [Visit("dashboard: fees of a month", f"{_BOARD}/fees?{_SPANS['a month']}")],
    "GET /console/rules": [
        Visit("rule library", "/console/rules"),
        *[Visit(f"rule library: {span}", f"/console/rules?{days}") for span, days in _SPANS.items()],
    ],
    "GET /console/rules/{rule_id}": [
        Visit("a rule with many findings", "/console/rules/rule-000"),
        Visit("a rule with few findings", "/console/rules/rule-118"),
        Visit("a rule: three years", f"/console/rules/rule-000?{_SPANS['three years']}"),
    ],
    "GET /console/rules/{rule_id}/points": [Visit("points of a rule", "/console/rules/rule-000/points?q=穿刺")],
    "GET /console/try": [Visit("try it", "/console/try")],
    "GET /console/try/items": [Visit("try it: items", "/console/try/items?code_1=穿刺")],
    "GET /console/stays": [
        Visit("stays", "/console/stays"),
        Visit("stays: a department", "/console/stays?department=0057"),
    ],
    "GET /console/stay": [Visit("a stay", "/console/stay?facility=H0&encounter=E-pages")],
    "GET /console/reminders": [
        Visit("reminders", "/console/reminders"),
        Visit("reminders: unanswered", "/console/reminders?answered=no"),
        Visit("reminders: a rule", "/console/reminders?rule=rule-000"),
        Visit("reminders: kept back", "/console/reminders?view=kept_back"),
        Visit("reminders: kept back, a rare rule", "/console/reminders?view=kept_back&rule=rule-118"),
    ],
    "GET /console/trail": [
        Visit("trail", "/console/trail"),
        Visit("trail: about a finding", "/console/trail?subject={fresh}"),
    ],
    "GET /console/trail/entries/{seq}/proof": [Visit("proof of an entry", "/console/trail/entries/1/proof")],
    "GET /console/accounts": [Visit("accounts", "/console/accounts", OPERATOR)],
    "GET /console/accounts/{account_id}": [Visit("an account", "/console/accounts/{account}", OPERATOR)],
    "GET /console/keys": [Visit("keys", "/console/keys", SECURITY)],
    "GET /console/profiles": [Visit("interfaces", "/console/profiles", SECURITY)],
    "GET /console/webhooks/{webhook_id}": [Visit("a webhook", "/console/webhooks/{webhook}", SECURITY)],
    "GET /console/sign-in": [Visit("page to sign in", "/console/sign-in", NOBODY)],
}
# Pages, or rather none: what is taken away whole, and what leads on to the workbench for whoever has nothing to do.
ELSEWHERE = {
    "GET /console/findings/export": "a file of as many rows as are asked for; docs/findings-query.md tells of pages",
    "GET /console/first-steps": "for whoever signs in for the first time",
}
