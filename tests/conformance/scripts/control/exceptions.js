function main() {
  const out = [];
  for (const bad of [() => null.x, () => undefined(), () => x.y, () => new Array(-1), () => decodeURIComponent('%'), () => 'x'.repeat(-1), () => BigInt(1.5), () => Symbol() + '', () => { const c = 1; c = 2; }, () => JSON.parse('{'), () => new RegExp('('), () => (1).toFixed(101), () => Object.defineProperty(Object.freeze({}), 'a', { value: 1 }), () => new (() => {})(), () => [].reduce((a) => a), () => 1n + 1, () => null[Symbol.iterator], () => eval('let let = 1')])
    try { bad(); out.push('no error'); } catch (error) { out.push(error.name + (error instanceof Error)); }
  try { throw { custom: 1 }; } catch ({ custom }) { out.push(custom); }
  try { throw null; } catch (e) { out.push(e); }
  try { throw 1; } catch { out.push('no binding'); }
  return out;
}
