"""A visitor of the kiosk without a browser: reads the pages' forms and posts what a person would choose.
Used by the chain, marker and hostile tests. Standard library only."""
import html.parser
import http.client
import random
import urllib.parse


class Page(html.parser.HTMLParser):
    """What a person can do on a page: links, forms with fields and buttons."""

    def __init__(self, status, text, url):
        super().__init__(convert_charrefs=True)
        self.status, self.text, self.url = status, text, url
        self.links, self.forms, self.h1, self.title, self.name = [], [], "", "", ""
        self._form = self._into = self._button = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if tag == "main" and "thanks" in a.get("class", "").split():
            self.name = "thanks"
        elif tag == "a" and "href" in a:
            self.links.append({"href": a["href"], "text": ""})
            self._into = self.links[-1]
        elif tag == "form":
            if a.get("action") == "/start":
                self.name = "attract"
            self._form = {"action": a.get("action", self.url), "method": a.get("method", "get").lower(), "fields": [], "buttons": []}
            self.forms.append(self._form)
        elif tag == "h1":
            self._into = "h1"
        elif tag == "title":
            self._into = "title"
        elif self._form is not None and tag in ("input", "textarea", "select"):
            self._form["fields"].append({"type": a.get("type", tag), "name": a.get("name", ""), "value": a.get("value", ""), "checked": "checked" in a})
        elif self._form is not None and tag == "button":
            self._form["buttons"].append({"name": a.get("name", ""), "value": a.get("value", ""), "text": "", "hidden": "hidden" in a})
            self._into = self._form["buttons"][-1]

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        if tag in ("a", "h1", "title", "button"):
            self._into = None

    def handle_data(self, data):
        if self._into == "h1":
            self.h1 += data
        elif self._into == "title":
            self.title += data
        elif self._into is not None:
            self._into["text"] += data.strip()


class Lost(Exception):
    """The connection broke: what was asked for may or may not have happened."""


class Visitor:
    def __init__(self, host, port, timeout=30):
        self.host, self.port, self.timeout, self.cookies = host, port, timeout, {}

    def request(self, method, path, body=None, headers=None):
        """One request, redirects followed. Raises Lost."""
        for _ in range(10):
            h = {"Host": f"{self.host}:{self.port}"}
            if self.cookies:
                h["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
            if body is not None:
                h["Content-Type"] = "application/x-www-form-urlencoded"
                h["Origin"] = f"http://{self.host}:{self.port}"
            h.update(headers or {})
            c = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
            try:
                c.request(method, path, body, h)
                r = c.getresponse()
                text = r.read().decode("utf-8", "replace")
            except (OSError, http.client.HTTPException) as e:
                raise Lost(str(e)) from e
            finally:
                c.close()
            for line in r.headers.get_all("Set-Cookie") or []:
                name, _, rest = line.partition("=")
                value = rest.split(";")[0]
                if "max-age=0" in line.lower() or value == "":
                    self.cookies.pop(name.strip(), None)
                else:
                    self.cookies[name.strip()] = value
            if r.status not in (301, 302, 303, 307):
                return Page(r.status, text, path)
            path = urllib.parse.urljoin(path, r.headers["Location"])
            method, body = "GET", None
        raise Lost("too many redirects")

    def get(self, path):
        return self.request("GET", path)

    def press(self, page, value=None, answers=None, text=None):
        """Press the button whose value is VALUE (or the first one shown that goes on), with ANSWERS:
        field name -> value or list of values."""
        form = next((f for f in page.forms if f["method"] == "post" and (value is None or any(b["value"] == value for b in f["buttons"]))), None)
        if form is None:
            raise Lost(f"page {page.title!r} has no form with a button {value}")
        data = [(f["name"], f["value"]) for f in form["fields"] if f["type"] == "hidden" and f["name"]]
        answers = answers or {}
        for f in form["fields"]:
            if f["type"] in ("radio", "checkbox") and f["name"] not in answers and f["checked"]:
                data.append((f["name"], f["value"]))
        for k, v in answers.items():
            for one in v if isinstance(v, list) else [v]:
                data.append((k, one))
        b = next((b for b in form["buttons"] if b["value"] == value), None) if value is not None else next((b for b in form["buttons"] if b["name"]), None)
        if b is not None and b["name"]:
            data.append((b["name"], b["value"]))
        return self.request("POST", form["action"], urllib.parse.urlencode(data))

    def answers(self, page, rng, text):
        """Something sensible for every field of the page's form."""
        form = next((f for f in page.forms if f["method"] == "post" and any(x["type"] not in ("hidden",) for x in f["fields"])), None)
        out = {}
        if form is None:
            return out
        for name in {f["name"] for f in form["fields"] if f["name"]}:
            fields = [f for f in form["fields"] if f["name"] == name]
            kind = fields[0]["type"]
            if kind == "radio":
                out[name] = rng.choice(fields)["value"]
            elif kind == "checkbox":
                out[name] = [rng.choice(fields)["value"]]
            elif kind == "textarea":
                out[name] = text
            elif kind in ("text", "number"):
                out[name] = "3"
        return out

    @staticmethod
    def onward(page):
        """The value of the button that goes on: the hidden first one that Enter presses, else the first shown."""
        form = next((f for f in page.forms if f["method"] == "post"), None)
        buttons = [b for b in form["buttons"] if b["name"]] if form else []
        hidden = [b["value"] for b in buttons if b["hidden"]]
        shown = [b["value"] for b in buttons if not b["hidden"] and b["value"] not in ("back", "look", "listen", "quiet", "wrong", "stop")]
        if not hidden and not shown:
            raise Lost(f"no way on from {page.title!r}")
        return (hidden or shown)[0]

    def visit(self, text, rng=None, choose=None, seen=None):
        """From the attract page to "Thank you". CHOOSE(page, answers) may change the answers of a page;
        SEEN(page) sees each. Returns the thanks page. Raises Lost with .sent set once "Send" was pressed."""
        rng = rng or random.Random(1)
        page = self.get("/")
        sent = False
        try:
            for _ in range(60):
                if seen:
                    seen(page)
                if page.name == "thanks":
                    try:
                        self.press(page, self.onward(page))  # Finished
                    except Lost:
                        pass
                    return page
                if page.status >= 500:
                    raise Lost(f"status {page.status}")
                answers = self.answers(page, rng, text)
                if choose:
                    choose(page, answers)
                value = self.onward(page)
                if value == "send":
                    sent = True
                page = self.press(page, value, answers)
        except Lost as e:
            e.sent = sent
            raise
        e = Lost(f"no way to the end: stuck at {page.title!r} ({page.name})")
        e.sent = sent
        raise e
