"""The interactive documentation, served from installed packages alone."""

from html import escape
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

DOCS_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
_SWAGGER: Final = "fastapi_swagger.resources"
_OURS: Final = "backend.api.assets"
_ASSETS: Final = {
    "swagger-ui-bundle.js": (_SWAGGER, "text/javascript"),
    "swagger-ui.css": (_SWAGGER, "text/css"),
    "favicon-32x32.png": (_SWAGGER, "image/png"),
    "docs.js": (_OURS, "text/javascript"),
}
_PAGE: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>{title}</title>
  <link rel="icon" type="image/png" href="{root}/docs/assets/favicon-32x32.png">
  <link rel="stylesheet" href="{root}/docs/assets/swagger-ui.css">
</head>
<body>
  <div id="swagger-ui" data-openapi-url="{root}{openapi_url}"></div>
  <script src="{root}/docs/assets/swagger-ui-bundle.js"></script>
  <script src="{root}/docs/assets/docs.js"></script>
</body>
</html>
"""


def docs_router(title: str, openapi_url: str) -> APIRouter:
    """Serve Swagger UI at `/docs` without any request to another host."""
    router = APIRouter(include_in_schema=False)

    @router.get("/docs")
    async def read_docs(request: Request) -> Response:
        root = escape(request.scope.get("root_path", "").rstrip("/"))
        page = _PAGE.format(title=escape(title), root=root, openapi_url=openapi_url)
        return HTMLResponse(page, headers={"Content-Security-Policy": DOCS_POLICY})

    @router.get("/docs/assets/{name}")
    def read_asset(name: str) -> Response:
        if name not in _ASSETS:
            raise HTTPException(404, "There is no such file.")
        package, media_type = _ASSETS[name]
        file: Traversable = resources.files(package) / name
        return Response(file.read_bytes(), media_type=media_type, headers={"Cache-Control": "public, max-age=86400"})

    return router
