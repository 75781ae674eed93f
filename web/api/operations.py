"""The one visible table of what the API answers: from it come the routes and the OpenAPI."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from web.api import cities, devices, forms, homes, receipts, views
from web.api.house import Act

CITY = "/api/v1/cities/{city}"
HOME = CITY + "/home"


class Query(msgspec.Struct, frozen=True):
    """A query parameter. None carries anything of a home."""

    name: str
    schema: Mapping[str, object]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation: `answers` by status (None: no body), `home`: needs a home key, `repeat`: an Idempotency-Key."""

    method: str
    path: str
    act: Act
    answers: Mapping[int, type | None]
    body: type | None = None
    home: bool = False
    repeat: bool = False
    query: tuple[Query, ...] = ()

    @property
    def name(self) -> str:
        """The operation's id."""
        return f"{self.act.__module__.rpartition('.')[2]}_{self.act.__name__}"


_CALENDAR = (
    Query("from", {"type": "string", "format": "date"}),
    Query("days", {"type": "integer", "minimum": 1, "maximum": cities.MAX_DAYS}),
)

OPERATIONS = (
    Operation(method="GET", path="/api/v1/cities", act=cities.all_cities, answers={200: views.CitiesView}),
    Operation(method="GET", path=CITY, act=cities.one_city, answers={200: views.CityView}),
    Operation(
        method="POST",
        path=CITY + "/places",
        act=cities.search_places,
        body=forms.PlaceQuery,
        answers={200: views.PlacesView},
    ),
    Operation(
        method="GET",
        path=CITY + "/zones/{zone}/calendar",
        act=cities.zone_calendar,
        query=_CALENDAR,
        answers={200: views.CalendarView},
    ),
    Operation(
        method="GET", path=CITY + "/points/{point}/window", act=cities.point_window, answers={200: views.PointView}
    ),
    Operation(
        method="POST",
        path=CITY + "/homes",
        act=homes.sign_up,
        body=forms.HomeForm,
        repeat=True,
        answers={201: views.Welcomed},
    ),
    Operation(method="GET", path=HOME, act=homes.show, home=True, answers={200: views.HomeView}),
    Operation(method="PUT", path=HOME, act=homes.change, home=True, body=forms.HomeForm, answers={200: views.HomeView}),
    Operation(method="DELETE", path=HOME, act=homes.erase, home=True, answers={204: None}),
    Operation(
        method="POST",
        path=HOME + "/devices",
        act=devices.add,
        home=True,
        body=forms.DeviceForm,
        answers={201: views.DeviceView},
    ),
    Operation(method="DELETE", path=HOME + "/devices/{id}", act=devices.drop, home=True, answers={204: None}),
    Operation(
        method="POST", path=HOME + "/devices/{id}/test", act=devices.test, home=True, answers={202: views.TestSent}
    ),
    Operation(method="POST", path=HOME + "/links", act=homes.link, home=True, answers={201: views.LinkGiven}),
    Operation(
        method="POST",
        path=HOME + "/recovery_code",
        act=homes.new_recovery,
        home=True,
        answers={201: views.RecoveryGiven},
    ),
    Operation(
        method="POST", path=CITY + "/links", act=homes.use_link, body=forms.LinkForm, answers={201: views.KeyGiven}
    ),
    Operation(
        method="POST",
        path=CITY + "/recover",
        act=homes.recover,
        body=forms.RecoverForm,
        answers={201: views.KeyGiven, 204: None},
    ),
    Operation(method="GET", path=HOME + "/today", act=homes.today, home=True, answers={200: views.TodayView}),
    Operation(
        method="POST",
        path=HOME + "/not_collected",
        act=homes.not_collected,
        home=True,
        body=forms.NotCollectedForm,
        answers={202: None},
    ),
    Operation(method="POST", path="/api/v1/receipts", act=receipts.take, body=forms.ReceiptForm, answers={204: None}),
)
