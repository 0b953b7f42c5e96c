"""What can be wrong with a request about a generation job."""

from __future__ import annotations

from uuid import UUID

from backend.errors import DomainError, NotFound, ValidationFailed


class JobNotFound(NotFound):
    """Say that the caller has no such job."""

    def __init__(self, job_id: UUID) -> None:
        super().__init__("generation_job", job_id)


class IdempotencyKeyReused(DomainError):
    """Say that an `Idempotency-Key` belongs to another request already."""

    code = "idempotency_key_reused"
    status = 422

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for a different request. Use a new key.")


class JobNotCancelable(DomainError):
    """Say that a job has ended already."""

    code = "job_not_cancelable"
    status = 409

    def __init__(self, status: str) -> None:
        super().__init__(f"The job is {status} already.", details={"status": status})


class JobNotRefinable(DomainError):
    """Say that only a completed job has a picture to refine."""

    code = "invalid_job_status"
    status = 400

    def __init__(self, status: str) -> None:
        super().__init__(f"Only a completed job can be refined; this one is {status}.", details={"status": status})


class SourceImageGone(DomainError):
    """Say that the picture to refine does not exist any more."""

    code = "no_image"
    status = 400

    def __init__(self) -> None:
        super().__init__("The image to refine does not exist any more.")


class NothingToRefine(ValidationFailed):
    """Say that nothing readable is left of an instruction."""

    def __init__(self) -> None:
        super().__init__("refinement", "Say in words what to change.")


class BrandKitRequired(ValidationFailed):
    """Say that there is nothing to choose from without a kit."""

    def __init__(self) -> None:
        super().__init__("brand_customization", "Name the brand_kit_id it chooses from.", type="brand_kit_required")


class BrandKitWithoutLogo(ValidationFailed):
    """Say that a kit has no logo to put on the picture."""

    def __init__(self) -> None:
        super().__init__(
            "brand_customization.include_logo", "This brand kit has no logo. Upload one first.", type="no_logo"
        )


class CanvasNotOffered(ValidationFailed):
    """Say that pictures of this type are single subjects, which follow no layout."""

    def __init__(self, asset_type: str) -> None:
        super().__init__("canvas_snapshot_url", f"A {asset_type} follows no layout.", type="not_offered")


class CanvasRequired(ValidationFailed):
    """Say that there is no layout to describe."""

    def __init__(self) -> None:
        super().__init__("canvas_snapshot_description", "Name the canvas_snapshot_url it describes.")


class InputNotOffered(ValidationFailed):
    """Say that a kind of input cannot be honoured here, instead of ignoring it."""

    def __init__(self, field: str) -> None:
        super().__init__(field, "This server has no media library. Leave the field out.", type="not_offered")
