// One-way constraints between variables, planned by strength and propagated (the kind of program
// DeltaBlue is): class hierarchies, short methods, arrays of objects.
const REQUIRED = 0, STRONG = 1, MEDIUM = 2, WEAK = 3;

class Variable {
  constructor(value) {
    this.value = value;
    this.constraints = [];
    this.by = null;
    this.strength = WEAK;
    this.mark = 0;
  }
}

class Constraint {
  constructor(strength, output) {
    this.strength = strength;
    this.output = output;
    output.constraints.push(this);
  }
  ready(mark) {
    return this.inputs().every((variable) => variable.mark === mark || variable.by === null);
  }
  inputs() {
    return [];
  }
}

class Stay extends Constraint {
  execute() {}
}

class Edit extends Constraint {
  constructor(strength, output) {
    super(strength, output);
    this.value = 0;
  }
  execute() {
    this.output.value = this.value;
  }
}

class Equal extends Constraint {
  constructor(strength, from, to) {
    super(strength, to);
    this.from = from;
    from.constraints.push(this);
  }
  inputs() {
    return [this.from];
  }
  execute() {
    this.output.value = this.from.value;
  }
}

class Scale extends Equal {
  constructor(strength, from, factor, offset, to) {
    super(strength, from, to);
    this.factor = factor;
    this.offset = offset;
    factor.constraints.push(this);
    offset.constraints.push(this);
  }
  inputs() {
    return [this.from, this.factor, this.offset];
  }
  execute() {
    this.output.value = (this.from.value * this.factor.value + this.offset.value) % 1000003;
  }
}

class Planner {
  constructor() {
    this.mark = 0;
    this.executed = 0;
  }
  add(constraint) {
    const output = constraint.output;
    if (output.by !== null && output.by.strength <= constraint.strength) return false;
    output.by = constraint;
    output.strength = constraint.strength;
    return true;
  }
  plan(source) {
    const mark = ++this.mark;
    const plan = [];
    const agenda = [source];
    while (agenda.length > 0) {
      const constraint = agenda.pop();
      const output = constraint.output;
      if (output.by !== constraint || output.mark === mark || !constraint.ready(mark)) continue;
      output.mark = mark;
      plan.push(constraint);
      for (const next of output.constraints) if (next !== constraint && next.output !== output) agenda.push(next);
    }
    return plan;
  }
  execute(plan) {
    for (const constraint of plan) constraint.execute();
    this.executed += plan.length;
  }
}

function chain(planner, length) {
  const variables = Array.from({ length: length + 1 }, () => new Variable(0));
  for (let i = 0; i < length; i++) planner.add(new Equal(REQUIRED, variables[i], variables[i + 1]));
  planner.add(new Stay(STRONG, variables[length]));
  return variables;
}

function projection(planner, count) {
  const factor = new Variable(10), offset = new Variable(1000);
  const source = new Variable(1), out = [];
  for (let i = 0; i < count; i++) {
    const to = new Variable(i);
    planner.add(new Scale(REQUIRED, source, factor, offset, to));
    planner.add(new Stay(MEDIUM, to));
    out.push(to);
  }
  return { source, out };
}

function main() {
  const planner = new Planner();
  let sum = 0;
  for (let round = 0; round < 16; round++) {
    const variables = chain(planner, 900);
    const { source, out } = projection(planner, 450);
    for (const target of [variables[0], source]) {
      const edit = new Edit(REQUIRED, target);
      planner.add(edit);
      for (let i = 0; i < 4; i++) {
        const plan = planner.plan(edit);
        for (let value = 0; value < 12; value++) {
          edit.value = value * round + i;
          planner.execute(plan);
        }
      }
    }
    sum = (sum * 31 + variables[900].value + out[17].value + out[449].value) % 1000000007;
  }
  return { checksum: sum, executed: planner.executed };
}
