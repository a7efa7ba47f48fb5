class Temperature {
  celsius = 0;
  get fahrenheit() { return this.celsius * 9 / 5 + 32; }
  set fahrenheit(value) { this.celsius = (value - 32) * 5 / 9; }
  static get ['comp' + 'uted']() { return 'yes'; }
}
function main() {
  const t = new Temperature();
  t.fahrenheit = 212;
  return { celsius: t.celsius, fahrenheit: t.fahrenheit, computed: Temperature.computed,
    enumerable: Object.keys(t), own: Object.getOwnPropertyNames(Temperature.prototype) };
}
