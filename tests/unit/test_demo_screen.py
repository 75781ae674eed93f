"""The demo's terminal display: what stands where at which width, and the plain lines without a terminal."""

from __future__ import annotations

import io

import msgspec
import pytest
from rich.console import Console

from gomikuru.demo_screen import Counts, DemoScreen, DemoState, PushLine, TruckLine, plain_lines, render

T0 = 1_795_392_000_000


def push(number: int) -> PushLine:
    return PushLine(
        number,
        T0 + number * 1000,
        f"R{number:05}",
        "まもなく収集車が来ます",
        f"燃えるごみの収集車が約300メートル先に来ています。その{number}。",
    )


def state(trucks: int = 12, pushes: int = 9, after_s: int = 0) -> DemoState:
    fleet = [TruckLine(f"なにわ{i}", "稲穂町一丁目", "collecting", 4.2, 3) for i in range(trucks - 1)]
    return DemoState(
        city="みのり台市",
        timezone="Asia/Tokyo",
        at_ms=T0 + after_s * 1000,
        speed=20.0,
        url="http://127.0.0.1:41234/",
        trucks=(TruckLine("なにわ99", "緑町", "silent", 7.0, 400), *fleet) if trucks else (),
        pushes=tuple(push(i + 1) for i in range(pushes)),
        counts=Counts(20_000, 1234, 5, 77, 78, 0, 31.4, 120.9),
    )


def drawn(shown: DemoState, width: int, height: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None)
    with console.capture() as capture:
        console.print(render(shown, width, height))
    return capture.get().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (80, 12), (80, 50), (160, 24), (160, 60), (40, 24)])
@pytest.mark.parametrize("trucks", [0, 1, 12, 200])
@pytest.mark.parametrize("pushes", [0, 1, 9, 200])
def test_the_screen_never_overflows_its_terminal(width: int, height: int, trucks: int, pushes: int) -> None:
    """Whatever there is to show, it fits the lines and the columns that there are."""
    lines = drawn(state(trucks, pushes), width, height)
    assert len(lines) <= height
    console = Console(width=width)
    assert max(console.measure(line).maximum for line in lines) <= width


def test_eighty_columns_show_trucks_counters_and_phones() -> None:
    """An ordinary terminal shows all that a newcomer came for."""
    text = "\n".join(drawn(state(), 80, 24))
    for part in ("みのり台市", "×20", "http://127.0.0.1:41234/", "78 pushes", "0 twice", "稲穂町一丁目"):
        assert part in text, part
    assert "ping to phone p50/p99 31/121 ms" in " ".join(text.split())
    assert "● collecting" in text
    assert "15 km/h" in text
    assert "まもなく収集車が来ます  R00009" in text
    assert "その9。" in text


def test_a_long_body_is_wrapped_and_not_cut() -> None:
    """A push of two lines is shown whole, between its words."""
    body = "The truck for Paper, cans and bottles is within about 300 m. Please put your bags out now."
    shown = msgspec.structs.replace(state(), pushes=(msgspec.structs.replace(push(1), body=body),))
    lines = [line.strip("▌ ") for line in drawn(shown, 80, 24) if line.startswith("▌")]
    assert " ".join(lines[1:]) == body
    assert len(lines) == 3


def test_the_newest_push_stands_first() -> None:
    """What the phone got last is on top."""
    text = "\n".join(drawn(state(), 80, 40))
    assert text.index("R00009") < text.index("R00008")


def test_a_silent_truck_shows_its_age_and_no_speed() -> None:
    """A position without signal is never drawn as a live one."""
    line = next(line for line in drawn(state(), 80, 24) if "なにわ99" in line)
    assert "? silent" in line
    assert "6 min" in line
    assert "km/h" not in line


def test_trucks_that_do_not_fit_are_counted() -> None:
    """A fleet larger than the screen says how many more there are."""
    assert any("more" in line for line in drawn(state(trucks=200), 80, 24))
    assert not any("more" in line for line in drawn(state(trucks=3), 80, 24))


def test_plain_lines_tell_each_push_once() -> None:
    """Without a terminal every push is one line, the first time it is seen."""
    first = plain_lines(None, state(pushes=2))
    assert sum("phone of" in line for line in first) == 2
    again = plain_lines(state(pushes=2), state(pushes=3))
    assert [line for line in again if "phone of" in line] == [
        f"{again[0][:8]}  phone of R00003: まもなく収集車が来ます | "
        "燃えるごみの収集車が約300メートル先に来ています。その3。"
    ]
    assert plain_lines(state(pushes=3), state(pushes=3)) == []


def test_a_burst_is_summed_up() -> None:
    """A hundred pushes at once are five lines and a number."""
    lines = plain_lines(state(pushes=0), state(pushes=100))
    lines = [line for line in lines if "more pushes" in line or "phone of" in line]
    assert len(lines) == 6
    assert "95 more pushes" in lines[0]


def test_the_status_comes_once_a_minute_of_service_time() -> None:
    """Plain output tells the counters now and then, not at every update."""
    assert plain_lines(state(), state(after_s=59)) == []
    assert len(plain_lines(state(after_s=59), state(after_s=61))) == 1


def test_markup_in_a_message_is_text() -> None:
    """Square brackets in a push are shown, not obeyed."""
    odd = msgspec.structs.replace(push(1), title="[bold]x[/]", body="[red]")
    shown = msgspec.structs.replace(state(), pushes=(odd,))
    assert "[bold]x[/]" in "\n".join(drawn(shown, 80, 24))
    assert "[red]" in "\n".join(plain_lines(None, shown))


def test_without_a_terminal_the_screen_writes_lines() -> None:
    """Output to a file holds no control sequences, and no push is broken over lines."""
    file = io.StringIO()
    with DemoScreen(Console(file=file, width=40)) as screen:
        screen.show(state(pushes=1))
        screen.show(state(pushes=2, after_s=70))
    text = file.getvalue()
    assert "\x1b" not in text
    assert [line for line in text.splitlines() if "その2。" in line]
    assert text.count("phone of R00001") == 1


def test_in_a_terminal_the_screen_is_drawn_in_place() -> None:
    """A live display redraws its lines instead of adding new ones."""
    file = io.StringIO()
    console = Console(file=file, width=80, height=24, force_terminal=True, _environ={})
    with DemoScreen(console) as screen:
        screen.show(state())
        screen.show(state(after_s=5))
    assert "\x1b[1A" in file.getvalue() or "\x1b[2K" in file.getvalue()
