function main() {
  const re = /(?<year>\d{4})-(?<month>\d\d)(?:-(?<day>\d\d))?/u;
  const m = re.exec('on 2026-11-23 and 2025-01');
  return [{ ...m.groups }, m.index, 'x 2026-11-23'.replace(re, '$<day>.$<month>.$<year>'), '2025-01'.match(re).groups.day === undefined, 'aa-bb'.replace(/(?<l>\w+)-(?<r>\w+)/, (...a) => { const g = a.at(-1); return g.r + g.l; }), /(?<q>['"]).*?\k<q>/.exec(`say "it's" ok`)[0], Object.getPrototypeOf(m.groups)];
}
