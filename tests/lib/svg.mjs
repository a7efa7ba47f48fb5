// A plain line chart, one panel a series, without any library.

const WIDTH = 760;
const PANEL = 120;
const LEFT = 60;
const TOP = 40;

/** `samples` are objects with `second`; each series names one of their numbers. */
export function plot(title, unit, samples, series) {
  const most = Math.max(1, ...samples.map(({ second }) => second));
  const x = (second) => LEFT + (second / most) * (WIDTH - LEFT - 20);
  const panels = series.map(({ name, key }, i) => {
    const points = samples.filter((s) => s[key] !== null);
    const high = Math.max(1, ...points.map((s) => s[key]));
    const base = TOP + (i + 1) * PANEL - 20;
    const y = (value) => base - (value / high) * (PANEL - 45);
    const line = points.map((s) => `${x(s.second).toFixed(1)},${y(s[key]).toFixed(1)}`).join(' ');
    return `<text x="${LEFT}" y="${base - PANEL + 38}" font-weight="bold">${name}</text>
<line x1="${LEFT}" y1="${base}" x2="${WIDTH - 20}" y2="${base}" stroke="#999"/>
<text x="${LEFT - 6}" y="${base}" text-anchor="end">0</text>
<text x="${LEFT - 6}" y="${y(high) + 4}" text-anchor="end">${high}</text>
<polyline points="${line}" fill="none" stroke="#2266aa" stroke-width="1.2"/>`;
  });
  const height = TOP + series.length * PANEL + 20;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="11">
<rect width="100%" height="100%" fill="white"/>
<text x="${LEFT}" y="20" font-size="14">${title}</text>
${panels.join('\n')}
<text x="${WIDTH - 20}" y="${height - 8}" text-anchor="end">${most} ${unit}</text>
</svg>
`;
}
