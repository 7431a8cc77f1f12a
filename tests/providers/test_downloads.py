"""Downloads in an unfriendly network: names and routes are injected, and lead to servers on loopback."""

import asyncio
import ssl
import sys
from pathlib import Path

import httpcore
import pytest

from seedpipe.core.errors import InputError, Malformed, ProviderError, Unavailable
from seedpipe.providers import Limits, WaveSpeedProvider
from seedpipe.providers.downloads import OutputFiles
from seedpipe.providers.reach import Network
from seedpipe.providers.wire import trusted
from tests.fakes.wire import free_port, http, says, wire

KEY = "sk-secret-123"
TLS = Path(__file__).parent / "tls"
CDN = "cdn.example.com"  # the name in the certificate of tests/providers/tls
PUBLIC = "8.8.8.8"  # an address that may be asked; the route below leads to loopback
IMAGE = says(http(200, b"image"))
QUICK = Limits(connect_timeout_s=1, read_timeout_s=0.5, download_deadline_s=2)


class Names:
    """A resolver whose answers are handed in; the last one stays."""

    def __init__(self, **answers):
        self.answers = {name.replace("_", "."): list(found) for name, found in answers.items()}
        self.asked = []

    async def __call__(self, host, port):
        self.asked.append(host)
        if host not in self.answers:
            raise OSError("unknown name")
        found = self.answers[host]
        return found.pop(0) if len(found) > 1 else found[0]


class Routes(httpcore.AsyncNetworkBackend):
    """A network in which public addresses lead to servers on this machine."""

    def __init__(self, routes):
        self.routes = routes
        self.reached = []
        self.real = httpcore.AnyIOBackend()

    async def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):  # noqa: ASYNC109
        self.reached.append(host)
        if host not in self.routes:
            raise httpcore.ConnectError(f"no route to {host}")
        there = self.routes[host]
        return await self.real.connect_tcp(there.host, there.port, timeout, local_address, socket_options)


def cdn_tls():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "cdn.pem", TLS / "cdn-key.pem")
    return context


class Place:
    def __init__(self, host, port):
        self.host, self.port = host, port


@pytest.fixture
def own_authority(monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "cdn.pem"))


async def fetched(provider, url):
    async with provider.download(url) as chunks:
        return b"".join([chunk async for chunk in chunks])


def download(url, names, routes, *, origin="https://api.example.com", reply=IMAGE):
    """Download from a CDN with TLS, behind these names; return the outcome and who was asked."""

    async def play():
        async with wire(reply, tls=cdn_tls()) as server:
            roads = Routes({address: Place("127.0.0.1", server.port) for address in routes})
            network = Network(resolve=names, backend=roads)
            provider = WaveSpeedProvider(origin, KEY, limits=QUICK, network=network)
            try:
                outcome = await fetched(provider, url)
            except ProviderError as error:
                outcome = error
            finally:
                await provider.aclose()
            return outcome, server, roads.reached

    return asyncio.run(play())


@pytest.mark.usefixtures("own_authority")
def test_a_file_comes_from_the_address_that_was_judged_and_tls_checks_the_name():
    names = Names(cdn_example_com=[[PUBLIC]])
    outcome, server, reached = download(f"https://{CDN}/a/1.png?sig=x", names, [PUBLIC])
    assert outcome == b"image"
    assert names.asked == [CDN]
    assert reached == [PUBLIC]
    [asked] = server.asked
    assert asked.target == "/a/1.png?sig=x"
    assert asked.headers["host"] == CDN
    assert asked.headers["authorization"] == ""
    assert asked.headers["accept-encoding"] == "identity"
    assert KEY not in str(asked)


@pytest.mark.usefixtures("own_authority")
def test_another_name_than_the_certificates_is_refused():
    names = Names(files_example_org=[[PUBLIC]])
    outcome, server, _ = download("https://files.example.org/1.png", names, [PUBLIC])
    assert type(outcome) is Unavailable
    assert server.asked == []


