"""city.toml and trucks.csv: what loads, and that every kind of broken file says whose line, what, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from gomikuru.city_files import city_toml, errors, load_cities, load_city
from gomikuru.city_files.city_toml import read_city
from gomikuru.city_files.trucks_csv import read_trucks
from model.city import Category, City, Facility, Gateway, Truck

MINIMAL = 'id = "minami"\nname = "南市"\ntimezone = "Asia/Tokyo"\n'
HEADER = "truck_id,name,category,credential,external_id,route_id\n"
CITY = City(
    id="minami",
    name="南市",
    timezone="Asia/Tokyo",
    categories=(Category("burnable"), Category("plastic")),
    gateways=(Gateway("gps-firm"),),
)


def folder_of(tmp_path: Path, **files: str | bytes) -> Path:
    for name, content in files.items():
        path = tmp_path / name.replace("_", ".")
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return tmp_path


def test_three_lines_make_a_city(tmp_path: Path) -> None:
    """A city needs no more than id, name and time zone."""
    city, problems = load_city(folder_of(tmp_path, city_toml=MINIMAL))
    assert problems == []
    assert city == City("minami", "南市", "Asia/Tokyo")


def test_every_setting_of_a_city_arrives_in_the_model() -> None:
    """Each line of a full city.toml is read into its field."""
    text = (
        MINIMAL
        + 'language = "en"\nservice_day_starts = "04:30"\nmap_centre = [34.8, 135.4]\n'
        + 'traccar_topic = "traccar/minami"\n'
        + 'base_map = "https://tiles.example/{z}/{x}/{y}.png"\n'
        + '[[categories]]\nid = "burnable"\nnames = { ja = "燃えるごみ" }\n'
        + '[[facilities]]\nid = "depot-1"\nkind = "depot"\nlat = 34.8\nlon = 135\nradius_m = 90\n'
        + "[gateways.gps-firm]\nreceived_at_allowed = true\n"
    )
    assert read_city(text.encode()) == (
        City(
            id="minami",
            name="南市",
            timezone="Asia/Tokyo",
            language="en",
            service_day_starts_min=270,
            gateways=(Gateway("gps-firm", True),),
            facilities=(Facility("depot-1", 34.8, 135.0, 90.0, "depot"),),
            categories=(Category("burnable", {"ja": "燃えるごみ"}),),
            traccar_topic="traccar/minami",
            map_centre=(34.8, 135.4),
            base_map="https://tiles.example/{z}/{x}/{y}.png",
        ),
        [],
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id = [", "city.toml: not readable as TOML: "),
        (MINIMAL.replace('id = "minami"', ""), "city.toml: 'id' is missing; add it"),
        (MINIMAL.replace("minami", "Minami"), "city.toml: id = 'Minami' must be 1 to 40 of a-z, 0-9 and -"),
        (MINIMAL.replace("minami", "a/b"), "city.toml: id = 'a/b' must be"),
        (MINIMAL.replace("minami", "-a"), "city.toml: id = '-a' must be"),
        (MINIMAL.replace('"南市"', '" "'), "city.toml: name = ' ' must be text"),
        (MINIMAL.replace("Asia/Tokyo", "Asia/Toyko"), "timezone = 'Asia/Toyko' is no time zone"),
        (MINIMAL.replace("Asia/Tokyo", "JST+9"), "timezone = 'JST+9' is no time zone"),
        (MINIMAL + "timezon = 1", "unknown setting 'timezon'; did you mean 'timezone'?"),
        (MINIMAL + 'service_day_starts = "3am"', "service_day_starts = '3am' must be a time such as"),
        (MINIMAL + "service_day_starts = 03:00:00", "service_day_starts = datetime.time(3, 0) must be a time"),
        (MINIMAL + "map_centre = [135.4, 34.8]", "map_centre = [135.4, 34.8] must be [latitude, longitude]"),
        (MINIMAL + 'language = "Japanese"', "language = 'Japanese' must be a language tag"),
        (MINIMAL + 'traccar_topic = "traccar/#"', "traccar_topic = 'traccar/#' must be one MQTT topic"),
        (MINIMAL + 'base_map = "tiles"', "base_map = 'tiles' must be an https address"),
        (MINIMAL + '[categories]\nid = "a"', "categories = {'id': 'a'} must be written as tables"),
        (MINIMAL + '[[categories]]\nname = "a"', "[[categories]] 1: unknown setting 'name'; did you mean 'names'?"),
        (MINIMAL + '[[categories]]\nid = "a"\n[[categories]]\nid = "a"', '[[categories]]: id "a" stands 2 times'),
        (MINIMAL + '[[facilities]]\nid = "d"\nlat = 34', "[[facilities]] 1: 'lon' is missing"),
        (MINIMAL + '[[facilities]]\nid = "d"\nlat = 135\nlon = 34', "lat = 135 must be a number from -90 to 90"),
        (MINIMAL + '[[facilities]]\nid = "d"\nlat = nan\nlon = 34', "lat = nan must be a number from -90 to 90"),
        (MINIMAL + '[[facilities]]\nid = "d"\nlat = 1\nlon = 1\nkind = "dump"', "kind = 'dump' must be one of depot"),
        (
            MINIMAL + '[gateways.g]\nreceived_at_allowed = "yes"',
            "[gateways.g]: received_at_allowed = 'yes' must be true",
        ),
        (MINIMAL + "[gateways]\ng = true", "must be written as tables: [gateways.CREDENTIAL]"),
    ],
)
def test_a_broken_city_says_what_to_do(text: str, expected: str) -> None:
    """Every mistake in city.toml gives no city, and its own sentence."""
    city, problems = read_city(text.encode())
    assert city is None
    assert any(expected in str(problem) for problem in problems), [str(problem) for problem in problems]


def test_a_mistake_above_does_not_hide_those_within_the_tables() -> None:
    """An unknown setting, a swapped centre, a swapped facility and its kind: all four, and what to do."""
    facility = '[[facilities]]\nid = "d"\nkind = "dump"\nlat = 135\nlon = 34\n'
    said = [
        str(each) for each in read_city((MINIMAL + "map_centre = [135.4, 34.8]\ncolour = 1\n" + facility).encode())[1]
    ]
    assert len(said) == 4
    for part in ("'colour'", "map_centre = [135.4, 34.8] must", "lat = 135 must", "kind = 'dump' must"):
        (found,) = [each for each in said if part in each]
        assert found.endswith("swapped?") == (part[:3] in ("map", "lat"))


def test_shift_jis_in_city_toml_is_named_with_its_line() -> None:
    """TOML is UTF-8 by definition: another encoding is refused with the line and the remedy."""
    _, problems = read_city(MINIMAL.encode("cp932"))
    assert str(problems[0]).startswith("city.toml: line 2: the file is Shift_JIS, not UTF-8; save it as UTF-8")


def test_all_mistakes_of_a_city_come_at_once(tmp_path: Path) -> None:
    """The operator sees the mistakes of both files in one go."""
    broken = folder_of(
        tmp_path, city_toml='id = "A"\nnam = "x"\ntimezone = "Mars"\n', trucks_csv=HEADER + "1,,,,,\n1,,,,,\n"
    )
    city, problems = load_city(broken)
    assert city is None
    assert [problem.file for problem in problems] == ["city.toml"] * 4 + ["trucks.csv"]


def test_excel_saves_with_a_bom_and_that_is_fine() -> None:
    """A byte order mark before either file changes nothing."""
    mark = b"\xef\xbb\xbf"
    assert read_city(mark + MINIMAL.encode())[1] == []
    trucks, problems = read_trucks(mark + (HEADER + "17,17号車,burnable,t-17,,").encode(), CITY)
    assert problems == []
    assert trucks == (Truck("17", "17号車", "burnable", "t-17", None, None),)


def test_a_shift_jis_table_is_read_with_a_warning() -> None:
    """What Japanese Excel saves as plain CSV is read, and the operator told."""
    trucks, problems = read_trucks((HEADER + "17,予備車,burnable,t-17,,").encode("cp932"), CITY)
    assert trucks[0].name == "予備車"
    assert [str(problem) for problem in problems] == [
        "trucks.csv: line 2: the file is Shift_JIS, not UTF-8, and was read as such; "
        "save it as UTF-8 (in Excel: 'CSV UTF-8')"
    ]
    assert errors(problems) == []


def test_crlf_blank_lines_and_quoted_commas_are_read() -> None:
    """Line ends of Windows, empty rows, and a comma in a quoted name are no mistakes."""
    trucks, problems = read_trucks(b'truck_id,name\r\n1,"a, b"\r\n,\r\n\r\n 2 , c\r\n', CITY)
    assert problems == []
    assert [(truck.id, truck.name) for truck in trucks] == [("1", "a, b"), ("2", "c")]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "trucks.csv: the file is empty; its first line must be truck_id,name"),
        (b"\xff\xfet\x00r\x00", "trucks.csv: the file is UTF-16 ('Unicode text'); save it as UTF-8"),
        (b"truck_id\ncaf\xe9\n", "trucks.csv: line 2: the file is neither UTF-8 nor Shift_JIS"),
        ("truck id,name\n1,a", "line 1: unknown column 'truck id'; did you mean 'truck_id'?"),
        ("truck_id,nome\n1,a", "line 1: unknown column 'nome'; did you mean 'name'?"),
        ("name\na", "line 1: column 'truck_id' is missing; the first line must name the columns: truck_id,"),
        ("truck_id,name,name\n1,a,b", "line 1: column 'name' stands twice; remove one"),
        ("truck_id;name\n1;a", "line 1: the columns are separated by semicolons; separate them with commas"),
        ("truck_id\tname\n1\ta", "line 1: the columns are separated by tabs"),
        ("truck_id,name\n1,a,b", 'line 2: 3 values under 2 columns; put a value that holds a comma in "..."'),
        ("truck_id,name\n,a", "line 2: truck_id is empty; give every truck an id"),
        (
            'truck_id,name\n1,"a\n2,b\n3,c\n',
            'line 2: a value runs on into the next line; look for a " that is not closed',
        ),
        ("truck_id\n1 7", "line 2: truck_id '1 7' cannot stand in a topic"),
        ("truck_id\na/b", "line 2: truck_id 'a/b' cannot stand in a topic; use at most 64 characters"),
        ("truck_id\n+", "line 2: truck_id '+' cannot stand in a topic"),
        ("truck_id\n" + "x" * 65, "cannot stand in a topic"),
        ("truck_id\n17\n18\n\n17", 'trucks.csv: line 5: truck_id "17" stands twice (first on line 2); every truck'),
        ("truck_id,credential\n1,a\n2,a", 'line 3: credential "a" stands twice (first on line 2)'),
        (
            "truck_id,credential,external_id\n1,gps-firm,x\n2,gps-firm,x",
            'line 3: credential "gps-firm" with external_id "x" stands twice (first on line 2)',
        ),
        ("truck_id,credential\n1,gps-firm", "credential 'gps-firm' speaks for many trucks, and external_id is empty"),
        (
            "truck_id,credential,external_id\n1,phone,a\n2,phone,",
            "line 3: credential 'phone' is shared by several trucks, and external_id is empty; write what the tracker",
        ),
        ("truck_id,external_id\n1,x", "line 2: external_id without a credential; write the broker user"),
        ("truck_id,credential,external_id\n1,traccar,x", "credential 'traccar', and city.toml sets no traccar_topic"),
        ("truck_id,category\n1,burnble", "line 2: category 'burnble' is not in city.toml; did you mean 'burnable'?"),
        (
            "truck_id,credential,external_id\n1,gps-firm,8.62045E+14",
            "line 2: external_id '8.62045E+14' was shortened by a spreadsheet; set the column to text",
        ),
        ("truck_id\n" + '"' + "x" * 140_000, "trucks.csv: line 2: not readable as CSV"),
    ],
)
def test_a_broken_truck_table_says_what_to_do(data: str | bytes, expected: str) -> None:
    """Every mistake in trucks.csv is an error with its line."""
    _, problems = read_trucks(data.encode() if isinstance(data, str) else data, CITY)
    assert any(expected in str(problem) for problem in errors(problems)), [str(problem) for problem in problems]


def test_full_width_digits_in_a_truck_id_are_a_warning() -> None:
    """An id typed with a Japanese keyboard works, and the operator is told how the tracker would miss it."""
    trucks, problems = read_trucks("truck_id\n１７\n".encode(), CITY)
    assert trucks[0].id == "１７"
    assert [problem.warning for problem in problems] == [True]
    assert "a tracker set up as '17' would not match" in str(problems[0])


def test_trucks_of_a_gateway_differ_by_external_id() -> None:
    """Many trucks may share a gateway's credential."""
    data = b"truck_id,credential,external_id\n1,gps-firm,a\n2,gps-firm,b\n"
    assert read_trucks(data, CITY)[1] == []


