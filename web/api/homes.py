"""What a household does with its home: sign up, look, change, erase; codes for other phones and lost ones."""

from __future__ import annotations

import msgspec

from model.subscription import Subscription
from model.times import format_rfc3339, local
from residents.adapters.reception import AskedOtherwise
from residents.wish import WishRefused
from web.api.convert import home_view, refused, wish_of
from web.api.days import due_for, today_view
from web.api.errors import Refused, unauthorized
from web.api.forms import LinkForm, NotCollectedForm, RecoverForm
from web.api.house import Call, House, Reply
from web.api.views import KeyGiven, LinkGiven, RecoveryGiven, TodayView, Welcomed

REPORT_DAYS = 7
MIN_REPEAT_KEY, MAX_REPEAT_KEY = 16, 128


def sign_up(house: House, call: Call) -> Reply:
    """Make a home; asked again with the same Idempotency-Key, the same answer."""
    repeat_key = call.repeat_key or ""
    if not (MIN_REPEAT_KEY <= len(repeat_key) <= MAX_REPEAT_KEY and repeat_key.isascii() and repeat_key.isprintable()):
        text = f"send a header Idempotency-Key: {MIN_REPEAT_KEY} to {MAX_REPEAT_KEY} random characters, such as a UUID"
        raise Refused(400, "idempotency_key", text)
    house.guard.count("sign_ups", call.address)
    wish = msgspec.structs.replace(wish_of(call.body, call.city), seen_day=_today(house, call))
    try:
        made = house.reception.sign_up(call.city.city.id, wish, repeat_key, call.city.known())
    except WishRefused as error:
        raise refused(*error.problems) from None
    except AskedOtherwise as error:
        raise Refused(409, "conflict", str(error)) from None
    house.meter.count("residents_sign_ups", city=call.city.city.id)
    return Reply(201, Welcomed(made.key, made.recovery_code, home_view(made.home)))


def show(house: House, call: Call) -> Reply:
    """Show the home."""
    note_seen(house, call)
    return Reply(200, home_view(call.mine))


def change(house: House, call: Call) -> Reply:
    """Change the home; its devices stay."""
    wish = wish_of(call.body, call.city)
    wish = msgspec.structs.replace(wish, id=call.mine.id, seen_day=_today(house, call))
    try:
        kept = house.registry.put(call.city.city.id, wish, call.city.known())
    except WishRefused as error:
        raise refused(*error.problems) from None
    return Reply(200, home_view(kept))


def erase(house: House, call: Call) -> Reply:
    """Remove the home with all that names it."""
    house.reception.erase(call.city.city.id, call.mine.id)
    return Reply(204)


def link(house: House, call: Call) -> Reply:
    """Make a code for a second phone or a family member."""
    made = house.reception.access.add_link(call.city.city.id, call.mine.id, house.clock.now_ms())
    return Reply(201, LinkGiven(made.code, format_rfc3339(made.until_ms)))


def use_link(house: House, call: Call) -> Reply:
    """Give a key for a link code, once."""
    asked: LinkForm = call.body
    _count_code(house, call)
    home = house.reception.access.take_link(call.city.city.id, asked.code, house.clock.now_ms())
    return Reply(201, KeyGiven(house.reception.access.add_key(call.city.city.id, _there(house, call, home).id)))


def recover(house: House, call: Call) -> Reply:
    """Give a new key for the recovery code, which stays in force; or erase."""
    asked: RecoverForm = call.body
    _count_code(house, call)
    city, access = call.city.city.id, house.reception.access
    found = _there(house, call, access.recovered(city, asked.recovery_code))
    home = found.id
    if asked.erase:
        house.reception.erase(city, home)
        return Reply(204)
    key = access.add_key(city, home)
    if asked.revoke:
        access.drop_other_keys(city, home, key)
    return Reply(201, KeyGiven(key, asked.recovery_code))


def new_recovery(house: House, call: Call) -> Reply:
    """Make a new recovery code; the printed one opens nothing more."""
    return Reply(201, RecoveryGiven(house.reception.access.add_recovery(call.city.city.id, call.mine.id)))


def today(house: House, call: Call) -> Reply:
    """Tell how today stands for the home."""
    note_seen(house, call)
    return Reply(200, today_of(house, call))


def today_of(house: House, call: Call) -> TodayView:
    """Ask how today stands for the call's home."""
    now_ms = house.clock.now_ms()
    found = house.today.today(call.city.city.id, call.mine, now_ms)
    return today_view(call.mine, call.city.city, call.city.plan(), found, now_ms)


def not_collected(house: House, call: Call) -> Reply:
    """Take the report that something due was not collected."""
    asked: NotCollectedForm = call.body
    now_ms, timezone = house.clock.now_ms(), call.city.city.timezone
    days = [local(now_ms - back * 86_400_000, timezone).date() for back in range(REPORT_DAYS)]
    day = next((each for each in days if each.isoformat() == asked.date), None)
    if day is None:
        raise refused(f"date: one of the last {REPORT_DAYS} days")
    if asked.category not in {due.category for due in due_for(call.city.plan(), call.mine.zone, day, ())}:
        raise refused("category: not collected in this home's zone on that day")
    house.reports.not_collected(call.city.city.id, call.mine.zone, asked.category, asked.date, now_ms)
    return Reply(202)


def note_seen(house: House, call: Call) -> None:
    """Note that the home's page was open: homes that nobody looks after are erased one day."""
    day = _today(house, call)
    if call.mine.seen_day != day:
        house.registry.note_seen(call.city.city.id, call.mine.id, day)


def _today(house: House, call: Call) -> str:
    return local(house.clock.now_ms(), call.city.city.timezone).date().isoformat()


def _count_code(house: House, call: Call) -> None:
    house.guard.look("wrong_codes", call.city.city.id)
    house.guard.count("codes", call.address)


def _there(house: House, call: Call, home: str | None) -> Subscription:
    """Give the home that a code opened; the same answer for a wrong code and a home that is gone."""
    found = house.registry.get(call.city.city.id, home or "#nobody")
    if home is None or found is None:
        house.guard.count("wrong_codes", call.city.city.id)
        raise unauthorized()
    return found