def test_an_authority_that_nobody_named_is_refused():
    outcome, server, _ = download(f"https://{CDN}/1.png", Names(cdn_example_com=[[PUBLIC]]), [PUBLIC])
    assert type(outcome) is Unavailable
    assert server.asked == []


@pytest.mark.parametrize(
    "answer",
    [["10.0.0.1"], ["127.0.0.2"], ["169.254.169.254"], ["::ffff:127.0.0.2"], [PUBLIC, "192.168.0.1"]],
)
def test_a_name_with_an_inner_address_is_not_connected_to(answer):
    names = Names(cdn_example_com=[answer])
    outcome, server, reached = download(f"https://{CDN}/1.png?sig=x", names, [*answer])
    assert type(outcome) is Malformed
    assert "sig=x" not in str(outcome)
    assert (server.connections, reached) == (0, [])


@pytest.mark.usefixtures("own_authority")
def test_a_name_that_changes_its_address_gains_nothing():
    """DNS rebinding: public when it is judged, inside when it is connected to. It is asked only once."""
    names = Names(cdn_example_com=[[PUBLIC], ["127.0.0.2"]])
    outcome, _, reached = download(f"https://{CDN}/1.png", names, [PUBLIC, "127.0.0.2"])
    assert outcome == b"image"
    assert reached == [PUBLIC]
    assert names.asked == [CDN]


@pytest.mark.usefixtures("own_authority")
def test_the_next_address_is_tried_when_one_does_not_answer():
    names = Names(cdn_example_com=[["1.1.1.1", PUBLIC]])
    outcome, _, reached = download(f"https://{CDN}/1.png", names, [PUBLIC])
    assert outcome == b"image"
    assert reached == ["1.1.1.1", PUBLIC]


@pytest.mark.parametrize("answers", [{}, {"cdn_example_com": [[]]}])
def test_a_name_without_addresses_may_be_tried_again(answers):
    assert type(download(f"https://{CDN}/1.png", Names(**answers), [])[0]) is Unavailable


@pytest.mark.usefixtures("own_authority")
@pytest.mark.parametrize(
    "location",
    [
        "https://127.0.0.2/",
        "https://localhost/",
        "https://2130706434/",
        "https://0x7f000002/",
        "https://[::ffff:127.0.0.2]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://inner.example.com/",
        "https://metadata.google.internal/",
        f"http://{CDN}/plain",
        "file:///etc/passwd",
        "//user:word@cdn.example.com/",
        "https://[/",
        "https://cdn.example.com:port/",
    ],
)
def test_a_redirect_is_judged_like_the_first_url(location):
    names = Names(cdn_example_com=[[PUBLIC]], inner_example_com=[["10.1.2.3"]])
    reply = says(http(302, headers=[("Location", location)]))
    outcome, server, _ = download(
        f"https://{CDN}/1.png", names, [PUBLIC, "127.0.0.2", "10.1.2.3"], reply=reply
    )
    assert type(outcome) is Malformed
    assert len(server.asked) == 1


@pytest.mark.usefixtures("own_authority")
def test_three_redirects_and_no_more():
    names = Names(cdn_example_com=[[PUBLIC]])
    reply = says(http(302, headers=[("Location", "/again")]))
    outcome, server, _ = download(f"https://{CDN}/1.png", names, [PUBLIC], reply=reply)
    assert type(outcome) is Malformed
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.2/1.png",
        "https://127.2/1.png",
        "https://2130706434/1.png",
        "https://0177.0.0.2/1.png",
        "https://[::1]/1.png",
        "https://[::ffff:7f00:2]/1.png",
        "https://localhost/1.png",
        "https://router/1.png",
        "https://" + "a" * 9000 + ".example.com/",
        "iVBORw0KGgo" * 10_000,
    ],
)
def test_hosts_inside_are_not_asked(url):
    outcome, server, reached = download(url, Names(), ["127.0.0.2", "::1"])
    assert type(outcome) is Malformed
    assert (server.connections, reached) == (0, [])


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/x", "https://10.0.0.1/x", "https://cdn.localhost/x", f"http://{CDN}/x"]
)
def test_a_service_on_this_machine_opens_no_other_machine(url):
    outcome, _, reached = download(url, Names(), ["10.0.0.1"], origin=f"http://127.0.0.1:{free_port()}")
    assert type(outcome) is Malformed
    assert reached == []


