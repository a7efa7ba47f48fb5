// The page: runs a job, shows its receipt, and checks whatever stands in the fields after each key.

import { NeoCompute, parseReceipt } from 'neocompute';

const $ = (id) => document.getElementById(id);
const CHECKED = ['receipt', 'output', 'script', 'input', 'nonce', 'user', 'salt', 'identity'];

/** What came, to show what was changed since. */
const came = { receipt: '', output: '' };

function clientOf() {
  return new NeoCompute({
    url: new URL('/api', location.href).href,
    userId: $('user').value || undefined,
    attestation: {
      identityKey: $('identity').value.trim() || undefined,
      allowSimulation: $('simulation').checked,
    },
  });
}

/* --- showing --- */

function row(tag, className, ...cells) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...cells.map(([cellTag, cellClass, text]) => {
    const cell = document.createElement(cellTag);
    cell.className = cellClass;
    cell.textContent = text;
    return cell;
  }));
  return element;
}

function showChecks(checks) {
  $('checks').replaceChildren(...checks.map(({ name, ok, text }) => row('li', ok ? 'good' : 'bad',
    ['span', 'mark', ok ? '✓' : '✗'], ['span', 'name', name],
    ['span', 'text', `${ok ? '' : 'Failed: '}${text}`])));
}

function showVerdict(text, kind, simulation = false) {
  $('verdict').textContent = text;
  $('verdict').className = kind;
  $('warning').hidden = !simulation;
}

function showClaims(text) {
  let claims = {};
  try {
    claims = parseReceipt(text).receipt;
  } catch {
    // not readable: the checks say why
  }
  $('claims').replaceChildren(...Object.entries(claims).map(([name, value]) => row('tr', '',
    ['td', '', name], ['td', '', typeof value === 'string' ? value : JSON.stringify(value)])));
  $('claims-box').hidden = Object.keys(claims).length === 0;
}

/* --- which byte --- */

const utf8 = (text) => new TextEncoder().encode(text);

function describe(byte) {
  if (byte === undefined) return 'nothing';
  return byte > 32 && byte < 127 ? `“${String.fromCharCode(byte)}”` : `byte ${byte}`;
}

/** Which part of a receipt a character is in. */
function partOf(text, at) {
  const batch = text.includes('~');
  const names = batch ? ['payload', 'path to the root', 'signature of the root']
    : ['header', 'payload', 'signature'];
  return names[text.slice(0, at).split(batch ? '~' : '.').length - 1] ?? 'end';
}

function showChange(id) {
  const [before, now] = [utf8(came[id]), utf8($(id).value)];
  let at = 0;
  while (at < before.length && before[at] === now[at]) at += 1;
  const same = before.length === 0 || (at === before.length && at === now.length);
  const where = id === 'receipt' ? `, in the ${partOf(came.receipt, at)}` : '';
  $(`${id}-change`).textContent = same ? ''
    : `Changed at byte ${at}${where}: ${describe(before[at])} came, ${describe(now[at])} stands here.`;
}

/* --- checking --- */

/** What was pasted: a receipt, or the document with its bundle that the service gives. */
function given(text) {
  if (!text.startsWith('{')) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

let turn = 0; // only the newest check is shown

async function check() {
  const mine = ++turn;
  const text = $('receipt').value.trim();
  showChange('receipt');
  showChange('output');
  if (text === '') return;
  const receipt = given(text);
  showClaims(receipt.receipt ?? receipt);
  const value = (id) => $(id).value || undefined;
  const expect = {
    script: value('script'), inputJson: value('input')?.trim(), outputJson: value('output')?.trim(),
    nonce: value('nonce'), salt: value('salt'), userId: value('salt') && value('user'),
  };
  let shown;
  try {
    const { checks, simulation } = await clientOf().verifyReceipt(receipt, withoutAbsent(expect));
    shown = [checks, 'Every check passed.', 'good', simulation];
  } catch (error) {
    const checks = error.checks?.length ? error.checks
      : [{ name: error.code ?? 'error', ok: false, text: error.message }];
    shown = [checks, `Not proven: ${error.code}.`, 'bad'];
  }
  if (mine !== turn) return;
  const [checks, ...verdict] = shown;
  showChecks(checks);
  showVerdict(...verdict);
}

const withoutAbsent = (object) => Object.fromEntries(
  Object.entries(object).filter(([, value]) => value !== undefined));

/* --- running --- */

function fill(job) {
  came.receipt = job.receipt;
  came.output = job.outputJson ?? '';
  $('receipt').value = job.receipt;
  $('output').value = came.output;
  $('nonce').value = job.verification.receipt.nonce ?? '';
  $('salt').value = job.receipt_salt ?? '';
}

async function run(sealed) {
  const buttons = [$('run'), $('run-sealed')];
  buttons.forEach((button) => { button.disabled = true; });
  $('run-state').textContent = sealed ? 'Sealing, sending, opening …' : 'Running …';
  try {
    const client = clientOf();
    const request = [{ script: $('script').value }, { inputJson: $('input').value }];
    const job = await (sealed ? client.executeSealed(...request) : client.execute(...request));
    fill(job);
    $('run-state').textContent = `${job.status}${sealed ? ', sealed all the way' : ''}`;
    await check();
  } catch (error) {
    $('run-state').textContent = `${error.name}: ${error.code}`;
    showChecks(error.checks ?? []);
    showVerdict(error.message, 'bad');
  } finally {
    buttons.forEach((button) => { button.disabled = false; });
  }
}

$('run').addEventListener('click', () => run(false));
$('run-sealed').addEventListener('click', () => run(true));
$('simulation').addEventListener('change', check);
for (const id of CHECKED) $(id).addEventListener('input', check);
