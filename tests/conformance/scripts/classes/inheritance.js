class Shape {
  constructor(name) { this.name = name; this.made = new.target.name; }
  area() { return 0; }
  describe() { return `${this.name}: ${this.area()}`; }
  static create(...args) { return new this(...args); }
}
class Square extends Shape {
  constructor(side) { super('square'); this.side = side; }
  area() { return this.side ** 2; }
  describe() { return super.describe() + '!'; }
}
class Cube extends Square {
  area() { return 6 * super.area(); }
}
function main() {
  return [Shape.create('dot'), Square.create(3), Cube.create(2)].map((s) => [s.made, s.describe(), s instanceof Square]);
}
