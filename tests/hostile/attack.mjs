// Carries out one attack, whatever its form, and gives what came of it:
// {outcome: error_code | status number | 'close' | 'silence', output, texts}.

import { inParallel, sleep } from '../lib/wait.mjs';

/** Puts the marker wherever the attack says @MARK@. */
export function withMarker(attack, marker) {
  const put = (value) => {
    if (typeof value === 'string') return value.replaceAll('@MARK@', marker);
    if (Array.isArray(value)) return value.map(put);
    return value;
  };
  return { ...attack, script: put(attack.script), body: put(attack.body), raw: put(attack.raw), input: put(attack.input) };
}

async function scriptAttack(server, attack, user) {
  const body = attack.body ?? { script: attack.script, input: attack.input, ...attack.limits };
  const { status, json, text } = await server.request('POST', '/execute', { user, body });
  const outcome = status !== 200 ? status : json.status === 'completed' ? 'completed' : json.error_code;
  return { outcome, output: json?.output, text };
}

async function rawAttack(server, attack, during) {
  const connections = [];
  const answers = await inParallel(attack.count ?? 1, 250, async (i) => {
    const connection = await server.raw().catch(() => null);
    if (!connection) return 'close';
    connections.push(connection);
    if (attack.unread) connection.socket.pause();
    const sent = connection.sendAll(attack.raw);
    if (i > 0 || attack.unread || attack.raw === '') {
      await Promise.race([sent, sleep(3000)]);
      return null;
    }
    return connection.answer(attack.count > 1 ? 1500 : Math.min(attack.seconds ?? 3, 4) * 1000);
  });
  if (attack.hold) {
    await during();
    await sleep(attack.hold);
    await during();
  }
  const [first] = connections;
  const second = attack.once && answers[0]?.status ? await first.answer(1000) : null;
  for (const connection of connections) connection.destroy();
  const answer = answers[0] ?? 'silence';
  return {
    outcome: answer.status ?? answer,
    text: answer.body?.toString() ?? '',
    headers: answer.headers,
    followed: second?.status !== undefined,
  };
}

async function floodAttack(server, { flood }, user) {
  const answers = await inParallel(flood.users * flood.each, flood.users * flood.each, (i) =>
    server.execute({ script: flood.script, input: flood.input }, { user: `${user}-${i % flood.users}` }));
  const statuses = [...new Set(answers.map(({ status }) => status))];
  return { outcome: statuses.length === 1 ? statuses[0] : 200, statuses, text: '' };
}

export function carryOut(server, attack, { user, during }) {
  if (attack.flood) return floodAttack(server, attack, user);
  if (attack.raw !== undefined && attack.raw !== null) return rawAttack(server, attack, during);
  return scriptAttack(server, attack, user);
}
