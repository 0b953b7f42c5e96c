"""People with brand kits, and the services that keep them, built by hand on a test's own servers."""

from uuid import UUID, uuid4

from sqlalchemy import insert

from backend.clients.storage import open_object_store
from backend.clients.supabase import Supabase
from backend.clients.url_signer import UrlSigner
from backend.context import RequestContext
from backend.db.repositories.audit_events import AuditRepository
from backend.db.repositories.brand_kit_logos import BrandKitLogoRepository
from backend.db.repositories.brand_kits import BrandKitRepository
from backend.db.repositories.storage_cleanups import StorageCleanupRepository
from backend.db.session import DatabaseSession
from backend.db.tables.identity import User
from backend.services.branding.brand_kit_data import BrandKitDraft
from backend.services.branding.brand_kit_service import BrandKitService
from backend.services.branding.image_threads import ImageThreads
from backend.services.branding.logo_service import LogoService
from backend.services.identity.audit_service import AuditService
from backend.services.storage.storage_service import StorageService
from backend.settings import Settings


async def add_user(supabase: Supabase) -> UUID:
    """Insert an account that nobody logs in to."""
    async with supabase.side_session() as session:
        row = insert(User).values(email=f"{uuid4()}@example.com", display_name="Someone").returning(User.id)
        return (await session.scalars(row)).one()


def draft(name: str = "Night Owl") -> BrandKitDraft:
    """Describe an ordinary kit."""
    return BrandKitDraft.model_validate(
        {"name": name, "primary_colors": ["#1a2b3c"], "fonts": {"headline": "Oswald", "body": "Inter"}}
    )


def open_storage(settings: Settings) -> StorageService:
    """Open this test's object store."""
    signer = UrlSigner(settings.jwt_secret_key.get_secret_value())
    return StorageService(open_object_store(settings, signer), signer)


def kit_service(session: DatabaseSession, supabase: Supabase) -> BrandKitService:
    """Build the kit service of one unit of work."""
    return BrandKitService(BrandKitRepository(session), audit_service(session, supabase))


def audit_service(session: DatabaseSession, supabase: Supabase) -> AuditService:
    """Build the audit service of one unit of work."""
    return AuditService(AuditRepository(session), supabase, RequestContext())


def logo_service(
    session: DatabaseSession, supabase: Supabase, storage: StorageService, threads: ImageThreads
) -> LogoService:
    """Build the logo service of one unit of work."""
    return LogoService(
        BrandKitRepository(session),
        kit_service(session, supabase),
        BrandKitLogoRepository(session),
        StorageCleanupRepository(session),
        supabase,
        storage,
        threads,
        audit_service(session, supabase),
    )
