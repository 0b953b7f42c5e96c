"""A page with one button, for links in mails where no web application is at hand."""

from html import escape
from typing import Final

from starlette.responses import HTMLResponse

_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<h1>{title}</h1>
<form method="post"><button>{button}</button></form>
</html>
"""


class LandingPage(HTMLResponse):
    """Post to the page's own address when its button is pressed."""

    def __init__(self, title: str = "", button: str = "") -> None:
        super().__init__(
            _PAGE.format(title=escape(title), button=escape(button)),
            headers={
                "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
                "Referrer-Policy": "no-referrer",
            },
        )
