"""The page below a path of a real web server, set up as the documentation says."""

from __future__ import annotations

import base64
import html
import json
import os
import re
import shutil
import sys
import textwrap
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

pytest.importorskip("playwright.sync_api")

from collectd_fedmsg_dashboard.config import Settings

from collectd_fedmsg.alerts.service import EvaluatorLoop
from collectd_fedmsg.commands.alerts import observer
from collectd_fedmsg.errors import ConfigError
from examples.processes import Processes, free_port, wait_for
from tests.conftest import ROOT
from tests.integration.receivers import file_options
from tests.integration.test_alerts_page import RULES, daemon
from tests.integration.test_page_chromium import (  # noqa: F401 - chromium is a fixture
    ANSWER,
    DRAWN,
    chromium,
    no_page_left_open,
    opened,
    pointed,
    pytestmark,
    until,
)
from tests.integration.test_store_rrd import HOST, STEP

NGINX = """\
daemon off;
pid nginx.pid;
error_log stderr;
{user}
events {{}}
http {{
    access_log off;
    gzip on;
    {folders}
    server {{
        listen 127.0.0.1:{port};
        root {folder};
{block}
    }}
}}
"""
APACHE = """\
ServerRoot "{folder}"
ServerName localhost
PidFile apache.pid
ErrorLog "{folder}/error.log"
Listen 127.0.0.1:{port}
{modules}
{block}
"""
MODULES = "mpm_event authz_core alias proxy proxy_http"


def documented(title: str) -> str:
    """Return the block below a title of the page about proxies."""
    page = (ROOT / "docs" / "howto-proxy.rst").read_text("utf-8")
    (code_block,) = re.findall(rf"^{title}\n-+\n(?:.*\n)*?.*::\n\n((?: {{4}}.*\n)+)", page, re.M)
    return textwrap.dedent(code_block)


def nginx(processes: Processes, folder: Path, block: str) -> int:
    """Start an nginx with this block in its server; return its port."""
    port, kinds = free_port(), "client_body proxy fastcgi uwsgi scgi"
    (folder / "nginx.conf").write_text(
        NGINX.format(
            port=port,
            folder=folder,
            block=textwrap.indent(block, " " * 8),
            folders=" ".join(f"{kind}_temp_path {folder};" for kind in kinds.split()),
            user="user root;" if os.geteuid() == 0 else "",
        )
    )
    processes.start(
        "nginx",
        ["/usr/sbin/nginx", "-p", str(folder), "-c", "nginx.conf", "-e", "stderr"],
        os.environ,
        folder,
    )
    return port


def apache(processes: Processes, folder: Path, block: str) -> int:
    """Start an Apache with this block in its configuration; return its port."""
    port = free_port()
    modules = "\n".join(
        f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so"
        for name in MODULES.split()
    )
    (folder / "apache.conf").write_text(
        APACHE.format(port=port, folder=folder, block=block, modules=modules)
    )
    processes.start(
        "apache",
        ["/usr/sbin/apache2", "-f", str(folder / "apache.conf"), "-D", "FOREGROUND"],
        os.environ,
        folder,
    )
    return port


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Run the command with a prefix over files with alerts; yields (folder, processes, port)."""
    folder = tmp_path_factory.mktemp("proxied")
    now, root, processes = int(time.time()) // STEP * STEP, folder / "rrd", Processes(folder)
    daemon(root, now, "Archiver", lambda ago: max(0, 1500 - ago * 2))
    daemon(root, now, "Notifier", lambda ago: 0)
    (folder / "rules.toml").write_text(RULES)
    service = EvaluatorLoop(folder / "rules.toml", folder / "a.db", observer(file_options(root)))
    service.once(time.time())
    service.close()
    port = free_port()
    (folder / "token").write_text("t" * 16)
    (folder / "token").chmod(0o600)
    (folder / "dashboard.toml").write_text(
        f'data_dir = "{root}"\nprefix = "/queues/"\ninterval = 1\n'
        f'token_file = "{folder}/token"\n'
        f'marks_file = "{folder}/marks"\nalerts_file = "{folder}/a.db"\n'
    )
    start_dashboard(processes, port, folder)
    wait_for("the dashboard answers", lambda: status_of(processes, port, "/healthz") == 200, 60)
    yield folder, processes, port
    processes.stop_all()


def start_dashboard(processes: Processes, port: int, folder: Path) -> None:
    """Run the command with the folder's configuration."""
    config = str(folder / "dashboard.toml")
    command = ["-m", "collectd_fedmsg_dashboard.serve", "--port", str(port), "--config", config]
    processes.start("dashboard", [sys.executable, *command], os.environ, folder)


