"""A private server in a folder, on a unix socket only; stopped by its own pid.

Refuses to run as root what PostgreSQL refuses to run as root: then the server's programs run as
the package's own user ``postgres``.
"""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .processes import Processes, wait_for

USER = "postgres"
#: Small, and durable as in production: a commit waits for the disk.
SETTINGS = {
    "listen_addresses": "", "shared_buffers": "64MB", "max_connections": "40",
    "wal_level": "minimal", "max_wal_senders": "0", "max_parallel_workers_per_gather": "0",
    "jit": "off",
}  # fmt: skip


class Postgres:
    """One server and its databases.

    Args:
        folder: absolute; its path short enough for a socket. Made when it is not there.
        processes: what stops the server with everything else.
        settings: postgresql.conf's keys and values, over ``SETTINGS``.
    """

    def __init__(
        self, folder: Path, processes: Processes, name: str = "postgres", **settings: str
    ) -> None:
        self.folder = folder
        self.name = name
        self._processes = processes
        self._settings = {**SETTINGS, **settings}

    def dsn(self, database: str = "postgres") -> str:
        """Return what a client connects with."""
        return f"host={self.folder} user={USER} dbname={database}"

    def start(self) -> None:
        """Make the cluster when it is not there, start the server, wait until it answers.

        Raises:
            FileNotFoundError: PostgreSQL is not installed.
            subprocess.CalledProcessError: initdb failed; the text is in ``stderr``.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._give()
        data = self.folder / "data"
        if not data.exists():
            command = [
                program("initdb"),
                "-D",
                str(data),
                "-U",
                USER,
                "-A",
                "trust",
                "-N",
                "-E",
                "UTF8",
                "--no-locale",
            ]
            subprocess.run(as_user(command), check=True, capture_output=True, timeout=120, cwd="/")
        options = {**self._settings, "unix_socket_directories": str(self.folder)}
        command = [program("postgres"), "-D", str(data)]
        for key, value in options.items():
            command += ["-c", f"{key}={value}"]
        self._processes.start(self.name, as_user(command), os.environ, Path("/"))
        wait_for(f"{self.name} answers", self._answers, 60)

    def stop(self) -> None:
        """Stop at once but cleanly: clients are cut off, nothing committed is lost."""
        self._processes.stop(self.name, signal.SIGINT, 20)

    def create(self, database: str) -> str:
        """Create a database and return what a client connects with."""
        self.run(f'CREATE DATABASE "{database}"')
        return self.dsn(database)

    def run(self, sql: str, database: str = "postgres") -> None:
        """Run statements that return nothing, outside a transaction."""
        import psycopg  # noqa: PLC0415 - the demo runs without it

        with psycopg.connect(self.dsn(database), autocommit=True) as connection:
            connection.execute(sql)

    def _give(self) -> None:
        """Let the server's user own the folder; elsewhere when it cannot reach it."""
        if os.geteuid() != 0:
            return
        parent = self.folder.parent
        parent.chmod(parent.stat().st_mode | 0o001)
        try_it = as_user(["test", "-x", str(self.folder)])
        if subprocess.run(try_it, check=False, timeout=60).returncode:
            # A checkout in a private home: other users' folders are not ours to open.
            self.folder = Path(tempfile.mkdtemp(prefix="cfpg"))
            atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
        account = pwd.getpwnam(USER)
        os.chown(self.folder, account.pw_uid, account.pw_gid)

    def _answers(self) -> bool:
        self._processes.check()
        command = [program("pg_isready"), "-q", "-h", str(self.folder), "-U", USER]
        return subprocess.run(command, check=False, timeout=60).returncode == 0


def installed() -> bool:
    """Tell whether the server and its driver are there."""
    try:
        program("initdb")
        import psycopg  # noqa: F401, PLC0415
    except (FileNotFoundError, ImportError):
        return False
    return True


def program(name: str) -> str:
    """Return the path of a PostgreSQL program, the newest version's; Debian keeps them apart.

    Raises:
        FileNotFoundError: PostgreSQL is not installed.
    """
    programs = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"),
        key=lambda path: int(path.parts[4].partition(".")[0]),
    )
    path = str(programs[-1]) if programs else shutil.which(name)
    if path is None:
        raise FileNotFoundError(f"{name} is not there: install postgresql")
    return path


def as_user(command: Sequence[str]) -> list[str]:
    """Return the command, run as ``postgres`` when we are root."""
    if os.geteuid() != 0:
        return list(command)
    return [
        "setpriv",
        f"--reuid={USER}",
        f"--regid={USER}",
        "--init-groups",
        "--pdeathsig",
        "TERM",
        *command,
    ]
