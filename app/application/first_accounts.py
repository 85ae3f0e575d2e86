"""The first accounts (初始账号): one administrator at the first start; in evaluation mode, one for each role."""

from collections.abc import Iterable

from app.application.manage_accounts import AccountManager, LoginTaken, Made
from app.domain.access import Caller, Role, Scope
from app.store.accounts import AccountStore

ADMINISTRATOR = "admin"
# Whoever can open the database can do all this anyway; as with every caller, the trail tells of it.
AT_THE_MACHINE = Caller(
    id="command line", roles=frozenset({Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR}), kind="command"
)
_NAMES = {
    Role.DOCTOR: ("doctor", "演示医师"),
    Role.DEPARTMENT_HEAD: ("head", "演示科主任"),
    Role.AUDIT_STAFF: ("auditor", "演示医保审核员"),
    Role.AUDIT_LEAD: ("lead", "演示医保办主任"),
    Role.RULE_EDITOR: ("editor", "演示规则编辑"),
    Role.RULE_APPROVER: ("approver", "演示规则审批"),
    Role.FINANCE: ("finance", "演示财务"),
    Role.MANAGEMENT: ("manager", "演示院领导"),
    Role.SYSTEM_ADMINISTRATOR: ("admin", "演示系统管理员"),
    Role.SECURITY_ADMINISTRATOR: ("security", "演示安全管理员"),
    Role.LOG_AUDITOR: ("logs", "演示审计管理员"),
}
_PRACTITIONER, _DEPARTMENT = "D0001", "D01"


async def first_accounts(accounts: AccountStore, manager: AccountManager, *, is_evaluation: bool = False) -> list[Made]:
    """What was made because there was no account yet; of several workers that start at once, one makes it."""
    if await accounts.count():
        return []
    if is_evaluation:
        return await evaluation_accounts(manager)
    roles = frozenset({Role.SYSTEM_ADMINISTRATOR})
    return await _made(manager, [(ADMINISTRATOR, "系统管理员", roles, Scope())], must_change=True)


async def evaluation_accounts(manager: AccountManager) -> list[Made]:
    """One for each role of people, to look around with; those that there are already stay as they are."""
    told = [(login, name, frozenset({role}), _scope(role)) for role, (login, name) in _NAMES.items()]
    return await _made(manager, told, must_change=False)


def _scope(role: Role) -> Scope:
    if role is Role.DOCTOR:
        return Scope(practitioner=_PRACTITIONER)
    return Scope(departments=frozenset({_DEPARTMENT})) if role is Role.DEPARTMENT_HEAD else Scope()


async def _made(
    manager: AccountManager, told: Iterable[tuple[str, str, frozenset[Role], Scope]], *, must_change: bool
) -> list[Made]:
    found = []
    for login, name, roles, scope in told:
        try:
            made = await manager.create(
                login, name, caller=AT_THE_MACHINE, roles=roles, scope=scope, must_change=must_change
            )
        except LoginTaken:
            continue
        found.append(made)
    return found