def test_a_folder_without_city_toml_is_named(tmp_path: Path) -> None:
    """A missing folder and a missing city.toml are told apart."""
    assert "is missing in" in str(load_city(tmp_path)[1][0])
    assert "there is no such folder" in str(load_city(tmp_path / "nowhere")[1][0])


def test_a_broken_city_leaves_its_neighbours_in_force(tmp_path: Path) -> None:
    """Several cities load together; the broken one is named by its folder, and the rest serve."""
    for name, text in (("a", MINIMAL), ("b", "id = 1"), ("c", MINIMAL.replace("minami", "kita"))):
        (tmp_path / name).mkdir()
        folder_of(tmp_path / name, city_toml=text)
    found, problems = load_cities(tmp_path)
    assert [(each.city.id, each.folder.name) for each in found] == [("minami", "a"), ("kita", "c")]
    assert {problem.file for problem in problems} == {"b/city.toml"}


@pytest.mark.parametrize(
    ("trucks", "extra", "expected"),
    [
        ("", "", 'b/city.toml: id: id "minami" is taken by the city in a'),
        ("1,,,shared,,", 'id = "kita"', 'b/trucks.csv: truck_id "1": credential "shared" belongs to a truck'),
        ("", 'id = "kita"\ntraccar_topic = "t"', 'b/city.toml: traccar_topic: "t" is the topic of the city in a too'),
    ],
)
def test_two_cities_may_not_share_what_tells_them_apart(tmp_path: Path, trucks: str, extra: str, expected: str) -> None:
    """City id, Traccar topic and a truck's credential belong to one city only; the first keeps them."""
    rest = MINIMAL.replace('id = "minami"\n', "")
    for name, head in (("a", 'id = "minami"\ntraccar_topic = "t"'), ("b", extra or 'id = "minami"')):
        (tmp_path / name).mkdir()
        folder_of(tmp_path / name, city_toml=head + "\n" + rest, trucks_csv=HEADER + trucks)
    found, problems = load_cities(tmp_path)
    assert [each.folder.name for each in found] == ["a"]
    assert [expected in str(problem) for problem in problems] == [True], [str(problem) for problem in problems]


def test_a_folder_with_one_city_is_that_city(tmp_path: Path) -> None:
    """The cities' folder may itself be a city; an empty one is a problem."""
    assert "holds no city" in str(load_cities(tmp_path)[1][0])
    assert [each.folder for each in load_cities(folder_of(tmp_path, city_toml=MINIMAL))[0]] == [tmp_path]


def test_a_firebase_project_is_given_whole_or_not_at_all() -> None:
    """Browsers need all five; a missing one, or a secret beside them, is told."""
    head = 'id = "minami"\nname = "南市"\ntimezone = "Asia/Tokyo"\n[firebase]\n'
    whole = dict.fromkeys(city_toml.FIREBASE, "x")
    lines = "".join(f'{name} = "{value}"\n' for name, value in whole.items())
    city, problems = city_toml.read_city((head + lines).encode())
    assert problems == []
    assert city is not None
    assert city.firebase == whole
    for broken in (lines.replace('vapidKey = "x"\n', ""), lines + 'private_key = "x"\n', lines.replace('"x"', "3")):
        city, problems = city_toml.read_city((head + broken).encode())
        assert city is None
        assert "must hold apiKey, projectId, appId, messagingSenderId, vapidKey" in problems[0].what
        assert "private_key" not in problems[0].what
