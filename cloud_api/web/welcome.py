"""Where invitation and reset links lead: a person chooses a password."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from cloud_api.auth.access import Address, Data, Throttling
from cloud_api.auth.links import LINK_PATH
from cloud_api.auth.throttle import ThrottledError, network_of
from cloud_api.auth.users import LinkError, redeem
from cloud_api.kit.errors import InvalidError
from cloud_api.web.shell import must_be_own, templates

router = APIRouter(include_in_schema=False)


@router.get(LINK_PATH)
async def welcome_page(request: Request) -> Response:
    """The form; its script takes the secret from the address."""
    return _form(request, token="", error="")


@router.post(LINK_PATH)
async def welcome(
    request: Request,
    database: Data,
    throttle: Throttling,
    address: Address,
    token: Annotated[str, Form(max_length=1000)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Set the password, then on to the log-in."""
    must_be_own(request)
    place = f"address:{network_of(address)}"
    try:
        await throttle.spend(place)
        await redeem(database, token, password, address=address)
    except (LinkError, InvalidError, ThrottledError) as error:
        return _form(request, token=token, error=str(error), status=error.status)
    await throttle.give_back(place)
    return RedirectResponse("/login", status_code=303)


def _form(request: Request, *, token: str, error: str, status: int = 200) -> Response:
    context = {"token": token, "error": error, "demo": False}
    return templates.TemplateResponse(request, "welcome.html", context, status_code=status)
