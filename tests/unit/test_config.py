"""Settings: where they come from, in which order, and what is said when they are wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seiton.config import Settings, describe, load_settings, mask_secrets, spoken_language
from seiton.errors import InvalidInput, Problem


class Machine:
    """A current folder, a home and an environment, all real and all our own."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "here"
        self.home = root / "home"
        self.folder.mkdir()
        self.home.mkdir()
        self.environ = {"HOME": str(self.home)}

    def write(self, text: str, folder: Path | None = None) -> Path:
        file = (folder or self.folder) / "seiton.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def load(self, **given: Any) -> Settings:
        return load_settings(environ=self.environ, folder=self.folder, **given)

    def problems(self, **given: Any) -> list[Problem]:
        with pytest.raises(InvalidInput) as caught:
            self.load(**given)
        assert caught.value.problems
        return caught.value.problems


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def sources(settings: Settings) -> dict[str, str]:
    return {line.name: line.source for line in describe(settings)}


def test_without_anything_given_everything_lies_below_the_users_data_folder(machine: Machine) -> None:
    settings = machine.load()
    data = machine.home / ".local/share/seiton"
    assert settings.data == data
    assert settings.database_url == f"sqlite:///{data}/seiton.db"
    assert (settings.library, settings.downloads) == (data / "library", data / "downloads")
    assert (settings.host, settings.port, settings.link_mode) == ("127.0.0.1", 8000, "auto")
    assert (settings.allow_copy, settings.private_hosts, settings.torrent_port) == (False, (), 0)
    assert settings.feed_limits.max_bytes == 20 * 1024 * 1024
    assert set(sources(settings).values()) == {"default"}


def test_the_xdg_data_folder_is_respected_when_it_is_absolute(machine: Machine, tmp_path: Path) -> None:
    machine.environ["XDG_DATA_HOME"] = str(tmp_path / "xdg")
    assert machine.load().data == tmp_path / "xdg" / "seiton"
    machine.environ["XDG_DATA_HOME"] = "relative"
    assert machine.load().data == machine.home / ".local/share/seiton"


def test_a_flag_beats_a_variable_beats_the_file_beats_the_default(machine: Machine) -> None:
    file = machine.write('port = 1\nhost = "0.0.0.0"\nlog_level = "debug"\n')
    machine.environ |= {"SEITON_PORT": "2", "SEITON_HOST": "::1"}
    settings = machine.load(port=3, host=None)
    assert (settings.port, settings.host, settings.log_level) == (3, "::1", "debug")
    where = sources(settings)
    assert (where["port"], where["host"]) == ("--port", "SEITON_HOST")
    assert where["log_level"] == f"{file}: log_level"
    assert where["library"] == "default"


def test_an_empty_variable_counts_as_not_given(machine: Machine) -> None:
    machine.environ["SEITON_PORT"] = ""
    assert machine.load().port == 8000


def test_the_file_here_beats_the_one_in_the_data_folder_beats_the_users(machine: Machine) -> None:
    data = machine.folder / "data"
    machine.write("port = 3", machine.home / ".config/seiton")
    assert machine.load(data=data).port == 3
    machine.write("port = 2", data)
    assert machine.load(data=data).port == 2
    machine.write("port = 1")
    assert machine.load(data=data).port == 1


def test_a_named_file_is_the_only_one_that_is_read(machine: Machine, tmp_path: Path) -> None:
    machine.write("port = 1\nlog_level = 'debug'")
    other = machine.write("port = 2", tmp_path / "other")
    assert machine.load(config=other).port == 2
    assert machine.load(config=other).log_level == "info"
    machine.environ["SEITON_CONFIG"] = "../other/seiton.toml"
    assert machine.load().port == 2


def test_a_named_file_that_is_not_there_is_an_error(machine: Machine) -> None:
    (problem,) = machine.problems(config="no.toml")
    assert problem.field == "--config"
    assert "no.toml" in problem.message
    machine.environ["SEITON_CONFIG"] = "no.toml"
    assert machine.problems()[0].field == "SEITON_CONFIG"


def test_relative_folders_are_seen_from_where_they_are_written(machine: Machine, tmp_path: Path) -> None:
    file = machine.write('data = "d"\nlibrary = "l"\n', tmp_path / "etc")
    settings = machine.load(config=file, downloads="down")
    assert settings.data == tmp_path / "etc/d"
    assert settings.library == tmp_path / "etc/l"
    assert settings.downloads == machine.folder / "down"


def test_an_unknown_key_is_refused_with_file_key_and_the_nearest_known_one(machine: Machine) -> None:
    file = machine.write('libary = "x"\n[feed_limits]\ntime_out = 3\n')
    first, second = machine.problems()
    assert first.field == f"{file}: libary"
    assert "library" in first.message
    assert second.field == f"{file}: feed_limits.time_out"
    assert "feed_limits.timeout" in second.message


