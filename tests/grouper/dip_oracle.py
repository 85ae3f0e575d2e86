"""An independent, slow reading of DIP grouping: plain loops over text cells, written from the definitions.

It shares no code with app/grouper: expressions, prefixes and choices are worked out here again.
"""

from decimal import Decimal

ORDER = ["surgery", "treatment", "diagnostic", "conservative"]


class Oracle:
    def __init__(self, groups, given, op_rules=(), barred=(), operations=None, type_order=()):
        self.groups, self.given, self.type_order = groups, given, list(type_order)
        self.op_rules, self.barred, self.operations = op_rules, barred, operations or {}

    def setting(self, section, name, default):
        return self.given.get(section, {}).get(name, default)

    def group(self, principal, operations, others, age_days=None, weight=None, cost=None):
        """(status, code, codes tied with it, codes of the others of its stage)"""
        if not principal:
            return "returned", "", set(), set()
        for pattern in self.barred:
            if principal == pattern if len(pattern) >= 7 else principal.startswith(pattern):
                return "returned", "", set(), set()
        case = self.case(principal, operations, others, age_days, weight, cost)
        stages = [one.split("+") for one in self.given.get("layers", DEFAULT_LAYERS)] + [["fallback"]]
        for layers in stages:
            found = []
            for row, cells in enumerate(self.groups):
                if cells.get("layer", "basic") in layers:
                    one = self.fits(row, cells, case)
                    if one is not None:
                        found.append(one)
            if found:
                return self.best(found, layers, case)
        return "ungrouped", "", set(), set()

    def case(self, principal, operations, others, age_days, weight, cost):
        recorded = []
        for code in operations:
            if code not in recorded:
                recorded.append(code)
        kept, mains = [], []
        for code in recorded:
            rule = next((one for one in self.op_rules if code_fits(one[0], code)), None)
            if rule is not None and rule[1] == "conservative":
                continue
            kept.append(code)
            if rule is None or (rule[1] == "main_only_in" and starts(rule[2], principal)):
                mains.append(code)
        counting = [code for code in kept if self.kind(code) != "conservative"]
        return {
            "dx": principal, "others": others, "ops": kept, "counting": counting, "principal_op": (mains or [""])[0],
            "mains": mains[:1] if self.setting("operation", "main_is_principal", False) else mains,
            "age_days": age_days, "weight": weight, "cost": None if cost is None else Decimal(cost),
            "kind": self.stay_kind(counting),
        }  # fmt: skip

    def kind(self, code):
        """None where nobody says."""
        if code not in self.operations:
            return "conservative" if self.setting("conservative", "unlisted", "unknown") == "conservative" else None
        return self.operations[code]

    def stay_kind(self, counting):
        if not counting:
            return "conservative"
        kinds = [self.kind(code) for code in counting]
        if self.setting("comprehensive", "by", "principal") == "principal":
            return kinds[0]
        if "surgery" in kinds:
            return "surgery"
        return None if None in kinds else sorted(kinds, key=ORDER.index)[0]

    def fits(self, row, cells, case):
        prefix = max((p for p in prefixes(cells["dx"]) if case["dx"].startswith(p)), key=len, default=None)
        if prefix is None or not self.kind_fits(cells, case) or not self.more_fits(cells, case):
            return None
        main, related, complete = [], [], True
        if cells.get("main_op"):
            main = self.main_terms(cells["main_op"], case)
            if cells.get("related_op"):
                related, complete = self.related_terms(cells["related_op"], case)
            if not main or (cells.get("related_op") and not related):
                return None
        named = [c for c in case["ops"] if any(code_fits(alt, c) for term in main + related for alt in term)]
        kind = own_kind(cells)
        return {
            "cells": cells, "row": row, "prefix": prefix, "main": main, "related": related, "complete": complete,
            "kind": kind or self.kind_of_all(named), "named": named, "lesser": kind == "conservative",
        }  # fmt: skip

    def kind_fits(self, cells, case):
        kind = own_kind(cells)
        if cells.get("layer", "basic") == "comprehensive":
            falls = self.setting("comprehensive", "falls_to_conservative", False) and kind == "conservative"
            return kind == case["kind"] or falls
        return kind != "conservative" or not case["counting"]

    def more_fits(self, cells, case):
        for part in filter(None, cells.get("other_dx", "").split("+")):
            if not any(starts(part, code) for code in case["others"]):
                return False
        for name in ("age_days", "weight"):
            low, high = cells.get(name, (None, None))
            if (low, high) == (None, None):
                continue
            value = case[name]
            if value is None or (low is not None and value < low) or (high is not None and value > high):
                return False
        return True

    def kind_of_all(self, codes):
        kinds = [self.kind(code) for code in codes if self.kind(code) is not None]
        return sorted(kinds, key=ORDER.index)[0] if kinds else None

    def alternatives(self, text):
        """Lists of terms, a term being a list of codes; the ones with most terms first."""
        if self.setting("operation", "tighter", "or") == "or":
            return [[part.split("|") for part in text.split("+")]]
        found = [[[code] for code in part.split("+")] for part in text.split("|")]
        return sorted(found, key=len, reverse=True)

    def main_terms(self, text, case):
        for terms in self.alternatives(text):
            if met(terms[0], case["mains"]) and all(met(term, case["ops"]) for term in terms[1:]):
                return terms
        return []

    def related_terms(self, text, case):
        best = []
        for terms in self.alternatives(text):
            held = [term for term in terms if met(term, case["ops"])]
            if len(held) == len(terms):
                return held, True
            best = held if len(held) > len(best) else best
        return (best, False) if self.setting("operation", "partial_related", False) else ([], False)

    def best(self, found, layers, case):
        if "priority" in layers:
            choice = self.given.get("choice_priority", ["and_terms", "catalogue_order"])
        else:
            choice = self.given.get("choice", DEFAULT_CHOICE)
        surgical = [False] * len(choice)
        left = sorted(found, key=lambda one: one["lesser"])
        left = [one for one in left if one["lesser"] == left[0]["lesser"]]
        for place, name in enumerate(choice):
            surgical[place] = any(one["kind"] == "surgery" for one in left)
            ranks = [self.rank(name, one, case, surgical[place]) for one in left]
            left = [one for one, rank in zip(left, ranks, strict=True) if rank == max(ranks)]
        codes = sorted(one["cells"]["code"] for one in left)
        return "grouped", codes[0], set(codes[1:]), {one["cells"]["code"] for one in found} - {codes[0]}

    def rank(self, name, one, case, any_surgery):
        cells, terms = one["cells"], one["main"] + one["related"]
        score = Decimal(cells.get("score", "100") or "-1")
        if name == "nearest_mean_cost":
            if case["cost"] is None or not cells.get("mean_cost"):
                return Decimal("-Infinity")
            return -abs(Decimal(cells["mean_cost"]) - case["cost"])
        if name == "higher_score_if_surgery":
            return score if any_surgery else 0
        if name == "type_order":
            layer = cells.get("layer", "basic")
            kind_of = (
                "comprehensive" if layer == "comprehensive" else "grassroots" if cells.get("grassroots") else "core"
            )
            word = f"{kind_of}:{one['kind']}"
            return -self.type_order.index(word) if word in self.type_order else -len(self.type_order)
        return {
            "complete": one["complete"],
            "main_operation": bool(
                one["main"] and case["principal_op"] and met(one["main"][0], [case["principal_op"]])
            ),
            "related": len(one["related"]),
            "and_terms": len(terms),
            "matched_operations": len(one["named"]),
            "exact_operations": all(code in one["named"] for code in case["counting"]),
            "longest_diagnosis": len(one["prefix"]),
            "full_code": all(any(alt in case["ops"] for alt in term if len(alt) >= 7) for term in terms),
            "higher_score": score,
            "catalogue_order": -one["row"],
        }[name]


DEFAULT_LAYERS = ["priority", "tcm", "bedday", "merge", "dxaux", "basic", "comprehensive"]
DEFAULT_CHOICE = [
    "complete", "main_operation", "related", "matched_operations", "longest_diagnosis", "full_code", "type_order",
]  # fmt: skip


def own_kind(cells):
    is_bare = cells.get("layer", "basic") == "basic" and not cells.get("main_op")
    return cells.get("kind") or ("conservative" if is_bare else None)


def met(term, codes):
    return any(code_fits(alt, code) for alt in term for code in codes)


def code_fits(pattern, code):
    if pattern.endswith("*"):
        return code.startswith(pattern[:-1])
    return code == pattern if len(pattern) >= 7 else code.startswith(pattern)


def prefixes(text):
    for token in text.split("|"):
        if token == "*":
            yield ""
        elif "-" in token:
            low, high = token.split("-")
            yield from (f"{low[0]}{number:02d}" for number in range(int(low[1:]), int(high[1:]) + 1))
        else:
            yield token


def starts(text, code):
    return any(code.startswith(prefix) for prefix in prefixes(text))
