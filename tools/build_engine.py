#!/usr/bin/env python3
"""Builds libwasm_engine.a and wasm_exports.h from quickjs.wasm. See tools/README.md.

The result is kept in ${NEOCOMPUTE_CACHE:-~/.cache/neocompute}/engine/<digest of all inputs>/, so a
second build with the same inputs only copies two files.
"""

import argparse
import concurrent.futures
import hashlib
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib

TOOLS = pathlib.Path(__file__).resolve().parent
SOURCE = TOOLS.parent / "src"
sys.path.insert(0, str(TOOLS))

from wasm2native import Refused  # noqa: E402
from wasm2native.translate import read_exports, translate  # noqa: E402

PRODUCTS = ("libwasm_engine.a", "wasm_exports.h")
BUILDS = {"guard": [], "checked": ["-DWASM_BOUNDS_CHECKED"]}

# The meaning of the generated C rests on these; options given by --cflags come after them.
FLAGS = [
    "-std=gnu17",
    "-ffp-contract=off",  # a fused multiply-add would round once where wasm rounds twice
    "-fno-math-errno",
    "-fno-finite-loops",  # an endless loop must stay one: it ends by gas
    "-fPIE",
    "-fvisibility=hidden",
    "-fcf-protection=return",
    "-fstack-usage",
    "-Wall",
    "-Werror",
    "-ferror-limit=3",
    "-Wno-unused-variable",
    "-Wno-unused-but-set-variable",
    "-Wno-self-assign",
]  # fmt: skip

# All computed jumps of a function begin as one shared jump; the code generator copies it to the end
# of each opcode. It may do so for this many of them, and only while nothing else is shared: the
# table lookups before the jumps must not be merged first. check_dispatch counts what came of it.
DISPATCH_FLAGS = [
    "-mllvm", "-tail-dup-pred-size=5000",
    "-mllvm", "-tail-dup-succ-size=5000",
    "-mllvm", "-simplifycfg-sink-common=false",
]  # fmt: skip


def options(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    path = pathlib.Path
    parser.add_argument("--wasm", type=path, required=True, help="quickjs.wasm")
    parser.add_argument("--exports", type=path, required=True, help="list of exported functions")
    parser.add_argument("--expect", type=path, default=TOOLS / "quickjs.toml", help="SHA-256, counts")
    parser.add_argument("--out", type=path, required=True, help="directory for the two products")
    parser.add_argument("--cc", default="clang-19", help="C compiler (clang 19 or later)")
    parser.add_argument("--cflags", default="-O3", help="more compiler options, in one argument")
    parser.add_argument("--sanitize", default="", help="-fsanitize= for the generated code")
    parser.add_argument("--no-gas", action="store_true", help="leave out gas, to measure its cost")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="compilers at a time")
    parser.add_argument("--keep", type=path, help="also keep the generated C here")
    return parser.parse_args(arguments)


def compiler_flags(chosen):
    flags = [*FLAGS, *shlex.split(chosen.cflags)]
    if chosen.sanitize:
        flags.append(f"-fsanitize={chosen.sanitize}")
    if chosen.no_gas:
        flags.append("-DWASM_NO_GAS")
    return flags


def digest_of_inputs(chosen, flags):
    """Hex SHA-256 over everything that the result depends on."""
    version = subprocess.run([chosen.cc, "--version"], check=True, capture_output=True).stdout
    tool = sorted(TOOLS.glob("wasm2native/*.py")) + [TOOLS / "wasm2native/ops.h", TOOLS / "build_engine.py"]
    files = [*tool, SOURCE / "engine/wasm.h", chosen.wasm, chosen.exports, chosen.expect]
    digest = hashlib.sha256()
    for part in (version, repr([flags, DISPATCH_FLAGS]).encode(), *(file.read_bytes() for file in files)):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()


class Progress:
    """A bar on a terminal, else a line a step."""

    def __init__(self, total):
        self.total, self.done, self.bar = total, 0, sys.stderr.isatty()

    def step(self, what):
        self.done += 1
        if not self.bar:
            print(f"engine: [{self.done}/{self.total}] {what}", file=sys.stderr, flush=True)
            return
        filled = 30 * self.done // self.total
        end = "\n" if self.done == self.total else ""
        text = f"\rengine: [{'#' * filled}{'.' * (30 - filled)}] {what:30}{end}"
        print(text, end="", file=sys.stderr, flush=True)


def generate(chosen, expected):
    wasm = chosen.wasm.read_bytes()
    found = hashlib.sha256(wasm).hexdigest()
    if found != expected["sha256"]:
        raise Refused(f"{chosen.wasm} has SHA-256 {found}, not {expected['sha256']}")
    result = translate(wasm, read_exports(chosen.exports.read_text()))
    for name, count in expected["counts"].items():
        if result.counts[name] != count:
            raise Refused(f"{name} is {result.counts[name]}, not {count} as in {chosen.expect.name}")
    return result