def test_a_file_that_is_not_toml_is_named(machine: Machine) -> None:
    file = machine.write("port = \n")
    (problem,) = machine.problems()
    assert problem.field == str(file)
    assert "line 1" in problem.message
    file.write_bytes(b"\xff\xfe")
    assert machine.problems()[0].field == str(file)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "eighty"),
        ("port", "-1"),
        ("port", "65536"),
        ("torrent_port", "1.5"),
        ("link_mode", "symlink"),
        ("allow_copy", "perhaps"),
        ("language", "tlh"),
        ("public_url", "localhost:8000"),
        ("core_url", "ftp://192.0.2.1"),
        ("database_url", "mysql://u:secret@h/d"),
        ("private_hosts", "http://nas"),
        ("mirrors", "mikanani.me"),
        ("mirrors", "mikanani.me=socks5://192.0.2.7:1080"),
        ("proxies", "nas=ftp://192.0.2.7"),
        ("proxies", "nas=socks5://192.0.2.7:port"),
        ("feed_limits_timeout", "0"),
        ("feed_limits_timeout", "nan"),
        ("feed_limits_max_bytes", "lots"),
        ("log_level", "loud"),
    ],
)
def test_a_wrong_value_names_the_flag_the_variable_or_the_key(
    machine: Machine, name: str, value: str
) -> None:
    (by_flag,) = machine.problems(**{name: value})
    assert by_flag.field == "--" + name.replace("_", "-")
    variable = "SEITON_" + name.upper()
    machine.environ[variable] = value
    (by_variable,) = machine.problems()
    assert by_variable.field == variable
    del machine.environ[variable]
    key = name.replace("feed_limits_", "feed_limits.")
    file = machine.write(f'{key} = "{value}"')
    (by_file,) = machine.problems()
    assert by_file.field == f"{file}: {key}"
    assert by_flag.message == by_variable.message == by_file.message
    assert by_flag.message.startswith("must be"), "says what is allowed"
    assert "secret" not in by_flag.message


def test_all_wrong_values_are_named_at_once_and_nothing_that_follows_from_them(machine: Machine) -> None:
    fields = [problem.field for problem in machine.problems(data="", port="x", host="")]
    assert sorted(fields) == ["--data", "--host", "--port"]


def test_library_and_downloads_must_differ(machine: Machine) -> None:
    (problem,) = machine.problems(library="same", downloads="same")
    assert problem.field == "--library"


def test_a_flag_that_does_not_exist_is_a_programmers_error(machine: Machine) -> None:
    with pytest.raises(TypeError, match="colour"):
        machine.load(colour="red")


def test_postgresql_is_understood_without_the_drivers_name(machine: Machine) -> None:
    settings = machine.load(database_url="postgresql://u@h/d")
    assert settings.database_url == "postgresql+psycopg://u@h/d"


def test_values_are_put_into_their_normal_form(machine: Machine) -> None:
    settings = machine.load(
        private_hosts="NAS.local, 192.168.1.7 [FD00::1] nas:9117,10.1.2.3/8 [fd00::1]:80",
        public_url="http://192.0.2.7:8000/",
        link_mode="Hardlink",
        language="zh-TW",
        allow_copy="yes",
    )
    hosts = ("nas.local", "192.168.1.7", "fd00::1", "nas:9117", "10.0.0.0/8", "[fd00::1]:80")
    assert settings.private_hosts == hosts
    assert settings.public_url == "http://192.0.2.7:8000"
    assert (settings.link_mode, settings.language, settings.allow_copy) == ("hardlink", "zh_Hant", True)


def test_the_file_may_hold_lists_and_tables(machine: Machine) -> None:
    machine.write('private_hosts = ["nas", "10.0.0.1"]\nfeed_limits = { timeout = 5, max_redirects = 0 }\n')
    settings = machine.load()
    assert settings.private_hosts == ("nas", "10.0.0.1")
    assert (settings.feed_limits.timeout, settings.feed_limits.max_redirects) == (5.0, 0)


def test_settings_never_show_a_password(machine: Machine) -> None:
    settings = machine.load(
        database_url="postgresql://user:s3cret@db/seiton", public_url="https://me:s3cret@example.org"
    )
    shown = {line.name: line.value for line in describe(settings)}
    assert shown["database_url"] == "postgresql+psycopg://user:***@db/seiton"
    assert shown["public_url"] == "https://me:***@example.org"
    assert "s3cret" not in repr(settings)
    assert mask_secrets("postgresql://h/d?user=a&password=s3cret&x=1") == (
        "postgresql://h/d?user=a&password=***&x=1"
    )


def test_settings_cannot_be_changed_afterwards(machine: Machine) -> None:
    settings = machine.load()
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1


def test_the_language_is_the_setting_else_the_locale(machine: Machine) -> None:
    settings = machine.load()
    assert spoken_language(settings, {"LANG": "zh_TW.UTF-8"}) == "zh_Hant"
    assert spoken_language(settings, {"LANG": "zh_TW.UTF-8", "LC_ALL": "en_US.UTF-8"}) == "en"
    assert spoken_language(machine.load(language="zh_Hant"), {"LANG": "en_US.UTF-8"}) == "zh_Hant"
    assert spoken_language(settings, {}) == "en"


