"""In a copy of the machine: install the Debian packages and live with them; prints a report.

Run by the distribution's Python. The daemon is a real fedmsg-relay: its libraries, which Debian
does not have, come from the checkout's environment, our code from the package.
"""

from __future__ import annotations

import json
import os
import pwd
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

OUT, LIBRARIES, INBOUND, OUTBOUND, PORT = Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:6]
PAGE = f"http://127.0.0.1:{PORT}/"
# The daemon's own libraries, and of Debian's only what we install: another package there may
# have an older zope, which would be found before the daemon's.
OURS = Path("/tmp/ours")
DAEMON = {**os.environ, "PYTHONPATH": f"{LIBRARIES}:{OURS}", "PYTHONWARNINGS": "ignore"}
PYTHON = ("/usr/bin/python3", "-S")
COMMANDS = LIBRARIES.parents[2] / "bin"
LOGS = ("/var/log/relay.log", "/var/log/collectd.log", "/var/log/page.log")

BUS = f"""
import zmq
if hasattr(zmq, "HWM"):
    del zmq.HWM
config = {{
    "environment": "dev", "topic_prefix": "org.example", "zmq_enabled": True,
    "endpoints": {{"relay_outbound": ["tcp://127.0.0.1:{OUTBOUND}"]}},
    "relay_inbound": ["tcp://127.0.0.1:{INBOUND}"], "high_water_mark": 1000,
    "sign_messages": False, "validate_signatures": False, "post_init_sleep": 1.0,
}}
"""
# As Debian's own collectd.conf has it at its end.
COLLECTD = """
Hostname "here"
FQDNLookup false
Interval 1
LoadPlugin logfile
<Plugin logfile>
  File "/var/log/collectd.log"
</Plugin>
LoadPlugin rrdtool
<Plugin rrdtool>
  DataDir "/var/lib/collectd/rrd"
  CacheTimeout 0
</Plugin>
<Include "/etc/collectd/collectd.conf.d">
  Filter "*.conf"
</Include>
"""


def run(*command: str, **more: object) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **more)
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


def complaints(*command: str) -> str:
    return subprocess.run(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    ).stderr


def wait_for(condition: str, ready: Callable[[], object]) -> object:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        try:
            value = ready()
        except (OSError, ValueError):
            value = None
        if value:
            return value
        time.sleep(0.1)
    logs = "".join(
        path.read_text(errors="replace")[-1500:] for path in map(Path, LOGS) if path.exists()
    )
    raise TimeoutError(f"{condition}\n{logs}")


def start(name: str, *command: str, **more: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdout=Path(f"/var/log/{name}.log").open("ab"),
        stderr=subprocess.STDOUT,
        cwd="/",
        **more,
    )


def get(path: str) -> dict[str, object]:
    with urllib.request.urlopen(PAGE + path, timeout=60) as answer:
        return json.load(answer)


report: dict[str, object] = {}
run("apt-get", "--yes", "--no-install-recommends", "install", *map(str, OUT.glob("*.deb")))
OURS.mkdir()
for path in Path("/usr/lib/python3/dist-packages").glob("collectd_fedmsg*"):
    (OURS / path.name).symlink_to(path)

units = [str(path) for path in Path("/lib/systemd/system").glob("collectd-fedmsg*.[st]*")]
# It looks at every unit that ours may start after, those of other packages too.
report["verify"] = "".join(
    line
    for line in complaints("systemd-analyze", "verify", "--man=yes", *units).splitlines(True)
    if "collectd-fedmsg" in line
)
report["exposure"] = {
    Path(unit).name: float(
        run("systemd-analyze", "security", "--offline=yes", "--threshold=100", "--no-pager", unit)
        .rpartition("exposure level for ")[2]
        .split()[1]
    )
    for unit in units
    if unit.endswith(".service")
}
folder = Path("/run/fedmsg-health").stat()
report["folder"] = f"{folder.st_mode & 0o7777:o}"
report["man"] = [
    complaints("man", "--warnings", name)
    for name in ("collectd-fedmsg", "collectd-fedmsg-dashboard")
]
for name in ("collectd-fedmsg", "collectd-fedmsg-dashboard"):
    report[name] = run(name, "--version")

