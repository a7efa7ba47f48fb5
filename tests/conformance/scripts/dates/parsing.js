function main() {
  return ['2024-02-29', '2024-02-29T12:30:00Z', '2024-02-29T12:30:00.123+02:00', '2024', '2024-02', 'Thu, 29 Feb 2024 12:30:00 GMT', 'Feb 29, 2024 12:30:00 UTC', '+012024-01-01T00:00:00Z', 'nonsense', '2024-13-01', '2024-02-29T25:00:00Z', '2024-01-01T24:00:00Z', '', '2024-1-1T00:00'].map((s) => { const t = Date.parse(s); return Number.isNaN(t) ? 'invalid' : new Date(t).toISOString(); });
}
