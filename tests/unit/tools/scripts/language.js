// Syntax and semantics over the whole engine; the result must not depend on the translation.
const out = [];
class A { #x = 1; static s = 2; get x() { return this.#x; } set x(v) { this.#x = v; } *[Symbol.iterator]() { yield* [1, 2, 3]; } }
class B extends A { constructor() { super(); this.x = 7; } toString() { return `B${this.x}`; } }
out.push(String(new B()), [...new B()].join(), A.s);
const { a, ...rest } = { a: 1, b: 2, c: [3, { d: 4 }] };
out.push(a, JSON.stringify(rest), ((x, y = x * 2, ...z) => x + y + z.length)(1, undefined, 3, 4));
function* gen(n) { try { for (let i = 0; i < n; i++) { const got = yield i; if (got) out.push(got); } } finally { out.push("done"); } }
const g = gen(5); g.next(); g.next("sent"); g.return(); out.push([...gen(3)].length);
try { null.x; } catch (e) { out.push(e instanceof TypeError, e.message); }
try { (function f() { f(); })(); } catch (e) { out.push(e.name); }
label: for (let i = 0; i < 3; i++) for (let j = 0; j < 3; j++) { if (j === 1) continue label; if (i === 2) break label; out.push(i * 10 + j); }
out.push([..."a😀b"].length, "aXbX".replaceAll("X", "-"), "abc".at(-1), "é".normalize("NFD").length);
out.push(/(?<y>\d{4})-(?<m>\d\d)/u.exec("on 2024-05-06").groups.m, "x1y22".replace(/\d+/g, (d) => d * 2), /(?<=\$)\d+/.exec("a$42")[0], /\p{Lu}/u.test("é"));
out.push([5, 1, 4].toSorted().join(), Object.groupBy([1, 2, 3], (x) => (x % 2 ? "odd" : "even")).odd.length, [1, [2, [3]]].flat(Infinity).length);
const p = new Proxy({}, { get: (t, k) => `got ${String(k)}`, has: () => true }); out.push(p.foo, "z" in p);
out.push(Reflect.ownKeys({ b: 1, a: 2, 1: 3, [Symbol.iterator]: 4 }).length, typeof Symbol(), new Date(86400000).toISOString());
with_var: { var hoisted = typeof later; var later = 1; out.push(hoisted); }
out.push(new WeakMap([[out, 1]]).get(out), structuredCloneLike({ x: [1, { y: new Map([[1, 2]]) }] }));
function structuredCloneLike(v) { return JSON.stringify(v, (k, w) => (w instanceof Map ? [...w] : w)); }
out.push(eval("1 + 1"), new Function("a", "return a * 2")(21), (0, eval)("typeof out"));
JSON.stringify(out)
