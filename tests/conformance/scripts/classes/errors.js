function attempt(body) { try { return body(); } catch (error) { return error.name; } }
class A { constructor() {} }
class B extends A { constructor() { } }
class C extends null { static make() { return Object.create(C.prototype); } }
function main() {
  return {
    callWithoutNew: attempt(() => A()),
    noSuper: attempt(() => new B()),
    extendsNumber: attempt(() => { class D extends 5 {} }),
    tdz: attempt(() => { new E(); class E {} }),
    constName: attempt(() => { class F { static f() { F = 1; } } F.f(); }),
    nullProto: Object.getPrototypeOf(C.prototype),
  };
}
