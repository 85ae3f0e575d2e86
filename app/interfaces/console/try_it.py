"""Try it (试一试): paste a message or fill in a form, and see what the rules in force say. Nothing is recorded."""

from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response

from app.application.known_items import KnownItems
from app.application.try_audit import Trial
from app.domain.decision import Decision, Stage
from app.domain.encounter import CareType, FacilityLevel, Sex
from app.domain.labels import STAGE_LABELS, label
from app.domain.line import FormularyClass
from app.interfaces.console.fact_labels import FACT_LABELS
from app.interfaces.console.forms import LONGEST, read_form
from app.interfaces.console.pages import Pages
from app.interfaces.console.try_examples import EXAMPLES
from app.interfaces.console.try_input import LINES, BadInput, read_fields, read_text
from app.interfaces.errors import Problem
from app.interfaces.nhsa.profiles import Profiles

PATH = "/console/try"
DECISION_LABELS = {
    Decision.PASS: "通过", Decision.INFORM: "提示", Decision.REQUIRE_REASON: "须填理由", Decision.BLOCK: "拦截"
}  # fmt: skip
_CHOICES: dict[str, Any] = {
    "stages": {one: STAGE_LABELS[one] for one in Stage},
    "sexes": {one: label(one) for one in Sex if one},
    "care_types": {one: label(one) for one in CareType if one},
    "levels": {one: label(one) for one in FacilityLevel if one},
    "classes": {one: label(one) for one in FormularyClass if one},
}


def try_pages(pages: Pages, trial: Trial, items: KnownItems, profiles: Profiles) -> APIRouter:
    routes = APIRouter(include_in_schema=False)

    @routes.get(PATH)
    async def show(request: Request, example: str = "", form: str = "") -> Response:
        chosen = next((one for one in EXAMPLES if one.name == example), None)
        return pages.page(
            request, "try.html", title="试一试", examples=EXAMPLES, chosen=chosen, is_form=bool(form), lines=LINES,
            **_CHOICES,
        )  # fmt: skip

    @routes.post(PATH)
    async def judge(request: Request) -> Response:
        try:
            form = await read_form(request)
            to_try = (
                read_fields(form) if form.one("mode", 10) == "form" else read_text(form.secret("message"), profiles)
            )
        except BadInput as error:
            return pages.part("_fault.html", status=422, fault=str(error))
        except Problem as problem:
            fault = f"内容超过{LONGEST // 1024}KB，请用接口提交。" if problem.status == 413 else problem.document.title
            return pages.part("_fault.html", status=problem.status, fault=fault)
        tried = [(one, await trial.judge(one.request, one.issues)) for one in to_try]
        return pages.part(
            "_tried.html", tried=tried, decision_labels=DECISION_LABELS, stage_labels=STAGE_LABELS, label=label,
            fact_labels=FACT_LABELS,
            as_json=lambda found: msgspec.json.format(msgspec.json.encode(found), indent=2).decode(),
        )  # fmt: skip

    @routes.get(f"{PATH}/items")
    def find_items(request: Request) -> Response:
        """For the field of a line that is being typed in, whatever its number."""
        text = next((value for name, value in request.query_params.items() if name.startswith("code_")), "")
        return pages.part("_items.html", items=items.find(text[:50]))

    return routes
