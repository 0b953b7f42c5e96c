"""A pytest plugin that runs everything on uvloop: `pytest -p tests.support.on_uvloop`."""

import asyncio

import uvloop


def pytest_configure() -> None:
    """Let every way of making an event loop make one of uvloop's, also in the threads of test clients."""
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())


def pytest_report_header() -> str:
    """Say what runs."""
    return f"event loops: {uvloop.new_event_loop.__module__}"
