function main() {
  const people = [{ name: 'A', tags: ['x', 'y'] }, { name: 'B', tags: [] }];
  const out = [];
  for (const { name, tags: [first = 'none'] } of people) out.push(name + first);
  for (const [i, { name }] of people.entries()) out.push(i + name);
  const f = ([a, b] = [1, 2], { c } = { c: 3 }) => a + b + c;
  return [out, f(), f([5, 5], { c: 5 }), people.map(({ name: n }) => n), (({ length: l }) => l)('four')];
}
