"""Everything from outside the house behind a port: time, randomness, cryptography, number plans, mail and SMS providers.

Only `bootstrap` imports from here. Nothing happens on import; what holds threads or connections has a `close`.
"""
