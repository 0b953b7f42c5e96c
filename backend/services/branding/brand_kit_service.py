"""Brand kits: at most ten for each user, at most one of them active."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from backend.db.repositories.brand_kits import BrandKitRepository
from backend.db.tables.branding import BrandKit
from backend.errors import DomainError, NotFound
from backend.services.branding.brand_kit_data import BrandKitDraft, BrandKitPatch
from backend.services.branding.sections import SECTION_COLUMNS, SECTION_MODELS, SectionValue
from backend.services.branding.vocabulary import LogoType, Section
from backend.services.identity.audit_events import AuditEvent
from backend.services.identity.audit_service import AuditService

MAX_KITS: Final = 10


class BrandKitNotFound(NotFound):
    """The user has no such kit."""

    def __init__(self, kit_id: UUID) -> None:
        super().__init__("brand_kit", kit_id)


class BrandKitLimitExceeded(DomainError):
    """The user has as many kits as anybody may have."""

    code = "BRAND_KIT_LIMIT_EXCEEDED"
    status = 403

    def __init__(self, current_count: int) -> None:
        super().__init__(
            f"You have {current_count} brand kits; {MAX_KITS} is the most. Delete one first.",
            details={"current_count": current_count, "max_count": MAX_KITS},
        )


class BrandKitService:
    """Keep the brands of users; a kit of somebody else is as good as missing."""

    def __init__(self, kits: BrandKitRepository, audit: AuditService) -> None:
        self._kits = kits
        self._audit = audit

    async def create(
        self,
        user_id: UUID,
        draft: BrandKitDraft,
        *,
        extracted_from: str | None = None,
        source_image_hash: str | None = None,
    ) -> BrandKit:
        """Add an inactive kit with empty sections, or raise `BrandKitLimitExceeded`."""
        await self._kits.lock_all(user_id)
        count = await self._kits.count(user_id)
        if count >= MAX_KITS:
            raise BrandKitLimitExceeded(count)
        origin = {"extracted_from": extracted_from, "source_image_hash": source_image_hash}
        kit = await self._kits.insert(user_id, draft.model_dump(mode="json") | origin)
        await self._record(AuditEvent.BRAND_KIT_CREATED, user_id, kit.id, name=kit.name)
        return kit

    async def get(self, user_id: UUID, kit_id: UUID) -> BrandKit:
        """Read one kit, or raise `BrandKitNotFound`."""
        kit = await self._kits.get(user_id, kit_id)
        if kit is None:
            raise BrandKitNotFound(kit_id)
        return kit

    async def list(self, user_id: UUID) -> Sequence[BrandKit]:
        """Read all kits of a user, newest first."""
        return await self._kits.list(user_id)

    async def get_active(self, user_id: UUID) -> BrandKit | None:
        """Read the kit that the user works with, if he chose one."""
        return await self._kits.get_active(user_id)

    async def count(self, user_id: UUID) -> int:
        """Count the kits of a user."""
        return await self._kits.count(user_id)

    async def update(self, user_id: UUID, kit_id: UUID, patch: BrandKitPatch) -> BrandKit:
        """Change the fields that the patch sets; null clears a field, a font that is not named stays."""
        values = patch.model_dump(mode="json", exclude_unset=True)
        changed = sorted(values)
        fonts = values.pop("fonts", None)
        if not values and not fonts:
            return await self.get(user_id, kit_id)
        if "style_reference" in values:
            values["style_reference"] = values["style_reference"] or ""
        kit = await self._changed(user_id, kit_id, values, fonts)
        await self._record(AuditEvent.BRAND_KIT_UPDATED, user_id, kit_id, fields=changed)
        return kit

    async def delete(self, user_id: UUID, kit_id: UUID) -> None:
        """Delete a kit with its logos; their files go once this is committed, and stay if it is not."""
        name = await self._kits.delete(user_id, kit_id)
        if name is None:
            raise BrandKitNotFound(kit_id)
        await self._record(AuditEvent.BRAND_KIT_DELETED, user_id, kit_id, name=name)

    async def activate(self, user_id: UUID, kit_id: UUID) -> BrandKit:
        """Make this kit the only active one; of two activations at once the later one holds."""
        await self._kits.lock_all(user_id)
        kit = await self._kits.activate(user_id, kit_id)
        if kit is None:
            raise BrandKitNotFound(kit_id)
        await self._record(AuditEvent.BRAND_KIT_ACTIVATED, user_id, kit_id)
        return kit

    async def get_section(self, user_id: UUID, kit_id: UUID, section: Section) -> SectionValue:
        """Read one section of a kit; an empty one has its defaults."""
        return section_of(await self.get(user_id, kit_id), section)

    async def set_section(
        self, user_id: UUID, kit_id: UUID, section: Section, value: SectionValue | Mapping[str, Any]
    ) -> SectionValue:
        """Replace one section of a kit as a whole."""
        checked = SECTION_MODELS[section].model_validate(value)
        column = SECTION_COLUMNS[section]
        await self._changed(user_id, kit_id, {column: checked.model_dump(mode="json")})
        await self._record(AuditEvent.BRAND_KIT_SECTION_UPDATED, user_id, kit_id, section=section.value)
        return checked

    async def set_default_logo_type(self, user_id: UUID, kit_id: UUID, logo_type: LogoType) -> BrandKit:
        """Choose the logo that pictures carry when a request names none."""
        kit = await self._changed(user_id, kit_id, {"default_logo_type": logo_type.value})
        await self._record(AuditEvent.BRAND_KIT_UPDATED, user_id, kit_id, fields=["default_logo_type"])
        return kit

    async def _changed(
        self, user_id: UUID, kit_id: UUID, values: dict[str, Any], fonts: dict[str, str] | None = None
    ) -> BrandKit:
        kit = await self._kits.update(user_id, kit_id, values, fonts)
        if kit is None:
            raise BrandKitNotFound(kit_id)
        return kit

    async def _record(self, event: AuditEvent, user_id: UUID, kit_id: UUID, **facts: Any) -> None:
        await self._audit.record(event, user_id=user_id, metadata={"brand_kit_id": str(kit_id), **facts})


def section_of(kit: BrandKit, section: Section) -> SectionValue:
    """Read a section out of a kit that is already loaded."""
    return SECTION_MODELS[section].model_validate(getattr(kit, SECTION_COLUMNS[section]))
