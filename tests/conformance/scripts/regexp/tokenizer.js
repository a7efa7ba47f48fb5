function tokens(text) {
  const re = /\s*(?:(?<number>\d+(?:\.\d+)?)|(?<name>[a-z_]\w*)|(?<op>[-+*/()^]))/giy, out = [];
  while (re.lastIndex < text.length) { const m = re.exec(text); if (!m) throw new SyntaxError('bad token'); const [kind, value] = Object.entries(m.groups).find(([, v]) => v !== undefined); out.push({ kind, value }); }
  return out;
}
function evaluate(text, names) {
  const ts = tokens(text); let i = 0; const prec = { '+': 1, '-': 1, '*': 2, '/': 2, '^': 3 };
  const atom = () => { const t = ts[i++]; if (t.value === '(') { const v = expr(0); i++; return v; } if (t.value === '-') return -atom(); return t.kind === 'number' ? +t.value : names[t.value]; };
  const expr = (min) => { let left = atom(); while (ts[i] && prec[ts[i].value] > min) { const op = ts[i++].value, right = expr(op === '^' ? prec[op] - 1 : prec[op]); left = { '+': left + right, '-': left - right, '*': left * right, '/': left / right, '^': left ** right }[op]; } return left; };
  return expr(0);
}
function main() { return [evaluate('2 + 3 * (4 - x) ^ 2', { x: 1 }), evaluate('2^3^2'), evaluate('-(1.5+y)*2', { y: 0.5 }), (() => { try { tokens('a $'); } catch (e) { return e.message; } })()]; }
