"""Logo files: up to five variants for each kit."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from backend.clients.storage import StoredObjectNotFound, UploadFailed
from backend.clients.supabase import Supabase
from backend.db.repositories.brand_kit_logos import BrandKitLogoRepository
from backend.db.repositories.brand_kits import BrandKitRepository
from backend.db.repositories.storage_cleanups import StorageCleanupRepository
from backend.db.tables.branding import BrandKit, BrandKitLogo
from backend.errors import DomainError, NotFound
from backend.services.branding.brand_kit_service import BrandKitService
from backend.services.branding.image_threads import ImageThreads
from backend.services.branding.logo_image import faded, inspect
from backend.services.branding.media_sections import LogoSettings
from backend.services.branding.vocabulary import LogoType
from backend.services.identity.audit_events import AuditEvent
from backend.services.identity.audit_service import AuditService
from backend.services.storage.buckets import Bucket
from backend.services.storage.storage_service import StorageService, StoredObject

_UNCLAIMED_FILES_LIVE: Final = timedelta(hours=1)
_LONGEST_FILENAME: Final = 255


class LogoKitNotFound(NotFound):
    """The kit that a logo route names is not there."""

    code = "BRAND_KIT_NOT_FOUND"

    def __init__(self, kit_id: UUID) -> None:
        super().__init__("brand_kit", kit_id)


class InvalidLogoType(DomainError):
    """There is no such variant."""

    code = "INVALID_LOGO_TYPE"
    status = 400

    def __init__(self, value: str) -> None:
        accepted = [logo_type.value for logo_type in LogoType]
        super().__init__(
            f"A logo is one of {', '.join(accepted)}.", details={"logo_type": value[:50], "accepted": accepted}
        )


@dataclass(frozen=True, slots=True)
class LogoFile:
    """An uploaded logo and the address it can be seen under for an hour."""

    logo: BrandKitLogo
    url: str


@dataclass(frozen=True, slots=True)
class KitLogos:
    """Every variant of a kit, with None for those that have no file."""

    urls: dict[LogoType, str | None]
    default: LogoType


class LogoService:
    """Keep the logo files of kits in step with their rows.

    A file is written under a new name each time and never changed. A note that it shall go is committed before it
    is written, and taken back by the transaction that points to it: whatever fails or is killed in between, the
    worker removes the file an hour later. A file that is no longer pointed to is noted by the database itself, in
    the transaction that lets it go, so a rollback keeps it.
    """

    def __init__(
        self,
        kits: BrandKitRepository,
        kit_service: BrandKitService,
        logos: BrandKitLogoRepository,
        cleanups: StorageCleanupRepository,
        supabase: Supabase,
        storage: StorageService,
        threads: ImageThreads,
        audit: AuditService,
    ) -> None:
        self._kits = kits
        self._kit_service = kit_service
        self._logos = logos
        self._cleanups = cleanups
        self._supabase = supabase
        self._storage = storage
        self._threads = threads
        self._audit = audit

    async def upload(
        self, user_id: UUID, kit_id: UUID, logo_type: LogoType, data: bytes, filename: str = ""
    ) -> LogoFile:
        """Store a logo in the place of the variant's former one.

        What the file is, its bytes say: PNG, JPEG or WebP of sane dimensions that decodes. Raises `ObjectTooLarge`,
        `UnsupportedContent`, `UnreadableImage`, `ImageDimensionsOutOfRange` or `LogoKitNotFound`.
        """
        await self._kit(user_id, kit_id)
        content_type = self._storage.check(Bucket.LOGOS, data)
        size = await self._threads.run(inspect, data, content_type)
        stored = await self._store(user_id, kit_id, logo_type, data, content_type)
        if not await self._kits.hold(user_id, kit_id):
            raise LogoKitNotFound(kit_id)
        file = {
            "storage_path": stored.path,
            "content_type": content_type,
            "file_size": stored.size,
            "width": size.width,
            "height": size.height,
            "filename": clean_filename(filename) or f"{logo_type}.{stored.path.rpartition('.')[2]}",
        }
        logo = await self._logos.put(user_id, kit_id, logo_type, file)
        if not await self._cleanups.take_back(Bucket.LOGOS, [stored.path]):
            raise UploadFailed(stored.path)
        facts = {"brand_kit_id": str(kit_id), "logo_type": logo_type.value, "file_size": stored.size}
        await self._audit.record(AuditEvent.LOGO_UPLOADED, user_id=user_id, metadata=facts)
        return LogoFile(logo, await self._url(logo))

    async def list(self, user_id: UUID, kit_id: UUID) -> KitLogos:
        """Give an address for each variant that has a file."""
        kit = await self._kit(user_id, kit_id)
        urls: dict[LogoType, str | None] = dict.fromkeys(LogoType)
        for logo in await self._logos.list(user_id, kit_id):
            urls[LogoType(logo.logo_type)] = await self._url(logo)
        return KitLogos(urls, LogoType(kit.default_logo_type))

    async def get_url(self, user_id: UUID, kit_id: UUID, logo_type: LogoType) -> str | None:
        """Give the address of one variant, if it has a file."""
        await self._kit(user_id, kit_id)
        logo = await self._logos.get(user_id, kit_id, logo_type)
        return None if logo is None else await self._url(logo)

    async def delete(self, user_id: UUID, kit_id: UUID, logo_type: LogoType) -> bool:
        """Delete one variant and tell whether it was there; its file goes once this is committed."""
        await self._kit(user_id, kit_id)
        deleted = await self._logos.delete(user_id, kit_id, logo_type)
        if deleted:
            facts = {"brand_kit_id": str(kit_id), "logo_type": logo_type.value}
            await self._audit.record(AuditEvent.LOGO_DELETED, user_id=user_id, metadata=facts)
        return deleted

    async def set_default_type(self, user_id: UUID, kit_id: UUID, logo_type: LogoType) -> LogoType:
        """Choose the variant that pictures carry when a request names none."""
        await self._kit(user_id, kit_id)
        kit = await self._kit_service.set_default_logo_type(user_id, kit_id, logo_type)
        return LogoType(kit.default_logo_type)

    async def get_for_generation(self, user_id: UUID, kit_id: UUID, preferred: LogoType | None) -> bytes | None:
        """Read the logo a picture shall carry: the preferred variant, else the kit's default, else any other.

        A watermark comes as faint as the kit wants it. None where there is no logo, also because the kit went away
        while a job waited.
        """
        kit = await self._kits.get(user_id, kit_id)
        if kit is None:
            return None
        logos = {logo.logo_type: logo for logo in await self._logos.list(user_id, kit_id)}
        for logo_type in _in_order(preferred, LogoType(kit.default_logo_type)):
            if logo := logos.get(logo_type):
                try:
                    data = await self._storage.get(Bucket.LOGOS, logo.storage_path)
                except StoredObjectNotFound:
                    continue
                if logo_type is not LogoType.WATERMARK:
                    return data
                opacity = LogoSettings.model_validate(kit.logos).watermark_opacity / 100
                return await self._threads.run(faded, data, logo.content_type, opacity)
        return None

    async def _store(
        self, user_id: UUID, kit_id: UUID, logo_type: LogoType, data: bytes, content_type: str
    ) -> StoredObject:
        path = self._storage.new_path(user_id, str(kit_id), content_type=content_type, name=logo_type.value)
        async with self._supabase.side_session() as session:
            await StorageCleanupRepository(session).note(Bucket.LOGOS, [path], _UNCLAIMED_FILES_LIVE)
        return await self._storage.upload_raw(Bucket.LOGOS, path, data, content_type)

    async def _kit(self, user_id: UUID, kit_id: UUID) -> BrandKit:
        kit = await self._kits.get(user_id, kit_id)
        if kit is None:
            raise LogoKitNotFound(kit_id)
        return kit

    async def _url(self, logo: BrandKitLogo) -> str:
        return await self._storage.signed_url(Bucket.LOGOS, logo.storage_path)


def parse_logo_type(value: str) -> LogoType:
    """Read the name of a variant, or raise `InvalidLogoType`."""
    try:
        return LogoType(value)
    except ValueError:
        raise InvalidLogoType(value) from None


def clean_filename(name: str) -> str:
    """Keep what a client called its file, without folders and without characters that do not show."""
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(char for char in last if unicodedata.category(char)[0] != "C")
    return shown.strip()[:_LONGEST_FILENAME]


def _in_order(preferred: LogoType | None, default: LogoType) -> Sequence[LogoType]:
    first = [default] if preferred is None else [preferred, default]
    return list(dict.fromkeys([*first, *LogoType]))
