// The charts of the report, on top of Chart.js. A role (the current policy, the
// best fixed one, ...) has one colour, one mark and one dash everywhere.
'use strict';

const MARKS = {
  current: {style: 'rectRot', radius: 7, dash: [7, 4]},
  personal: {style: 'circle', radius: 6, dash: []},
  fixed: {style: 'triangle', radius: 7, dash: [2, 3]},
  oracle: {style: 'star', radius: 7, dash: [10, 3, 2, 3]},
  other: {style: 'circle', radius: 4, dash: []},
};

function colour(name) {
  return getComputedStyle(document.documentElement)
      .getPropertyValue('--' + name)
      .trim();
}

function setUpCharts() {
  Chart.defaults.animation = false;
  Chart.defaults.maintainAspectRatio = false;
  Chart.defaults.color = colour('soft');
  Chart.defaults.borderColor = colour('rule');
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.defaults.font.size = 12;
  Chart.defaults.plugins.legend.display = false;
}

function mark(context, style, radius, x, y, fill) {
  context.fillStyle = context.strokeStyle = fill;
  context.lineWidth = 2;
  Chart.helpers.drawPoint(
      context, {pointStyle: style, radius: radius, rotation: 0, borderWidth: 2},
      x, y);
}

// Draws each bar [low, high] as a thin line with ends and a mark at its value.
const WHISKERS = {
  id: 'whiskers',
  afterDatasetsDraw(chart) {
    const context = chart.ctx;
    const x = chart.scales.x;
    context.save();
    chart.data.datasets.forEach((dataset, which) => {
      chart.getDatasetMeta(which).data.forEach((bar, row) => {
        const point = dataset.points[row];
        if (!point) return;
        const [low, high] = dataset.data[row].map((v) => x.getPixelForValue(v));
        context.strokeStyle = point.colour;
        context.lineWidth = 2;
        context.beginPath();
        context.moveTo(low, bar.y);
        context.lineTo(high, bar.y);
        for (const end of [low, high]) {
          context.moveTo(end, bar.y - 4);
          context.lineTo(end, bar.y + 4);
        }
        context.stroke();
        mark(
            context, point.mark.style, point.mark.radius - 1,
            x.getPixelForValue(point.value), bar.y, point.colour);
      });
    });
    context.restore();
  },
};

function cut(name, length) {
  return name.length > length ? name.slice(0, length - 1) + '\u2026' : name;
}

// On two lines at most, which break where words do.
function wrapped(name, length) {
  const lines = [''];
  for (const part of name.match(/[^_\-.\/ ]*[_\-.\/ ]?/g)) {
    const line = lines[lines.length - 1];
    if (line && lines.length < 2 && line.length + part.trim().length > length) lines.push('');
    lines[lines.length - 1] += part;
  }
  return lines.map((line) => cut(line.trim(), length));
}

// series: [{label, points: [{value, low, high, colour, mark} or null]}].
function whiskerChart(canvas, names, series, words) {
  const rows = names.length * Math.max(1, series.length);
  const narrow = canvas.parentNode.clientWidth < 500;
  const labels = names.map((name) => wrapped(name, narrow ? 20 : 40));
  const height = labels.some((lines) => lines.length > 1) ? 36 : 28;
  canvas.parentNode.style.height = 64 + Math.max(height * names.length, 20 * rows) + 'px';
  return new Chart(canvas, {
    type: 'bar',
    plugins: [WHISKERS],
    data: {
      labels: names,
      datasets: series.map((one) => ({
        label: one.label,
        points: one.points,
        data: one.points.map((p) => p ? [p.low, p.high] : null),
        backgroundColor: 'transparent',
        hoverBackgroundColor: 'transparent',
      })),
    },
    options: {
      indexAxis: 'y',
      layout: {padding: {right: 12}},
      interaction: {mode: 'index', axis: 'y', intersect: false},
      plugins: {
        tooltip: {
          callbacks: {
            label: (item) => item.dataset.label + ': ' +
                words.interval(item.dataset.points[item.dataIndex]),
          },
        },
      },
      scales: {
        x: {
          title: {display: true, text: words.axis},
          grace: '4%',
          grid: {
            color: (at) => colour(at.tick && at.tick.value === 0 ? 'ink' : 'rule'),
          },
          ticks: {maxTicksLimit: narrow ? 5 : 10},
        },
        y: {
          grid: {display: false},
          ticks: {
            autoSkip: false,
            color: colour('ink'),
            callback: (value) => labels[value],
          },
        },
      },
    },
  });
}

function overlap(a, b) {
  return a.left < b.right && b.left < a.right && a.top < b.bottom &&
      b.top < a.bottom;
}

