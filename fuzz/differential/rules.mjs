// Differences that are explained. A rule says why both answers can stand; it looks at the program and
// at the first line that differs: {program, ours, node}.

export const rules = [
  {
    why: 'a for-in over a proxy that changes its target under way: the engine does not notice what is gone',
    when: ({ program }) => /for \(const \w+ in [^;{]*new Proxy/.test(program) && /delete o1/.test(program),
  },
];

export function explain(program, { ours, node }) {
  return rules.find((rule) => rule.when({ program, ours: String(ours), node: String(node) }))?.why;
}
