"""How a goal and the figure that was measured are told, and figures as people read them."""


def goal(what: str, figure: str, met: bool, wanted: str) -> str:
    return f"{'met   ' if met else 'missed'}  {what}: {figure} (goal {wanted})"


def rounded(value: float) -> str:
    """Three figures that mean something: 47.3, 1,280, 215,000."""
    if value < 100:
        return f"{value:.1f}"
    step = 10 ** max(0, len(f"{value:.0f}") - 3)
    return f"{round(value / step) * step:,.0f}"
