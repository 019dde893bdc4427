"""Where does a monitor read the numbers of the app?"""

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from serving.web.deps import state_of

numbers = APIRouter()


@numbers.get("/metrics", include_in_schema=False)
def metrics(request: Request) -> Response:
    """The numbers of the app, in Prometheus' text format; in a thread, for it reads files."""
    return Response(state_of(request)["watch"].render(), media_type=CONTENT_TYPE_LATEST)
