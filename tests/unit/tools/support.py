"""What the tests of the translator share: text to wasm, C to programs, both translations to run."""

import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
TOOLS = ROOT / "tools"
WASM2C_RUNTIME = pathlib.Path("/usr/share/wabt/wasm2c")  # Debian's wabt
CC = "clang-19"

sys.path.insert(0, str(TOOLS))

from wasm2native.translate import translate  # noqa: E402

OUR_FLAGS = ["-std=gnu17", "-ffp-contract=off", "-fno-math-errno", "-fno-finite-loops", "-w"]


def run(*command, **more):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **more)
    if done.returncode:
        raise AssertionError(f"{' '.join(map(str, command))}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


def assemble(text):
    """WebAssembly text to bytes."""
    with tempfile.TemporaryDirectory() as directory:
        source = pathlib.Path(directory, "module.wat")
        source.write_text(text)
        run("wat2wasm", source, "-o", source.with_suffix(".wasm"))
        return source.with_suffix(".wasm").read_bytes()


def build_ours(directory, wasm, exports, driver, flags=("-O2",)):
    """Our translation of a module with a driver for native.h. Returns the program."""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in translate(wasm, exports).files.items():
        (directory / name).write_text(text)
    include = ["-I", directory, "-I", TOOLS / "wasm2native", "-I", ROOT / "src", "-I", HERE]
    objects = []
    for source in sorted(directory.glob("*.c")):
        for build, more in ("guard", []), ("checked", ["-DWASM_BOUNDS_CHECKED"]):
            if source.name == "data.c" and more:
                continue
            objects.append(directory / f"{build}_{source.stem}.o")
            run(CC, *OUR_FLAGS, *flags, *more, *include, "-c", source, "-o", objects[-1])
    program = directory / "ours"
    run(CC, "-w", *flags, *include, HERE / "native.c", driver, *objects, "-lm", "-o", program)
    return program


def build_oracle(directory, wasm, name, driver, flags=("-O2",)):
    """wasm2c's translation of the same module; its C module is called `name`."""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    source = directory / f"{name}.wasm"
    source.write_bytes(wasm)
    run("wasm2c", source, "-o", directory / f"{name}.c")
    program = directory / "oracle"
    run(CC, "-w", *flags, "-I", directory, "-I", WASM2C_RUNTIME, "-I", HERE, directory / f"{name}.c",
        driver, WASM2C_RUNTIME / "wasm-rt-impl.c", "-lm", "-o", program)  # fmt: skip
    return program


WASM_TYPES = {"i": "i32", "j": "i64", "f": "f32", "d": "f64"}


class Differential:
    """Builds a module both ways and compares what cases_main.c prints.

    `cases`: (export, operand letters, result letter or "v", exact) tuples.
    """

    def __init__(self, wasm, cases):
        self.wasm, self.cases = wasm, cases
        self.temporary = tempfile.TemporaryDirectory()
        self.directory = pathlib.Path(self.temporary.name)
        lines = []
        for number, (name, operands, result, _) in enumerate(cases):
            arguments = "".join(f", x[{i}].{letter}" for i, letter in enumerate(operands))
            store = "" if result == "v" else f"r.{result} = "
            lines.append(f"static void case_{number}(void) {{ {store}CALL({name}{arguments}); }}")
        lines.append("static const struct one_case cases[] = {")
        for number, (name, operands, result, exact) in enumerate(cases):
            lines.append(f"    {{\"{name}\", \"{operands}\", '{result}', {int(exact)}, case_{number}}},")
        (self.directory / "cases.inc").write_text("\n".join([*lines, "};", ""]))

    def close(self):
        self.temporary.cleanup()

    def oracle(self):
        flags = ["-O1", "-DORACLE", "-I", self.directory]
        program = build_oracle(self.directory / "oracle", self.wasm, "module", HERE / "cases_main.c", flags)
        return run(program).splitlines()

    def ours(self, build, flags=("-O2",)):
        """(lines, gas)"""
        name = "".join(character for character in "".join(flags) if character.isalnum())
        program = self.directory / name / "ours"
        if not program.exists():
            flags = [*flags, "-I", self.directory]
            exports = list(dict.fromkeys(name for name, *_ in self.cases))
            build_ours(self.directory / name, self.wasm, exports, HERE / "cases_main.c", flags)
        *lines, gas = run(program, build).splitlines()
        return lines, gas
