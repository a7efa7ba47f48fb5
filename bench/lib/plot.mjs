// Bar charts as SVG: panels beside one another, one bar a row and series, on a logarithmic scale.
const LABEL = 230, PANEL = 330, BAR = 13, GAP = 12, TOP = 64, MARGIN = 18, VALUE = 78;
const COLOURS = ['#1f6feb', '#8cb8f5'];
const PEER_COLOURS = ['#8a8f98', '#c4c8ce'];

const escape = (text) => String(text).replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]);

function text(x, y, content, { size = 12, anchor = 'start', colour = '#24292f', weight = 'normal' } = {}) {
  return `<text x="${x}" y="${y}" font-size="${size}" text-anchor="${anchor}" fill="${colour}" font-weight="${weight}">${escape(content)}</text>`;
}

// rows: [{title, ours, values: {panel: [one a series]}}]; panels: [{key, title, format}].
export function barChart({ title, note, panels, series, rows }) {
  const step = series.length * BAR + GAP;
  const width = LABEL + panels.length * PANEL + MARGIN;
  const height = TOP + rows.length * step + 40;
  const out = [`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    text(MARGIN, 24, title, { size: 16, weight: 'bold' })];
  rows.forEach((row, i) => {
    out.push(text(LABEL - 10, TOP + i * step + (series.length * BAR) / 2 + 4, row.title, { anchor: 'end', weight: row.ours ? 'bold' : 'normal' }));
  });
  panels.forEach((panel, p) => {
    const left = LABEL + p * PANEL;
    const room = PANEL - VALUE;
    const values = rows.flatMap((row) => row.values[panel.key]).filter((value) => value > 0);
    const low = Math.min(...values) / 2, high = Math.max(...values);
    out.push(text(left, TOP - 14, panel.title, { size: 13, weight: 'bold' }));
    rows.forEach((row, i) => row.values[panel.key].forEach((value, s) => {
      if (!(value > 0)) return;
      const length = Math.max(2, (Math.log(value / low) / Math.log(high / low)) * room);
      const y = TOP + i * step + s * BAR;
      out.push(`<rect x="${left}" y="${y}" width="${length.toFixed(1)}" height="${BAR - 2}" fill="${(row.ours ? COLOURS : PEER_COLOURS)[s]}"/>`,
        text(left + length + 5, y + BAR - 3.5, panel.format(value), { size: 10.5 }));
    }));
  });
  out.push(text(MARGIN, height - 14, `${note}${series.length > 1 ? ` Upper bar: ${series[0]}, lower: ${series[1]}.` : ''} Logarithmic scale.`, { size: 11, colour: '#57606a' }), '</svg>');
  return out.join('\n') + '\n';
}
