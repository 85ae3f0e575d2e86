"""Bearer tokens (令牌): what stands in the Authorization header, for those who look whether it is theirs."""

from app.interfaces.asgi import Scope


def bearer_of(scope: Scope) -> bytes:
    """The token as it was sent; empty where there is none."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            return value[7:].strip() if value[:7].lower() == b"bearer " else b""
    return b""


def address_of(scope: Scope) -> str:
    """From where the request comes, as far as the server believes it; blank where nobody can tell."""
    client = scope.get("client")
    return str(client[0]) if client else ""
