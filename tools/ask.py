"""Ask a web app for its first page and the style sheet that page names, as a browser would. For the demo."""

import re
import sys
import time
import urllib.error
import urllib.request

PATIENCE = 60  # seconds; Heroku gives a web process as long to bind its port


def ask(url: str) -> str:
    """Give the body of a page; wait while the server is not up yet."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                body: str = answer.read().decode()
                sys.stdout.write(f"GET {url} -> {answer.status} {answer.headers['Content-Type']}, {len(body)} bytes\n")
                return body
        except urllib.error.URLError as error:
            if isinstance(error, urllib.error.HTTPError) or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def main() -> None:
    """Ask the server named by the first argument."""
    base = sys.argv[1]
    page = ask(f"{base}/")
    style_sheet = re.search(r'href="(/static/[^"]+\.css)"', page)
    if style_sheet is None:
        sys.exit("The page names no style sheet")
    ask(base + style_sheet[1])


main()
