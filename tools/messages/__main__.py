"""Collect the strings to translate into locale/, then compile the translations."""

import sys

from tools.compile_messages import compile_all
from tools.messages.catalogue import LANGUAGES, update
from tools.messages.sources import DOMAINS, ROOT


def main() -> int:
    for language in LANGUAGES:
        for domain in DOMAINS:
            path, lacking = update(domain, language)
            if path.exists():
                print(f"{path.relative_to(ROOT)}: {lacking} translations to write")
    compile_all(ROOT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