def status_of(processes: Processes, port: int, path: str) -> int:
    """Return the status of an answer, 0 without an answer; raise when a process has ended."""
    processes.check()
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def taken_off(block: str) -> str:
    """Return nginx's block so that the proxy takes the path off."""
    return block.replace("8087;", "8087/;")


@pytest.fixture(scope="module")
def site(request, served):
    """Yield the address of the page below a path of a web server, of nginx unless said."""
    folder, processes, port = served
    start, title, changed = getattr(request, "param", (nginx, "nginx", str))
    if not shutil.which("nginx" if start is nginx else "apache2", path="/usr/sbin:/usr/bin"):
        pytest.skip(f"no {title} here")
    block = changed(documented(title)).replace("8087", str(port))
    assert str(port) in block
    front = start(processes, folder, block)
    wait_for(f"{title} answers", lambda: status_of(processes, front, "/queues/healthz") == 200, 60)
    yield f"http://127.0.0.1:{front}/queues/"
    processes.stop(start.__name__)


def watched(chromium, address, **options):  # noqa: F811
    """Open a page; return it with the list of all (address, status, packed) that it asks for."""
    page, answers = opened(chromium, "about:blank", **options), []
    page.on(
        "response", lambda a: answers.append((a.url, a.status, a.headers.get("content-encoding")))
    )
    page.goto(address)
    return page, answers


def test_the_fleet_is_drawn_and_kept_up_to_date(site, chromium):  # noqa: F811
    """Drawn, another span, polled with 304, packed, nothing outside the path, policy kept."""
    page, answers = watched(chromium, f"{site}?large=1")
    until(page, DRAWN.format(6))
    page.click("button[value=day]")
    until(page, f"{ANSWER}?.grid.end - {ANSWER}?.grid.start > 80000")
    pointed(page)
    assert page.url == f"{site}?span=day&large=1"
    end = time.monotonic() + 60
    while not any(status == 304 for _, status, _ in answers):
        assert time.monotonic() < end, answers
        page.wait_for_timeout(50)
    page.click("nav a:has-text('Help')")
    page.click("h1 a")
    until(page, DRAWN.format(6))
    assert page.url == f"{site}?span=day&large=1"
    assert {url for url, _, _ in answers if not url.startswith((site, "data:"))} == set()
    assert {status for _, status, _ in answers} == {200, 304}
    packed = {url.rpartition("/")[2]: encoding for url, _, encoding in answers}
    assert {
        packed[name] for name in ("?span=day&large=1", "page.bundle.js", "plotly-basic.min.js")
    } <= {"gzip", "br"}
    assert page.faults == []


def test_a_note_an_alert_and_pictures(site, chromium):  # noqa: F811
    """An alert is acknowledged, its page opened, a note written there, its pictures fetched."""
    page, answers = watched(chromium, f"{site}alerts")
    page.fill("[name=by]", "me")
    page.fill("[name=token]", "t" * 16)
    page.click(".alert [data-order=ack]")
    until(page, "document.querySelector('.known')?.textContent.includes('me')")
    page.click(".alert [data-order=unack]")
    until(page, "!document.querySelector('.known')")
    page.click(".alert h3 a")
    assert page.url.startswith(f"{site}daemon/{HOST}/hub/Archiver?")
    # The alert's time is past: a note of now is seen where now is.
    page.click("button[value=now]")
    until(page, DRAWN.format(3))
    page.fill("#note [name=text]", "moved to db02")
    page.fill("#note [name=token]", "t" * 16)
    page.click("#note button")
    until(page, "document.querySelector('#marks').innerText.includes('moved to db02')")
    links = page.eval_on_selector_all("a[data-when]", "all => all.map(a => a.href)")
    assert len(links) >= 5
    kinds = {page.request.get(link).headers["content-type"].partition(";")[0] for link in links}
    assert kinds == {"application/json", "text/csv", "image/png"}
    assert {
        url for url in [*links, *(a[0] for a in answers)] if not url.startswith((site, "data:"))
    } == set()
    assert page.faults == []
    plain = opened(chromium, site, java_script_enabled=False)
    until(plain, "document.querySelectorAll('.row .panel svg path').length >= 3")


#: What proxies of various makes tell of a path, a host, a scheme.
LIES = (
    "X-Forwarded-Prefix",
    "X-Script-Name",
    "X-Forwarded-Host",
    "X-Forwarded-Path",
    "X-Original-URL",
    "X-Rewrite-URL",
    "Script-Name",
)
PAGES = ("", "help", "alerts", f"daemon/{HOST}/hub/Archiver", "daemon/none")
LINK = re.compile(r'(?:href|src|srcset|action|data-root)="([^"#]+)')


