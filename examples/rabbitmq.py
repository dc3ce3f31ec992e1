"""Start a private RabbitMQ on loopback, with everything of it in one folder.

It is the machine's. With ``RABBITMQ_ROOT=FOLDER`` in the environment it is that of the Debian
which is unpacked in that folder, run with chroot as its user ``rabbitmq``: this needs root.
"""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

from .processes import Processes, free_port, wait_for

#: The root folder of the Debian whose broker is started.
ROOT = Path(os.environ.get("RABBITMQ_ROOT", "/"))
SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"
USER = "rabbitmq"
#: ``sh -c``'s, in a mount namespace that ends with the broker; the arguments are the root folder,
#: user, group and command.
_ENTER = """
mount --bind /tmp "$0/tmp" && mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" &&
exec chroot "$0" setpriv --reuid "$1" --regid "$2" --clear-groups --pdeathsig TERM "$3"
"""
#: Processes that a broker's clients need until they have ended.
NAMES = ("broker", "epmd")
_SERVICE = """
amqp_url = "amqp://guest:guest@127.0.0.1:{amqp}/%2F"
callback = "{callback}"
passive_declares = false
[consumer_config]
{settings}
[monitoring]
address = "127.0.0.1"
port = {monitor}
[exchanges."amq.topic"]
type = "topic"
durable = true
auto_delete = false
arguments = {{}}
[queues.archiver]
durable = true
auto_delete = false
exclusive = false
arguments = {{}}
[[bindings]]
queue = "archiver"
exchange = "amq.topic"
routing_keys = ["org.fedoraproject.#"]
"""


def installed() -> bool:
    """Tell whether there is a broker to start."""
    return (ROOT / SERVER.lstrip("/")).exists()


def service_config(amqp: int, callback: str, monitor: int, settings: str = "") -> str:
    """Return fedora-messaging's configuration of a service on such a broker.

    Args:
        amqp: the broker's port.
        callback: ``module:name`` of what gets the messages.
        monitor: the port at which the service tells what it has done.
        settings: lines of TOML for the callback.
    """
    return _SERVICE.format(amqp=amqp, callback=callback, monitor=monitor, settings=settings)


def start(
    processes: Processes, folder: Path, amqp: int, management: int = 0, settings: str = ""
) -> None:
    """Start a broker that listens on the port ``amqp``; return when it does.

    The broker is the process itself, without the shell that would translate signals for it.

    Args:
        processes: what it runs among, with its name server.
        folder: where everything of it is; with the same one it has the same queues.
        amqp: its port.
        management: the port of its management API; 0: it has none.
        settings: lines of rabbitmq.conf.
    """
    names = free_port()
    (folder / "plugins").write_text("[rabbitmq_management].\n" if management else "[].\n")
    (folder / "rabbitmq.conf").write_text(
        (
            f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {management}\n"
            if management
            else ""
        )
        + settings
    )
    env = {
        **os.environ, "HOME": str(folder), "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(names), "RABBITMQ_NODENAME": "cf@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1", "RABBITMQ_NODE_PORT": str(amqp),
        "RABBITMQ_DIST_PORT": str(free_port()), "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"), "RUNNING_UNDER_SYSTEMD": "true",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}"
        " +sbwt none +sbwtdcpu none +sbwtdio none",
    }  # fmt: skip
    processes.start("epmd", ["epmd", "-address", "127.0.0.1", "-port", str(names)], env, folder)
    processes.start("broker", _command(folder), env, folder)

    def listens() -> bool:
        processes.check()
        return all(_answers(port) for port in (amqp, management) if port)

    wait_for("the broker listens", listens, 120)


def _command(folder: Path) -> list[str]:
    """Return the command of the broker, which may write into ``folder`` then."""
    if str(ROOT) == "/":
        return [SERVER]
    users = (line.split(":") for line in (ROOT / "etc/passwd").read_text().splitlines())
    uid, gid = next((int(line[2]), int(line[3])) for line in users if line[0] == USER)
    shutil.chown(folder, uid, gid)
    return ["unshare", "--mount", "sh", "-c", _ENTER, str(ROOT), str(uid), str(gid), SERVER]


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
