function f() { return
  5; }
function main() {
  let a = 1
  let b = a
  ++b
  const c = [1, 2]
  ;[3].forEach((x) => c.push(x))
  var d = a
  /2/1
  return [f() === undefined, a, b, c, d]
}
