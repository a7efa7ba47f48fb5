// Values a portfolio at given prices and says how far each holding is from its target share.
function main(input) {
  const holdings = input.holdings.map(({ asset, amount }) => {
    if (!(asset in input.prices)) throw new RangeError(`no price for ${asset}`);
    return { asset, value: amount * input.prices[asset] };
  });
  const total = holdings.reduce((sum, holding) => sum + holding.value, 0);
  console.log(`${holdings.length} holdings, worth ${total}`);
  return {
    total,
    shares: Object.fromEntries(holdings.map(({ asset, value }) => [asset, round(value / total)])),
    drift: Object.fromEntries(holdings.map(({ asset, value }) =>
      [asset, round(value / total - (input.targets[asset] ?? 0))])),
    fingerprint: crypto.sha256(JSON.stringify(input.holdings)),
  };
}

function round(x) {
  return Math.round(x * 10000) / 10000;
}
