// Fluid flow on a grid (stable fluids): floating point in typed arrays, nested loops.
const N = 64, ROW = N + 2, CELLS = ROW * ROW;

function border(kind, x) {
  for (let i = 1; i <= N; i++) {
    x[i] = kind === 2 ? -x[i + ROW] : x[i + ROW];
    x[i + (N + 1) * ROW] = kind === 2 ? -x[i + N * ROW] : x[i + N * ROW];
    x[i * ROW] = kind === 1 ? -x[1 + i * ROW] : x[1 + i * ROW];
    x[N + 1 + i * ROW] = kind === 1 ? -x[N + i * ROW] : x[N + i * ROW];
  }
}

function solve(kind, x, x0, a, c, times) {
  const inverse = 1 / c;
  for (let k = 0; k < times; k++) {
    for (let j = 1; j <= N; j++) {
      let here = j * ROW + 1;
      let last = x[here - 1];
      for (let i = 1; i <= N; i++, here++) {
        last = (x0[here] + a * (last + x[here + 1] + x[here - ROW] + x[here + ROW])) * inverse;
        x[here] = last;
      }
    }
    border(kind, x);
  }
}

function advect(kind, d, d0, u, v, dt) {
  const step = dt * N;
  for (let j = 1; j <= N; j++) {
    for (let i = 1; i <= N; i++) {
      const at = i + j * ROW;
      const x = Math.min(Math.max(i - step * u[at], 0.5), N + 0.5);
      const y = Math.min(Math.max(j - step * v[at], 0.5), N + 0.5);
      const i0 = x | 0, j0 = y | 0, s = x - i0, t = y - j0;
      const p = i0 + j0 * ROW;
      d[at] = (1 - s) * ((1 - t) * d0[p] + t * d0[p + ROW]) + s * ((1 - t) * d0[p + 1] + t * d0[p + ROW + 1]);
    }
  }
  border(kind, d);
}

function project(u, v, p, div) {
  for (let j = 1; j <= N; j++) {
    for (let i = 1; i <= N; i++) {
      const at = i + j * ROW;
      div[at] = (-0.5 * (u[at + 1] - u[at - 1] + v[at + ROW] - v[at - ROW])) / N;
      p[at] = 0;
    }
  }
  border(0, div);
  border(0, p);
  solve(0, p, div, 1, 4, 20);
  for (let j = 1; j <= N; j++) {
    for (let i = 1; i <= N; i++) {
      const at = i + j * ROW;
      u[at] -= 0.5 * N * (p[at + 1] - p[at - 1]);
      v[at] -= 0.5 * N * (p[at + ROW] - p[at - ROW]);
    }
  }
  border(1, u);
  border(2, v);
}

function main() {
  let u = new Float64Array(CELLS), v = new Float64Array(CELLS), u0 = new Float64Array(CELLS), v0 = new Float64Array(CELLS);
  let d = new Float64Array(CELLS), d0 = new Float64Array(CELLS);
  for (let frame = 0; frame < 9; frame++) {
    for (let i = 1; i <= N; i += 7) {
      u[i + (i % N) * ROW] += 0.3;
      v[i + 20 * ROW] -= 0.2;
      d[i + 9 * ROW] += 5;
    }
    solve(1, u0, u, 0.01, 1.04, 10);
    solve(2, v0, v, 0.01, 1.04, 10);
    project(u0, v0, u, v);
    advect(1, u, u0, u0, v0, 0.1);
    advect(2, v, v0, u0, v0, 0.1);
    project(u, v, u0, v0);
    [d, d0] = [d0, d];
    advect(0, d, d0, u, v, 0.1);
  }
  let sum = 0;
  for (let i = 0; i < CELLS; i++) sum = (sum * 31 + Math.round(1e6 * d[i]) + Math.round(1e6 * u[i])) % 1000000007;
  return { checksum: sum };
}