def test_tests_can_make_settings_from_a_folder_alone(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    assert settings.library == tmp_path / "library"
    assert settings.database_url == f"sqlite:///{tmp_path}/seiton.db"


def test_a_torrent_client_is_set_in_a_table_or_by_variables(machine: Machine) -> None:
    machine.write(
        '[torrent_client]\nkind = "qBittorrent"\nuser = "me"\npassword = "hidden"\n'
        'path_map = ["/media/downloads=/downloads"]\n'
    )
    client = machine.load().torrent_client
    assert (client.kind, client.url, client.category) == ("qbittorrent", "http://127.0.0.1:8080", "seiton")
    assert client.pairs == (("/media/downloads", "/downloads"),)
    machine.environ |= {
        "SEITON_TORRENT_CLIENT_KIND": "aria2",
        "SEITON_TORRENT_CLIENT_PATH_MAP": "/a b=/x;/c=/d",
    }
    client = machine.load().torrent_client
    assert (client.kind, client.url) == ("aria2", "http://127.0.0.1:6800")
    assert client.pairs == (("/a b", "/x"), ("/c", "/d"))


def test_the_password_of_a_torrent_client_is_shown_nowhere(machine: Machine) -> None:
    machine.environ |= {"SEITON_TORRENT_CLIENT_PASSWORD": "hidden"}
    settings = machine.load()
    assert settings.torrent_client.password.get_secret_value() == "hidden"
    shown = {line.name: line.value for line in describe(settings)}
    assert shown["torrent_client.password"] == "***"
    assert "hidden" not in repr(settings) + str(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KIND", "utorrent"),
        ("URL", "nas:8080"),
        ("URL", "http://nas:99999"),
        ("URL", "http://me:hidden@nas:8080"),
        ("PATH_MAP", "/media/downloads"),
        ("PATH_MAP", "media=/downloads"),
        ("TIMEOUT", "0"),
        ("CATEGORY", "a/b"),
    ],
)
def test_a_wrong_setting_of_a_torrent_client_is_named(machine: Machine, name: str, value: str) -> None:
    machine.environ[f"SEITON_TORRENT_CLIENT_{name}"] = value
    (problem,) = machine.problems()
    assert problem.field == f"SEITON_TORRENT_CLIENT_{name}"
    assert "hidden" not in problem.message


def test_media_servers_are_tables_in_the_file(machine: Machine) -> None:
    machine.write(
        """
        [[media_servers]]
        name = "den"
        kind = "jellyfin"
        url = "http://192.0.2.7:8096/"
        token = "k3y"
        path_map = ["/media/anime=/tv"]
        """
    )
    settings = machine.load()
    (server,) = settings.media_servers
    assert (server.kind, server.url, server.pairs) == (
        "jellyfin",
        "http://192.0.2.7:8096",
        (("/media/anime", "/tv"),),
    )
    assert not [line for line in describe(settings) if "k3y" in line.value]


def test_media_servers_are_json_in_a_variable(machine: Machine) -> None:
    machine.environ["SEITON_MEDIA_SERVERS"] = '[{"name": "tv", "kind": "Kodi", "url": "http://192.0.2.9"}]'
    assert [server.kind for server in machine.load().media_servers] == ["kodi"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("nothing", "must be a JSON list of media servers"),
        ('[{"name": "a", "kind": "vcr", "url": "http://192.0.2.9"}]', "must be one of"),
        ('[{"name": "a", "kind": "kodi", "url": "http://me:secret@192.0.2.9"}]', "must be without user name"),
        ('[{"name": "a", "kind": "kodi", "url": "http://192.0.2.9", "path_map": ["x"]}]', "must be pairs"),
    ],
)
def test_what_is_wrong_with_a_media_server_is_said(machine: Machine, given: str, said: str) -> None:
    machine.environ["SEITON_MEDIA_SERVERS"] = given
    (problem,) = machine.problems()
    assert problem.field == "SEITON_MEDIA_SERVERS"
    assert said in problem.message


@pytest.mark.parametrize("films", ["library", "library/films", "downloads", "."])
def test_films_lie_outside_of_the_other_folders(tmp_path: Path, films: str) -> None:
    given = {"data": "data", "library": "library", "downloads": "downloads", "movies_root": films}
    with pytest.raises(InvalidInput) as caught:
        load_settings(environ={}, folder=tmp_path, **given)
    assert [problem.field for problem in caught.value.problems] == ["--movies-root"]
    settings = load_settings(environ={}, folder=tmp_path, **(given | {"movies_root": "films"}))
    assert settings.movies_root == tmp_path / "films"
    assert load_settings(environ={}, folder=tmp_path).movies_root is None