# What an administrator edits: quicker than the 10 s, to be quick here.
for file in ("collectd.conf", "fedmsg.py"):
    path = Path("/etc/collectd-fedmsg") / file
    text = path.read_text().replace("Interval 10", "Interval 1").replace("Timeout 2", "Timeout 0.5")
    path.write_text(text.replace('interval": 10', 'interval": 1'))
Path("/etc/fedmsg.d/base.py").write_text(BUS)
Path("/etc/collectd/collectd.conf").write_text(COLLECTD)
Path("/var/lib/collectd").mkdir(exist_ok=True)
relay = start("relay", *PYTHON, str(COMMANDS / "fedmsg-relay"), env=DAEMON)
wait_for("the relay reports", lambda: list(Path("/run/fedmsg-health").glob("relay.*.sock")))
report["from"] = run(
    *PYTHON,
    "-c",
    "import os, collectd_fedmsg as m; print(os.path.realpath(m.__file__))",
    env=DAEMON,
    cwd="/",
).strip()
LOGGER = str(COMMANDS / "fedmsg-logger")
run(*PYTHON, LOGGER, "--message", "hello", env=DAEMON, cwd="/")
collectd = start("collectd", "/usr/sbin/collectd", "-f", "-C", "/etc/collectd/collectd.conf")
user = pwd.getpwnam("collectd-fedmsg")
page = start(
    "page",
    "/usr/bin/collectd-fedmsg-dashboard",
    "--config",
    "/etc/collectd-fedmsg/dashboard.toml",
    "--port",
    PORT,
    user=user.pw_uid,
    group=user.pw_gid,
    extra_groups=[],
)
wait_for("the page answers", lambda: get("healthz"))


def is_shown() -> object:
    rows = get("api/v1/daemons")["daemons"]
    # Idle when the page was slow to start: the one message is long ago then.
    return rows if rows and rows[0]["state"] in ("OK", "IDLE") else None


report["daemons"] = wait_for("the page shows the relay", is_shown)


def top() -> object:
    # On a busy machine the relay may not answer in time.
    command = ["collectd-fedmsg", "top", "--once"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False).stdout
    return shown if "relay/RelayConsumer" in shown else None


report["top"] = wait_for("top shows the relay", top)
report["check"] = run("collectd-fedmsg", "check", "present", "--service", "relay", "-t", "60")

# As its unit starts it.
state = Path("/var/lib/collectd-fedmsg")
state.mkdir(exist_ok=True)
os.chown(state, user.pw_uid, user.pw_gid)
(command,) = [
    line[len("ExecStart=") :].split()
    for line in Path("/lib/systemd/system/collectd-fedmsg-alerts.service").read_text().splitlines()
    if line.startswith("ExecStart=")
]
alerts = start("alerts", *command, user=user.pw_uid, group=user.pw_gid, extra_groups=[])
report["alerts"] = wait_for("alerts are evaluated", Path("/var/log/alerts.log").read_text)
wait_for("alerts keep their state", (state / "alerts.db").exists)

# Removed while they run: the next collectd and the next daemon start as if it had never been.
for process in (alerts, page, collectd):
    process.send_signal(signal.SIGTERM)
    process.wait(60)
run("apt-get", "--yes", "remove", "collectd-fedmsg", "collectd-fedmsg-dashboard")
report["relay lives"] = relay.poll() is None
relay.send_signal(signal.SIGTERM)
relay.wait(60)
report["collectd test"] = complaints(
    "/usr/sbin/collectd", "-t", "-C", "/etc/collectd/collectd.conf"
)
report["daemon's config"] = run(
    *PYTHON,
    "-c",
    "import fedmsg.config as c;"
    "print(sorted(k for k in c.load_config([], []) if k.startswith('collectd')))",
    env=DAEMON,
    cwd="/",
).strip()
print(json.dumps(report))
