"""python3 -m wasm2native MODULE.wasm EXPORTS.txt OUT: writes the C files and prints the counts."""

import pathlib
import sys

from . import Refused
from .translate import read_exports, translate


def main(arguments):
    if len(arguments) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    wasm, exports, out = map(pathlib.Path, arguments)
    try:
        result = translate(wasm.read_bytes(), read_exports(exports.read_text()))
    except Refused as refused:
        print(f"wasm2native: {refused}", file=sys.stderr)
        return 1
    out.mkdir(parents=True, exist_ok=True)
    for name, text in result.files.items():
        (out / name).write_text(text)
    for name, count in result.counts.items():
        print(f"{name:20} {count}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
