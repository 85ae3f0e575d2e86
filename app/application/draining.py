"""Draining (停止前排空): this process is told to stop; it answers what comes, and asks that no more be sent."""


class Draining:
    """Of the whole process: whoever shows readiness asks here."""

    def __init__(self) -> None:
        self.has_begun = False


DRAINING = Draining()
