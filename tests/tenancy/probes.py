"""Asks as somebody, and judges the answer: the status, the words in it, what became of the rows."""

import json
import re
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from itertools import zip_longest
from typing import Any
from urllib.parse import quote

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.template.base import Template
from django.template.context import Context
from django.utils.html import escape
from django.utils.safestring import SafeString

from tests.tenancy import written
from tests.tenancy.census import Route
from tests.tenancy.remembered import Remembered
from tests.tenancy.world import MALFORMED_IDS, RANDOM_ID, SEES, Tenant, World

# A page's CSRF token: another one each time, wherever it stands.
CSRF = re.compile(r"(?<![A-Za-z0-9])[A-Za-z0-9]{64}(?![A-Za-z0-9])")
# The key of a page on which something is sent: chosen anew each time.
PAGE_KEY = re.compile(r"key=[0-9a-f-]{36}")

# Rows of the catalogue, the same for every platform.
READ_BY_ALL = frozenset({"devices.devicemodel", "jobs.monitoringmetric"})

SAFE = ("GET", "HEAD", "OPTIONS")
REFUSALS = (401, 403, 404, 405)


@dataclass(frozen=True)
class Answer:
    """What came back, as comparable text."""

    status: int
    text: str
    headers: str


@dataclass
class Prober:
    """One caller's questions; what is wrong with the answers gathers in ``leaks``."""

    world: World
    caller: str
    asked: int = 0
    leaks: list[str] = field(default_factory=list)
    # As last counted. What was written since and taken back only lets more tables be compared.
    counted: written.Counts | None = None
    remembered: Remembered = field(default_factory=Remembered)

    def ask(
        self,
        method: str,
        path: str,
        data: Any = None,
        watch: Tenant | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send one request, judge the words of the answer, and take back whatever it wrote.

        ``watch``: no row of that platform may differ afterwards.
        """
        client = self.world.callers[self.caller]
        cache.clear()
        self.asked += 1
        body: dict[str, Any] = {"data": data or {}}
        if path.startswith("/api/") and method not in ("GET", "HEAD"):
            body = {"data": json.dumps(data or {}), "content_type": "application/json"}
        # The client puts new morsels in the place of old ones and changes none.
        cookies: SimpleCookie = SimpleCookie(client.cookies)
        watched = watch if method not in SAFE else None
        if watched is not None:
            self.world.remember(watched)
        with written.taken_back():
            if watched is not None and self.counted is None:
                self.counted = written.counts()
            send = getattr(client, method.lower())
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Template, "_render", _plainly)
                self.remembered.install(patch)
                answer = _text_of(send(path, **body, headers=headers))
            if watched is not None and answer.status not in REFUSALS:
                what = f"{self.caller} {method} {path} {data}: {answer.status}, changed "
                before, self.counted = self.counted or {}, written.counts()
                tables = written.that_differ(before, self.counted)
                self.leaks += [what + each for each in self.world.changes(watched, tables)]
        client.cookies = cookies
        self._judge(f"{self.caller} {method} {path}", path, answer)
        return answer

    def _judge(self, what: str, path: str, answer: Answer) -> None:
        if answer.status >= 500:
            self.leaks.append(f"{what}: {answer.status}")
        # What the caller sent is no news to the caller.
        said = answer.text.replace(path, "") + answer.headers.replace(path, "")
        small = said.lower()
        for word in self.world.foreign_words(self.caller):
            if word.lower() in small:
                self.leaks.append(f"{what}: shows {word!r} ({answer.status})")
        for word in self.world.secret_words():
            if word in said:
                self.leaks.append(f"{what}: shows a secret ({answer.status})")

    def verdict(self) -> None:
        """Fail with everything that was found."""
        if self.leaks:
            pytest.fail(
                f"{len(self.leaks)} wrong answers:\n" + "\n".join(self.leaks), pytrace=False
            )


def _plainly(template: Template, context: Context) -> SafeString:
    """Render as in production: else all that each template was given is copied, for nobody."""
    return template.nodelist.render(context)


def _text_of(response: HttpResponse) -> Answer:
    body = b"".join(response)  # a stream or not
    headers = "\n".join(
        f"{name}: {value}" for name, value in response.items() if name != "Content-Length"
    )
    text = CSRF.sub("csrf", body.decode(errors="replace"))
    return Answer(response.status_code, text, PAGE_KEY.sub("key=", headers))


def outsiders(world: World) -> dict[str, Tenant]:
    """Return for each caller a platform that it has no business with, None for root."""
    tenants = {"a": world.a, "b": world.b, "c": world.c}
    return {
        caller: next(tenants[letter] for letter in "bac" if letter not in seen)
        for caller, seen in SEES.items()
        if seen is not None and set(seen) != set("abc")
    }


def probe_ids(prober: Prober, route: Route, foreign: Tenant) -> None:
    """Ask for foreign, deleted, random and malformed ids: all must look the same.

    Compared without the address itself, which the answer may repeat.
    """
    world = prober.world
    # What every member reads is nobody's: its own number answers, as it should.
    own = RANDOM_ID + 2 if route.model in READ_BY_ALL else world.row_of(foreign, route.model).pk
    numbers = {"foreign": own, "random": RANDOM_ID}
    # Of the other kinds no row was deleted: there a number would be a second random one.
    if route.model in foreign.gone:
        numbers["deleted"] = foreign.gone[route.model]
    for method in route.methods:
        seen = {
            name: _nameless(prober.ask(method, route.path(number)), route.path(number))
            for name, number in numbers.items()
        }
        for name, number in numbers.items():
            if seen[name] != seen["random"]:
                prober.leaks.append(
                    f"{prober.caller} {method} {route.path(number)}: a {name} id answers "
                    f"{seen[name].status}, a random one {seen['random'].status}: "
                    f"{_first_difference(seen[name], seen['random'])}"
                )
        if seen["random"].status == 200 and method in ("GET", "POST"):
            prober.leaks.append(f"{prober.caller} {method} {route.path('random')}: 200")


def probe_malformed(prober: Prober, route: Route) -> None:
    """Ask for what is no id: an error of the caller, never of ours, never somebody's row.

    HEAD is left out: it is the view's GET without its body.
    """
    for number in MALFORMED_IDS:
        for method in route.methods:
            if method == "HEAD":
                continue
            answer = prober.ask(method, route.path(number))
            if answer.status == 200:
                prober.leaks.append(f"{prober.caller} {method} {route.path(number)}: 200")


def _nameless(answer: Answer, path: str) -> Answer:
    """Take the asked address out of an answer, however it is written there."""
    text, headers = answer.text, answer.headers
    for spelling in (path, quote(path), quote(path, safe=""), escape(path)):
        text, headers = text.replace(spelling, "PATH"), headers.replace(spelling, "PATH")
    return Answer(answer.status, text, headers)


def _first_difference(one: Answer, other: Answer) -> str:
    pairs = zip_longest(
        (one.headers + one.text).splitlines(), (other.headers + other.text).splitlines()
    )
    return next((f"{mine!r} / {yours!r}" for mine, yours in pairs if mine != yours), "the status")