@pytest.mark.parametrize(
    "site",
    [
        pytest.param((nginx, "nginx", str), id="nginx"),
        pytest.param((nginx, "nginx", taken_off), id="nginx-without-the-path"),
        pytest.param((apache, "Apache", str), id="apache"),
    ],
    indirect=True,
)
def test_every_link_is_below_the_path_and_leads_somewhere(site):
    """Of each page; and nothing that a reader sends is in what a cache could hand to others."""
    lies = dict.fromkeys(LIES, "//evil.example/x") | {"Forwarded": "host=evil.example"}
    links = set()
    for path in PAGES:
        try:
            answer = urllib.request.urlopen(
                urllib.request.Request(site + path, headers=lies), timeout=60
            )
        except urllib.error.HTTPError as error:
            assert path == "daemon/none"
            answer = error
        with answer:
            body = answer.read().decode()
        assert "evil" not in body
        links |= {html.unescape(link) for link in LINK.findall(body)}
    assert len(links) > 20
    for link in links:
        assert link == "/queues" or link.startswith("/queues/")
        with urllib.request.urlopen(urllib.parse.urljoin(site, link), timeout=60) as answer:
            assert answer.status == 200
    request = urllib.request.Request(f"{site}api/v1/openapi.json", headers=lies)
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert json.load(answer)["servers"] == [{"url": "/queues/api/v1"}]
    with urllib.request.urlopen(site[:-1], timeout=60) as answer:
        assert answer.url == site, "the bare path leads there"


def test_without_the_path_on_its_own_port(served):
    """Who asks the dashboard itself need not know of the path."""
    _, processes, port = served
    assert {status_of(processes, port, path) for path in ("/metrics", "/queues/metrics")} == {200}


@pytest.mark.parametrize(
    "prefix",
    [
        "queues",
        "//evil.example",
        "/a//b",
        "/..",
        "/a/../b",
        "/a b",
        '/"><script>',
        "/a?b",
        "/a%2f",
        "/a\n",
        7,
    ],
)
def test_a_prefix_that_cannot_be(prefix, tmp_path):
    """The error names the key and the value."""
    with pytest.raises(ConfigError, match=r"dashboard: prefix") as refused:
        Settings.of({"data_dir": tmp_path, "prefix": prefix})
    assert repr(prefix) in str(refused.value)


def test_nginx_logs_in_and_passes_the_name_on(tmp_path):
    """Without its password no request gets in, whatever header it has, through nginx or past it."""
    root, users, processes = tmp_path / "rrd", tmp_path / "users", Processes(tmp_path)
    daemon(root, int(time.time()) // STEP * STEP, "Archiver", lambda ago: 0)
    # nginx(8) knows this form of RFC 2307 besides openssl's.
    users.write_text("ralph:{PLAIN}secret\n")
    port = free_port()
    (tmp_path / "dashboard.toml").write_text(
        f'data_dir = "{root}"\nprefix = "/queues"\nauth_header = "X-Forwarded-User"\n'
        f'proxies = ["127.0.0.1"]\nproxy_secret_file = "{tmp_path}/secret"\n'
    )
    (tmp_path / "secret").write_text("sixteen characters\n")
    (tmp_path / "secret").chmod(0o600)
    (tmp_path / "secret.conf").write_text('proxy_set_header X-Proxy-Secret "sixteen characters";\n')
    try:
        start_dashboard(processes, port, tmp_path)
        block = documented("A login").replace("8087", str(port))
        block = block.replace("/etc/nginx/queues.users", str(users))
        block = block.replace("/etc/nginx/queues.secret", str(tmp_path / "secret.conf"))
        web = nginx(processes, tmp_path, block)
        for number, status in ((port, 403), (web, 401)):
            wait_for(
                f"{number} refuses",
                lambda at=number, status=status: status_of(processes, at, "/queues/") == status,
                60,
            )

        def status(password: str, **headers: str) -> int:
            credentials = base64.b64encode(f"ralph:{password}".encode()).decode()
            if password:
                headers["Authorization"] = f"Basic {credentials}"
            request = urllib.request.Request(f"http://127.0.0.1:{web}/queues/", headers=headers)
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return int(answer.status)
            except urllib.error.HTTPError as error:
                return error.code

        name = {"X-Forwarded-User": "ralph"}
        assert (status("wrong"), status("", **name), status("wrong", **name)) == (401, 401, 401)
        assert status("secret") == 200
        assert status("secret", **{"X-Forwarded-User": ""}) == 200
        past = urllib.request.Request(f"http://127.0.0.1:{port}/queues/", headers=name)
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(past, timeout=60)
    finally:
        processes.stop_all()
