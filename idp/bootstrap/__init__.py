"""Puts the house together: adapters behind the ports, the database, the signing keys. Read it to see what runs.

Whatever would make a running house unsafe is refused here, before the first request, in one sentence with the mend.
"""

from idp.adapters.logs import configure_logs
from idp.bootstrap.runtime import Runtime, build
from idp.bootstrap.sealing import fresh_sealing_key, today

__all__ = ["Runtime", "build", "configure_logs", "fresh_sealing_key", "today"]
