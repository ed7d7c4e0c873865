"""An OpenID Connect identity provider for telecom portals.

Layers, from the inside out: `domain` (pure rules), `storage`, `services` (use cases) and `oidc` (the protocol) side by
side, `web` and `cli` on top, `adapters` plugged in by `bootstrap`. `tests/test_layers.py` holds the rule.
"""
