// Differences that are explained: each rule says why both answers are right, or that the engine's is
// known to differ. A rule looks at the program and at both logs.

export const rules = [
];

export function explain(program, ours, node) {
  return rules.find((rule) => rule.when({ program, ours, node }))?.why;
}
