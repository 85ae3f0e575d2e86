"""Words (用语): how severities, decisions, stages and states are said to staff."""

_WORDS = {
    "definite": "明确违规",
    "highly_suspect": "高度可疑",
    "slightly_suspect": "轻度可疑",
    "pass": "通过",
    "inform": "提示",
    "require_reason": "须填原因",
    "block": "拦截",
    "ordering": "事前",
    "settling": "事中",
    "settled": "事后",
    "draft": "草稿",
    "trial": "试运行",
    "active": "启用",
    "retired": "停用",
}


def word(value: str) -> str:
    """The Chinese word for a value; a value that has none is said as it is."""
    return _WORDS.get(str(value), str(value))


def words(values: tuple[str, ...]) -> str:
    return "、".join(word(value) for value in values)
