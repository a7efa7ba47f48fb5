function attempt(body) { try { return body() ?? 'ok'; } catch (error) { return error.name; } }
function main() {
  return [attempt(() => { const { a } = null; }), attempt(() => { const [a] = {}; }), attempt(() => { const { a: { b } } = {}; }),
    attempt(() => { const {} = 5; }), attempt(() => { const [] = undefined; }), attempt(() => { const [a] = 5; })];
}
