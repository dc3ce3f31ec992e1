"""Settings are checked by one table: every mistake at once, none a traceback, no secret shown."""

from __future__ import annotations

import pytest
from collectd_fedmsg_dashboard import serve
from collectd_fedmsg_dashboard.config import Settings
from collectd_fedmsg_dashboard.config_keys import KEYS

from collectd_fedmsg.errors import ConfigError

NONSENSE = [
    5,
    1.5,
    True,
    [],
    [5],
    {},
    {"a": 1},
    None,
    "",
    " ",
    "x y",
    "\u00e4\0",
    "a" * 5000,
    ["x"],
    [[]],
    float("inf"),
    -1,
]


@pytest.mark.parametrize("key", [*KEYS, "tied", "token", "no such key", "data-dir"])
def test_whatever_is_set_is_taken_or_one_sentence(key, tmp_path):
    """Each wrong value is a ConfigError that names the key."""
    for value in NONSENSE:
        try:
            Settings.of({"data_dir": tmp_path, key: value})
        except ConfigError as error:
            assert key in str(error)
            assert "Traceback" not in str(error)


@pytest.mark.parametrize(("address", "good"), [
    ("https://archive.example.org/id?id={id}", True),
    ("http://archive.example.org:8080/{id}/raw", True),
    ("", True),
    ("https://archive.example.org/", False),
    ("https://{id}.example.org/", False),
    ("https://archive.example.org/{id}/{id}", False),
    ("javascript:alert({id})", False),
    ("ftp://archive.example.org/{id}", False),
    ("https://user:word@archive.example.org/{id}", False),
    ("https://archive.example.org/a b/{id}", False),
])  # fmt: skip
def test_where_a_message_can_be_read(address, good, tmp_path):
    """An address of the web with the id once, below the host."""
    if good:
        assert Settings.of({"data_dir": tmp_path, "message_url": address}).message_url == address
    else:
        with pytest.raises(ConfigError, match="message_url"):
            Settings.of({"data_dir": tmp_path, "message_url": address})


def test_all_mistakes_are_reported_together():
    with pytest.raises(ConfigError) as caught:
        Settings.of(
            {"data_dir": 5, "interval": "10", "hosts": "x", "proxis": [], "tied": [{"daemon": "h"}]}
        )
    keys = {mistake.key for mistake in caught.value.all}
    assert keys == {"data_dir", "interval", "hosts", "proxis", "tied.series", "tied.title"}
    assert "did you mean proxies" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.1.2.3", "10.1.2.3/32"),
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("2001:DB8::7", "2001:db8::7/128"),
        ("[2001:db8::7]", "2001:db8::7/128"),
        ("::ffff:10.0.0.1", "10.0.0.1/32"),
        ("2001:db8::/32", "2001:db8::/32"),
    ],
)
def test_proxies_are_numbers(text, network):
    assert [str(each) for each in Settings.of({"proxies": [text]}).proxies] == [network]


@pytest.mark.parametrize("network", ["127.0.0.1", "::1", "127.0.0.0/8", "0.0.0.0/0", "::/0"])
def test_a_proxy_on_this_host_has_a_secret(network, tmp_path):
    """Every user of the host has its address: with the secret's file it is taken."""
    secret = tmp_path / "secret"
    secret.write_text("sixteen characters\n")
    secret.chmod(0o600)
    with pytest.raises(ConfigError, match=r"proxies.*proxy_secret_file"):
        Settings.of({"proxies": [network]})
    settings = Settings.of({"proxies": [network], "proxy_secret_file": secret})
    assert settings.proxy_secret == "sixteen characters"
    assert "sixteen" not in repr(settings)
    secret.chmod(0o644)
    with pytest.raises(ConfigError, match="proxy_secret_file"):
        Settings.of({"proxies": [network], "proxy_secret_file": secret})


def test_a_header_that_logs_in_needs_a_proxy():
    with pytest.raises(ConfigError, match=r"auth_header.*proxies"):
        Settings.of({"auth_header": "X-User"})


@pytest.mark.parametrize("text", ["proxy.example", "10.0.0.0/33", "", "10.0.0"])
def test_a_name_is_no_proxy(text):
    with pytest.raises(ConfigError, match="proxies"):
        Settings.of({"proxies": [text]})


def token_file(folder, text="sixteen characters\u00fc\n", mode=0o600):
    path = folder / "token"
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return path


def test_a_token_in_a_separate_file(tmp_path):
    settings = Settings.of({"token_file": str(token_file(tmp_path))})
    assert settings.token == "sixteen characters\u00fc"
    assert settings.token not in repr(settings)


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("sixteen characters", 0o644),
        ("sixteen characters", 0o640),
        ("sixteen characters", 0o604),
        ("short", 0o600),
        ("", 0o600),
        ("two lines of more\nthan sixteen", 0o600),
        ("a" * 5000, 0o600),
    ],
)
def test_a_token_that_others_could_know(tmp_path, text, mode):
    """Readable by others, guessed at once, or none: refused, without showing it."""
    with pytest.raises(ConfigError) as caught:
        Settings.of({"token_file": str(token_file(tmp_path, text, mode))})
    assert "token_file" in str(caught.value)
    assert not text or text not in str(caught.value)


def test_a_token_file_that_is_none(tmp_path):
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(ConfigError, match="token_file"):
            Settings.of({"token_file": str(path)})


def test_a_token_among_the_settings_is_refused(tmp_path):
    """The file of settings may be read by all."""
    (tmp_path / "d.toml").write_text('token = "a token of more than sixteen"\n')
    with pytest.raises(ConfigError) as caught:
        serve.combined(
            serve.parser().parse_args(
                ["--data-dir", str(tmp_path), "--config", str(tmp_path / "d.toml")]
            )
        )
    assert "token_file" in str(caught.value)
    assert "more than sixteen" not in str(caught.value)


def test_a_linked_folder_keeps_its_spelling(tmp_path):
    """rrdcached knows a file by the name that collectd gave it."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert Settings.of({"data_dir": str(tmp_path / "link")}).data_dir == tmp_path / "link"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "99999"],
        ["--port", "x"],
        ["--port", "-1"],
        ["--threads", "0"],
        ["--interval", "0"],
        ["--interval", "1.5"],
    ],
)
def test_a_wrong_option_ends_with_one_sentence(arguments, capsys):
    with pytest.raises(SystemExit):
        serve.parser().parse_args(arguments)
    assert "is no whole number" in capsys.readouterr().err
