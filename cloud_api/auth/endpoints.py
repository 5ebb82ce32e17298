"""``POST /api/v1/auth/login``."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from cloud_api.auth import tokens
from cloud_api.auth.access import Data, Settings
from cloud_api.auth.login import log_in

router = APIRouter(prefix="/api/v1/auth", tags=["auth"])


class LoginForm(BaseModel):
    """E-mail and password."""

    email: str = Field(max_length=320, examples=["owner@example.com"])
    password: str = Field(max_length=1000)


class LoginAnswer(BaseModel):
    """Send ``access_token`` as ``Authorization: Bearer ...``; it lives ``expires_in`` seconds."""

    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - a scheme, not a secret
    expires_in: int
    role: str


@router.post(
    "/login",
    responses={401: {"description": "Unknown e-mail or wrong password."}, 429: {"description": "Too many tries."}},
)
async def login(form: LoginForm, request: Request, settings: Settings, database: Data) -> LoginAnswer:
    """Exchange e-mail and password for a token."""
    address = request.client.host if request.client else "unknown"
    principal = await log_in(
        database,
        request.app.state.throttle,
        email=form.email,
        password=form.password,
        address=address,
        is_demo=settings.demo,
    )
    token, life_s = tokens.issue(principal, key=request.app.state.signing_key, audience=tokens.API_AUDIENCE)
    return LoginAnswer(access_token=token, expires_in=life_s, role=principal.role)
