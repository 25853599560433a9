"""What every client in another process must do besides: be away, come back, refuse, be slow, be another.

The real program is started by the tests with a profile of their own, on ports of its own.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import libtorrent as lt
import pytest

from seiton.adapters.neighbours import Neighbour
from seiton.adapters.torrents.access import Access
from seiton.adapters.torrents.path_map import PathMap
from seiton.adapters.torrents.port import (
    ClientAway,
    ClientRefuses,
    ClientUnfit,
    TorrentClient,
    TorrentRefused,
    TorrentSource,
    TransferState,
)
from seiton.adapters.torrents.program import Program, Version
from seiton.adapters.torrents.remote import RemoteClient
from seiton.demo.programs import ClientProgram, NotInstalled
from seiton.domain.states import NeighbourState
from tests.integration.doubles import Counter, login_page, silence
from tests.integration.torrent_port import BATCH, Home, Made, Swarm, TorrentPort, eventually


class Rented(RemoteClient):
    """A client whose program ends with it, as when a machine is switched off."""

    def __init__(self, daemon: ClientProgram, program: Program, **more: Any) -> None:
        super().__init__(program, daemon.url, **more)
        self.daemon = daemon

    def close(self) -> None:
        super().close()
        self.daemon.stop()


class RemotePort(TorrentPort):
    """The tests of the port, and these, on a real program."""

    kind: ClassVar[str]
    command: ClassVar[tuple[str, ...]] = ()
    knows_v2: ClassVar[bool] = False
    knows_hybrids: ClassVar[bool] = True

    def program(self, access: Access) -> Program:
        """Return the wrapped library."""
        raise NotImplementedError

    def marks(self, daemon: ClientProgram, made: Made) -> list[str] | None:
        """Return the categories or labels that the program itself says; ``None``: it has none."""
        raise NotImplementedError

    def remove_by_hand(self, daemon: ClientProgram, made: Made) -> None:
        """Remove a torrent in the program, as a person would."""
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _daemons(self) -> Iterator[None]:
        self.daemons: dict[Path, ClientProgram] = {}
        yield
        for daemon in self.daemons.values():
            daemon.stop()

    def daemon(self, folder: Path) -> ClientProgram:
        """Return the program with its memory below ``folder``, running."""
        daemon = self.daemons.setdefault(
            folder, ClientProgram(kind=self.kind, folder=str(folder), command=self.command)
        )
        if daemon.process is None:
            try:
                daemon.start()
            except NotInstalled as reason:
                pytest.skip(f"{reason} (scripts/system-packages.sh installs it)")
        return daemon

    def access(self, daemon: ClientProgram, **more: Any) -> Access:
        known = {"url": daemon.url, "user": daemon.user, "password": daemon.password}
        return Access(**{**known, "category": "seiton", "timeout_s": 20.0, **more})

    def open_client(self, folder: Path) -> TorrentClient:
        daemon = self.daemon(folder)
        return Rented(daemon, self.program(self.access(daemon)))

    def peer_port(self, client: TorrentClient) -> int:
        assert isinstance(client, Rented)
        return client.daemon.peer_port

    def client(self, daemon: ClientProgram, *, paths: PathMap | None = None, **more: Any) -> RemoteClient:
        """Return one more client of a running program, which soon tries again."""
        access = self.access(daemon, **more)
        neighbour = Neighbour(self.kind, access.shown, first_wait_s=0.05, longest_wait_s=0.2)
        return RemoteClient(self.program(access), access.shown, paths=paths, neighbour=neighbour)

    def test_torrents_of_ours_are_marked_as_such(self, home: Home, swarm: Swarm, tmp_path: Path) -> None:
        made = swarm.make(BATCH)
        home.add(made)
        marks = self.marks(self.daemon(tmp_path / "client"), made)
        assert marks in (None, ["seiton"])

    def test_a_folder_may_have_another_name_for_the_client(
        self, home: Home, swarm: Swarm, tmp_path: Path
    ) -> None:
        there = tmp_path / "as the client calls it"
        there.symlink_to(home.downloads)
        client = self.client(
            self.daemon(tmp_path / "client"), paths=PathMap([(str(home.downloads), str(there))])
        )
        made = swarm.make(BATCH)
        client.add(TorrentSource(content=made.torrent), save_path=str(home.downloads / "deep"))

        def is_complete() -> bool:
            return client.status([made.info_hash])[made.info_hash].state is TransferState.COMPLETED

        eventually(is_complete, "it is complete")
        seen = client.status([made.info_hash])[made.info_hash]
        assert seen.folder == str(home.downloads / "deep")
        assert seen.content_path == str(home.downloads / "deep" / "鹽湖 日記 ß")
        example = client.example()
        assert example is not None and os.path.isfile(example[0])
        assert example[0].startswith(f"{home.downloads}/deep/")
        assert example[1].startswith(f"{there}/deep/")
        client.close()

    def test_a_folder_that_is_not_there_by_that_name_is_named_with_what_to_do(
        self, home: Home, swarm: Swarm, tmp_path: Path
    ) -> None:
        made = swarm.make(BATCH)
        home.download(made)
        paths = PathMap([(str(tmp_path / "not here"), str(home.downloads))])
        client = self.client(self.daemon(tmp_path / "client"), paths=paths)
        seen = client.status([made.info_hash])[made.info_hash]
        assert seen.state is TransferState.MISSING_FILES
        assert seen.error and str(home.downloads) in seen.error and "path_map" in seen.error
        client.close()

    @pytest.mark.parametrize("flags", [0, lt.create_torrent.v2_only], ids=["hybrid", "v2"])
    def test_new_kinds_of_torrents_are_downloaded_or_refused(
        self, home: Home, swarm: Swarm, flags: int
    ) -> None:
        made = swarm.make({"a/第01話.mkv": 100_000, "a/第02話.mkv": 50_001}, flags=flags)
        if not (self.knows_hybrids if flags == 0 else self.knows_v2):
            with pytest.raises(TorrentRefused, match=r"does not take|reads another"):
                home.add(made)
            assert home.client.status([made.info_hash]) == {}
            return
        home.download(made)
        assert home.has_all(made)
        files = {file.path.decode(): file.size for file in home.client.files(made.info_hash)}
        assert files == {name: len(body) for name, body in made.files.items()}
        if self.knows_v2:
            other = str(lt.load_torrent_buffer(made.torrent).info_hashes.v2)[:40]
            assert home.client.status([other])[other].state is TransferState.COMPLETED

    def test_a_torrent_in_a_new_folder_of_its_own_is_there_after_a_restart(
        self, home: Home, swarm: Swarm
    ) -> None:
        made = swarm.make(BATCH)
        folder = home.downloads / made.info_hash
        home.client.add(TorrentSource(content=made.torrent), save_path=str(folder))
        home.until(made, TransferState.COMPLETED)
        home.restart()
        eventually(lambda: made.info_hash in home.client.status([made.info_hash]), "it is remembered")
        assert home.until(made, TransferState.COMPLETED).folder == str(folder)
        home.client.remove(made.info_hash, delete_data=True)
        eventually(lambda: not any((folder / name).exists() for name in made.files), "its files are gone")
        assert home.downloads.exists()

    def test_a_torrent_that_was_removed_by_hand_is_absent_and_can_come_again(
        self, home: Home, swarm: Swarm, tmp_path: Path
    ) -> None:
        made = swarm.make(BATCH)
        home.download(made)
        self.remove_by_hand(self.daemon(tmp_path / "client"), made)
        eventually(lambda: home.client.status([made.info_hash]) == {}, "it is gone")
        added = home.client.add(TorrentSource(magnet=made.magnet), save_path=str(home.downloads))
        assert not added.existed
        home.until(made, TransferState.COMPLETED)

    def test_all_torrents_are_asked_about_in_one_request(
        self, home: Home, swarm: Swarm, tmp_path: Path
    ) -> None:
        every = [swarm.make({f"{number}/第01話.mkv": 50_000}) for number in range(6)]
        for made in every:
            home.add(made)
        for made in every:
            home.until(made, TransferState.COMPLETED)
        counter = Counter(self.daemon(tmp_path / "client").ports[0])
        client = self.client(self.daemon(tmp_path / "client"), url=counter.url)
        hashes = [made.info_hash for made in every]
        client.status(hashes)
        before = counter.count
        assert len(client.status(hashes)) == 6
        assert counter.count - before == 1
        client.close()
        counter.close()

    def test_a_client_that_is_away_is_named_and_found_again(
        self, home: Home, swarm: Swarm, tmp_path: Path
    ) -> None:
        made = swarm.make(BATCH)
        home.download(made)
        daemon = self.daemon(tmp_path / "client")
        client = self.client(daemon)
        assert client.standing().state is NeighbourState.UNKNOWN
        client.status([made.info_hash])
        assert (client.standing().state, client.standing().last_error) == (NeighbourState.WELL, None)
        daemon.stop()
        with pytest.raises(ClientAway, match="cannot be reached"):
            client.status([made.info_hash])
        standing = client.standing()
        assert standing.state is NeighbourState.AWAY and standing.since is not None
        assert standing.last_error and daemon.url in standing.last_error
        daemon.start()
        eventually(lambda: self._answers(client), "it is found again")
        assert client.standing().state is NeighbourState.WELL
        assert client.status([made.info_hash])[made.info_hash].state in (
            TransferState.COMPLETED,
            TransferState.CHECKING,
        )
        client.close()

    def _answers(self, client: RemoteClient) -> bool:
        try:
            client.meet()
        except ClientAway:
            return False
        return True

    def test_a_session_that_was_lost_between_two_questions_is_begun_anew(
        self, home: Home, swarm: Swarm, tmp_path: Path
    ) -> None:
        made = swarm.make(BATCH)
        home.download(made)
        daemon = self.daemon(tmp_path / "client")
        client = self.client(daemon)
        client.status([made.info_hash])
        daemon.stop()
        daemon.start()

        def is_there() -> bool:
            return self._answers(client) and made.info_hash in client.status([made.info_hash])

        eventually(is_there, "it is asked again")
        client.close()

    def test_a_wrong_password_is_named_and_not_tried_until_the_client_bans(self, tmp_path: Path) -> None:
        daemon = self.daemon(tmp_path / "client")
        client = self.client(daemon, password="not the password")

        def is_given_up() -> bool:
            with pytest.raises(ClientRefuses, match=r"torrent_client\.password") as caught:
                client.status(["00" * 20])
            assert "not the password" not in str(caught.value)
            return client.standing().is_given_up

        eventually(is_given_up, "it tries no more")
        for _again in range(10):
            assert is_given_up()
        assert client.standing().state is NeighbourState.REFUSED
        assert client.standing().next_try is None
        client.close()
        right = self.client(daemon)
        assert right.status(["00" * 20]) == {}
        right.close()

    def test_a_web_page_in_place_of_an_answer_is_named(self, tmp_path: Path) -> None:
        daemon = ClientProgram(kind=self.kind, folder=str(tmp_path))
        with login_page() as url:
            client = self.client(daemon, url=url)
            with pytest.raises(ClientAway, match="not like") as caught:
                client.status(["00" * 20])
            assert url in str(caught.value)
            assert not isinstance(caught.value, ClientRefuses)
            client.close()

    def test_a_client_that_is_too_slow_is_named_with_the_time(self, tmp_path: Path) -> None:
        daemon = ClientProgram(kind=self.kind, folder=str(tmp_path))
        with silence() as url:
            client = self.client(daemon, url=url, timeout_s=0.4)
            with pytest.raises(ClientAway, match=r"did not answer within 0\.4 s"):
                client.status(["00" * 20])
            client.close()

    def test_a_version_that_is_too_old_is_named(self, tmp_path: Path) -> None:
        access = self.access(self.daemon(tmp_path / "client"))
        program = self.program(access)
        future: Version = (99, 1)
        program.oldest = future
        client = RemoteClient(program, access.shown)
        with pytest.raises(ClientUnfit, match=r"needs 99\.1 or later"):
            client.status(["00" * 20])
        assert client.standing().state is NeighbourState.UNFIT
        client.close()

    def test_the_version_is_one_that_was_tried(self, tmp_path: Path) -> None:
        client = self.client(self.daemon(tmp_path / "client"))
        version = client.meet()
        client.status(["00" * 20])
        assert client.standing().version == version
        assert client.cautions() == []
        client.close()

    def test_the_password_is_in_no_log(
        self, home: Home, swarm: Swarm, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        daemon = self.daemon(tmp_path / "client")
        client = self.client(daemon)
        client.status([swarm.make(BATCH).info_hash])
        assert daemon.password not in caplog.text
        assert daemon.password not in repr(self.access(daemon))
        client.close()
