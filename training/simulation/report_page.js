// Fills the page from the figures in it. Text is only ever set as text: names
// of policies are whatever a person wrote.
'use strict';

const figures = JSON.parse(document.getElementById('figures').textContent);
const money = (value) => value.toFixed(figures.digits);
const signed = (value) => {
  const text = money(Math.abs(value));
  return (Number(text) === 0 ? '' : value < 0 ? '\u2212' : '+') + text;
};
const minus = (text) => text.replace('-', '\u2212');
const whole = (value) => Math.round(value).toLocaleString('en');

function make(tag, text, className) {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
}

function roleOf(policy) {
  if (policy === figures.current) return 'current';
  if (policy === figures.oracle) return 'oracle';
  if (policy === figures.personal) return 'personal';
  if (policy === figures.best_fixed) return 'fixed';
  return 'other';
}

// A name in a chart.
function labelOf(policy) {
  const what = policy === figures.oracle ? ' (not a choice)' :
      policy === figures.personal && figures.expected ? ' (by its own model)' : '';
  return figures.policies[policy].name + what;
}

// Lines break where words do.
function addName(node, name) {
  for (const part of name.match(/[^_\-.\/]*[_\-.\/]?/g)) {
    if (part) node.append(part, make('wbr'));
  }
}

// In a few words.
function estimatorOf(policy) {
  return (figures.policies[policy].model_only ? 'model only' : 'doubly robust') +
      (policy === figures.personal ? ', by its own model' : '');
}

const BADGES = {current: figures.reference, oracle: 'not a choice', personal: 'personal', fixed: 'best fixed'};

// A name, and what it is where the name does not say so.
function nameCell(policy) {
  const name = figures.policies[policy].name;
  const cell = make('th', undefined, name.length > 32 ? 'long' : '');
  cell.scope = 'row';
  addName(cell, name);
  const badges = [roleOf(policy)];
  if (policy === figures.best_fixed && badges[0] === 'current') badges.push('fixed');
  for (const role of badges) {
    if (!BADGES[role] || BADGES[role] === name) continue;
    if (cell.querySelector('br') === null) cell.append(make('br'));
    cell.append(make('span', BADGES[role], 'badge ' + role));
  }
  if (figures.expected) cell.append(make('small', estimatorOf(policy)));
  return cell;
}

// "12.40" and below it in small print "12.31 to 12.49".
function intervalCell([value, low, high], say, none) {
  const cell = make('td', none ? '\u2013' : say(value));
  if (!none && low < high) cell.append(make('small', say(low) + ' to ' + say(high)));
  return cell;
}

function header(table, titles) {
  const row = make('tr');
  for (const title of titles) {
    const cell = make('th');
    cell.scope = 'col';
    addName(cell, title);
    row.append(cell);
  }
  const head = make('thead');
  head.append(row);
  table.append(head, make('tbody'));
  return table.lastElementChild;
}

function fillPolicies() {
  const titles = ['Policy', 'Beside ' + figures.reference, 'Net value',
                  'Recovered,\u00a0%', 'Free days', 'Attempts', 'Messages'];
  if (figures.oracle !== null) titles.push('Regret');
  const body = header(document.getElementById('policy-table'), titles);
  for (const k of figures.order) {
    const policy = figures.policies[k];
    const row = make('tr');
    row.append(
        nameCell(k), intervalCell(policy.difference, signed, k === figures.current),
        intervalCell(policy.net, (v) => minus(money(v))),
        intervalCell(policy.recovered, (v) => v.toFixed(1)),
        intervalCell(policy.free_days, (v) => v.toFixed(2)),
        intervalCell(policy.attempts, (v) => v.toFixed(2)),
        intervalCell(policy.messages, (v) => v.toFixed(2)));
    if (policy.regret !== null) {
      row.append(make('td', k === figures.oracle ? '\u2013' : minus(money(policy.regret))));
    }
    body.append(row);
  }
}

function fillDays() {
  if (figures.policies.length === 0) return;
  const days = figures.policies[0].by_day.map(([day]) => 'Day\u00a0' + day);
  const body = header(document.getElementById('day-table'), ['Policy', ...days]);
  for (const k of figures.order) {
    const row = make('tr');
    row.append(nameCell(k));
    for (const [, percent, value] of figures.policies[k].by_day) {
      const cell = intervalCell(percent, (v) => v.toFixed(1));
      const [worth, low, high] = value.map((v) => minus(money(v)));
      cell.append(make('small', worth + ' (' + low + ' to ' + high + ')'));
      row.append(cell);
    }
    body.append(row);
  }
}

const INTERVAL_WORDS = {
  axis: figures.currency + ' a payment',
  interval: (p) => p ? signed(p.value) + ' (' + signed(p.low) + ' to ' + signed(p.high) + ') ' +
      figures.currency : '',
};

