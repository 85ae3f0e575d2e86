"""Links (政策链接): addresses of the policies that a rule refers to, where its references tell one."""

import re
from functools import lru_cache
from typing import Any

_ADDRESS = re.compile(r"https?://[^\s，。；、（）()《》<>\"|]+")
_ARTICLE = re.compile(r"(?P<year>20\d\d)-(?P<month>\d\d)-(?P<day>\d\d)[^；]{0,40}?(?P<article>art_\d+_\d+)")
_LONGEST_LABEL = 80


@lru_cache(4096)
def links_of(references: tuple[str, ...]) -> tuple[dict[str, Any], ...]:
    """A link for each reference with an address: one written out, or an article of the national administration."""
    found = {}
    for reference in references:
        if (url := _url_in(reference)) and url not in found:
            label = reference.replace(url, "").strip(" ：:，,") or url
            found[url] = {"label": label[:_LONGEST_LABEL], "url": url, "type": "absolute"}
    return tuple(found.values())


def _url_in(reference: str) -> str:
    if written := _ADDRESS.search(reference):
        return written[0].rstrip(".")
    if named := _ARTICLE.search(reference):  # nhsa.gov.cn files its articles by the day on which they were published
        year, month, day = int(named["year"]), int(named["month"]), int(named["day"])
        return f"https://www.nhsa.gov.cn/art/{year}/{month}/{day}/{named['article']}.html"
    return ""
