"""The web client against real servers on loopback that behave badly in known ways."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from seiton.adapters.feeds import FeedError, FeedLimits, FeedReason, fetch_feed
from seiton.adapters.http import Fetched, FetchError, FetchFault, HostPolicy, NotModified, WebClient, mask_url
from seiton.adapters.http_policy import RefusedAddress

RSS = b"""<rss version="2.0"><channel><title>T</title><item><title>[A] B - 01</title>
<enclosure url="/1.torrent" type="application/x-bittorrent"/></item></channel></rss>"""

Answer = Callable[["Site"], None]


class Site(BaseHTTPRequestHandler):
    """Answers a path with what ``Server.paths`` says."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self.server.seen.append((self.path, dict(self.headers.items())))
        self.server.paths[self.path.partition("?")[0]](self)

    def do_POST(self) -> None:
        self.server.posted.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        pass

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """A site on loopback; ``connections`` counts how often somebody connected."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        self.paths: dict[str, Answer] = {}
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.posted: list[bytes] = []
        self.connections = 0
        self.scheme = "http"
        super().__init__(address, Site)

    def verify_request(self, request: object, client_address: object) -> bool:
        self.connections += 1
        return True

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # clients hang up on purpose here

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.server_port}{path}"


@pytest.fixture
def site() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def a_client(policy: HostPolicy | None = None, timeout_s: float = 60) -> WebClient:
    chosen = policy or HostPolicy(frozenset({"127.0.0.1"}))
    return WebClient(user_agent="Seiton/test", timeout_s=timeout_s, max_redirects=3, policy=chosen)


@pytest.fixture
def client() -> Iterator[WebClient]:
    made = a_client()
    yield made
    made.close()


def refused(client: WebClient, url: str, max_bytes: int = 1000, linked_from: str | None = None) -> FetchError:
    with pytest.raises(FetchError) as caught:
        client.get(url, max_bytes=max_bytes, linked_from=linked_from)
    return caught.value


def fetched(client: WebClient, url: str, max_bytes: int = 1000) -> Fetched:
    answer = client.get(url, max_bytes=max_bytes)
    assert isinstance(answer, Fetched)
    return answer


def test_a_page_comes_with_its_type_and_validators(site: Server, client: WebClient) -> None:
    site.paths["/"] = lambda s: s.answer(
        200, b"hello", Content_Type="text/plain", ETag='"1"', Last_Modified="Tue, 01 Jan 2030 00:00:00 GMT"
    )
    answer = fetched(client, site.url("/"))
    assert (answer.status, answer.body, answer.url) == (200, b"hello", site.url("/"))
    assert (answer.content_type, answer.etag) == ("text/plain", '"1"')
    assert answer.last_modified == "Tue, 01 Jan 2030 00:00:00 GMT"
    assert site.seen[0][1]["User-Agent"] == "Seiton/test"
    assert site.seen[0][1]["Host"] == f"127.0.0.1:{site.server_port}"


def test_the_validators_go_back_and_nothing_new_is_not_modified(site: Server, client: WebClient) -> None:
    site.paths["/"] = lambda s: s.answer(304 if s.headers["If-None-Match"] == '"1"' else 200, ETag='"2"')
    answer = client.get(site.url("/"), max_bytes=10, etag='"1"', last_modified="yesterday")
    assert answer == NotModified(url=site.url("/"), etag='"2"', last_modified="yesterday")
    assert site.seen[0][1]["If-Modified-Since"] == "yesterday"


def test_a_304_that_nobody_asked_for_is_an_error(site: Server, client: WebClient) -> None:
    site.paths["/"] = lambda s: s.answer(304)
    error = refused(client, site.url("/"))
    assert (error.reason, error.http_status) == (FetchFault.STATUS, 304)


def test_connections_are_kept_and_shared_by_threads(site: Server, client: WebClient) -> None:
    site.paths["/"] = lambda s: s.answer(200, b"x")
    for _again in range(5):
        fetched(client, site.url("/"))
    assert site.connections == 1
    with ThreadPoolExecutor(4) as pool:
        bodies = list(pool.map(lambda _n: fetched(client, site.url("/")).body, range(40)))
    assert bodies == [b"x"] * 40
    assert site.connections <= 8


def test_redirects_are_followed_and_the_final_address_is_told(site: Server, client: WebClient) -> None:
    site.paths["/a"] = lambda s: s.answer(301, b"moved", Location="/b?x=1")
    site.paths["/b"] = lambda s: s.answer(200, b"here")
    answer = fetched(client, site.url("/a"))
    assert (answer.body, answer.url) == (b"here", site.url("/b?x=1"))


def test_a_redirect_loop_ends(site: Server, client: WebClient) -> None:
    site.paths["/a"] = lambda s: s.answer(302, Location="/a")
    assert refused(client, site.url("/a")).reason is FetchFault.TOO_MANY_REDIRECTS
    assert len(site.seen) == 4


def test_a_redirect_to_a_host_that_is_private_and_unknown_is_refused(site: Server) -> None:
    site.paths["/a"] = lambda s: s.answer(302, Location=f"http://127.0.0.2:{site.server_port}/secret")
    site.paths["/b"] = lambda s: s.answer(302, Location=f"http://localhost:{site.server_port}/secret")
    site.paths["/c"] = lambda s: s.answer(302, Location=f"http://2130706434:{site.server_port}/secret")
    site.paths["/d"] = lambda s: s.answer(
        302, Location=f"http://[::ffff:127.0.0.2]:{site.server_port}/secret"
    )
    site.paths["/e"] = lambda s: s.answer(302, Location="http://169.254.169.254/latest/meta-data/")
    site.paths["/secret"] = lambda s: s.answer(200, b"secret")
    client = a_client()
    for path in ("/a", "/b", "/c", "/d", "/e"):
        assert refused(client, site.url(path)).reason is FetchFault.REFUSED_HOST, path
    client.close()
    assert "/secret" not in [path for path, _headers in site.seen]


def test_a_redirect_to_another_scheme_is_refused(site: Server, client: WebClient, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("secret")
    site.paths["/a"] = lambda s: s.answer(302, Location=f"file://{tmp_path}/x")
    assert refused(client, site.url("/a")).reason is FetchFault.NOT_HTTP
    assert refused(client, f"file://{tmp_path}/x").reason is FetchFault.NOT_HTTP
    assert refused(client, "http://").reason is FetchFault.NOT_HTTP


def test_a_host_nobody_configured_is_not_asked(site: Server) -> None:
    site.paths["/"] = lambda s: s.answer(200)
    client = a_client(HostPolicy())
    error = refused(client, site.url("/"))
    assert error.reason is FetchFault.REFUSED_HOST
    assert "allowed hosts" in str(error)
    client.policy.allow("127.0.0.1")
    fetched(client, site.url("/"))
    client.close()
    assert site.connections == 1


def test_a_configured_port_does_not_open_the_others(site: Server) -> None:
    site.paths["/"] = lambda s: s.answer(200)
    client = a_client(HostPolicy(frozenset({"127.0.0.1:1"})))
    assert refused(client, site.url("/")).reason is FetchFault.REFUSED_HOST
    client.policy.allow_url(site.url("/feed"))
    assert fetched(client, site.url("/")).status == 200
    client.close()


def test_what_a_configured_feed_links_to_may_be_fetched_unless_it_is_private(site: Server) -> None:
    policy = HostPolicy()
    policy.allow("feeds.example")
    assert policy.permits("https://cdn.example/1.torrent", "https://feeds.example/rss")
    assert not policy.permits("https://cdn.example/1.torrent", "https://other.example/rss")
    assert not policy.permits("https://cdn.example/1.torrent")
    assert not policy.permits("http://192.168.1.1/1.torrent", "https://feeds.example/rss")
    assert not policy.permits("ftp://cdn.example/1.torrent", "https://feeds.example/rss")
    client = a_client(policy)
    link = site.url("/1.torrent", "localhost")  # a name, so that only the resolved address gives it away
    error = refused(client, link, linked_from="https://feeds.example/rss")
    client.close()
    assert error.reason is FetchFault.REFUSED_HOST
    assert "private address" in str(error)
    assert site.connections == 0


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "fec0::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
    ],
)
def test_no_address_outside_the_public_internet_is_reached_unasked(address: str) -> None:
    with pytest.raises(RefusedAddress):
        HostPolicy().addresses(address, 80)
    allowed = HostPolicy(frozenset({address}))
    assert allowed.addresses(address, 80)


def test_public_addresses_and_configured_networks_are_reached() -> None:
    assert HostPolicy().addresses("1.1.1.1", 443) == ["1.1.1.1"]
    with pytest.raises(RefusedAddress):
        HostPolicy().addresses("198.18.0.7", 443)
    assert HostPolicy(frozenset({"198.18.0.0/15"})).addresses("198.18.0.7", 443) == ["198.18.0.7"]


def test_hosts_are_compared_without_case_dot_or_script() -> None:
    policy = HostPolicy()
    policy.allow("Bücher.Example.")
    assert policy.permits("http://BÜCHER.example/")
    assert policy.permits("http://xn--bcher-kva.example./")
    policy.allow("[::1]", 80)
    assert policy.permits("http://[::1]/")
    assert not policy.permits("http://[::1]:81/")


def test_an_ipv6_server_is_reached() -> None:
    class Six(Server):
        address_family = socket.AF_INET6

    try:
        server = Six(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    server.paths["/"] = lambda s: s.answer(200, s.headers["Host"].encode())
    client = a_client(HostPolicy(frozenset({"::1"})))
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            body = fetched(client, server.url("/", "[::1]")).body
        finally:
            server.shutdown()
            thread.join()
            client.close()
    assert body == f"[::1]:{server.server_port}".encode()


@pytest.mark.timeout(60)  # (it drips for longer)
def test_a_body_that_drips_ends_at_the_deadline(site: Server) -> None:
    def drip(s: Site) -> None:
        s.send_response(200)
        s.send_header("Content-Length", "1000")
        s.end_headers()
        for _byte in range(1000):
            s.wfile.write(b"x")
            s.wfile.flush()
            time.sleep(0.1)

    site.paths["/"] = drip
    client = a_client(timeout_s=0.5)
    assert refused(client, site.url("/")).reason is FetchFault.TIMEOUT
    client.close()


@pytest.mark.timeout(60)
def test_headers_that_drip_end_at_the_deadline(site: Server) -> None:
    def drip(s: Site) -> None:
        s.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(2400):
            s.wfile.write(b"X-%d: y\r\n" % number)
            s.wfile.flush()
            time.sleep(0.05)

    site.paths["/"] = drip
    client = a_client(timeout_s=0.5)
    assert refused(client, site.url("/")).reason is FetchFault.TIMEOUT
    client.close()


def test_the_deadline_covers_all_redirects_together(site: Server) -> None:
    def slow(s: Site) -> None:
        time.sleep(0.3)
        s.answer(302, Location="/")

    site.paths["/"] = slow
    client = a_client(timeout_s=0.5)
    assert refused(client, site.url("/")).reason is FetchFault.TIMEOUT
    client.close()


def test_a_server_that_never_answers_is_left(site: Server) -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    client = a_client(timeout_s=0.3)
    error = refused(client, f"http://127.0.0.1:{silent.getsockname()[1]}/")
    silent.close()
    client.close()
    assert error.reason is FetchFault.TIMEOUT


def test_too_much_is_refused_before_it_is_read_where_the_length_is_told(
    site: Server, client: WebClient
) -> None:
    site.paths["/"] = lambda s: s.answer(200, b"x" * 1001)
    error = refused(client, site.url("/"))
    assert error.reason is FetchFault.TOO_LARGE
    assert "1,000 bytes" in str(error)
    assert len(fetched(client, site.url("/"), 1001).body) == 1001


def test_too_much_without_a_length_stops_at_the_limit(site: Server, client: WebClient) -> None:
    written = 0

    def flood(s: Site) -> None:
        nonlocal written
        s.send_response(200)
        s.send_header("Connection", "close")
        s.end_headers()
        for _block in range(800):
            s.wfile.write(b"x" * 65536)
            written += 65536

    site.paths["/"] = flood
    assert refused(client, site.url("/"), 100_000).reason is FetchFault.TOO_LARGE
    assert written < 20_000_000


def test_a_gzip_bomb_stops_at_the_limit(site: Server, client: WebClient) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    site.paths["/"] = lambda s: s.answer(200, bomb, Content_Encoding="gzip")
    tracemalloc.start()
    try:
        assert refused(client, site.url("/"), 100_000).reason is FetchFault.TOO_LARGE
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_packed_answers_are_unpacked_in_all_their_members(site: Server, client: WebClient) -> None:
    packed = gzip.compress(b"one ") + gzip.compress(b"two")
    site.paths["/"] = lambda s: s.answer(200, packed, Content_Encoding="gzip")
    assert fetched(client, site.url("/")).body == b"one two"
    assert site.seen[0][1]["Accept-Encoding"] == "gzip"


def test_damaged_cut_or_unknown_packing_is_named(site: Server, client: WebClient) -> None:
    site.paths["/damaged"] = lambda s: s.answer(200, b"not gzip", Content_Encoding="gzip")
    site.paths["/cut"] = lambda s: s.answer(200, gzip.compress(b"x" * 99)[:-9], Content_Encoding="gzip")
    site.paths["/br"] = lambda s: s.answer(200, b"?", Content_Encoding="br")
    assert refused(client, site.url("/damaged")).reason is FetchFault.NOT_HTTP
    assert refused(client, site.url("/cut")).reason is FetchFault.CONNECTION
    assert "br" in str(refused(client, site.url("/br")))


def test_a_body_that_breaks_off_is_not_taken_for_the_whole(site: Server, client: WebClient) -> None:
    def cut(s: Site) -> None:
        s.send_response(200)
        s.send_header("Content-Length", "100")
        s.end_headers()
        s.wfile.write(b"half")
        s.close_connection = True

    site.paths["/"] = cut
    assert refused(client, site.url("/")).reason is FetchFault.CONNECTION


def test_something_that_is_not_http_is_named(client: WebClient) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def greet() -> None:
        connection, _peer = listener.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(b"220 mail.example ESMTP\r\n")

    thread = threading.Thread(target=greet)
    thread.start()
    error = refused(client, f"http://127.0.0.1:{listener.getsockname()[1]}/")
    thread.join()
    listener.close()
    assert error.reason is FetchFault.NOT_HTTP


def test_nobody_listening_and_unknown_names_are_connection_errors(client: WebClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    assert refused(client, f"http://127.0.0.1:{port}/").reason is FetchFault.CONNECTION
    client.policy.allow("nowhere.invalid")
    assert refused(client, "http://nowhere.invalid/").reason is FetchFault.CONNECTION


@pytest.mark.parametrize(
    ("status", "hint"),
    [(401, "token"), (403, "token"), (404, "address"), (429, "less often"), (500, "later"), (503, "later")],
)
def test_a_status_that_is_no_success_says_what_to_do(
    site: Server, client: WebClient, status: int, hint: str
) -> None:
    site.paths["/"] = lambda s: s.answer(status, b"x")
    error = refused(client, site.url("/?token=hush"))
    assert (error.reason, error.http_status, error.status) == (FetchFault.STATUS, status, 503)
    assert hint in str(error)
    assert "hush" not in str(error)


def test_secrets_in_addresses_are_masked() -> None:
    assert mask_url("https://me:pw@h/rss?a=1&Token=s3&passkey=x;apikey=y#t") == (
        "https://***@h/rss?a=1&Token=***&passkey=***;apikey=***"
    )
    assert mask_url("https://mikanani.me/RSS/Bangumi?bangumiId=3391") == (
        "https://mikanani.me/RSS/Bangumi?bangumiId=3391"
    )
    assert len(mask_url("http://h/" + "x" * 9000)) == 500
    assert mask_url("http://[") == "…"


def test_user_and_password_of_an_address_are_sent_to_its_host_alone(site: Server) -> None:
    site.paths["/"] = lambda s: s.answer(302, Location=site.url("/b", "localhost"))
    site.paths["/b"] = lambda s: s.answer(200)
    client = a_client(HostPolicy(frozenset({"127.0.0.1", "localhost"})))
    fetched(client, f"http://me:p%40w@127.0.0.1:{site.server_port}/")
    client.close()
    assert site.seen[0][1]["Authorization"] == "Basic bWU6cEB3"
    assert "Authorization" not in site.seen[1][1]


def test_cookies_are_not_kept(site: Server, client: WebClient) -> None:
    site.paths["/"] = lambda s: s.answer(200, Set_Cookie="a=1")
    fetched(client, site.url("/"))
    fetched(client, site.url("/"))
    assert "Cookie" not in site.seen[1][1]


def test_a_message_is_posted_as_json(site: Server, client: WebClient) -> None:
    site.paths["/callback"] = lambda s: s.answer(202, b"{}")
    answer = client.request_json("POST", site.url("/callback?revision=7"), {"title": "負けヒロイン"})
    assert (answer.status, answer.content) == (202, {})
    assert [json.loads(body) for body in site.posted] == [{"title": "負けヒロイン"}]
    assert site.seen[0][1]["Content-Type"] == "application/json"


def test_a_posted_message_is_never_turned_into_a_get(site: Server, client: WebClient) -> None:
    site.paths["/302"] = lambda s: s.answer(302, Location="/new")
    site.paths["/307"] = lambda s: s.answer(307, Location="/new")
    site.paths["/new"] = lambda s: s.answer(200)
    assert client.request_json("POST", site.url("/302"), {}).status == 302
    client.request_json("POST", site.url("/307"), {"a": 1})
    assert site.posted[-1] == b'{"a": 1}'


def test_a_message_goes_to_configured_hosts_alone(site: Server, client: WebClient) -> None:
    with pytest.raises(FetchError) as caught:
        client.request_json("POST", "http://127.0.0.3/callback", {})
    assert caught.value.reason is FetchFault.REFUSED_HOST


def test_tls_checks_the_name_although_the_address_is_dialled(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed, so no certificate can be made")
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
        " -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem"
    )
    subprocess.run(
        command.split(),
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    script = """
import sys, threading
from seiton.adapters.http import FetchError, HostPolicy, WebClient
client = WebClient(user_agent="x", timeout_s=60, max_redirects=0,
                   policy=HostPolicy(frozenset({"localhost", "127.0.0.1"})))