function whisker([value, low, high], role, few) {
  return {value: value, low: low, high: high, colour: colour(few ? 'few' : role), mark: MARKS[role]};
}

function drawDifferences() {
  const others = figures.order.filter((k) => k !== figures.current);
  return whiskerChart(
      document.getElementById('difference-chart'), others.map(labelOf),
      [{label: 'difference',
        points: others.map((k) => whisker(figures.policies[k].difference, roleOf(k)))}],
      INTERVAL_WORDS);
}

function drawPareto() {
  const points = figures.order.map((k, rank) => ({
    x: figures.policies[k].free_days[0], y: figures.policies[k].recovered_value[0],
    name: labelOf(k), role: roleOf(k), rank: rank,
    efficient: figures.policies[k].efficient,
  }));
  return paretoChart(document.getElementById('pareto-chart'), points, {
    x: 'free days a payment', y: 'recovered value, ' + figures.currency + ' a payment',
    point: (p) => p.name + ': ' + money(p.y) + ' ' + figures.currency + ', ' +
        p.x.toFixed(2) + ' free days',
  });
}

function drawSurvival() {
  return survivalChart(
      document.getElementById('survival-chart'),
      figures.curves.map((c) => ({
        name: labelOf(c.policy) +
            (c.policy === figures.current ? ' (' + figures.reference + ')' : ''),
        role: roleOf(c.policy), unpaid: c.unpaid,
      })));
}

// Whose segments are shown: a policy, or null for those that a reader chooses
// between.
let picked = null;

// Policies whose differences to the current one are shown by segment.
function compared() {
  const shown = picked === null ? [figures.personal, figures.best_fixed] : [picked];
  return shown.filter((policy) => policy !== null && policy !== figures.current);
}

function isThin(segment) {
  return segment.payments < figures.segment_payments_min;
}

// Titles, and what stands below them for a segment.
function segmentColumns() {
  const beside = (policy) => (s) => intervalCell(s.policies[policy].difference, signed);
  if (picked === null) return compared().map((policy) => [labelOf(policy), beside(policy)]);
  return [
    ...compared().map((policy) => ['Beside ' + figures.reference, beside(policy)]),
    ['Recovered, %', (s) => intervalCell(s.policies[picked].recovered, (v) => v.toFixed(1))],
    ['Net value', (s) => intervalCell(s.policies[picked].net, (v) => minus(money(v)))],
    ['Free days', (s) => intervalCell(s.policies[picked].free_days, (v) => v.toFixed(2))],
  ];
}

function segmentsWords() {
  const marks = {personal: 'circles', fixed: 'triangles'};
  const words = ['Averages of one payment; money in ' + figures.currency + '.'];
  if (compared().length > 0) {
    words.push((picked === null ? 'Net' : 'The chart has net') + ' value beside the ' + figures.reference + ' policy.');
  }
  words.push('Small print and lines are 95\u00a0% intervals.');
  if (picked === null) {
    words.push(compared().map((k) => labelOf(k) + ': ' + marks[roleOf(k)]).join('; ') + '.');
  }
  if (figures.segments.some((kind) => kind.rows.some(isThin))) {
    words.push('Grey: fewer than ' + figures.segment_payments_min + ' payments, too few to build on.');
  }
  if (figures.segments_left_out > 0) {
    words.push('Not shown, of fewer than ' + figures.segment_shown_min + ' payments: ' +
               figures.segments_left_out + '; --segments writes all.');
  }
  return words.join(' ');
}

function fillSegments() {
  document.getElementById('segments-words').textContent = segmentsWords();
  const columns = segmentColumns();
  for (const {table, rows} of figures.segments) {
    table.replaceChildren();
    const body = header(table, ['Group', ...columns.map(([title]) => title)]);
    table.querySelector('th').append(make('small', 'payments'));
    for (const segment of rows) {
      const row = make('tr', undefined, isThin(segment) ? 'few' : '');
      const name = make('th', segment.name);
      name.scope = 'row';
      name.append(make('small', whole(segment.payments)));
      row.append(name, ...columns.map(([, cell]) => cell(segment)));
      body.append(row);
    }
  }
}

