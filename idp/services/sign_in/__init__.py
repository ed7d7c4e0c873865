"""The sign-in ladder's use cases: one module per step, around one `Visit`.

Every step opens the visit, computes the situation and checks that it is the current step before it does its one thing:
no step can be entered out of turn (SECURITY-CASES AZ37). Login knows nothing of OAuth; what the client asked for is a
demand to meet (`domain.assurance.Asked`), and what comes of it is a grant that the caller builds.
"""
