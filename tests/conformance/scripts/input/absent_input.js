function main(input, secrets) { return { input, secrets, frozen: Object.isFrozen(secrets), args: arguments.length, same: input === globalThis.input }; }
