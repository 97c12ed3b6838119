import { figureAt, FORMATS, sparklinePath } from './formats.ts'

const formats = Object.entries(FORMATS).map(([name, format]) => `${name}: ${format.toString()}`)

/** The script of the page. It sends one request at a time, and none while the page is hidden. */
export const SCRIPT: string = `'use strict';
const formats = {${formats.join(',\n')}};
const figureAt = ${figureAt.toString()};
const sparklinePath = ${sparklinePath.toString()};

const PERIOD = 2000;
const PATIENCE = 5000;
const LIVE = 'updated every two seconds';
const source = location.pathname.replace(/\\/+$/, '') + '.json';
const notice = document.getElementById('notice');
const freshness = document.getElementById('freshness');
let timer;
let asking = false;

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function setRows(name, rows) {
  const body = document.querySelector('[data-rows="' + name + '"]');
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach(([head, text], index) => {
    let row = body.rows[index];
    if (!row) {
      row = body.insertRow();
      const cell = document.createElement('th');
      cell.scope = 'row';
      row.append(cell, document.createElement('td'));
    }
    setText(row.cells[0], head);
    setText(row.cells[1], text);
  });
}

function show(stats) {
  for (const element of document.querySelectorAll('[data-figure]')) {
    const text = formats[element.dataset.format](figureAt(stats, element.dataset.figure));
    setText(element, text);
    element.toggleAttribute('data-missing', text === 'unavailable');
  }
  const refusals = stats.requests.refusals.map(({ reason, requests }) => [reason, formats.count(requests)]);
  setRows('refusals', refusals.length > 0 ? refusals : [['nothing was refused', '']]);
  const checks = Object.entries(stats.checks);
  setRows('checks', checks.length > 0 ? checks : [['nothing is checked', '']]);
  document.getElementById('history').setAttribute('d', sparklinePath(stats.requests.history));
  document.body.dataset.state = stats.status;
}

function setNotice(text) {
  setText(notice, text);
  notice.hidden = text === '';
}

async function update() {
  clearTimeout(timer);
  if (asking || document.hidden) return;
  asking = true;
  try {
    const response = await fetch(source, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) });
    if (!response.ok) throw new Error(String(response.status));
    show(await response.json());
    setNotice('');
    setText(freshness, LIVE);
  } catch {
    if (document.body.dataset.state !== 'unreachable') {
      const time = document.querySelector('[data-figure="time"]').textContent;
      setNotice('The tracker does not answer. These figures are of ' + time + '.');
    }
    document.body.dataset.state = 'unreachable';
    setText(document.querySelector('[data-figure="status"]'), 'unreachable');
    setText(freshness, 'and not updated');
  }
  asking = false;
  timer = setTimeout(update, PERIOD);
}

document.addEventListener('visibilitychange', update);
setText(freshness, LIVE);
timer = setTimeout(update, PERIOD);
`
