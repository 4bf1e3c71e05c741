"""All addresses of the plant. Each name stands in `sequencer.access.ACCESS`; a test keeps both together."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerSplitView

from edi.urls import urlpatterns as edi_urls
from scheduling import api as scheduling_api  # noqa: F401 - registers its routes
from scheduling.urls import urlpatterns as scheduling_urls
from sequencer import (  # noqa: F401 - each registers its routes
    api_authority,
    api_demand,
    api_exceptions,
    api_flow,
    api_printing,
    api_quantity,
    api_racks,
    api_shipping,
    api_trace,
)
from sequencer.access import InTable, guarded
from sequencer.views import board, demand, home, stream
from sequencer.views.authority_urls import authority_urls
from sequencer.views.exceptions_urls import exceptions_urls
from sequencer.views.floor_urls import floor_urls
from sequencer.views.flow_urls import flow_urls
from sequencer.views.offline_urls import offline_urls
from sequencer.views.printing_urls import printing_urls
from sequencer.views.quantity_urls import quantity_urls
from sequencer.views.racks_urls import racks_urls
from sequencer.views.shipping_urls import shipping_urls
from sequencer.views.trace_urls import trace_urls

urlpatterns = [
    path("", home.home, name="home"),
    path("login/", home.Login.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("language/", home.language, name="language"),
    path("events/", stream.events, name="events"),
    path("lines/", board.lines, name="lines"),
    path("lines/live/", board.lines_live, name="lines-live"),
    path("lines/<int:line_id>/", board.line, name="line"),
    path("lines/<int:line_id>/live/", board.line_live, name="line-live"),
    path("gaps/<int:stream_id>/<int:first>/<int:last>/", board.gap, name="gap"),
    path("gaps/<int:stream_id>/<int:first>/<int:last>/accept/", board.gap_accept, name="gap-accept"),
    path("tasks/<int:task_id>/", board.task, name="task"),
    path("tasks/<int:task_id>/acknowledge/", board.task_acknowledge, name="task-acknowledge"),
    path("tasks/<int:task_id>/close/", board.task_close, name="task-close"),
    *floor_urls,
    *flow_urls,
    *quantity_urls,
    *offline_urls,
    *racks_urls,
    *authority_urls,
    *exceptions_urls,
    *printing_urls,
    *trace_urls,
    *shipping_urls,
    path("demand/", demand.demand, name="demand"),
    path("edi/", include(edi_urls)),
    path("schedule/", include(scheduling_urls)),
    path("api/v1/", include(api_demand.router.urls)),
    path("api/schema/", SpectacularAPIView.as_view(permission_classes=[InTable]), name="api-schema"),
    path("api/docs/", guarded(SpectacularSwaggerSplitView.as_view(url_name="api-schema")), name="api-docs"),
    path("api/redoc/", guarded(SpectacularRedocView.as_view(url_name="api-schema")), name="api-redoc"),
    path("admin/login/", home.admin_login, name="admin-login"),
    path("admin/", admin.site.urls),
]
