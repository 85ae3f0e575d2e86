"""Access (权限): who may do what, and about whose patients. Decided here, asked in one place under every interface.

Roles keep the three administrations apart (三员分立): who runs the system, who grants rights and who reads logs are
different people. A caller with several roles may do what any of them may, but never approve what they themselves wrote.
"""

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct


class Permission(StrEnum):
    """What can be asked for. Every operation of every interface names exactly one."""

    AUDIT_SUBMIT = "audit.submit"  # send encounters for audit, at any stage
    AUDIT_READ = "audit.read"  # read a recorded audit
    HISTORY_WRITE = "history.write"  # import past claims, withdraw lines
    DISPOSITION_WRITE = "disposition.write"  # tell what became of a reminder
    FINDING_READ = "finding.read"
    FINDING_REVIEW = "finding.review"  # take up, comment, decide
    FINDING_APPROVE = "finding.approve"  # second person, appeals in their later steps
    FINDING_ANSWER = "finding.answer"  # a department answers, appeals, rectifies
    FINDING_EXPORT = "finding.export"
    PATIENT_UNMASK = "patient.unmask"
    PATIENT_ERASE = "patient.erase"
    RULE_READ = "rule.read"
    RULE_EDIT = "rule.edit"
    RULE_APPROVE = "rule.approve"  # publish, roll back
    FEED_READ = "feed.read"
    FEED_WRITE = "feed.write"
    GROUP_PREVIEW = "group.preview"  # grouping, payment, what-if of one case
    GROUP_SIMULATE = "group.simulate"  # many stored cases under other parameters
    SCHEME_WRITE = "scheme.write"
    STATISTICS_READ = "statistics.read"
    USER_MANAGE = "user.manage"  # accounts, without their rights
    RIGHT_GRANT = "right.grant"  # roles and scopes
    KEY_MANAGE = "key.manage"
    SYSTEM_READ = "system.read"  # metrics, health in detail, configuration without secrets
    TRAIL_READ = "trail.read"
    TRAIL_EXPORT = "trail.export"


class Role(StrEnum):
    HIS_CLIENT = "his_client"
    DOCTOR = "doctor"
    DEPARTMENT_HEAD = "department_head"
    AUDIT_STAFF = "audit_staff"
    AUDIT_LEAD = "audit_lead"
    RULE_EDITOR = "rule_editor"
    RULE_APPROVER = "rule_approver"
    FINANCE = "finance"
    MANAGEMENT = "management"
    SYSTEM_ADMINISTRATOR = "system_administrator"
    SECURITY_ADMINISTRATOR = "security_administrator"
    LOG_AUDITOR = "log_auditor"


ROLE_LABELS: dict[Role, str] = {
    Role.HIS_CLIENT: "接口调用方",
    Role.DOCTOR: "医生",
    Role.DEPARTMENT_HEAD: "科室主任",
    Role.AUDIT_STAFF: "医保审核员",
    Role.AUDIT_LEAD: "医保办负责人",
    Role.RULE_EDITOR: "规则编辑",
    Role.RULE_APPROVER: "规则审批",
    Role.FINANCE: "财务",
    Role.MANAGEMENT: "院领导",
    Role.SYSTEM_ADMINISTRATOR: "系统管理员",
    Role.SECURITY_ADMINISTRATOR: "安全管理员",
    Role.LOG_AUDITOR: "日志审计员",
}

