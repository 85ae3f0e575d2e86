"""Local paths (站内地址): where somebody who signed in is led on to, which is never another site."""

import re

CONSOLE = "/console"
_LOCAL = re.compile(r"/(?!/)[A-Za-z0-9._~!$&'()*+,;=:@%/?-]{0,500}")


def local_path(told: str, otherwise: str = CONSOLE) -> str:
    """The path told, where it cannot lead away from here."""
    path, _, _ = told.partition("?")
    return told if _LOCAL.fullmatch(told) and "//" not in path and "/.." not in path else otherwise
