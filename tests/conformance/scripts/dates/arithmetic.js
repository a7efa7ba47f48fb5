function main() {
  const d = new Date('2024-01-31T00:00:00Z'); d.setUTCMonth(1); const overflow = d.toISOString(); d.setUTCDate(0);
  const e = new Date(0); e.setUTCFullYear(2023, 11, 31); e.setUTCHours(25); const days = (a, b) => (Date.parse(b) - Date.parse(a)) / 86400000;
  const attempt = (body) => { try { return body(); } catch (x) { return x.name; } };
  return [overflow, d.toISOString(), e.toISOString(), days('2024-02-01', '2024-03-01'), new Date(2024, 0, 1) - new Date(2023, 0, 1), new Date(8.64e15).toISOString(), attempt(() => new Date(8.64e15 + 1).toISOString()), String(new Date(NaN)), new Date(NaN).toJSON(), Date.UTC(99, 0), new Date(2024, 5).getMonth(), new Date(Date.UTC(2024, 0, 1, 0, 0, 90)).toISOString(), typeof (new Date() + 1), attempt(() => new Date(0)[Symbol.toPrimitive]('number')), attempt(() => new Date(Symbol()))];
}
