function main() {
  const o = {}; o.__defineGetter__('x', () => 5); o.__defineSetter__('y', function (v) { this.z = v; }); o.y = 3;
  o['__proto__'] = { inherited: 1 };
  return [o.x, o.z, typeof o.__lookupGetter__('x'), o.inherited, Object.keys(o), o.propertyIsEnumerable('x'), o.toLocaleString()];
}
