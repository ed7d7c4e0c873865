"""Use cases: what people, administrators and operators do. They know nothing of HTTP or OAuth, and never commit.

The pattern is load -> work -> settle: read a snapshot, do slow work (Argon2) with no transaction open, then settle in one
short write transaction that checks again what the work relied on.
"""
