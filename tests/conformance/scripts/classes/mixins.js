const Serializable = (Base) => class extends Base { toText() { return JSON.stringify(this); } };
const Comparable = (Base) => class extends Base { equals(other) { return this.toText() === other.toText(); } };
class Point { constructor(x, y) { this.x = x; this.y = y; } }
class RichPoint extends Comparable(Serializable(Point)) {}
function main() {
  return [new RichPoint(1, 2).equals(new RichPoint(1, 2)), new RichPoint(1, 2).equals(new RichPoint(2, 1)), new RichPoint(3, 4).toText()];
}
