function main() {
  return { undef: undefined, fn() {}, sym: Symbol('x'), arr: [undefined, () => {}, Symbol('y')], date: new Date(0), nested: { deep: { undef: undefined } }, wrapper: Object('s'), nul: null, map: new Map([[1, 2]]), set: new Set([1]), re: /x/g, err: new Error('e'), typed: new Uint8Array(2), toJSONed: { toJSON() { return 'custom'; } }, sparse: [, 1], unicode: 'é😀\u2028', empty: '', '': 'empty key', 'z"y\\': 1 };
}