_P = Permission
_READ_FINDINGS = {_P.FINDING_READ, _P.AUDIT_READ, _P.RULE_READ}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.HIS_CLIENT: frozenset(
        {
            _P.AUDIT_SUBMIT, _P.AUDIT_READ, _P.HISTORY_WRITE, _P.DISPOSITION_WRITE, _P.RULE_READ, _P.GROUP_PREVIEW,
            _P.FEED_READ, _P.FEED_WRITE,
        }
    ),
    Role.DOCTOR: frozenset({*_READ_FINDINGS, _P.DISPOSITION_WRITE, _P.FINDING_ANSWER, _P.GROUP_PREVIEW}),
    Role.DEPARTMENT_HEAD: frozenset(
        {*_READ_FINDINGS, _P.DISPOSITION_WRITE, _P.FINDING_ANSWER, _P.GROUP_PREVIEW, _P.STATISTICS_READ}
    ),
    Role.AUDIT_STAFF: frozenset(
        {
            *_READ_FINDINGS, _P.AUDIT_SUBMIT, _P.FINDING_REVIEW, _P.FINDING_EXPORT, _P.PATIENT_UNMASK, _P.FEED_READ,
            _P.GROUP_PREVIEW, _P.STATISTICS_READ, _P.TRAIL_READ,
        }
    ),
    Role.AUDIT_LEAD: frozenset(
        {
            *_READ_FINDINGS, _P.AUDIT_SUBMIT, _P.FINDING_REVIEW, _P.FINDING_APPROVE, _P.FINDING_EXPORT,
            _P.PATIENT_UNMASK, _P.FEED_READ, _P.FEED_WRITE, _P.HISTORY_WRITE, _P.GROUP_PREVIEW, _P.GROUP_SIMULATE,
            _P.STATISTICS_READ, _P.TRAIL_READ, _P.TRAIL_EXPORT,
        }
    ),
    Role.RULE_EDITOR: frozenset({_P.RULE_READ, _P.RULE_EDIT, _P.FEED_READ}),
    Role.RULE_APPROVER: frozenset({_P.RULE_READ, _P.RULE_APPROVE, _P.FEED_READ}),
    Role.FINANCE: frozenset(
        {_P.RULE_READ, _P.GROUP_PREVIEW, _P.GROUP_SIMULATE, _P.SCHEME_WRITE, _P.STATISTICS_READ, _P.FEED_READ}
    ),
    Role.MANAGEMENT: frozenset({_P.RULE_READ, _P.STATISTICS_READ, _P.GROUP_SIMULATE}),
    Role.SYSTEM_ADMINISTRATOR: frozenset({_P.RULE_READ, _P.SYSTEM_READ, _P.USER_MANAGE}),
    Role.SECURITY_ADMINISTRATOR: frozenset({_P.SYSTEM_READ, _P.RIGHT_GRANT, _P.KEY_MANAGE, _P.PATIENT_ERASE}),
    Role.LOG_AUDITOR: frozenset({_P.SYSTEM_READ, _P.TRAIL_READ, _P.TRAIL_EXPORT}),
}  # fmt: skip

# What the key of the installation itself may do, where the settings do not say otherwise. Rights, keys, and whatever
# shows who a patient is are for people.
INSTALLATION_ROLES = (
    Role.HIS_CLIENT, Role.AUDIT_LEAD, Role.RULE_APPROVER, Role.FINANCE, Role.LOG_AUDITOR
)  # fmt: skip

# Nobody holds two of these at once (等保 8.1.5: system, security and audit administration are apart).
APART: tuple[frozenset[Role], ...] = (
    frozenset({Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR}),
    frozenset({Role.SYSTEM_ADMINISTRATOR, Role.LOG_AUDITOR}),
    frozenset({Role.SECURITY_ADMINISTRATOR, Role.LOG_AUDITOR}),
)


class Scope(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """About whom: None is no limit, and each level given narrows the one before it.

    `practitioner` narrows to the patients of one doctor (本人患者).
    """

    facilities: frozenset[str] | None = None
    campuses: frozenset[str] | None = None
    departments: frozenset[str] | None = None
    practitioner: str = ""

    def covers(self, facility: str, campus: str = "", department: str = "", practitioner: str = "") -> bool:
        return (
            (self.facilities is None or facility in self.facilities)
            and (self.campuses is None or campus in self.campuses)
            and (self.departments is None or department in self.departments)
            and (not self.practitioner or practitioner == self.practitioner)
        )


EVERYWHERE = Scope()


class Caller(Struct, frozen=True, kw_only=True):
    """Who asks. `id` is what records and logs name; `kind` how they came: key, token, session, ticket, command."""

    id: str
    roles: frozenset[Role]
    scope: Scope = EVERYWHERE
    kind: str = "key"
    name: str = ""

    def may(self, permission: Permission) -> bool:
        return any([permission in PERMISSIONS[role] for role in self.roles])


def conflicts(roles: Iterable[Role]) -> list[frozenset[Role]]:
    """The pairs among these roles that nobody may hold together."""
    held = frozenset(roles)
    return [pair for pair in APART if pair <= held]