print(client.get(f"https://localhost:{sys.argv[1]}/", max_bytes=10).body)
try:
    client.get(f"https://127.0.0.1:{sys.argv[1]}/", max_bytes=10)
except FetchError as error:
    print(error.reason, "CERTIFICATE_VERIFY_FAILED" in str(error))
"""
    server = Server()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.paths["/"] = lambda s: s.answer(200, b"safe")
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            # A process of its own, because the trusted certificates come from its environment.
            done = _run_python(script, str(server.server_port), cert=tmp_path / "cert.pem")
        finally:
            server.shutdown()
            thread.join()
    assert done.splitlines() == ["b'safe'", "connection True"]


def _run_python(script: str, *arguments: str, cert: Path) -> str:
    environment = {**os.environ, "SSL_CERT_FILE": str(cert)}
    environment.pop("SSL_CERT_DIR", None)
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_a_feed_is_fetched_once_and_then_only_when_it_changed(site: Server, client: WebClient) -> None:
    site.paths["/rss"] = lambda s: (
        s.answer(304) if s.headers["If-None-Match"] == '"7"' else s.answer(200, RSS, ETag='"7"')
    )
    first = fetch_feed(client, site.url("/rss"))
    assert first.feed is not None
    assert [item.download_url for item in first.feed.items] == [site.url("/1.torrent")]
    second = fetch_feed(client, site.url("/rss"), etag=first.etag, last_modified=first.last_modified)
    assert (second.feed, second.etag) == (None, '"7"')


def test_a_web_page_with_200_is_not_a_feed_whatever_it_is_called(site: Server, client: WebClient) -> None:
    page = b"\n<!-- x --><!DOCTYPE html><html><body>Checking your browser</body></html>"
    site.paths["/rss"] = lambda s: s.answer(200, page, Content_Type="application/rss+xml")
    with pytest.raises(FeedError) as caught:
        fetch_feed(client, site.url("/rss"))
    assert caught.value.reason is FeedReason.HTML


def test_a_feed_is_read_whatever_it_is_called(site: Server, client: WebClient) -> None:
    site.paths["/rss"] = lambda s: s.answer(200, RSS, Content_Type="text/html; charset=utf-8")
    feed = fetch_feed(client, site.url("/rss")).feed
    assert feed is not None
    assert len(feed.items) == 1


def test_a_feed_of_fifty_megabytes_is_refused(site: Server, client: WebClient) -> None:
    site.paths["/rss"] = lambda s: s.answer(
        200, gzip.compress(RSS + b" " * 50_000_000), Content_Encoding="gzip"
    )
    with pytest.raises(FetchError) as caught:
        fetch_feed(client, site.url("/rss"), limits=FeedLimits(max_bytes=1_000_000))
    assert caught.value.reason is FetchFault.TOO_LARGE
