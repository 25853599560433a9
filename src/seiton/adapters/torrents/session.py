"""The libtorrent session: how it listens, whom it talks to, how much it does at once."""

from __future__ import annotations

import libtorrent as lt

_LOOPBACK = "127.0.0.1"


def open_session(*, port: int, listen: str, loopback_only: bool) -> lt.session:
    """Open a session on ``port`` (0: any free one) of the comma-separated addresses ``listen``.

    With ``loopback_only`` it listens on 127.0.0.1, announces itself nowhere but to the trackers of its
    torrents, and exchanges no byte with a peer on another machine.
    """
    addresses = _LOOPBACK if loopback_only else listen
    session = lt.session(
        {
            "listen_interfaces": ",".join(f"{address.strip()}:{port}" for address in addresses.split(",")),
            "user_agent": f"Seiton libtorrent/{lt.__version__}",
            "enable_dht": not loopback_only,
            "enable_lsd": not loopback_only,
            "enable_upnp": not loopback_only,
            "enable_natpmp": not loopback_only,
            # On one machine uTP wins nothing, and who does not speak it is reached late.
            "enable_outgoing_utp": not loopback_only,
            # Several peers behind one address are several peers: a NAS, a home, this machine.
            "allow_multiple_connections_per_ip": True,
            "alert_mask": lt.alert_category.error | lt.alert_category.status | lt.alert_category.storage,
            "alert_queue_size": 20_000,
            # Everything that is finished keeps seeding; only downloads wait for each other.
            "active_downloads": 20,
            "active_seeds": -1,
            "active_limit": 1_000_000,
            "active_checking": 2,
            "auto_manage_interval": 5,
            # The default of a minute is felt after each admission of a magnet, which drops its peers.
            "min_reconnect_time": 1 if loopback_only else 10,
            # Closing waits for trackers to hear "stopped"; they find out anyway.
            "stop_tracker_timeout": 1,
        }
    )
    if loopback_only:
        peers = lt.ip_filter()
        blocked = 1
        for first, last in (
            ("0.0.0.0", "126.255.255.255"),  # noqa: S104 - a range of peers, not an address to listen on
            ("128.0.0.0", "255.255.255.255"),
            ("::", "::"),
            ("::2", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ):
            peers.add_rule(first, last, blocked)
        session.set_ip_filter(peers)
    return session