def compile_commands(chosen, flags, files):
    """(object, command) pairs, what takes longest first."""
    include = ["-I.", f"-I{TOOLS / 'wasm2native'}", f"-I{SOURCE}"]
    sources = sorted((name for name in files if name.endswith(".c")), key=lambda name: -len(files[name]))
    sources.sort(key=lambda name: name != "dispatch.c")
    commands = []
    for source in sources:
        more = DISPATCH_FLAGS if source == "dispatch.c" else []
        for build, defines in {"": []}.items() if source == "data.c" else BUILDS.items():
            target = f"{build or 'both'}_{source.removesuffix('.c')}.o"
            command = [chosen.cc, *flags, *more, *defines, *include, "-c", source, "-o", target]
            commands.append((target, command))
    return commands


def run(command, directory):
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True)
    if done.returncode:
        raise Refused(f"{shlex.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def stack_usage(directory, build):
    """A function: name -> bytes of its frame in this build, the return address included."""
    frames = {}
    for file in directory.glob(f"{build}_*.su"):  # written by -fstack-usage
        for line in file.read_text().splitlines():
            place, size, kind = line.split("\t")
            if kind != "static":
                raise Refused(f"frame of {place} has no fixed size")
            frames[place.split(":")[-1].removeprefix(f"wasm_{build}_")] = int(size) + 8
    return frames.__getitem__


def check_dispatch(chosen, directory, result):
    """Did the indirect jumps stay apart? One for all of them costs a fifth of the speed."""
    wanted = result.counts["dispatches"]
    if not wanted or "-O3" not in chosen.cflags or not shutil.which("objdump"):
        return
    for build in BUILDS:
        code = run(["objdump", "-d", "--no-show-raw-insn", f"{build}_dispatch.o"], directory)
        if "x86-64" not in code:
            return
        jumps = len(re.findall(r"\bjmp +\*", code))
        if jumps < wanted:
            raise Refused(f"{build}: {jumps} indirect jumps are left of {wanted}")


def build(chosen, flags, digest, directory):
    """Fills `directory` with the products."""
    result = generate(chosen, tomllib.loads(chosen.expect.read_text()))
    for name, text in result.files.items():
        (directory / name).write_text(text)
    commands = compile_commands(chosen, flags, result.files)
    progress = Progress(len(commands) + 1)
    with concurrent.futures.ThreadPoolExecutor(chosen.jobs) as pool:
        waiting = {pool.submit(run, command, directory): target for target, command in commands}
        try:
            for future in concurrent.futures.as_completed(waiting):
                future.result()
                progress.step(waiting[future])
        except Refused:
            pool.shutdown(cancel_futures=True)
            raise
    check_dispatch(chosen, directory, result)
    frame_bytes = max(result.proof.heaviest_step(stack_usage(directory, name)) for name in BUILDS)
    (directory / PRODUCTS[1]).write_text(result.exports_header(frame_bytes))
    (directory / "digest.c").write_text(
        f'#include "engine/wasm.h"\n\nconst char wasm_build_digest[] = "{digest}";\n'
    )
    run([chosen.cc, *flags, f"-I{SOURCE}", "-c", "digest.c", "-o", "digest.o"], directory)
    objects = [target for target, _ in commands] + ["digest.o"]
    run([os.environ.get("AR", "ar"), "rcsD", PRODUCTS[0], *objects], directory)
    progress.step(PRODUCTS[0])


def keep_in_cache(chosen, flags, digest, kept):
    """Builds in a directory of our own and moves it into place: never seen half done."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="making-", dir=kept.parent) as making:
        making = pathlib.Path(making)
        build(chosen, flags, digest, making)
        if chosen.keep:
            shutil.copytree(making, chosen.keep, dirs_exist_ok=True)
        done = making / "done"
        done.mkdir()
        for name in PRODUCTS:
            (making / name).rename(done / name)
        try:
            done.rename(kept)
        except OSError:
            if not kept.is_dir():  # else another build of the same was quicker
                raise


def main(arguments):
    chosen = options(arguments)
    try:
        flags = compiler_flags(chosen)
        digest = digest_of_inputs(chosen, flags)
        cache = os.environ.get("NEOCOMPUTE_CACHE") or pathlib.Path.home() / ".cache/neocompute"
        kept = pathlib.Path(cache).absolute() / "engine" / digest
        if chosen.keep or not kept.is_dir():
            keep_in_cache(chosen, flags, digest, kept)
        chosen.out.mkdir(parents=True, exist_ok=True)
        for name in PRODUCTS:
            shutil.copyfile(kept / name, chosen.out / name)
    except (Refused, OSError, subprocess.CalledProcessError) as error:
        print(f"build_engine: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
