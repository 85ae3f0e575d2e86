"""Rules by the lists that they ask a principal code to be in (规则索引), so that the others need not be tried."""

from collections.abc import Sequence

from app.grouper.condition import Bits
from app.knowledge.scheme_condition import Condition, Member, Valid, conjuncts


class RuleIndex:
    """For `pdx` or `proc1`: which rules codes in given lists leave open. Rules and lists are bits of a number.

    A rule that asks for several lists stands in as many layers, and is left open where it is in each of them.
    """

    def __init__(self, conditions: Sequence[Condition], subject: str, bits: Bits) -> None:
        self._every = (1 << len(conditions)) - 1
        self._layers: list[dict[int, int]] = []
        self._known: dict[int, int] = {}
        for number, condition in enumerate(conditions):
            wanted = {
                bits.of(part)
                for part in conjuncts(condition)
                if isinstance(part, Member | Valid) and part.subject == subject
            }
            for layer, mask in enumerate(sorted(wanted)):
                if layer == len(self._layers):
                    self._layers.append({})
                self._layers[layer][mask] = self._layers[layer].get(mask, 0) | 1 << number
        self._free = [self._every & ~sum(layer.values()) for layer in self._layers]

    def possible(self, codes: int) -> int:
        """The rules that a code in these lists does not rule out."""
        found = self._known.get(codes)
        if found is None:
            found = self._known[codes] = self._find(codes)
        return found

    def _find(self, codes: int) -> int:
        found = self._every
        masks = [1 << bit for bit in range(codes.bit_length()) if codes >> bit & 1]
        for free, layer in zip(self._free, self._layers, strict=True):
            open_here = free
            for mask in masks:
                open_here |= layer.get(mask, 0)
            found &= open_here
        return found