function setUpSegments() {
  for (const kind of figures.segments) {
    const box = make('div', undefined, 'kind');
    const chart = make('div', undefined, 'chart');
    kind.canvas = make('canvas');
    kind.canvas.setAttribute('role', 'img');
    kind.canvas.setAttribute('aria-label', 'Differences by ' + kind.kind + '; the table beside it has the figures.');
    chart.append(kind.canvas);
    const scroll = make('div', undefined, 'scroll');
    kind.table = make('table');
    scroll.append(kind.table);
    box.append(make('h3', 'By ' + kind.kind), chart, scroll);
    document.getElementById('segment-kinds').append(box);
  }
  const select = document.getElementById('segment-policy');
  const choice = compared();
  if (choice.length > 1) {
    select.append(new Option(choice.map(labelOf).join(' and '), ''));
  } else {
    picked = choice.length > 0 ? choice[0] : figures.current;
  }
  for (const policy of figures.order) {
    const what = policy === figures.current ? ' (' + figures.reference + ')' : '';
    select.append(new Option(labelOf(policy) + what, policy));
  }
  select.value = picked === null ? '' : picked;
  select.addEventListener('change', () => {
    picked = select.value === '' ? null : Number(select.value);
    fillSegments();
    drawAll();
  });
}

function drawSegments() {
  const policies = compared();
  for (const kind of figures.segments) kind.canvas.parentNode.hidden = policies.length === 0;
  if (policies.length === 0) return [];
  return figures.segments.map((kind) => whiskerChart(
      kind.canvas, kind.rows.map((s) => s.name),
      policies.map((k) => ({
        label: labelOf(k),
        points: kind.rows.map((s) => whisker(s.policies[k].difference, roleOf(k), isThin(s))),
      })),
      INTERVAL_WORDS));
}

function fillRest() {
  for (const node of document.querySelectorAll('.currency')) node.textContent = figures.currency;
  for (const node of document.querySelectorAll('.reference')) node.textContent = figures.reference;
  for (const node of document.querySelectorAll('.days')) node.textContent = figures.days;
  for (const node of document.querySelectorAll('.ceiling')) node.hidden = figures.oracle === null;
  for (const node of document.querySelectorAll('.of-log')) node.hidden = !figures.expected;
  document.getElementById('made-payments').textContent =
      whole(figures.payments) + ', each under all ' + figures.policies.length + ' policies';
  document.getElementById('made-days').textContent = figures.days + ' after the failure';
  document.getElementById('made-outcomes').textContent = figures.expected ?
      'expected by the recovery model, for payments of a log; put right by what happened where doubly robust' :
      'lived in a simulated world, all policies on the same luck';
  for (const k of figures.expected ? figures.order : []) {
    const {name, estimator} = figures.policies[k];
    document.getElementById('made-estimators').append(make('div', name + ': ' + estimator));
  }
  const list = document.getElementById('refused-list');
  figures.refused.forEach((one, k) => {
    list.append(make('dt', one.policy));  // Those of one reason stand together.
    const next = figures.refused[k + 1];
    if (!next || next.reason !== one.reason) list.append(make('dd', one.reason));
  });
  const nothing = figures.policies.length === 0 || figures.payments === 0;
  for (const [id, empty] of [
    ['refused', figures.refused.length === 0], ['policies', nothing], ['pareto', nothing],
    ['survival', nothing], ['differences', nothing || figures.policies.length < 2],
    ['segments', nothing || figures.segments.length === 0],
    ['fidelity', figures.claims.length === 0]]) {
    document.getElementById(id).hidden = empty;
  }
}

function fillClaims() {
  const body = header(document.getElementById('claim-table'), ['Claim', 'Simulated', 'Came', 'Gap']);
  let whose = '';
  for (const claim of figures.claims) {
    if (claim.whose !== whose) {
      whose = claim.whose;
      const name = make('th', whose);
      name.colSpan = 4;
      name.scope = 'colgroup';
      const row = make('tr', undefined, 'whose');
      row.append(name);
      body.append(row);
    }
    const rounded = (v) => Number(v.toFixed(claim.digits)) || 0;  // No -0.
    const say = (v) => (v === null ? '?' : minus(rounded(v).toFixed(claim.digits)));
    const [gap, low, high] = claim.difference;
    const row = make('tr', undefined, low > 0 || high < 0 ? 'off' : '');
    const name = make('th', claim.what);
    name.scope = 'row';
    row.append(name, make('td', say(claim.simulated)), make('td', say(claim.observed)),
               intervalCell([gap, low, high], (v) => (v !== null && rounded(v) > 0 ? '+' : '') + say(v)));
    body.append(row);
  }
}

let charts = [];
function drawAll() {
  for (const chart of charts) chart.destroy();
  charts = [];
  setUpCharts();
  const shown = (id) => !document.getElementById(id).hidden;
  if (shown('differences')) charts.push(drawDifferences());
  if (shown('pareto')) charts.push(drawPareto());
  if (shown('survival')) charts.push(drawSurvival());
  if (shown('segments')) charts.push(...drawSegments());
}

fillRest();
fillPolicies();
fillDays();
setUpSegments();
fillSegments();
fillClaims();
drawAll();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
