function main() {
  const animal = { speak() { return 'noise'; } };
  const dog = { __proto__: animal, speak() { return super.speak() + ' woof'; } };
  const puppy = { __proto__: dog, speak() { return super.speak() + ' yip'; }, get loud() { return super.speak().toUpperCase(); } };
  return [puppy.speak(), puppy.loud, Object.getPrototypeOf(puppy) === dog];
}
