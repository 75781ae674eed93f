"""A home's devices: add one, drop one, try one."""

from __future__ import annotations

import secrets

from model.subscription import Target, TargetKind
from residents.devices import device_id
from residents.wish import WishRefused
from web.api.convert import device_view, refused, target_of
from web.api.errors import not_found, unauthorized
from web.api.house import Call, House, Reply
from web.api.views import TestSent
from web.ports import ChannelsOffered


def add(house: House, call: Call) -> Reply:
    """Add a device; one that is there already stays as it is."""
    target = target_of(call.body)
    _check_offered(house, call, target)
    try:
        kept = house.registry.add_target(call.city.city.id, call.mine.id, target)
    except WishRefused as error:
        raise refused(*error.problems) from None
    if kept is None:
        raise unauthorized()
    return Reply(201, device_view(target))


def drop(house: House, call: Call) -> Reply:
    """Drop a device."""
    _, target = _device(call)
    house.registry.drop_target(call.city.city.id, call.mine.id, target)
    house.forget(call.mine, [target])
    return Reply(204)


def test(house: House, call: Call) -> Reply:
    """Send a test push to one device."""
    place, _ = _device(call)
    tag = "test-" + secrets.token_hex(8)
    house.notices.test(call.city.city.id, call.mine, place, tag, house.clock.now_ms())
    return Reply(202, TestSent(tag))


def _device(call: Call) -> tuple[int, Target]:
    for place, target in enumerate(call.mine.targets):
        if device_id(target) == call.path["id"]:
            return place, target
    raise not_found("device of this home")


def _check_offered(house: House, call: Call, target: Target) -> None:
    """Refuse what nothing here could reach, and push services that are none: we would send to any address."""
    offered = house.channels_of(call.city.city.id)
    if not _is_offered(offered, target.kind):
        raise refused(f"kind: this city reaches nobody by {target.kind.value}")
    if problem := house.check_target(target):
        raise refused(f"subscription: {problem}")


def _is_offered(offered: ChannelsOffered, kind: TargetKind) -> bool:
    match kind:
        case TargetKind.WEBPUSH:
            return offered.webpush_key is not None
        case TargetKind.FCM_TOKEN | TargetKind.FCM_FID:
            return offered.fcm is not None
        case TargetKind.EMAIL:
            return offered.email
        case _:
            return False
