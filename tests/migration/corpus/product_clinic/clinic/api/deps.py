from typing import Annotated

from fastapi import Depends, Header, HTTPException


async def current_user(authorization: Annotated[str, Header()] = "") -> str:
    if not authorization:
        raise HTTPException(401, "sign in first")
    return authorization.removeprefix("Bearer ")


CurrentUser = Annotated[str, Depends(current_user)]
