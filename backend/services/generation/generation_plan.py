"""Turning what a user asked for into what a worker needs to know."""

from __future__ import annotations

import hashlib
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

from backend.clients.generation_errors import GenerationFailed
from backend.db.tables.generation import GenerationJob
from backend.services.branding.vocabulary import LogoType
from backend.services.generation.asset_types import AssetType
from backend.services.generation.brand_style import BrandKitSource, BrandSelection, BrandStyle, LogoPosition, LogoSize
from backend.services.generation.images import ImageTexts, VisualHints
from backend.services.generation.prompt_engine import PromptEngine
from backend.services.generation.prompt_text import quote
from backend.services.generation.quick_create_service import QuickCreateService

_LONGEST_DESCRIPTION: Final = 2000


class UnreadableJob(GenerationFailed):
    """Say that a stored job was made by a version of this program that said things differently."""

    retryable = False

    def __init__(self, job_id: UUID) -> None:
        super().__init__("This job cannot be read any more. Please request it again.", details={"job_id": str(job_id)})


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BrandChoice(BrandSelection):
    """Choose parts of a kit, and which of its logos."""

    logo_type: LogoType | None = None


class GenerationRequest(_Value):
    """Say what a user wants a picture of."""

    asset_type: AssetType
    brand_kit_id: UUID | None = None
    custom_prompt: str | None = None
    brand: BrandChoice | None = None
    canvas_url: str | None = None
    canvas_description: str | None = None

    def fingerprint(self) -> str:
        """Tell requests apart that came under the same `Idempotency-Key`."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


class LogoPlan(_Value):
    """Say which logo goes where; without a type, the kit's default."""

    type: LogoType | None
    position: LogoPosition
    size: LogoSize


class Refinement(_Value):
    """Say which picture is to be changed, and which words it was made from; the job's prompt is the change."""

    asset_id: UUID
    prompt: str


class JobParameters(_Value):
    """Hold all a worker needs beside the prompt.

    The brand is resolved when the job is made, so that a retry draws the same picture even if the kit has
    changed or gone since.
    """

    brand: BrandStyle | None = None
    texts: ImageTexts = ImageTexts()
    hints: VisualHints = VisualHints()
    logo: LogoPlan | None = None
    canvas_path: str | None = None
    refinement: Refinement | None = None

    @classmethod
    def of(cls, job: GenerationJob) -> JobParameters:
        """Read the parameters of a stored job."""
        try:
            return cls.model_validate(job.parameters)
        except ValidationError as error:
            raise UnreadableJob(job.id) from error


class GenerationPlanner:
    """Write prompts and parameters; all it needs is in memory."""

    def __init__(self, prompts: PromptEngine, quick_create: QuickCreateService) -> None:
        self._prompts = prompts
        self._quick_create = quick_create

    def plan(self, request: GenerationRequest, kit: BrandKitSource | None) -> tuple[str, JobParameters]:
        """Write the prompt, and with a layout what the user says of it."""
        prompt, parameters = self._choose(request, kit)
        description = self._prompts.sanitize(request.canvas_description or "", _LONGEST_DESCRIPTION)
        return prompt + (f"\nWhat the layout shows: {quote(description)}" if description else ""), parameters

    def _choose(self, request: GenerationRequest, kit: BrandKitSource | None) -> tuple[str, JobParameters]:
        """Choose the kind of prompt: a quick-create token, the user's words, or what the asset type suggests."""
        style = self._prompts.resolve_brand(kit, request.brand) if kit is not None else None
        logo = _logo(request.brand)
        words = request.custom_prompt
        if words is not None and self._quick_create.is_token(words):
            block = self._prompts.brand_block(style) if style else None
            quick = self._quick_create.expand(words, asset_type=request.asset_type, brand_block=block)
            return quick.prompt, JobParameters(brand=style, texts=quick.texts, hints=quick.hints, logo=logo)
        parameters = JobParameters(brand=style, texts=self._prompts.texts(words, style), logo=logo)
        if style is None:
            return self._prompts.build_no_brand(request.asset_type, words), parameters
        return self._prompts.build_styled(request.asset_type, style, words), parameters

    def plan_refinement(self, original: GenerationJob, asset_id: UUID, instruction: str) -> tuple[str, JobParameters]:
        """Ask for a change of a picture; the brand, its logo and the words stay as they were."""
        before = JobParameters.of(original)
        words = self._prompts.sanitize(instruction)
        refinement = Refinement(asset_id=asset_id, prompt=original.prompt)
        return words, before.model_copy(update={"refinement": refinement, "canvas_path": None})


def _logo(brand: BrandChoice | None) -> LogoPlan | None:
    if brand is None or not brand.include_logo:
        return None
    return LogoPlan(type=brand.logo_type, position=brand.logo_position, size=brand.logo_size)