// Names beside points, the important ones first, where there is room.
const NAMES = {
  id: 'names',
  afterDatasetsDraw(chart) {
    const context = chart.ctx;
    const area = chart.chartArea;
    const spots = chart.data.datasets.flatMap((dataset, which) => {
      if (!dataset.names) return [];
      return chart.getDatasetMeta(which).data.map((point, k) => ({
        x: point.x,
        y: point.y,
        name: dataset.names[k],
        order: dataset.ranks[k],
        bold: dataset.role !== 'other',
        colour: dataset.borderColor,
      }));
    });
    const taken = spots.map((s) => (
        {left: s.x - 6, right: s.x + 6, top: s.y - 6, bottom: s.y + 6}));
    context.save();
    context.textBaseline = 'middle';
    spots.sort((a, b) => a.order - b.order);
    for (const spot of spots) {
      context.font = (spot.bold ? '600 ' : '') + '12px ' + Chart.defaults.font.family;
      const text = cut(spot.name, 28);
      const width = context.measureText(text).width;
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, -1], [0, 1], [1, -1], [1, 1], [-1, -1], [-1, 1]]) {
        const left = dx > 0 ? spot.x + 9 : dx < 0 ? spot.x - 9 - width : spot.x - width / 2;
        const middle = spot.y + dy * (dx === 0 ? 16 : 12);
        const box = {left: left, right: left + width, top: middle - 7, bottom: middle + 7};
        if (box.left < area.left || box.right > chart.width || box.top < area.top ||
            box.bottom > area.bottom || taken.some((t) => overlap(t, box))) {
          continue;
        }
        taken.push(box);
        context.fillStyle = spot.colour;
        context.fillText(text, left, middle);
        break;
      }
    }
    context.restore();
  },
};

// points: [{x, y, name, role, rank, efficient}].
function paretoChart(canvas, points, words) {
  const roles = [...new Set(points.map((p) => p.role))];
  const frontier = points.filter((p) => p.efficient).sort((a, b) => a.x - b.x);
  const datasets = roles.map((role) => {
    const mine = points.filter((p) => p.role === role);
    return {
      data: mine,
      role: role,
      names: mine.map((p) => p.name),
      ranks: mine.map((p) => p.rank + (role === 'other' ? 1000 : 0) - (p.efficient ? 500 : 0)),
      pointStyle: MARKS[role].style,
      radius: MARKS[role].radius,
      hoverRadius: MARKS[role].radius + 2,
      borderColor: colour(role),
      backgroundColor: colour(role),
      borderWidth: 2,
      clip: false,
    };
  });
  datasets.push({
    data: frontier, showLine: true, pointRadius: 0, pointHitRadius: 0, pointHoverRadius: 0,
    borderColor: colour('soft'), borderWidth: 1.5, borderDash: [5, 4],
  });
  return new Chart(canvas, {
    type: 'scatter',
    plugins: [NAMES],
    data: {datasets: datasets},
    options: {
      layout: {padding: {right: 14, top: 8}},
      plugins: {
        tooltip: {
          filter: (item) => item.dataset.names !== undefined,
          callbacks: {label: (item) => words.point(item.raw)},
        },
      },
      scales: {
        x: {title: {display: true, text: words.x}, grace: '6%', min: 0},
        y: {title: {display: true, text: words.y}, grace: '8%'},
      },
    },
  });
}

// curves: [{name, role, unpaid: [percent by day]}].
function survivalChart(canvas, curves) {
  const last = Math.max(...curves.map((c) => c.unpaid.length - 1));
  return new Chart(canvas, {
    type: 'line',
    data: {
      datasets: curves.map((c) => ({
        label: c.name,
        data: c.unpaid.map((percent, day) => ({x: day, y: percent})),
        stepped: 'before',
        borderColor: colour(c.role),
        backgroundColor: colour(c.role),
        borderDash: MARKS[c.role].dash,
        borderWidth: 2.5,
        pointRadius: 0,
        pointHitRadius: 8,
      })),
    },
    options: {
      interaction: {mode: 'nearest', axis: 'x', intersect: false},
      plugins: {
        legend: {
          display: true,
          position: 'bottom',
          labels: {
            usePointStyle: true,
            pointStyleWidth: 40,
            font: {size: 13},
            // Those of Chart.js leave out the dashes.
            generateLabels: (chart) => chart.data.datasets.map((dataset, k) => ({
              text: cut(dataset.label, chart.width < 500 ? 28 : 60), fontColor: colour('ink'), pointStyle: 'line',
              strokeStyle: dataset.borderColor, fillStyle: 'transparent',
              lineWidth: 2.5, lineDash: dataset.borderDash, datasetIndex: k,
              hidden: !chart.isDatasetVisible(k),
            })),
          },
        },
        tooltip: {
          mode: 'index',
          callbacks: {
            title: (items) => items.length ? 'Day ' + items[0].parsed.x : '',
            label: (item) => item.dataset.label + ': ' + item.parsed.y.toFixed(1) + ' %',
          },
        },
      },
      scales: {
        x: {
          type: 'linear', min: 0, max: last,
          title: {display: true, text: 'days after the failure'},
          ticks: {stepSize: 7},
        },
        y: {
          max: 100, grace: '5%',
          title: {display: true, text: 'not recovered, %'},
        },
      },
    },
  });
}
