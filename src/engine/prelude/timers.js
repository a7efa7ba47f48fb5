/*
 * Timers
 */
const TIMER_MOST = 2147483647;

function setTimer(name, callback, delay, args, repeat) {
    if (typeof callback !== 'function') {
        throw new TypeError(name + ': the callback must be a function');
    }
    delay = floor(Number(delay));
    if (!(delay >= 1 && delay <= TIMER_MOST)) {
        delay = 1;
    }
    const bound = args.length === 0 ? callback : () => apply(callback, undefined, args);
    const id = hostTimerSet(bound, delay, repeat);
    if (id === 0) {
        throw new RangeError(name + ': too many timers are pending');
    }
    return id;
}

defineAll(global, {
    structuredClone(value, options = undefined) {
        const memory = new Map();
        const list = options == null ? undefined : options.transfer;
        if (list !== undefined) {
            if (!isArray(list)) {
                throw new TypeError('structuredClone: transfer must be an array');
            }
            transferAll(list, memory);
        }
        return clone(value, memory);
    },
    setTimeout(callback, delay = 0, ...args) {
        return setTimer('setTimeout', callback, delay, args, false);
    },
    setInterval(callback, delay = 0, ...args) {
        return setTimer('setInterval', callback, delay, args, true);
    },
    clearTimeout(id) {
        hostTimerClear(id);
    },
    clearInterval(id) {
        hostTimerClear(id);
    },
});

/* Memory shared between threads makes no sense where there is one; the rest is not offered. */
delete global.SharedArrayBuffer;

/* Time within a job starts at zero; where that zero lies is for Date to say. */
const performanceNow = global.performance.now;
const dateNow = Date.now;
const performance = {};
defineAll(performance, {
    now() {
        return performanceNow();
    },
});
defineProperty(performance, 'timeOrigin', {
    __proto__: null, enumerable: true, configurable: true,
    get: {
        timeOrigin() {
            return dateNow() - performanceNow();
        },
    }.timeOrigin,
});
tag(performance, 'Performance');
define(global, 'performance', performance);
