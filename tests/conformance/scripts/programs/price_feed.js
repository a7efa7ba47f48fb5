function main() {
  const quotes = [{ source: 'a', price: 10.1, volume: 5 }, { source: 'b', price: 10.3, volume: 1 }, { source: 'c', price: 99, volume: 0.1 }, { source: 'd', price: 10.2, volume: 3 }];
  const sorted = quotes.map((q) => q.price).sort((a, b) => a - b), median = (sorted[1] + sorted[2]) / 2;
  const kept = quotes.filter((q) => Math.abs(q.price - median) / median < 0.1), volume = kept.reduce((s, q) => s + q.volume, 0);
  return { median, vwap: Math.round(kept.reduce((s, q) => s + q.price * q.volume, 0) / volume * 1e8) / 1e8, used: kept.map((q) => q.source), rejected: quotes.filter((q) => !kept.includes(q)).map(({ source }) => source) };
}
