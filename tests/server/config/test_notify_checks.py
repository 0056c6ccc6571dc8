"""What [notify] must satisfy, and that no refusal shows a secret."""

from collections.abc import Callable

import pytest

from lastseen.server.config import ConfigError, LoadedConfig, check, with_value
from lastseen.server.config.sections.notify import Webhook

Load = Callable[..., LoadedConfig]
ProblemOf = Callable[..., str]

WEBHOOK = "[[notify.webhook]]\nname = 'a'\n"
HOOK = WEBHOOK + "url = 'https://x.example/y'\n"
TELEGRAM = "[[notify.telegram]]\nname = 'a'\ntoken = '1:abc'\n"
APPRISE = "[[notify.apprise]]\nname = 'a'\n"
COMMAND = "[[notify.command]]\nname = 'a'\n"
WINDOW = "[[notify.maintenance]]\nname = 'a'\n"


@pytest.mark.parametrize(
    "text",
    [
        HOOK,
        WEBHOOK + "url = 'http://user:pw@[::1]:8080/?a=b'\n",
        HOOK + "secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'\n",
        HOOK + "secret = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw']\nheaders.X-Team = 'ops'\n",
        TELEGRAM + "chat_id = -100123\n",
        TELEGRAM + "chat_id = '@room'\napi_base = 'http://127.0.0.1:8081'\n",
        APPRISE + "url = 'mailto://ann:pw@example.org?to=bob@example.org'\n",
        COMMAND + "argv = ['/bin/true', 'a b', '']\n",
        COMMAND + "argv = ['true']\n",
        WINDOW + "start = '22:30'\nend = '04:00'\ntimezone = 'Europe/Berlin'\ndays = ['sat']\n",
        WINDOW + "start = '00:00'\nend = '00:00'\n",
    ],
)
def test_what_is_right_is_taken(text: str, load_text: Load):
    assert load_text(text).warnings == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            WINDOW + "start = '24:00'\nend = '04:00'\n",
            "maintenance[0].start: expected a time like 22:30, got '24:00'",
        ),
        (
            WINDOW + "start = '9:00'\nend = '04:00'\n",
            "maintenance[0].start: expected a time like 22:30, got '9:00'",
        ),
        (
            WINDOW + "start = '09:00'\nend = '4 pm'\n",
            "maintenance[0].end: expected a time like 22:30, got '4 pm'",
        ),
        (
            WINDOW + "start = 09:00:00\nend = '04:00'\n",
            "maintenance[0].start: expected `str`, got datetime.time(9, 0)",
        ),
        (
            WINDOW + "start = '09:00'\nend = '10:00'\ntimezone = 'Europe/Berlni'\n",
            (
                "maintenance[0].timezone: expected a zone like Europe/Berlin or UTC, got"
                " 'Europe/Berlni'"
            ),
        ),
        (
            WINDOW + "start = '09:00'\nend = '10:00'\ntimezone = '../etc'\n",
            "maintenance[0].timezone: expected a zone like Europe/Berlin or UTC, got '../etc'",
        ),
        (
            WINDOW + "start = '09:00'\nend = '10:00'\ndays = ['monday']\n",
            (
                "maintenance[0].days[0]: expected one of 'mon', 'tue', 'wed', 'thu', 'fri', 'sat',"
                " 'sun', got 'monday'"
            ),
        ),
        (WINDOW, "maintenance[0]: missing required field `start`"),
        (
            TELEGRAM + "chat_id = 'room'\n",
            "telegram[0].chat_id: expected a number, or @ and a name, got 'room'",
        ),
        (
            TELEGRAM + "chat_id = 1\napi_base = 'api.telegram.org'\n",
            "telegram[0].api_base: expected an http:// or https:// URL, got 'api.telegram.org'",
        ),
        (
            TELEGRAM + "chat_id = 1\napi_base = 'http://me:hunter2@127.0.0.1'\n",
            "telegram[0].api_base: expected no user or password in it: it is no secret, and would",
        ),
        (
            COMMAND + "argv = ['./siren']\n",
            "command[0].argv[0]: expected a path from / on, or a name, got './siren'",
        ),
        (
            COMMAND + "argv = ['']\n",
            "command[0].argv[0]: expected a path from / on, or a name, got ''",
        ),
        (
            COMMAND + 'argv = ["a", "b\\u0000"]\n',
            "command[0].argv: expected text without zero bytes",
        ),
        (COMMAND + "argv = []\n", "command[0].argv: expected `array` of length >= 1, got []"),
        (COMMAND + "argv = 'siren'\n", "command[0].argv: expected `array`, got 'siren'"),
        (
            HOOK.replace("'a'", r'"a\u202eb"'),
            r"webhook[0].name: expected printable text, got 'a\u202eb'",
        ),
        (HOOK + "events = []\n", "webhook[0].events: expected `array` of length >= 1, got []"),
        (HOOK + "delay = -1\n", "webhook[0].delay: expected `float` >= 0.0, got -1"),
        (
            HOOK + "headers.'webhook-id' = 'x'\n",
            "webhook[0].headers: expected the name of a header that is not ours, got 'webhook-id'",
        ),
        (
            HOOK + "headers.'a b' = 'x'\n",
            "webhook[0].headers: expected the name of a header that is not ours, got 'a b'",
        ),
        (
            HOOK + "reasons = ['timeout', 'returned']\n",
            "webhook[0].reasons[1]: expected left, closed, timeout, replaced or kicked, got 'retu",
        ),
        (HOOK + "reasons = ['silent']\n", "webhook[0].reasons[0]: expected left, closed, timeout"),
        (HOOK + "reasons = ['tab']\n", "webhook[0].reasons[0]: expected one of"),
        (HOOK + "via = ['browser']\n", "webhook[0].via[0]: expected one of"),
        (HOOK + "timezone = 'UTC'\n", "webhook[0].timezone: no such setting"),
        (
            TELEGRAM + "chat_id = 1\ntimezone = 'Europe/Berlni'\n",
            "telegram[0].timezone: expected a zone like Europe/Berlin or UTC, got 'Europe/Berlni'",
        ),
        (
            "[notify]\ntimezone = 'CEST'\n",
            "timezone: expected a zone like Europe/Berlin or UTC, got 'CEST'",
        ),
        (
            TELEGRAM + "chat_id = 1\nmessage_thread_id = 1\n",
            "telegram[0].message_thread_id: expected `int` >= 2, got 1",
        ),
        (
            TELEGRAM + "chat_id = 1\nmessage_thread_id = '12'\n",
            "telegram[0].message_thread_id: expected `int | null`, got '12'",
        ),
        (HOOK + "urll = 'x'\n", "webhook[0].urll: no such setting; did you mean url?"),
        (HOOK + "zzz = 'x'\n", "webhook[0].zzz: no such setting"),
    ],
)
def test_what_is_wrong_is_named_with_what_was_expected(
    text: str, problem: str, problem_of: ProblemOf
):
    told = problem_of(text)
    assert told.startswith(f"config.toml: notify.{problem}")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (WEBHOOK + "url = 'ftp://hunter2'\n", "webhook[0].url: expected"),
        (WEBHOOK + "url = 'https://[hunter2'\n", "webhook[0].url: expected"),
        (WEBHOOK + "url = 'https://x:99999/hunter2'\n", "webhook[0].url: expected"),
        (WEBHOOK + "url = 'https://x/hunter2 '\n", "webhook[0].url: expected"),
        (WEBHOOK + "url = ['hunter2']\n", "webhook[0].url: expected `str`"),
        (WEBHOOK + f"url = 'https://x/hunter2{'x' * 4000}'\n", "webhook[0].url: expected `str`"),
        (HOOK + "secret = 'hunter2'\n", "webhook[0].secret: expected whsec_"),
        (HOOK + "secret = 'whsec_hunter2'\n", "webhook[0].secret: expected whsec_"),
        (HOOK + "secret = ['', 'hunter2']\n", "webhook[0].secret[0]: expected whsec_"),
        (HOOK + "secret = {hunter2 = 1}\n", "webhook[0].secret: expected `str | array`"),
        (HOOK + "secret = ['a', {hunter2 = 1}]\n", "webhook[0].secret[1]: expected `str`"),
        (HOOK + 'headers.X = "hunter2\\n"\n', "webhook[0].headers.X: expected printable"),
        (HOOK + "headers.X = ['hunter2']\n", "webhook[0].headers['X']: expected `str`"),
        (HOOK + "headers = 'hunter2'\n", "webhook[0].headers: expected `object`"),
        (
            "[[notify.telegram]]\nname = 'a'\nchat_id = 1\ntoken = 'hunter2'\n",
            "telegram[0].token: expected digits",
        ),
        (APPRISE + "url = 'hunter2'\n", "apprise[0].url: expected a URL of Apprise"),
        (
            "[notify.webhook]\nname = 'a'\nurl = 'hunter2'\n",
            "webhook: expected [[notify.webhook]] in two",
        ),
        ("[notify]\nwebhook = ['hunter2']\n", "webhook[0]: expected `object`"),
        ("[[notify]]\nwebhook = ['hunter2']\n", ": expected a section [notify]"),
    ],
)
def test_no_refusal_shows_a_secret(text: str, place: str, problem_of: ProblemOf):
    told = problem_of(text)
    assert told.startswith(f"config.toml: notify.{place}".replace(".:", ":"))
    assert "hunter2" not in told


