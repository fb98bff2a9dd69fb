"""The web process: the pages and REST routes of every app, health, and a front page. Binds to this machine alone by default."""

import json
import logging
from asyncio import CancelledError
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from html import escape
from typing import Any

import gradio as gr
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from fastapi_offline import FastAPIOffline

from verticals import __version__, benchmark, provenance, registry
from verticals import comparison as comparing
from verticals.comparison_page import page_html
from verticals.errors import StorageError
from verticals.health_page import health_html
from verticals.html_page import document
from verticals.problems import problems
from verticals.runs import Run
from verticals.theme import CSS, theme
from verticals.vertical import LANGUAGES, Vertical

_LOG = logging.getLogger(__name__)
_PATIENCE = 5  # seconds that requests under way have at the end; an open page keeps its connection, and would be waited for without end
_LARGEST_BODY = 32 * 2**20  # a thousand items with the longest texts that are taken fit
_UNAVAILABLE = "what this needs could not be read or written; the log of the server says why; ask again later"
_FRONT = {
    "en": (
        "Applications",
        "Each runs on this machine, from a model that was trained here.",
        "简体中文",
        "REST reference",
        "Comparison",
        "Health",
    ),
    "zh": ("应用", "全部在本机运行，所用模型也在本机训练。", "English", "REST 接口文档", "对比", "运行状况"),
}


def build(runs: Mapping[str, Run]) -> FastAPI:
    """Return the site: `/<app>/` and `/zh/<app>/` pages, `/api/<app>/...`, `/healthz`, `/docs`."""
    apps = [registry.get(name) for name in runs]
    services = {app.name: app.serve(runs[app.name]) for app in apps}

    @asynccontextmanager
    async def running(site: FastAPI) -> AsyncIterator[None]:
        with ExitStack() as stack:
            for service in services.values():
                stack.enter_context(service.running)
            yield

    site = FastAPIOffline(title="verticals", version=__version__, docs_url="/docs", redoc_url=None, lifespan=running)

    @site.exception_handler(StorageError)
    def unavailable(request: Request, error: StorageError) -> JSONResponse:
        """Tell the log what the database or a disk refused, and strangers nothing of where it is."""
        asked = request.scope["endpoint"]  # and not the address, which may have a person's name in it
        _LOG.error("%s.%s: %s", asked.__module__, asked.__name__, error)
        return JSONResponse({"detail": _UNAVAILABLE}, status_code=503)

    @site.exception_handler(RequestValidationError)
    def refused(request: Request, error: RequestValidationError) -> Response:
        """Say what is wrong where; what was sent is not repeated, for it may be large, or nothing that JSON can say."""
        detail = [{"type": each["type"], "loc": each["loc"], "msg": _said(each)} for each in error.errors()]
        return Response(json.dumps({"detail": detail}), 422, media_type="application/json")

    @site.get("/healthz", tags=["site"])
    def health() -> dict[str, Any]:
        """Say that the process answers, and from which runs."""
        served = {name: run.folder.name for name, run in runs.items()}
        return {"status": "ok", "version": __version__, "runs": served, "memory_mb": provenance.memory_mb()}

    @site.get("/favicon.ico", include_in_schema=False)
    def no_icon() -> Response:
        """Tell a browser that looks for an icon that there is none."""
        return Response(status_code=204)

    for language in LANGUAGES:
        _add_front_page(site, apps, language)
        _add_comparison(site, language)
        _add_health_page(site, runs, language)
    for name, service in services.items():
        site.include_router(
            service.api,
            prefix=f"/api/{name}",
            tags=[name],
            responses=problems(400, 413, 422, 503),
            max_body_size=_LARGEST_BODY,
        )
        for language, page in service.pages.items():
            _mount_page(site, page, name, language)
    return site


def _said(fault: Mapping[str, Any]) -> str:
    """Return what is wrong with a value; of a body that was not even read as JSON, what it has to be."""
    if fault["type"] == "model_attributes_type" and fault["loc"] == ("body",):
        return "expected a JSON object, and the header 'Content-Type: application/json'"
    return str(fault["msg"])


def page_path(app: str, language: str) -> str:
    """Return the address of an app's page; English has the short one."""
    return f"/{app}" if language == "en" else f"/{language}/{app}"


def _mount_page(site: FastAPI, page: gr.Blocks, app: str, language: str) -> None:
    path = page_path(app, language)
    spoken = f"<script>document.documentElement.lang = '{language}'</script>"  # Gradio says of every page: English
    gr.mount_gradio_app(site, page, path=path, theme=theme(), css=CSS, head=spoken, footer_links=[], show_error=True)


def _add_front_page(site: FastAPI, apps: list[Vertical], language: str) -> None:
    here, other = ("/", "/zh") if language == "en" else ("/zh", "/")

    @site.get(here, include_in_schema=False, response_model=None)
    def front() -> HTMLResponse | RedirectResponse:
        if len(apps) == 1:
            return RedirectResponse(page_path(apps[0].name, language) + "/")
        return HTMLResponse(front_html(apps, language, other))


def _add_comparison(site: FastAPI, language: str) -> None:
    @site.get(page_path("compare", language), include_in_schema=False)
    def comparison() -> HTMLResponse:
        rows, problems = comparing.read_what_can_be(benchmark.results_folder())
        return HTMLResponse(page_html(comparing.lines(rows), comparing.left_out(rows), problems, CSS, language))


def _add_health_page(site: FastAPI, runs: Mapping[str, Run], language: str) -> None:
    @site.get(page_path("health", language), include_in_schema=False)
    def health_page() -> HTMLResponse:
        return HTMLResponse(health_html(runs, provenance.memory_mb(), language))


def front_html(apps: list[Vertical], language: str, other: str) -> str:
    """Return the page that introduces the apps; it loads nothing from anywhere."""
    heading, lead, switch, reference, compare, health = _FRONT[language]
    cards = "".join(
        f'<a class="card" href="{page_path(app.name, language)}/"><h2>{escape(app.title[language])}</h2><p>{escape(app.summary[language])}</p></a>'
        for app in apps
    )
    return document(
        "verticals",
        language,
        CSS,
        f"<main class='front'><nav><a href='{other}'>{switch}</a> "
        f"<a href='{page_path('compare', language)}'>{compare}</a> <a href='{page_path('health', language)}'>{health}</a> "
        f"<a href='/docs'>{reference}</a></nav>"
        f"<h1>{heading}</h1><p>{lead}</p>{cards}</main>",
    )


def answer_on_one_thread_each() -> None:
    """Give each request one thread: a single message is too small to share, and waiting for a busy core costs more."""
    import torch
    from threadpoolctl import threadpool_limits

    torch.set_num_threads(1)
    threadpool_limits(1)  # of numpy and scipy, each of which has its own


def _is_news(record: logging.LogRecord) -> bool:
    """Say whether a record tells more than that an open page's connection was cut at the end, at the length of a traceback."""
    return not (record.exc_info and isinstance(record.exc_info[1], CancelledError))


def serve(site: FastAPI, host: str, port: int) -> None:
    """Answer requests until interrupted, or told to end by SIGTERM; those under way have five seconds then."""
    answer_on_one_thread_each()
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    uvicorn.run(site, host=host, port=port, log_level="warning", access_log=False, timeout_graceful_shutdown=_PATIENCE)