def test_a_redirect_from_this_machine_to_another_one_is_refused():
    async def play():
        reply = says(http(302, headers=[("Location", "http://10.0.0.1/")]))
        async with wire(reply) as other:
            provider = WaveSpeedProvider("http://127.0.0.1:9", KEY, limits=QUICK)
            with pytest.raises(Malformed):
                await fetched(provider, f"{other.url}/x")
            await provider.aclose()
            return other.asked

    [asked] = asyncio.run(play())
    assert KEY not in str(asked)


# --- behind a proxy ---


def through_a_proxy(monkeypatch, url, *, no_proxy=""):
    """Download through a proxy on loopback; return the outcome and what the proxy was asked."""

    async def play():
        async with wire(says(http(502, b"no way"), then="close")) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"http://user:word@127.0.0.1:{proxy.port}")
            monkeypatch.setenv("NO_PROXY", no_proxy)
            roads = Routes({})
            network = Network(resolve=Names(cdn_example_com=[["10.0.0.1"]]), backend=roads)
            provider = WaveSpeedProvider("https://api.example.com", KEY, limits=QUICK, network=network)
            try:
                with pytest.raises(ProviderError) as raised:
                    await fetched(provider, url)
            finally:
                await provider.aclose()
            return raised.value, proxy.asked

    return asyncio.run(play())


def test_a_proxy_is_asked_for_the_name_and_looks_it_up_itself(monkeypatch):
    error, [asked] = through_a_proxy(monkeypatch, f"https://{CDN}/1.png?sig=x")
    assert type(error) is Unavailable
    assert (asked.method, asked.target) == ("CONNECT", f"{CDN}:443")
    assert KEY not in str(asked)
    assert "sig=x" not in str(asked)
    assert "word" not in str(error)


def test_a_proxy_that_the_environment_excepts_a_host_from_is_not_asked(monkeypatch):
    error, asked = through_a_proxy(monkeypatch, f"https://{CDN}/1.png", no_proxy="example.com")
    assert type(error) is Malformed, "the direct way judges the address"
    assert asked == []


@pytest.mark.parametrize(
    "host", ["127.0.0.2", "localhost", "2130706434", "metadata.google.internal", "[::1]"]
)
def test_a_proxy_is_not_asked_for_what_is_inside(monkeypatch, host):
    error, asked = through_a_proxy(monkeypatch, f"https://{host}/1.png")
    assert type(error) is Malformed
    assert asked == []


@pytest.mark.parametrize("proxy", ["ftp://127.0.0.1:1", "://", "socks5://127.0.0.1:1"])
def test_a_proxy_that_cannot_be_used_is_for_the_user_to_mend(monkeypatch, proxy):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    monkeypatch.setitem(sys.modules, "socksio", None)  # as on a machine that does not have it
    with pytest.raises(InputError):
        WaveSpeedProvider("https://api.example.com", KEY)


def test_the_way_to_a_proxy_is_kept_and_used_again(monkeypatch):
    async def play():
        async with wire(says(http(502, b"no way"), then="close")) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            files = OutputFiles(QUICK, trusted(), near=False)
            for number in range(2):
                with pytest.raises(Unavailable):
                    async with files.open(f"https://{CDN}/{number}.png"):
                        raise AssertionError("the proxy has not let us through")
            ways = len(files._by_proxy)
            await files.aclose()
            return ways, len(proxy.asked)

    assert asyncio.run(play()) == (1, 2)


def test_authorities_that_cannot_be_read_are_for_the_user_to_mend(monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    with pytest.raises(InputError):
        WaveSpeedProvider("https://api.example.com", KEY)
