/** The page: settings in, a row per block out. What comes from a node is only ever shown as text. */

import type { Hash } from '../index.ts';
import { KNOWN_CHAINS } from '../known-chains.ts';
import type { Report, Settings } from './messages.ts';

type Row = Extract<Report, { kind: 'valid' | 'rejected' }>;

const MAX_ROWS = 500;
const OWN_FILE = 'genesis file…';

const form = element('settings', HTMLFormElement);
const status = element('status', HTMLElement);
const table = element('blocks', HTMLElement);
const [rpc, network, genesis, from, revoke] = [
  field('rpc', HTMLInputElement),
  field('network', HTMLSelectElement),
  field('genesis', HTMLInputElement),
  field('from', HTMLInputElement),
  field('revoke', HTMLInputElement),
];
const rows = new Map<bigint, HTMLTableRowElement>();
let worker: Worker | undefined;

for (const name of [...Object.keys(KNOWN_CHAINS), OWN_FILE]) network.add(new Option(name));
const asked = new URLSearchParams(location.search);
rpc.value = asked.get('rpc') ?? location.origin;
network.value = asked.get('network') ?? 'dev';
from.value = asked.get('from') ?? '';
revoke.value = asked.getAll('revoke').join(' ');
network.onchange = showFile;
showFile();
form.onsubmit = (event) => {
  event.preventDefault();
  remember();
  void follow();
};
if (asked.has('network') && network.value !== OWN_FILE && form.checkValidity()) void follow();

async function follow(): Promise<void> {
  worker?.terminate();
  table.replaceChildren();
  rows.clear();
  const file = genesis.files?.[0];
  if (network.value === OWN_FILE && file === undefined) {
    say('choose the chain’s genesis file', 'failed');
    return;
  }
  const chain =
    file !== undefined && network.value === OWN_FILE ? { genesis: await file.text() } : { network: network.value };
  const settings: Settings = {
    ...{ url: rpc.value, chain, from: from.value === '' ? undefined : BigInt(from.value) },
    // The form's pattern has passed: each is a hash.
    revoked: words(revoke.value) as Hash[],
  };
  say(`asking ${settings.url}`);
  worker = new Worker('worker.js');
  worker.onmessage = ({ data }: MessageEvent<Report>) => show(data);
  worker.onerror = ({ message }) => say(`the worker failed: ${message}`, 'failed');
  worker.postMessage(settings);
}

function show(report: Report): void {
  switch (report.kind) {
    case 'valid':
    case 'rejected':
      say(`following ${rpc.value}`);
      put(report);
      break;
    case 'waiting':
      say(report.detail);
      break;
    case 'reorganised':
      say(`block ${report.number} is of another branch than the one before it: following its branch`);
      break;
    case 'failed':
      say(report.isFinal ? report.detail : `${report.detail}; trying again`, 'failed');
  }
}

/** The newest block stands on top; a block that is seen again replaces its row. */
function put(report: Row): void {
  const row = document.createElement('tr');
  row.dataset.number = String(report.number);
  row.dataset.verdict = report.kind;
  row.append(cell(String(report.number)));
  if (report.kind === 'valid') {
    const { hash, backing, sizeBytes, verifyMs, securityBits } = report;
    const isSealed = backing.kind === 'sealed';
    row.append(
      ...[cell(hash, 'hex'), cell(isSealed ? backing.sealer : '', 'hex')],
      ...[cell(`${(sizeBytes / 1000).toFixed(0)} kB`), cell(`${verifyMs.toFixed(0)} ms`)],
      cell(`valid, ${securityBits} bits${isSealed ? '' : ', not known to be canonical'}`, 'verdict'),
    );
  } else {
    const { code, stage, rule, detail } = report;
    const verdict = cell(`rejected: ${code}${stage === undefined ? '' : ` (${stage}/${rule})`}`, 'verdict');
    verdict.title = detail;
    row.append(cell(''), cell(''), cell(''), cell(''), verdict);
  }
  const old = rows.get(report.number);
  rows.set(report.number, row);
  if (old === undefined) table.prepend(row);
  else old.replaceWith(row);
  if (rows.size > MAX_ROWS) {
    const last = table.lastElementChild as HTMLTableRowElement;
    rows.delete(BigInt(last.dataset.number ?? 0));
    last.remove();
  }
}

function cell(text: string, kind = ''): HTMLTableCellElement {
  const made = document.createElement('td');
  made.className = kind;
  made.textContent = text;
  return made;
}

function say(text: string, kind = ''): void {
  status.textContent = text;
  status.dataset.kind = kind;
}

function showFile(): void {
  element('genesis', HTMLElement).hidden = network.value !== OWN_FILE;
}

/** The address then starts the same again, after a reload too. */
function remember(): void {
  const settings = new URLSearchParams({ rpc: rpc.value, network: network.value });
  if (from.value !== '') settings.set('from', from.value);
  for (const hash of words(revoke.value)) settings.append('revoke', hash);
  history.replaceState(null, '', `?${settings}`);
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function element<T extends HTMLElement>(id: string, type: abstract new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof type) return found;
  throw new Error(`the page lacks #${id}`);
}

function field<T extends HTMLElement>(name: string, type: abstract new () => T): T {
  const found = form.elements.namedItem(name);
  if (found instanceof type) return found;
  throw new Error(`the form lacks ${name}`);
}
