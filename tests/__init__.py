"""How all tests run: properties try the same examples everywhere, without a deadline that a busy machine could miss."""

from hypothesis import settings

settings.register_profile("mingjian", deadline=None, derandomize=True, database=None)
settings.load_profile("mingjian")
