function attempt(body) { try { return body(); } catch (error) { return error.name; } }
function main() {
  const frozen = Object.freeze({ a: 1 });
  const liar = new Proxy(frozen, { get: () => 2, has: () => false, ownKeys: () => [], getPrototypeOf: () => Array.prototype, deleteProperty: () => true, isExtensible: () => true });
  const { proxy, revoke } = Proxy.revocable({}, {}); revoke();
  return [attempt(() => liar.a), attempt(() => 'a' in liar), attempt(() => Object.keys(liar)), attempt(() => Object.getPrototypeOf(liar)), attempt(() => delete liar.a), attempt(() => Object.isExtensible(liar)), attempt(() => proxy.x), attempt(() => typeof proxy), attempt(() => Array.isArray(proxy)), Array.isArray(new Proxy([], {}))];
}
