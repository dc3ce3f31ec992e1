"""Settings are checked for type, range and spelling; all mistakes are reported at once."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from collectd_fedmsg import config_values, toml_file
from collectd_fedmsg.alerts.rules_file import parse
from collectd_fedmsg.collector.config import read_block
from collectd_fedmsg.config_check import REQUIRED, Checker, Key
from collectd_fedmsg.errors import ConfigError
from collectd_fedmsg.hub.settings import read

MAIL = '[output.mail]\ntype="smtp"\nsender="a@b"\nrecipients=["c@d"]\n'


def test_each_mistake_has_place_key_value_and_reason():
    checker = Checker("f.toml")
    values = checker.table(
        {"a": 0, "flg": True},
        {
            "a": Key(config_values.whole(1, 9)),
            "flag": Key(config_values.flag, REQUIRED),
            "b": Key(config_values.text, "usual"),
        },
    )
    assert values == {"b": "usual"}
    with pytest.raises(ConfigError) as caught:
        checker.finish()
    assert str(caught.value).splitlines() == [
        "f.toml: a = 0: must be a whole number, 1 to 9",
        "f.toml: flg = True: unknown; did you mean flag?; known are a, flag, b",
        "f.toml: flag = None: is missing",
    ]
    assert [mistake.key for mistake in caught.value.all] == ["a", "flg", "flag"]


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:99999/",
        "http://ho st/",
        "http://",
        "http://[::1",
        "http://user:pw@127.0.0.1/",
        "http://127.0.0.1:x/",
        "http://h/ä",
        "http://./",
        "http://a..b/",
        "http://" + "a" * 70 + "/",
        "http://h\n/",
        "ftp://h/",
        5,
        None,
        "http://127.0.0.1:0/",
        "http://[1]/",
        "http://h:\u0661/",
    ],
)
def test_an_address_that_cannot_work_is_refused(address: Any):
    with pytest.raises(ValueError, match=r"must|not an address"):
        config_values.http_url(address)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:8087/",
        "https://[2001:db8::1]:443/a?b=c",
        "http://h",
        "http://a_b.example.",
        "http://äö.example:9/",
        "http://127.0.0.1:/",
    ],
)
def test_an_address_that_can_work_is_kept(address: str):
    assert config_values.http_url(address) == address


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"interval = 10\n\xe4", "is not UTF-8", id="latin-1"),
        pytest.param("interval = 10".encode("utf-16"), "is not UTF-8", id="utf-16"),
        pytest.param(b"a = ", "is not TOML", id="half"),
        pytest.param(b"a = [" * 5000, "is not TOML", id="deep"),
        pytest.param(b"#" * (toml_file.MAX_BYTES + 1), "is longer", id="huge"),
        pytest.param(None, "No such file", id="missing"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, content: bytes | None, reason: str
):
    path = tmp_path / "f.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=reason) as caught:
        toml_file.read(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path):
    path = tmp_path / "f.toml"
    path.write_bytes(b"\xef\xbb\xbfinterval = 10\r\n")
    assert toml_file.read(path) == {"interval": 10}


def test_port_465_means_tls_from_the_first_byte():
    assert parse(MAIL + "port = 465", "f").outputs["mail"]["tls"] is True
    assert parse(MAIL, "f").outputs["mail"]["tls"] is False
    assert parse(MAIL + "port = 2465\ntls = true", "f").outputs["mail"]["tls"] is True


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        pytest.param("port = 465\nstarttls = true", "starttls", id="both-ways"),
        pytest.param("port = 465\ntls = false", "tls", id="in-clear"),
        pytest.param("port = 99999", "port", id="no-port"),
        pytest.param("host = 'a b'", "host", id="no-host"),
        pytest.param("password_file = '/f'", "user", id="password-without-user"),
    ],
)
def test_a_mail_output_that_cannot_work_is_refused(lines: str, key: str):
    with pytest.raises(ConfigError) as caught:
        parse(MAIL + lines, "f")
    assert [mistake.key for mistake in caught.value.all] == [f"output.mail.{key}"]


def block(*lines: tuple[str, list[Any]]) -> SimpleNamespace:
    return SimpleNamespace(
        children=[SimpleNamespace(key=key, values=values) for key, values in lines]
    )


def test_collectd_s_block_reports_every_mistake():
    with pytest.raises(ConfigError) as caught:
        read_block(
            block(
                ("Intervall", [10.0]),
                ("timeout", ["2"]),
                ("Topics", [True]),
                ("Topics", [False]),
                ("Host", ["tcp://h:99999", "a"]),
                ("FedoraMessaging", ["http://h", "x"]),
            )
        )
    assert [mistake.key for mistake in caught.value.all] == [
        "Intervall",
        "Timeout",
        "Topics",
        "Host",
        "FedoraMessaging",
    ]
    assert "did you mean Interval?" in str(caught.value)


def test_collectd_s_block_joins_lines_and_ignores_case():
    config = read_block(
        block(
            ("endpoints", ["/a/*.sock"]),
            ("ENDPOINTS", ["tcp://[::1]:9941"]),
            ("Host", ["tcp://[::1]:9941", "h1"]),
            ("Host", ["tcp://b:1", "h2"]),
        )
    )
    assert config.endpoints == ("/a/*.sock", "tcp://[::1]:9941")
    assert config.hosts == {"tcp://[::1]:9941": "h1", "tcp://b:1": "h2"}


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        pytest.param({"enabled": 1}, "true or false", id="enabled-1"),
        pytest.param({"enabled": "yes"}, "true or false", id="enabled-yes"),
        pytest.param({"enabled": True, "intervall": 5}, "did you mean interval", id="spelling"),
        pytest.param({"enabled": True, "run_folder": "run"}, "absolute path", id="relative"),
        pytest.param({"enabled": True, "endpoint": "tcp://h:9941"}, "curve_keys", id="no-keys"),
        pytest.param(
            {"enabled": True, "endpoint": "tcp://h:0", "curve_keys": "/k"}, "port", id="no-port"
        ),
        pytest.param({"enabled": True, "service": "a/b"}, "letters, digits", id="no-service"),
    ],
)
def test_fedmsg_d_is_checked(setting: dict[str, Any], reason: str):
    with pytest.raises(ConfigError, match=reason):
        read({f"collectd_fedmsg.{key}": value for key, value in setting.items()}, "fedmsg-hub")


def test_fedmsg_d_takes_an_ipv6_endpoint():
    settings = read(
        {
            "collectd_fedmsg.enabled": True,
            "collectd_fedmsg.endpoint": "tcp://[::1]:9941",
            "collectd_fedmsg.curve_keys": "/etc/keys",
        },
        "fedmsg-hub",
    )
    assert settings is not None
    assert (settings.endpoint, settings.curve_keys) == ("tcp://[::1]:9941", Path("/etc/keys"))
