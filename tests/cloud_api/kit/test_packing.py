"""Answers are packed where that is worth it and gives nothing away."""

from __future__ import annotations

import gzip

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from cloud_api.kit.packing import LARGE_BYTES, LEAST_BYTES, Packing, packed, takes_gzip

LONG = b"footfall " * LEAST_BYTES


@pytest.mark.parametrize(
    ("accepted", "is_taken"),
    [
        ("gzip, deflate, br, zstd", True), ("br;q=1.0, gzip;q=0.2", True), ("*", True), ("GZIP", True), ("", False),
        ("identity", False), ("gzip;q=0", False), ("*;q=0", False), ("gzip;q=0, *;q=1", False), ("gzip;q=x", False),
        ("br", False),
    ],
)  # fmt: skip
def test_only_who_takes_gzip_is_given_it(accepted: str, is_taken: bool) -> None:
    assert takes_gzip(accepted) is is_taken


@pytest.mark.parametrize("size", [0, 1, 70_000])
def test_what_is_packed_comes_out_as_it_was_and_its_length_differs_by_chance(size: int) -> None:
    body = bytes(n % 251 for n in range(size))
    made = [packed(body) for _ in range(40)]
    assert {gzip.decompress(m) for m in made} == {body}
    assert len({len(m) for m in made}) > 10


async def told(response: Response, *, method: str = "GET", accepted: str = "gzip") -> httpx.Response:
    async def answer(_: object) -> Response:
        return response

    app = Packing(Starlette(routes=[Route("/", answer, methods=[method])]))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://x.test") as client:
        return await client.request(method, "/", headers={"Accept-Encoding": accepted})


async def answered(
    response: Response, *, method: str = "GET", accepted: str = "gzip"
) -> tuple[str | None, str | None, bytes]:
    """Its coding, what it varies by, and what came out of it."""
    answer = await told(response, method=method, accepted=accepted)
    return answer.headers.get("content-encoding"), answer.headers.get("vary"), answer.content


@pytest.mark.parametrize("size", [LEAST_BYTES, LARGE_BYTES + 1])
async def test_long_texts_are_packed_and_caches_are_told_by_what_they_differ(size: int) -> None:
    body = (LONG * 40)[:size]
    assert await answered(Response(body, media_type="text/html")) == ("gzip", "Accept-Encoding", body)
    assert await answered(Response(body, media_type="text/html"), accepted="br") == (None, "Accept-Encoding", body)


@pytest.mark.parametrize(
    "response",
    [
        Response(LONG, media_type="image/jpeg"),
        Response(LONG, media_type="application/pdf"),
        Response(LONG, media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        Response(LONG, media_type="text/html", headers={"Cache-Control": "no-transform"}),
        Response(LONG, media_type="text/html", status_code=206),
        StreamingResponse(iter([LONG, LONG]), media_type="text/event-stream"),
    ],
    ids=["a picture", "a PDF", "a spreadsheet", "not to be touched", "a part", "a stream of events"],
)
async def test_what_gains_nothing_or_flows_goes_out_as_it_is(response: Response) -> None:
    coding, vary, body = await answered(response)
    assert (coding, vary) == (None, None)
    assert body in (LONG, LONG * 2)


async def test_short_answers_streams_of_text_and_answers_to_what_is_sent_go_out_as_they_are() -> None:
    assert (await answered(Response(LONG[: LEAST_BYTES - 1], media_type="text/html")))[0] is None
    assert (await answered(StreamingResponse(iter([LONG, LONG]), media_type="text/csv")))[2] == LONG * 2
    assert (await answered(Response(LONG, media_type="application/json"), method="POST"))[:2] == (None, None)


async def test_a_tag_of_the_content_says_that_the_bytes_are_others() -> None:
    styles = Response(LONG, media_type="text/css", headers={"ETag": '"abc"'})
    assert (await told(styles)).headers["etag"] == 'W/"abc"'
    styles = Response(LONG, media_type="text/css", headers={"ETag": '"abc"'})
    assert (await told(styles, accepted="identity")).headers["etag"] == '"abc"'
