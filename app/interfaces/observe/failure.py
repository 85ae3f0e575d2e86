"""Failure (异常记录): what the log tells of an exception: where it came from, and its text where that names no data."""

import traceback

# Whose texts speak of code and machines; others (KeyError, ValueError, those of decoders and databases) quote data.
_HARMLESS = (OSError, AttributeError, TypeError, NameError, ImportError, RuntimeError, MemoryError)
_MOST_CAUSES = 5


def told(error: BaseException) -> str:
    """The stack, and what it was caused by, the outermost first."""
    parts: list[str] = []
    one: BaseException | None = error
    while one is not None and len(parts) < _MOST_CAUSES:
        frames = "".join(traceback.format_tb(one.__traceback__))
        parts.append(f"{_named(one)}\n{frames}".rstrip())
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return "\ncaused by ".join(parts)


def _named(error: BaseException) -> str:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    if isinstance(error, _HARMLESS) or kind.__module__.startswith("app."):
        return f"{name}: {error}"
    return f"{name} (its text may quote data and is left out)"
