// What ends badly: exceptions out of deep native code, syntax errors, and then all goes on.
const out = [];
const attempt = (f) => { try { out.push(String(f())); } catch (e) { out.push(`${e && e.name}: ${e && e.message}`); } };
attempt(() => JSON.parse('{"a": [1, 2'));
attempt(() => new RegExp("(["));
attempt(() => eval("let x = ;"));
attempt(() => "x".repeat(-1));
attempt(() => new Array(-1));
attempt(() => BigInt(1.5));
attempt(() => 1n / 0n);
attempt(() => Symbol() + "");
attempt(() => { const a = []; a[0] = a; return JSON.stringify(a); });
attempt(() => decodeURIComponent("%E0%A4%A"));
attempt(() => new Proxy({}, { ownKeys: () => [1] }) && Reflect.ownKeys(new Proxy({}, { ownKeys: () => [1] })));
attempt(() => Object.defineProperty(Object.freeze({}), "x", { value: 1 }));
attempt(() => [3, 2, 1].sort(() => { throw new Error("from a comparison"); }));
attempt(() => "aaa".replace(/a/g, () => { throw new RangeError("from a replacer"); }));
attempt(() => ({ [Symbol.toPrimitive]() { return {}; } }) + 1);
attempt(() => { "use strict"; undefinedVariable = 1; });
attempt(() => new (class { constructor() { return 1; } })());
attempt(() => /^(a+)+$/.test("a".repeat(14) + "b"));
out.join("\n")
