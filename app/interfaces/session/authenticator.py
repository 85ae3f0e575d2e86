"""Authentication by session (会话认证): staff are known by the cookie of their session."""

from app.application.keep_sessions import SessionOf, Sessions
from app.domain.access import Caller
from app.interfaces.asgi import Scope
from app.interfaces.errors import database_unavailable
from app.interfaces.session.cookies import PublicAddress, session_token
from app.interfaces.session.csrf import check_request
from app.store.audit_log import NotRecorded
from app.store.history import Unavailable

SESSION = "mingjian.session"  # in the scope of a request that a session's cookie let in


class SessionAuthenticator:
    """Raises Problem: 403 for what another site's page sent, 503 where the database does not answer."""

    def __init__(self, sessions: Sessions, public: PublicAddress) -> None:
        self._sessions, self._public = sessions, public

    def known(self, scope: Scope) -> Caller | None:
        token = session_token(scope, self._public)
        return self._admit(scope, token, self._sessions.remembered(token)) if token else None

    async def find(self, scope: Scope) -> Caller | None:
        token = session_token(scope, self._public)
        if not token:
            return None
        try:
            found = await self._sessions.find(token)
        except (Unavailable, NotRecorded):
            raise database_unavailable() from None
        return self._admit(scope, token, found)

    def _admit(self, scope: Scope, token: str, found: SessionOf | None) -> Caller | None:
        if found is None:
            return None
        check_request(scope, token, self._public)
        scope[SESSION] = found
        return found.caller


def session_in(scope: Scope) -> SessionOf | None:
    """The session that let the request in; None where another way did."""
    found = scope.get(SESSION)
    return found if isinstance(found, SessionOf) else None
