function main() {
  const d = new Date(Date.UTC(2024, 1, 29, 23, 59, 58, 123));
  return [d.toISOString(), d.getTime(), d.getFullYear(), d.getMonth(), d.getDate(), d.getDay(), d.getHours(), d.getUTCMinutes(), d.getMilliseconds(), d.getTimezoneOffset(), JSON.stringify(d), d.toUTCString(), +d === d.valueOf(), d.toJSON(), typeof Date(), typeof Date.now()];
}