def test_no_two_channels_share_a_name_whatever_their_kinds(problem_of: ProblemOf):
    told = problem_of(HOOK + COMMAND + "argv = ['true']\n")
    assert told == "config.toml: notify: expected channels of different names, got two 'a'"
    told = problem_of(2 * (WINDOW + "start = '09:00'\nend = '10:00'\n"))
    assert told == "config.toml: notify: expected maintenance of different names, got two 'a'"


def test_a_channel_and_a_window_may_share_a_name(load_text: Load):
    load_text(HOOK + WINDOW + "start = '09:00'\nend = '10:00'\n")


def test_a_channel_needs_a_store(problem_of: ProblemOf, load_text: Load):
    none = "[store]\nurl = 'none'\n"
    told = problem_of(none + HOOK)
    assert told.startswith('config.toml: store.url: expected a database, got "none": the channel')
    load_text(none + HOOK + "enabled = false\n")


def test_a_variable_cannot_stand_for_an_array_of_channels(problem_of: ProblemOf):
    told = problem_of("", {"LASTSEEN_NOTIFY__WEBHOOK": "hunter2"})
    assert told.startswith("environment LASTSEEN_NOTIFY__WEBHOOK: expected [[notify.webhook]]")
    assert "hunter2" not in told


def test_a_changed_copy_is_held_to_it_too(load_text: Load):
    wrong = (Webhook(name="a", url="hunter2"),)
    with pytest.raises(ConfigError, match=r"notify\.webhook\[0\]\.url: expected") as caught:
        check(with_value(load_text("").config, "notify.webhook", wrong))
    assert caught.value.keys == ("notify.webhook",)
    long = (Webhook(name="a" * 65, url="http://x"),)
    with pytest.raises(ConfigError, match=r"notify\.webhook\[0\]\.name: expected") as caught:
        check(with_value(load_text("").config, "notify.webhook", long))
    assert caught.value.keys == ("notify.webhook",)


def test_a_channel_for_people_has_the_time_zone_of_all_unless_it_has_its_own(load_text: Load):
    text = (
        "[notify]\ntimezone = 'Asia/Tokyo'\n"
        + TELEGRAM
        + "chat_id = 1\n[[notify.apprise]]\nname = 'b'\nurl = 'json://x'\n"
        + "timezone = 'Europe/Berlin'\n"
    )
    channels = load_text(text).config.notify.channels
    assert {channel.name: channel.timezone for channel in channels} == {
        "a": "Asia/Tokyo",
        "b": "Europe/Berlin",
    }


def test_a_reason_of_clients_that_are_late_may_stand_among_others(load_text: Load):
    load_text(HOOK + "reasons = ['timeout', 'silent']\n")
