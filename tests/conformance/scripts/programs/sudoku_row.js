function solve(n, k, sum, from = 1) { if (k === 0) return sum === 0 ? [[]] : []; const out = []; for (let d = from; d <= n && d <= sum; d++) for (const rest of solve(n, k - 1, sum - d, d + 1)) out.push([d, ...rest]); return out; }
function queens(n, rows = []) { if (rows.length === n) return 1; let total = 0; for (let c = 0; c < n; c++) if (rows.every((q, r) => q !== c && Math.abs(q - c) !== rows.length - r)) total += queens(n, [...rows, c]); return total; }
function main() { return [solve(9, 3, 15), queens(6)]; }
