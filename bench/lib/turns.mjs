// Comparing what runs at the same time: short turns, and ratios of neighbouring ones. What else the machine
// does hits both turns of a ratio, and the median of many ratios forgets what hit only one.
import { median } from './load.mjs';
import { number } from './table.mjs';

/** Turns of all cases in each round, starting with another one each time: rows[case][round]. */
export async function byTurns(cases, rounds, turn, say) {
  const rows = cases.map(() => []);
  for (let round = 0; round < rounds; round++) {
    say?.(round);
    for (let k = 0; k < cases.length; k++) {
      const i = (round + k) % cases.length;
      rows[i].push(await turn(cases[i]));
    }
  }
  return rows;
}

/** Median of the ratios of two cases, round by round, and the ends of the half of them in the middle. */
export function ratio(rows, base, key) {
  const sorted = rows.map((row, round) => row[key] / base[round][key]).sort((a, b) => a - b);
  return { middle: median(sorted), low: sorted[Math.floor(sorted.length / 4)], high: sorted[Math.ceil(sorted.length * 3 / 4) - 1] };
}

export const spread = ({ middle, low, high }) => `${number(middle)} (${number(low)} to ${number(high)})`;
