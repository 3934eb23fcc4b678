"""Compile locale/*/LC_MESSAGES/*.po to .mo with polib: neither Django nor GNU gettext is needed."""

import sys
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parents[1]


def compile_all(root: Path) -> list[Path]:
    """Write a .mo beside each .po; return them. OSError names the file and line of bad syntax."""
    compiled = []
    for source in sorted(root.glob("locale/*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        # In place of the old file at once: a running server may be reading it.
        new = target.with_suffix(".mo.new")
        polib.pofile(str(source), check_for_duplicates=True).save_as_mofile(str(new))
        new.replace(target)
        compiled.append(target)
    return compiled


if __name__ == "__main__":
    try:
        for path in compile_all(ROOT):
            print(path.relative_to(ROOT))
    except (OSError, ValueError) as error:
        sys.exit(str(error))
