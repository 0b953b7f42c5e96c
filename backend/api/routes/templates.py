"""The forms of quick create, for everybody."""

from fastapi import APIRouter

from backend.api.errors import responses
from backend.api.schemas.base import CleanText
from backend.api.schemas.templates import TemplateListResponse, TemplateResponse, TemplateSummaryResponse
from backend.api.service_dependencies import QuickCreateServiceDep
from backend.services.generation.template_errors import TemplateNotFound

router = APIRouter(prefix="/templates", tags=["templates"])


@router.get("", summary="List quick-create templates")
async def list_templates(quick_create: QuickCreateServiceDep) -> TemplateListResponse:
    """Give the templates with their looks; no login is needed."""
    found = quick_create.templates()
    return TemplateListResponse(templates=[TemplateSummaryResponse.of(key, found[key]) for key in found])


@router.get("/{template_id}", summary="Get a quick-create template", responses=responses(TemplateNotFound))
async def get_template(template_id: CleanText, quick_create: QuickCreateServiceDep) -> TemplateResponse:
    """Give a template with the fields of its form; no login is needed."""
    return TemplateResponse.of(template_id, quick_create.template(template_id))
