"""Refusals of signing in and of accounts (登录与账号的拒绝), as problem documents."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.application.manage_accounts import (
    BadAccount,
    BadPassword,
    ChangedMeanwhile,
    LoginTaken,
    NotAllowed,
    UnknownAccount,
)
from app.application.sign_in import WAIT, CodeNeeded, Locked, WrongCredentials
from app.application.sign_in_tickets import BadTicket
from app.interfaces.errors import FieldError, Problem, database_unavailable, not_found
from app.store.audit_log import NotRecorded
from app.store.history import Unavailable


@contextmanager
def refusing() -> Iterator[None]:
    """Whatever the use cases raise inside is raised as Problem."""
    try:
        yield
    except (NotRecorded, Unavailable):
        raise database_unavailable() from None
    except (WrongCredentials, CodeNeeded, Locked, BadTicket) as error:
        raise _not_in(error) from None
    except (UnknownAccount, LoginTaken, ChangedMeanwhile, NotAllowed, BadAccount) as error:
        raise _not_done(error) from None


def _not_in(error: Exception) -> Problem:
    if isinstance(error, Locked):
        return Problem(
            423, "sign-in-locked", "Too many attempts failed",
            f"For {int(WAIT.total_seconds() // 60)} minutes no attempt of this login or address is looked into.",
            headers={"retry-after": str(int(WAIT.total_seconds()))},
        )  # fmt: skip
    if isinstance(error, CodeNeeded):
        return Problem(
            401, "otp-needed", "The account has a second factor",
            "Send the code of the authenticator app, or a recovery code, as otp with the same login and password.",
        )  # fmt: skip
    if isinstance(error, BadTicket):
        return Problem(
            401, "ticket-refused", "The ticket opens nothing",
            "A ticket is good for 60 seconds and once; open this page from the hospital system again.",
        )  # fmt: skip
    return Problem(401, "sign-in-refused", "Login, password or code is wrong", "Or the account is disabled.")


def _not_done(error: Exception) -> Problem:
    if isinstance(error, UnknownAccount):
        return not_found("account", str(error))
    if isinstance(error, LoginTaken):
        return Problem(409, "login-taken", "There is an account of that login name", "Choose another one.")
    if isinstance(error, ChangedMeanwhile):
        return Problem(
            409, "changed-meanwhile", "The account was changed meanwhile",
            "Read it again, and send the change with the version that it has now.",
        )  # fmt: skip
    if isinstance(error, NotAllowed):
        return Problem(403, "forbidden", "This caller may not do that", f"{error}.")
    if isinstance(error, BadPassword):
        told = (FieldError("/password", str(error)),)
        return Problem(422, "password-refused", "The password does not keep to the rules", str(error), told)
    return Problem(422, "account-refused", "The account cannot be so", f"{error}.")
