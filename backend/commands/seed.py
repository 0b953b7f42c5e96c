"""`aurastream seed`: something to look at on a machine that has nothing yet."""

import sys
from typing import Final
from uuid import UUID

from backend.commands.database import prepare_database
from backend.commands.errors import NotInProduction
from backend.commands.local import local_servers
from backend.container import build_container
from backend.context import RequestContext
from backend.db.caller import Caller
from backend.embedded.progress import Progress
from backend.services.branding.brand_kit_data import BrandKitDraft, FontPair
from backend.services.branding.brand_kit_service import BrandKitService
from backend.services.branding.vocabulary import BrandFont, KitTone
from backend.services.identity.auth_service import AuthService, Signup
from backend.settings import Settings
from di import Container

EMAIL: Final = "demo@example.com"
PASSWORD: Final = "Demo-stream-7"  # noqa: S105 - printed for whoever asked for it; refused in production
KIT: Final = BrandKitDraft(
    name="Night Shift",
    primary_colors=("#7C3AED", "#22D3EE"),
    accent_colors=("#F59E0B",),
    fonts=FontPair(headline=BrandFont.MONTSERRAT, body=BrandFont.INTER),
    tone=KitTone.COMPETITIVE,
)


async def seed() -> None:
    """Make a demo account with an active brand kit; what is there already stays as it is."""
    progress = Progress(sys.stderr)
    async with local_servers(progress, join=True) as local:
        if local.settings.is_production:
            raise NotInProduction
        await prepare_database(local, progress)
        async with progress.step("Demo", done="ready"):
            await fill(local.settings)
    progress.say(f"Log in as {EMAIL} with the password {PASSWORD}")


async def fill(settings: Settings) -> None:
    """Make what is missing of the demo account and its kit."""
    async with build_container(settings) as container:
        user_id = await _account(container)
        async with container.scope({Caller: Caller.user(user_id), RequestContext: RequestContext()}) as scope:
            kits = await scope.resolve(BrandKitService)
            if KIT.name not in {kit.name for kit in await kits.list(user_id)}:
                kit = await kits.create(user_id, KIT)
                await kits.activate(user_id, kit.id)


async def _account(container: Container) -> UUID:
    async with container.scope({Caller: Caller.service(), RequestContext: RequestContext()}) as scope:
        accounts = await scope.resolve(AuthService)
        account = await accounts.get_user_by_email(EMAIL)
        if account is None:
            account = await accounts.signup(Signup(EMAIL, PASSWORD, "Demo", accept_terms=True))
        return account.id
