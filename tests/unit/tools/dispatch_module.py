"""A module with an interpreter loop like QuickJS's: opcode byte -> table in the data -> br_table."""


def interpreter(handlers=70, shift=2):
    """WebAssembly text: run(pc) interprets the bytes at pc & 511, sums them, and stops at a 0."""
    blocks = "".join(f"(block $h{index} " for index in reversed(range(handlers)))
    table = " ".join(f"$h{index}" for index in range(handlers))
    first = (
        f"(br_table {table} $out (i32.sub (i32.load offset=256 (i32.shl (local.tee 1"
        f" (i32.load8_u (local.get 0))) (i32.const {shift}))) (i32.const 2)))"
    )
    rest = ") (br $out)" + "".join(
        ") (local.set 2 (i32.add (local.get 2) (local.get 1)))"
        " (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br $next)"
        for _ in range(handlers - 1)
    )
    data = "".join(f"\\{(index % handlers) + 2:02x}\\00\\00\\00" for index in range(256))
    return (
        '(module (memory (export "memory") 1) (func (export "run") (param i32) (result i32)'
        " (local i32 i32) (local.set 0 (i32.and (local.get 0) (i32.const 511)))"
        f" (block $out (loop $next {blocks}{first}{rest})) (local.get 2))"
        f' (data (i32.const 256) "{data}") (data (i32.const 8) "\\05\\07\\03"))'
    )
