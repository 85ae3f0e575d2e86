"""A scheme folder with payment files, for the tests that read it."""

import json
from typing import Any

import pytest

from app.knowledge.pack import PackError
from app.knowledge.payment_files import read_payment

CITY: dict[str, Any] = {
    "id": "city",
    "year": 2025,
    "method": "rate",
    "rate": "9575.25",
    "coefficients": {"levels": {"tertiary": "1.05", "secondary": "0.92"}},
    "low": {"at": "0.4"},
    "high": {"tiers": [{"max_points": "100", "at": "3"}, {"at": "2"}]},
}
WEIGHTS = "drg,attribute,weight_tertiary,weight_secondary\nES33,非基础组,0.6866,0.6\nIU25,无极差组,0.5366,\n"
WEIGHTS += "IU2Z,非基础组/中医优势病组,1.0346,\nAA19,无权重组,,\n"


def folder(path, document: Any = CITY, weights: str | None = WEIGHTS, **files: str):
    text = document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)
    (path / "payment.json").write_text(text, encoding="utf-8")
    for name, content in {"weights": weights, **files}.items():
        if content is not None:
            (path / f"{name}.csv").write_text(content, encoding="utf-8")
    return path


def faults(path, document: Any = CITY, weights: str | None = WEIGHTS, **files: str) -> list[str]:
    with pytest.raises(PackError) as error:
        read_payment(folder(path, document, weights, **files))
    return str(error.value).replace(f"{path}/", "").split("\n")


def without(name: str, **changes: Any) -> dict[str, Any]:
    return {key: value for key, value in {**CITY, **changes}.items() if key != name}
