"""What Redis does for the service (缓存与通知): it brings rulesets sooner, and keeps hot patients' history.

It is never the only place of anything: docs/decisions/0013-redis-is-never-the-only-place.md.
"""
