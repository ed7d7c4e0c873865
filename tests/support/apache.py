"""Apache with mod_auth_openidc on a free loopback port, as an operator puts it before an old application.

`python -m tests.support.apache` prints which Apache there is, or fails: `make test` asks it whether to install anything.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

START_SECONDS = 30
STOP_SECONDS = 10
PROGRAMS = ("apache2", "httpd")
MODULES = (Path("/usr/lib/apache2/modules"), Path("/usr/lib64/httpd/modules"), Path("/usr/lib/httpd/modules"))
NEEDED = ("mpm_prefork", "authn_core", "authz_core", "authz_user", "dir", "include", "mime", "auth_openidc")
MEND = (
    "The test of mod_auth_openidc needs Apache with that module. Run `make test`, which installs it on Debian, or install it "
    "yourself (Debian: apt-get install apache2-bin libapache2-mod-auth-openidc)."
)

CONFIGURATION = """
ServerRoot "{home}"
ServerName localhost
Listen 127.0.0.1:{port}
PidFile "{home}/apache.pid"
ErrorLog "{home}/error.log"
DefaultRuntimeDir "{home}"
StartServers 2
MinSpareServers 1
{modules}
DocumentRoot "{home}/pages"
DirectoryIndex index.shtml
AddType text/html .shtml
AddOutputFilter INCLUDES .shtml
<Location />
  Options +Includes
  Require all granted
</Location>
{openidc}
<Location {protected}>
  AuthType openid-connect
  Require valid-user
</Location>
"""

WHO = """<!doctype html>
<title>Behind mod_auth_openidc</title>
<p id="user"><!--#echo var="REMOTE_USER" --></p>
<p id="account"><!--#echo var="OIDC_CLAIM_account" --></p>
<p id="acr"><!--#echo var="OIDC_CLAIM_acr" --></p>
"""


class ApacheUnavailable(RuntimeError):
    """Apache or the module is not installed, or did not start. The message says what to do; tests fail with it, never skip."""


def server_program() -> tuple[Path, Path]:
    """The server and the folder of its modules. Raises `ApacheUnavailable`."""
    # Debian keeps it where only root's PATH leads.
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
    program = next(filter(None, (shutil.which(name, path=path) for name in PROGRAMS)), None)
    modules = next((folder for folder in MODULES if (folder / "mod_auth_openidc.so").exists()), None)
    if program is None or modules is None:
        raise ApacheUnavailable(MEND)
    return Path(program), modules


class Apache:
    """A running one. `pages` are what it serves; `protected` is the path below which somebody must be signed in."""

    protected = "/inside"

    def __init__(self, port: int, home: Path) -> None:
        self.url = f"http://localhost:{port}"
        self.home = home

    @property
    def log(self) -> str:
        file = self.home / "error.log"
        return file.read_text(errors="replace") if file.exists() else ""


@asynccontextmanager
async def running_apache(port: int, openidc: Mapping[str, str]) -> AsyncIterator[Apache]:
    """Serves while the block lasts. `openidc` are the module's directives, name to value.

    `port` comes from `free_port`: the client is registered under it first. Raises `ApacheUnavailable`.
    """
    program, modules = server_program()
    home = Path(tempfile.mkdtemp(prefix="idp-apache-"))
    try:
        apache = Apache(port, home)
        _lay_out(home, port, modules, openidc)
        process = await asyncio.create_subprocess_exec(
            *_dying_with_us(), program, "-f", home / "apache.conf", "-DFOREGROUND", **_as_nobody(home)
        )
        try:
            await _await_start(process, apache, port)
            yield apache
        finally:
            await _stop(process)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _lay_out(home: Path, port: int, modules: Path, openidc: Mapping[str, str]) -> None:
    inside = home / "pages" / Apache.protected.strip("/")
    inside.mkdir(parents=True)
    (inside / "index.shtml").write_text(WHO, encoding="ascii")
    (home / "pages" / "index.shtml").write_text("<!doctype html><title>Outside</title>", encoding="ascii")
    (home / "mime.types").touch()
    text = CONFIGURATION.format(
        home=home,
        port=port,
        protected=Apache.protected,
        modules="\n".join(f'LoadModule {name}_module "{modules}/mod_{name}.so"' for name in NEEDED)
        + f'\nTypesConfig "{home}/mime.types"',
        openidc="\n".join(f'{name} "{value}"' for name, value in openidc.items()),
    )
    (home / "apache.conf").write_text(text, encoding="ascii")


async def _await_start(process: asyncio.subprocess.Process, apache: Apache, port: int) -> None:
    try:
        async with asyncio.timeout(START_SECONDS):
            while process.returncode is None:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.02)
                    continue
                writer.close()
                await writer.wait_closed()
                return
    except TimeoutError:
        pass
    raise ApacheUnavailable(f"Apache did not start. Its log ends:\n{apache.log[-2000:]}")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


def _dying_with_us() -> list[str]:
    """The kernel stops the server when the test process dies without a chance to do so itself."""
    return ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []


def _as_nobody(home: Path) -> dict[str, Any]:
    """A server of root's would need a user of its own for its children: the whole of it runs as one that owns nothing else."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    for path in (home, *home.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    return {"user": "nobody", "group": nobody.pw_gid, "extra_groups": []}


if __name__ == "__main__":
    try:
        server, _ = server_program()
        print(subprocess.run([server, "-v"], capture_output=True, text=True, check=True).stdout.splitlines()[0])
    except ApacheUnavailable as missing:
        sys.exit(str(missing))
