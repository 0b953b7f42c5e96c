"""The shared client for outgoing requests follows nobody and waits for nobody too long."""

from ssl import SSLContext

import httpx
import pytest
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from backend.clients.http import HTTP_UNREACHABLE, HttpClient, open_http
from tests.conftest import MakeSettings
from tests.support.live_server import serve


async def test_redirect_is_not_followed(make_settings: MakeSettings) -> None:
    async def redirect(scope: Scope, receive: Receive, send: Send) -> None:
        await RedirectResponse("http://169.254.169.254/")(scope, receive, send)

    async with serve(redirect) as url, HttpClient(make_settings()) as client:
        assert (await client.get(url)).status_code == 307


async def test_server_that_is_not_there_is_unreachable(make_settings: MakeSettings) -> None:
    async with HttpClient(make_settings()) as client:
        with pytest.raises(HTTP_UNREACHABLE):
            await client.get("http://127.0.0.1:1/")


async def test_proxy_of_the_environment_is_ignored(
    make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(status_code=204)(scope, receive, send)

    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    async with serve(answer) as url, HttpClient(make_settings()) as client:
        assert (await client.get(url)).status_code == 204


async def test_every_phase_of_a_request_has_a_limit(make_settings: MakeSettings) -> None:
    async with HttpClient(make_settings()) as client:
        assert None not in client.timeout.as_dict().values()


async def test_client_is_closed_with_its_provider(make_settings: MakeSettings, tls: SSLContext) -> None:
    provider = open_http(make_settings(), tls)
    client = await anext(provider)
    with pytest.raises(StopAsyncIteration):
        await anext(provider)
    assert isinstance(client, httpx.AsyncClient)
    assert client.is_closed
