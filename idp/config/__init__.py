"""The configuration: `config.toml`, the environment over it, and nothing else (CONTRACT, Configuration).

`load_settings` answers frozen `Settings` or refuses with the key and the mend; `Settings.rules` hands the operator's choices
to the domain. This package is the only reader of the process environment.
"""

from idp.config.client_files import ClientEntry, client_entries, read_client_files
from idp.config.environment import insecure_transport_allowed
from idp.config.loading import known_keys, load_settings, settings_from
from idp.config.settings import Settings
from idp.config.starter import Starter, write_private

__all__ = [
    "ClientEntry",
    "Settings",
    "Starter",
    "client_entries",
    "insecure_transport_allowed",
    "known_keys",
    "load_settings",
    "read_client_files",
    "settings_from",
    "write_private",
]
