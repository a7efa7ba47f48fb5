async function main() {
  const fail = (m) => Promise.reject(new Error(m)), ok = (v) => Promise.resolve(v);
  const settle = async (p) => { try { return await p; } catch (e) { return { name: e.name, message: e.message, errors: e.errors?.map((x) => x.message) }; } };
  return {
    all: await settle(Promise.all([1, ok(2), { then(r) { r(3); } }])), allFail: await settle(Promise.all([ok(1), fail('x')])),
    settled: (await Promise.allSettled([ok(1), fail('y')])).map((r) => [r.status, r.value ?? r.reason.message]),
    race: await settle(Promise.race([new Promise(() => {}), ok('first'), fail('z')])),
    any: await settle(Promise.any([fail('a'), ok('b')])), anyFail: (await settle(Promise.any([fail('p'), fail('q')]))).errors, empty: await Promise.all([]),
  };
}
