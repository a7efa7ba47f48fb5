class Config {
  static values = new Map();
  static { this.values.set('a', 1); }
  static #secret = 5;
  static { try { throw new Error('x'); } catch (error) { this.values.set('caught', error.message); } }
  static { this.values.set('secret', Config.#secret * 2); }
  static order = [...this.values.keys()];
}
function main() { return { values: [...Config.values], order: Config.order }; }
