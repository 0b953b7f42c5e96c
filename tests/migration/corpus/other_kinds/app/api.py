from fastapi import APIRouter, Depends

from app.services.classes import Config, Decorated, Locator, Pool, Registry
from app.services.eager import email_service, get_hidden
from app.services.eager import mailer as post
from app.services import cached

router = APIRouter(prefix="/x")


@router.get("/y")
def y(hidden=Depends(get_hidden), tenant: str = "a"):  # call: get_hidden depends
    email_service.send()  # call: email_service route
    post.send()  # call: mailer route
    Registry.get_instance().add(1)  # call: Registry.get_instance route
    Config().value()  # call: Config route
    Pool().take()  # call: Pool route
    Decorated().run()  # call: Decorated route
    Locator.mail()  # call: Locator.mail route
    return cached.get_tenant_service(tenant), cached.get_wrapped_engine()  # call: get_tenant_service route, get_wrapped_engine route
