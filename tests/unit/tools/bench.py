#!/usr/bin/env python3
"""How fast is the generated code? Ours with and without gas, the checked build, and wasm2c's.

Usage: python3 tests/unit/tools/bench.py [ROUNDS]      (default 20; a few minutes)

Runs the kernels in kernels/ in all builds in turn, ROUNDS times, and prints the least CPU time of
each in milliseconds and the geometric mean of the ratios to wasm2c (clang -O3, guard pages, no gas,
no counted depth). The least of many short runs bears a busy machine, but not a very busy one.
"""

import math
import pathlib
import sys
import tempfile

from support import HERE, run
from test_quickjs import engine, oracle

KERNELS = sorted((HERE / "kernels").glob("*.js"))


def main(rounds):
    with tempfile.TemporaryDirectory() as directory:
        ours, plain = pathlib.Path(directory, "gas"), pathlib.Path(directory, "plain")
        ours.mkdir()
        plain.mkdir()
        programs = {"wasm2c": (oracle("-O3"), "guard"), "guard": (engine(ours), "guard"),
                    "no gas": (engine(plain, "--no-gas"), "guard")}  # fmt: skip
        programs["checked"] = (programs["guard"][0], "checked")
        best = {}
        for number in range(rounds):
            print(f"\rround {number + 1}/{rounds}", end="", file=sys.stderr, flush=True)
            for name, (program, build) in programs.items():
                lines = run(program, build, *KERNELS).splitlines()
                for kernel, line in zip(KERNELS, lines, strict=True):
                    time = float(line.split()[0])
                    best[name, kernel] = min(time, best.get((name, kernel), time))
        print("\r", end="", file=sys.stderr)
    print("| kernel | " + " | ".join(programs) + " |\n|---|" + "---|" * len(programs))
    for kernel in KERNELS:
        print(f"| {kernel.stem} | " + " | ".join(f"{best[name, kernel]:.1f}" for name in programs) + " |")
    means = [
        math.exp(sum(math.log(best[name, k] / best["wasm2c", k]) for k in KERNELS) / len(KERNELS))
        for name in programs
    ]
    print("| **ratio** | " + " | ".join(f"**{mean:.2f}**" for mean in means) + " |")


if __name__ == "__main__":
    if sys.argv[1:] == ["--help"]:
        print(__doc__[__doc__.index("Usage:"):].rstrip())
        sys.exit(0)
    if sys.argv[2:] or not all(argument.isdigit() for argument in sys.argv[1:]):
        print("tests/unit/tools/bench.py: ROUNDS is a whole number; --help says more", file=sys.stderr)
        sys.exit(2)
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
