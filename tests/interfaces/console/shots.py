"""Pictures of pages (页面截图): every browser test keeps them, by default where git does not look."""

import os
from pathlib import Path
from typing import Any

from tests.service import ROOT

FOLDER = Path(os.environ.get("MINGJIAN_SCREENSHOTS") or ROOT / "var" / "screenshots")


def shoot(page: Any, name: str, *, is_whole: bool = True) -> Path:
    """Of the page from top to bottom, or of what the window shows."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / f"{name}.png"
    page.screenshot(path=file, full_page=is_whole)
    return file
