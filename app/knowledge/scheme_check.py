"""What does not fit together in a grouping scheme (分组方案表间核对): faults that refuse it, and warnings."""

from collections import Counter
from collections.abc import Iterator, Mapping

from app.knowledge.scheme_cells import Findings
from app.knowledge.scheme_condition import Condition, Member, Sites, Tagged, atoms
from app.knowledge.scheme_source import MANIFEST
from app.knowledge.scheme_tables import NEXT, SchemeTables

_NAMED = 5


def check_tables(tables: SchemeTables, findings: Findings) -> None:
    """Note what is wrong between the tables; each was read by itself already."""
    _lists(tables, findings)
    _rules(tables, findings)
    _splits(tables, findings)
    _names(tables, findings)
    _complications(tables, findings)
    _order(tables, findings)


def conditions(tables: SchemeTables) -> Iterator[tuple[str, int, Condition]]:
    """Every condition with the file and line where it stands."""
    for mdc in tables.mdcs:
        yield "mdc.csv", mdc.line, mdc.condition
    for rule in tables.rules:
        yield "rules.csv", rule.line, rule.condition
    for splits in tables.splits.values():
        for split in splits:
            yield "splits.csv", split.line, split.condition


def _lists(tables: SchemeTables, findings: Findings) -> None:
    named: set[str] = set()
    told: set[str] = set()
    for file, line, condition in conditions(tables):
        for atom in atoms(condition):
            if isinstance(atom, Member | Tagged | Sites):
                named.add(atom.list)
                if atom.list not in tables.lists:
                    _missing_list(tables, findings, file, line, atom.list, told)
                else:
                    _tags(tables, findings, file, line, atom)
    for name in tables.lists:
        if name not in named:
            why = "no condition names it, so its codes change nothing"
            remedy = "name it in a condition, or take its rows out"
            findings.warn("lists.csv", tables.list_lines[name], f"unused list {name}", why, remedy)


def _missing_list(tables: SchemeTables, findings: Findings, file: str, line: int, name: str, told: set[str]) -> None:
    if name not in tables.manifest.empty_lists:
        remedy = f"add its codes to lists.csv, mend the name, or name it in empty_lists of {MANIFEST}"
        findings.fault(file, line, f"missing list {name}", "lists.csv has no code of it", remedy)
    elif name not in told:
        told.add(name)
        why = f"{MANIFEST} says so; what asks for it never holds"
        findings.warn(file, line, f"empty list {name}", why, "add its codes to lists.csv where they are known")


def _tags(tables: SchemeTables, findings: Findings, file: str, line: int, atom: Member | Tagged | Sites) -> None:
    if isinstance(atom, Member):
        return
    tags = {tag for found in tables.lists[atom.list].values() for tag in found}
    if isinstance(atom, Tagged) and atom.tag not in tags:
        why = f"no code of the list {atom.list} is marked so, and the condition never holds"
        findings.warn(file, line, f"unknown tag {atom.tag}", why, "mark its codes in lists.csv, or mend the tag")
    if isinstance(atom, Sites) and not tags:
        why = f"no code of the list {atom.list} has a tag, and no site is counted"
        findings.warn(file, line, "sites without tags", why, "put the site of each code into the column tag")


def _rules(tables: SchemeTables, findings: Findings) -> None:
    known = {mdc.code for mdc in tables.mdcs}
    used = Counter(rule.mdc for rule in tables.rules)
    for rule in tables.rules:
        if rule.mdc not in known:
            why = "mdc.csv does not have it, and the rule would never be tried"
            findings.fault("rules.csv", rule.line, f"unknown MDC {rule.mdc}", why, "add the MDC, or mend the code")
        if rule.kind == "ADRG" and rule.otherwise == NEXT and not tables.splits.get(rule.seq):
            why = "it has no splits, and gives nothing where none holds"
            remedy = "add splits with its seq, or write the code as otherwise"
            findings.warn("rules.csv", rule.line, f"{rule.code} gives no group", why, remedy)
    for mdc in tables.mdcs:
        if not used[mdc.code]:
            why = "no rule belongs to it, and no case can group there"
            findings.warn("mdc.csv", mdc.line, f"empty {mdc.code}", why, "add rules, or take it out")
    if not tables.mdcs or not tables.rules:
        file = "rules.csv" if tables.mdcs else "mdc.csv"
        findings.fault(file, 0, "no rows", "a scheme without them groups no case", "fill the table")


def _splits(tables: SchemeTables, findings: Findings) -> None:
    kinds = {rule.seq: rule.kind for rule in tables.rules}
    for seq, splits in tables.splits.items():
        line = splits[0].line
        if seq not in kinds:
            why = "rules.csv has no such seq, and these groups would never be tried"
            findings.fault("splits.csv", line, f"unknown rule {seq}", why, "add the rule, or mend the number")
        elif kinds[seq] == "QY":
            why = "a QY rule is itself the answer"
            findings.warn("splits.csv", line, f"splits of the QY rule {seq}", why, "take them out")


def _names(tables: SchemeTables, findings: Findings) -> None:
    given = {split.drg for splits in tables.splits.values() for split in splits}
    if nameless := sorted(given - set(tables.groups)):
        why = "splits give these groups, and the answer will have no name"
        findings.warn("drg.csv", 0, f"{len(nameless)} groups without a name: {_some(nameless)}", why, "add them")
    given |= {rule.otherwise for rule in tables.rules} | {rule.code for rule in tables.rules if rule.kind == "QY"}
    if unused := sorted(set(tables.groups) - given):
        why = "no rule or split gives these groups"
        findings.warn("drg.csv", 0, f"{len(unused)} groups never given: {_some(unused)}", why, "mend or take out")


def _complications(tables: SchemeTables, findings: Findings) -> None:
    for name, table in (("mcc.csv", tables.mcc), ("cc.csv", tables.cc), ("cce.csv", tables.cce)):
        if blank := sorted(code for code, number in table.items() if not number):
            what = f"{len(blank)} codes without a table: {_some(blank)}"
            findings.warn(name, 0, what, "nothing is excluded by them", "fill in the number of the table")
    if both := sorted(set(tables.mcc) & set(tables.cc)):
        why = "an MCC is asked for first, so these count as MCC"
        findings.warn("cc.csv", 0, f"{len(both)} codes are MCC as well: {_some(both)}", why, "keep one of the two")


def _order(tables: SchemeTables, findings: Findings) -> None:
    told = [code for code in tables.manifest.mdc_order if code in {mdc.code for mdc in tables.mdcs}]
    if told and told != [mdc.code for mdc in tables.mdcs if mdc.code in set(told)]:
        why = "mdc_order says another order than the numbers of mdc.csv, which are followed"
        findings.warn(MANIFEST, 0, "two orders of the MDCs", why, "make them agree")


def _some(codes: list[str]) -> str:
    return ", ".join(codes[:_NAMED]) + (" …" if len(codes) > _NAMED else "")


def list_codes(tables: SchemeTables, name: str) -> Mapping[str, tuple[str, ...]]:
    """Codes and tags of the list; nothing where it is empty."""
    return tables.lists.get(name, {})
