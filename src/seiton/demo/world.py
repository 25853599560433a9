"""The demo's world: a feed, a tracker and a seeder on 127.0.0.1, and the files that they offer."""

from __future__ import annotations

import hashlib
import os
import threading
from types import TracebackType

import libtorrent as lt

from seiton.demo.content import Published, media_bytes, publish
from seiton.demo.sample import Release, releases
from seiton.demo.server import FEED_PATH, Web


class Seeder:
    """A libtorrent session that offers complete torrents on 127.0.0.1 and finds nobody by itself."""

    def __init__(self) -> None:
        self._session = lt.session(
            {
                "listen_interfaces": "127.0.0.1:0",
                "enable_dht": False,
                "enable_lsd": False,
                "enable_upnp": False,
                "enable_natpmp": False,
                "allow_multiple_connections_per_ip": True,
                "active_seeds": -1,
                "active_limit": 1_000_000,
                "stop_tracker_timeout": 1,
                # Whom it dials may not have the torrent yet: it tries again, soon and often.
                "enable_outgoing_utp": False,
                "out_enc_policy": 2,  # plain: one handshake is enough
                "min_reconnect_time": 1,
                "max_failcount": 1000,
            }
        )
        self._handles: list[lt.torrent_handle] = []
        self._closing = threading.Event()
        self._dialling: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port that peers can connect to."""
        return self._session.listen_port()

    def seed(self, torrent: bytes, folder: str, *, upload_limit: int = 0) -> None:
        """Offer ``torrent``, whose files lie below ``folder``, at ``upload_limit`` bytes/s (0: no limit)."""
        params = lt.load_torrent_buffer(torrent)
        params.save_path = folder
        params.flags |= lt.torrent_flags.seed_mode
        params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
        params.upload_limit = upload_limit
        self._handles.append(self._session.add_torrent(params))

    def dial(self, port: int) -> None:
        """Go to the peer at this port of 127.0.0.1: some clients never come to an address like ours.

        Transmission takes one caller of an address at a time; all of 127/8 is this machine.
        """
        callers = ",".join(f"127.0.0.{number}" for number in range(1, 66))
        self._session.apply_settings({"outgoing_interfaces": callers})
        self._dialling = threading.Thread(target=self._dial, args=(port,), name="demo-seeder", daemon=True)
        self._dialling.start()

    def _dial(self, port: int) -> None:
        while not self._closing.wait(0.3):
            for handle in list(self._handles):
                if handle.status(0).num_peers == 0:
                    handle.connect_peer(("127.0.0.1", port))

    def close(self) -> None:
        """Go away."""
        self._closing.set()
        if self._dialling is not None:
            self._dialling.join()
        self._handles.clear()
        self._session.pause()
        del self._session


class DemoWorld:
    """A context manager: inside it the world is there; its files lie below ``folder`` and stay."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.items: tuple[Published, ...] = ()
        self._releases: tuple[Release, ...] = releases()

    def __enter__(self) -> DemoWorld:
        self._web = Web()
        self._seeder = Seeder()
        try:
            self.items = tuple(
                publish(release, self.folder, tracker=f"{self._web.base}/announce")
                for release in self._releases
            )
            for item in self.items:
                self._seeder.seed(item.torrent, self.folder)
            self._web.publish(self.items)
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    @property
    def feed_url(self) -> str:
        """The address of the feed."""
        return f"{self._web.base}{FEED_PATH}?bangumiId=1"

    @property
    def seeder_port(self) -> int:
        """The port at which 127.0.0.1 offers everything, for clients that trackers cannot help."""
        return self._seeder.port

    def dial(self, port: int) -> None:
        """Bring everything to the client at this port of 127.0.0.1, if it does not come by itself."""
        self._seeder.dial(port)

    def digests(self) -> dict[str, str]:
        """Return SHA-256 (hex) → name of every video and subtitle, as made, not as it may lie now."""
        return {
            hashlib.sha256(media_bytes(media)).hexdigest(): os.path.join(release.folder or "", media.name)
            for release in self._releases
            for media in release.files
        }

    def _close(self) -> None:
        self._seeder.close()
        self._web.close()
