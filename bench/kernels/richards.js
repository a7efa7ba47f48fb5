// Scheduling with small objects and polymorphic calls: tasks of an operating system pass packets
// to one another through queues (the kind of program Richards is).
const RUNNING = 0, HELD = 1, WAITING = 2;

class Packet {
  constructor(kind, to) {
    this.kind = kind;
    this.to = to;
    this.link = null;
    this.data = [0, 0, 0, 0];
  }
}

class Task {
  constructor(system, id) {
    this.system = system;
    this.id = id;
    this.state = WAITING;
    this.head = null;
    this.tail = null;
  }
  push(packet) {
    packet.link = null;
    if (this.head === null) this.head = packet;
    else this.tail.link = packet;
    this.tail = packet;
    if (this.state === WAITING) this.state = RUNNING;
  }
  shift() {
    const packet = this.head;
    if (packet !== null) {
      this.head = packet.link;
      if (this.head === null) this.tail = null;
    }
    return packet;
  }
  step() {
    const packet = this.shift();
    if (packet === null) this.state = WAITING;
    else this.handle(packet);
  }
}

class Idle extends Task {
  constructor(system, id, count) {
    super(system, id);
    this.seed = 1;
    this.count = count;
    this.state = RUNNING;
  }
  step() {
    if (--this.count === 0) {
      this.state = HELD;
      return;
    }
    this.seed = (this.seed & 1) === 0 ? this.seed >> 1 : (this.seed >> 1) ^ 0xd008;
    this.system.send(new Packet('work', 1 + (this.seed & 1)));
  }
}

class Worker extends Task {
  handle(packet) {
    for (let i = 0; i < packet.data.length; i++) packet.data[i] = (packet.data[i] + this.id * 7 + i) % 26;
    packet.kind = 'device';
    packet.to = 3 + (packet.data[0] & 1);
    this.system.send(packet);
  }
}

class Device extends Task {
  constructor(system, id) {
    super(system, id);
    this.done = 0;
  }
  handle(packet) {
    this.done++;
    for (const byte of packet.data) this.system.sum = (this.system.sum * 31 + byte) | 0;
  }
}

class System {
  constructor(count) {
    this.sum = 0;
    this.sent = 0;
    this.tasks = [new Idle(this, 0, count), new Worker(this, 1), new Worker(this, 2), new Device(this, 3), new Device(this, 4)];
  }
  send(packet) {
    this.sent++;
    this.tasks[packet.to].push(packet);
  }
  run() {
    for (let busy = true; busy;) {
      busy = false;
      for (const task of this.tasks) {
        if (task.state !== RUNNING) continue;
        task.step();
        busy = true;
      }
    }
  }
}

function main() {
  const system = new System(120000);
  system.run();
  return { checksum: system.sum, sent: system.sent, done: system.tasks[3].done + system.tasks[4].done };
}
