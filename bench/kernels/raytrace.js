// A small ray tracer: floating point in many short-lived objects.
class Vector {
  constructor(x, y, z) {
    this.x = x;
    this.y = y;
    this.z = z;
  }
  add(o) { return new Vector(this.x + o.x, this.y + o.y, this.z + o.z); }
  sub(o) { return new Vector(this.x - o.x, this.y - o.y, this.z - o.z); }
  scale(f) { return new Vector(this.x * f, this.y * f, this.z * f); }
  dot(o) { return this.x * o.x + this.y * o.y + this.z * o.z; }
  unit() { return this.scale(1 / Math.sqrt(this.dot(this))); }
}

class Ray {
  constructor(from, to) {
    this.from = from;
    this.to = to;
  }
  at(t) { return this.from.add(this.to.scale(t)); }
}

class Sphere {
  constructor(centre, radius, colour, mirror) {
    this.centre = centre;
    this.radius = radius;
    this.colour = colour;
    this.mirror = mirror;
  }
  hit(ray) {
    const d = ray.from.sub(this.centre);
    const b = d.dot(ray.to);
    const root = b * b - d.dot(d) + this.radius * this.radius;
    if (root <= 0) return Infinity;
    const t = -b - Math.sqrt(root);
    return t > 1e-4 ? t : Infinity;
  }
  normal(point) { return point.sub(this.centre).unit(); }
  colourAt() { return this.colour; }
}

class Floor {
  constructor(height) {
    this.height = height;
    this.mirror = 0.2;
  }
  hit(ray) {
    const t = (this.height - ray.from.y) / ray.to.y;
    return t > 1e-4 ? t : Infinity;
  }
  normal() { return new Vector(0, 1, 0); }
  colourAt(point) { return (Math.floor(point.x) + Math.floor(point.z)) & 1 ? new Vector(0.9, 0.9, 0.9) : new Vector(0.1, 0.1, 0.1); }
}

const things = [new Floor(-1)];
for (let i = 0; i < 8; i++) {
  const angle = (i * Math.PI) / 4;
  things.push(new Sphere(new Vector(Math.cos(angle) * 2, (i % 3) * 0.4 - 0.4, 5 + Math.sin(angle) * 2), 0.6, new Vector(i / 8, 1 - i / 8, 0.5), 0.4));
}
const light = new Vector(-3, 6, 0);

function nearest(ray) {
  let best = null, least = Infinity;
  for (const thing of things) {
    const t = thing.hit(ray);
    if (t < least) {
      least = t;
      best = thing;
    }
  }
  return { thing: best, distance: least };
}

function trace(ray, depth) {
  const { thing, distance } = nearest(ray);
  if (thing === null) return new Vector(0.2, 0.3, 0.5 + 0.5 * Math.abs(ray.to.y));
  const point = ray.at(distance);
  const normal = thing.normal(point);
  const toLight = light.sub(point).unit();
  const shadow = nearest(new Ray(point, toLight)).thing !== null;
  const shade = shadow ? 0.1 : 0.1 + 0.9 * Math.max(0, normal.dot(toLight));
  let colour = thing.colourAt(point).scale(shade);
  if (depth > 0) {
    const away = ray.to.sub(normal.scale(2 * normal.dot(ray.to)));
    colour = colour.scale(1 - thing.mirror).add(trace(new Ray(point, away), depth - 1).scale(thing.mirror));
  }
  return colour;
}

function main() {
  const width = 120, height = 90;
  let sum = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const to = new Vector((x - width / 2) / width, (height / 2 - y) / width, 1).unit();
      const colour = trace(new Ray(new Vector(0, 0, 0), to), 3);
      sum = (sum * 31 + Math.round(255 * colour.x) + Math.round(255 * colour.y) * 3 + Math.round(255 * colour.z) * 7) % 1000000007;
    }
  }
  return { checksum: sum };
}
