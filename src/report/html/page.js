(() => {
  'use strict';
  const data = JSON.parse(document.getElementById('plot-data').textContent);
  const root = document.documentElement;
  const COLOURS = 8;
  const NAMES = ['paper', 'card', 'ink', 'soft', 'line', 'grid', 'fault', 'fault-ink', 'change', 'change-ink', 'apart',
    'apart-ink']
    .concat(Array.from({ length: COLOURS }, (_, n) => 'c' + n));
  let palette = {};
  const readPalette = () => {
    const style = getComputedStyle(root);
    palette = Object.fromEntries(NAMES.map(name => [name, style.getPropertyValue('--' + name).trim()]));
  };
  readPalette();
  const font = size => size + 'px ' + getComputedStyle(document.body).fontFamily;

  // Numbers, as the tables write them.
  const digits = (value, most) => {
    const size = Math.abs(value);
    const places = size === 0 ? 0 : Math.max(0, most - 1 - Math.floor(Math.log10(size)));
    return value.toLocaleString('en-US', { maximumFractionDigits: Math.min(places, 12) });
  };
  const scaled = (value, units) => {
    const size = Math.abs(value);
    const [factor, unit] = size === 0 ? units[0] : units.filter(([f]) => size >= f).pop() || units[0];
    return [factor, unit];
  };
  const TIMES = [[1e-3, 'µs'], [1, 'ms'], [1e3, 's'], [6e4, 'min']];
  const SIZES = [[1, 'B'], [1e3, 'kB'], [1e6, 'MB'], [1e9, 'GB'], [1e12, 'TB']];
  const COUNTS = [[1, ''], [1e3, 'k'], [1e6, 'M'], [1e9, 'G']];
  const show = (value, unit) => {
    if (value === null || value === undefined) return '–';
    if (unit === 'clock') return clock(value);
    if (unit === 'ms') {
      const [factor, name] = value === 0 ? [1, 'ms'] : scaled(value, TIMES.slice(0, 3));
      return digits(value / factor, 3) + ' ' + name;
    }
    if (unit === 'B') {
      const [factor, name] = scaled(value, SIZES);
      return digits(value / factor, 3) + ' ' + name;
    }
    if (unit === '$') return '$' + value.toLocaleString('en-US', { maximumFractionDigits: 2 });
    const text = digits(value, 3);
    return unit === '%' ? text + ' %' : unit === '1/s' ? text + ' /s' : text;
  };
  // Along an axis all labels have the same unit: that of the greatest.
  const labels = (values, unit) => {
    if (unit === 'clock') return values.map(clock);
    const most = Math.max(...values.map(Math.abs));
    const step = values.length > 1 ? Math.abs(values[1] - values[0]) : most;
    const [factor, name] = unit === 'ms' ? scaled(most, TIMES.slice(0, 3)) : unit === 'B'
      ? scaled(most, SIZES) : most >= 1e4 ? scaled(most, COUNTS) : [1, ''];
    const places = step === 0 ? 0 : Math.max(0, Math.ceil(-Math.log10(step / factor) - 1e-9));
    const format = { minimumFractionDigits: Math.min(places, 8), maximumFractionDigits: Math.min(places, 8) };
    return values.map(value => {
      const text = (value / factor).toLocaleString('en-US', format);
      if (unit === '$') return '$' + text + name;
      if (unit === '%') return text + ' %';
      return unit === 'ms' || unit === 'B' ? text + ' ' + name : text + name;
    });
  };
  const clock = seconds => {
    const whole = Math.floor(seconds + 1e-9);
    const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    const two = n => String(n).padStart(2, '0');
    const part = seconds - whole > 1e-6 ? String(Math.round((seconds - whole) * 1000) / 1000).slice(1) : '';
    if (h > 0) return h + ':' + two(m) + ':' + two(s);
    return m + ':' + two(s) + part;
  };
  const CLOCK_STEPS = [1e-3, 1e-2, 0.1, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200,
    14400, 21600, 43200, 86400, 172800];

  // Plots of one group share zoom and shown lines.
  const groups = new Map();
  const groupOf = name => {
    if (!groups.has(name)) {
      groups.set(name, { plots: [], range: null, off: new Set(), busy: false, tools: null, extent: null });
    }
    return groups.get(name);
  };
  const zoom = (group, range) => {
    if (group.busy) return;
    group.busy = true;
    group.range = range;
    for (const plot of group.plots) {
      const x = plot.data[0];
      plot.setScale('x', range ? { min: range[0], max: range[1] } : { min: x[0], max: x[x.length - 1] });
    }
    group.busy = false;
    if (group.tools) {
      for (const button of group.tools.children) {
        const to = button.dataset.range;
        const pressed = range ? to === range.join() : to === '';
        button.setAttribute('aria-pressed', String(pressed));
      }
    }
  };
  const toggle = (group, name) => {
    if (!group.off.delete(name)) group.off.add(name);
    for (const plot of group.plots) {
      plot.series.forEach((series, number) => {
        if (number > 0 && series.label === name) plot.setSeries(number, { show: !group.off.has(name) });
      });
      plot.legend_.refresh();
    }
  };

  const shading = plot => ({
    drawClear: [u => {
      const { ctx, bbox } = u;
      ctx.save();
      ctx.beginPath();
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
      ctx.clip();
      for (const shade of plot.shades) {
        const from = u.valToPos(shade.from, 'x', true);
        const until = u.valToPos(shade.until, 'x', true);
        ctx.fillStyle = palette[shade.of];
        ctx.fillRect(from, bbox.top, Math.max(until - from, 0), bbox.height);
        if (shade.of === 'apart') continue;
        ctx.fillStyle = palette[shade.of + '-ink'];
        ctx.globalAlpha = 0.55;
        ctx.fillRect(Math.round(from), bbox.top, uPlot.pxRatio, bbox.height);
        ctx.globalAlpha = 1;
      }
      ctx.restore();
    }],
    draw: [u => {
      const { ctx, bbox } = u;
      const ratio = uPlot.pxRatio;
      ctx.save();
      ctx.font = font(11 * ratio);
      ctx.textBaseline = 'top';
      ctx.textAlign = 'left';
      const rows = [];
      for (const shade of plot.shades) {
        const from = Math.max(u.valToPos(shade.from, 'x', true), bbox.left);
        const until = Math.min(u.valToPos(shade.until, 'x', true), bbox.left + bbox.width);
        if (until < bbox.left || from > bbox.left + bbox.width) continue;
        const width = ctx.measureText(shade.label).width;
        let left = from + 4 * ratio;
        if (left + width > bbox.left + bbox.width) left = Math.max(bbox.left, from - width - 4 * ratio);
        let row = 0;
        while (row < 4 && rows.some(r => r.row === row && left < r.right && r.left < left + width)) row += 1;
        if (row === 4) continue;
        rows.push({ row, left, right: left + width + 6 * ratio });
        const top = bbox.top + (3 + row * 13) * ratio;
        ctx.lineWidth = 3 * ratio;
        ctx.lineJoin = 'round';
        ctx.strokeStyle = palette.card;
        ctx.strokeText(shade.label, left, top);
        ctx.fillStyle = palette[shade.of + '-ink'];
        ctx.fillText(shade.label, left, top);
      }
      for (const mark of plot.marks) {
        const y = Math.round(u.valToPos(mark.value, 'y', true));
        if (y < bbox.top || y > bbox.top + bbox.height) continue;
        ctx.strokeStyle = palette.soft;
        ctx.fillStyle = palette.soft;
        ctx.setLineDash([5 * ratio, 4 * ratio]);
        ctx.lineWidth = ratio;
        ctx.beginPath();
        ctx.moveTo(bbox.left, y);
        ctx.lineTo(bbox.left + bbox.width, y);
        ctx.stroke();
        ctx.textBaseline = 'bottom';
        ctx.textAlign = 'right';
        ctx.setLineDash([]);
        ctx.lineWidth = 3 * ratio;
        ctx.strokeStyle = palette.card;
        ctx.strokeText(mark.label, bbox.left + bbox.width - 3 * ratio, y - 2 * ratio);
        ctx.fillText(mark.label, bbox.left + bbox.width - 3 * ratio, y - 2 * ratio);
      }
      ctx.restore();
    }],
  });

  // The legend says the values under the cursor, and its buttons show and hide lines.
  const legend = (plot, group) => {
    const box = document.createElement('div');
    box.className = 'legend';
    const at = document.createElement('span');
    at.className = 'at';
    const buttons = plot.lines.map(line => {
      const button = document.createElement('button');
      button.type = 'button';
      const swatch = document.createElement('span');
      swatch.className = 'swatch';
      swatch.style.borderTopColor = 'var(--c' + (line.colour % COLOURS) + ')';
      if (line.colour >= COLOURS) swatch.style.borderTopStyle = 'dotted';
      const value = document.createElement('output');
      button.append(swatch, line.name, value);
      button.addEventListener('click', () => toggle(group, line.name));
      box.append(button);
      return { button, value };
    });
    box.append(at);
    const refresh = () => plot.lines.forEach((line, n) => {
      buttons[n].button.setAttribute('aria-pressed', String(!group.off.has(line.name)));
    });
    const say = index => {
      at.textContent = index === null ? '' :
        (plot.across ? plot.across + ' ' : '') + show(data.axes[plot.axis][index], plot.acrossUnit);
      plot.lines.forEach((line, n) => {
        buttons[n].value.textContent = index === null ? '' : show(line.values[index], plot.unit);
      });
    };
    refresh();
    return { box, refresh, say };
  };

  const bounds = (plot, low, high) => {
    if (low === null || high === null) return [0, 1];
    for (const mark of plot.marks) { low = Math.min(low, mark.value); high = Math.max(high, mark.value); }
    if (plot.lines.every(line => line.style === 'steps') && low >= 0 && high <= 2) return [0, 2.2];
    const near = low > 0 && high - low < 0.25 * high && (plot.unit === '$' || plot.unit === '%');
    if (near) {
      const room = Math.max((high - low) * 0.15, high * 1e-4);
      return [low - room, Math.min(high + room, plot.unit === '%' && high <= 100 ? 100 : Infinity)];
    }
    const top = high <= 0 ? 1 : high * 1.08;
    return [Math.min(0, low), plot.unit === '%' && high <= 100 ? Math.min(top, 100) : top];
  };

  // A logarithmic scale begins and ends with its values, not with powers of ten.
  const spread = (u, low, high) => {
    if (low === null || high === null) return [1, 10];
    return low === high ? [low / 2, high * 2] : [low, high];
  };

  const options = (plot, group, tongue, width) => ({
    width,
    height: 214,
    legend: { show: false },
    cursor: {
      sync: { key: plot.group, setSeries: false },
      drag: { x: true, y: false, setScale: true },
      points: { size: 7 },
      focus: { prox: 30 },
    },
    focus: { alpha: 0.35 },
    scales: {
      x: { time: false, ...(plot.logarithmic ? { distr: 3, range: spread } : {}) },
      y: { range: (u, low, high) => bounds(plot, low, high) },
    },
    axes: [
      {
        stroke: () => palette.soft, font: font(11), size: 30, gap: 4, space: 64,
        grid: { show: false }, ticks: { stroke: () => palette.line, size: 4, width: 1 },
        incrs: plot.acrossUnit === 'clock' ? CLOCK_STEPS : undefined,
        values: (u, values) => plot.logarithmic
          ? values.map(value => value === null ? '' : show(value, plot.acrossUnit))
          : labels(values, plot.acrossUnit),
        ...(plot.across ? { label: plot.across, labelFont: font(11), labelSize: 18, labelGap: 0 } : {}),
      },
      {
        stroke: () => palette.soft, font: font(11), gap: 4, space: 38,
        size: (u, values) => {
          if (!values) return 40;
          u.ctx.save();
          u.ctx.font = font(11);
          const widest = Math.max(...values.map(value => u.ctx.measureText(value).width));
          u.ctx.restore();
          return Math.ceil(widest) + 14;
        },
        grid: { stroke: () => palette.grid, width: 1 }, ticks: { show: false },
        values: (u, values) => labels(values, plot.unit),
      },
    ],
    series: [{}].concat(plot.order.map(n => plot.lines[n]).map(line => ({
      label: line.name,
      show: !group.off.has(line.name),
      stroke: () => palette['c' + (line.colour % COLOURS)],
      width: line.strong ? 2 : 1.1,
      alpha: line.strong ? 1 : 0.75,
      dash: line.colour >= COLOURS ? [5, 4] : undefined,
      paths: line.style === 'steps' ? uPlot.paths.stepped({ align: 1 }) : line.style === 'points' ? () => null
        : undefined,
      points: { show: line.style === 'points' || line.values.length < 2, size: 6 },
    }))),
    bands: plot.bands.map(([high, low]) => ({
      series: [plot.order.indexOf(high) + 1, plot.order.indexOf(low) + 1],
      fill: () => palette['c' + (plot.lines[high].colour % COLOURS)] + '26',
    })),
    hooks: Object.assign(shading(plot), {
      setCursor: [u => tongue.say(u.cursor.left < 0 || u.cursor.idx == null ? null : u.cursor.idx)],
      setScale: [(u, key) => {
        if (key !== 'x' || group.busy || !u.ready_) return;
        const { min, max } = u.scales.x;
        const x = u.data[0];
        zoom(group, min <= x[0] && max >= x[x.length - 1] ? null : [min, max]);
      }],
    }),
  });

  // With the keyboard: arrows move the cursor, plus and minus zoom, escape shows all again.
  const keys = (u, group) => event => {
    const x = u.data[0];
    const { min, max } = u.scales.x;
    const now = u.cursor.idx == null || u.cursor.left < 0 ? x.findIndex(v => v >= min) : u.cursor.idx;
    const go = index => {
      const to = Math.min(Math.max(index, 0), x.length - 1);
      u.setCursor({ left: u.valToPos(x[to], 'x'), top: u.over.clientHeight / 2 });
    };
    const middle = x[now];
    const by = factor => {
      const half = (max - min) * factor / 2;
      const range = [Math.max(middle - half, x[0]), Math.min(middle + half, x[x.length - 1])];
      zoom(group, range[0] <= x[0] && range[1] >= x[x.length - 1] ? null : range);
    };
    const far = Math.max(1, Math.round(x.length / 20));
    const does = {
      ArrowLeft: () => go(now - (event.shiftKey ? far : 1)),
      ArrowRight: () => go(now + (event.shiftKey ? far : 1)),
      Home: () => go(0),
      End: () => go(x.length - 1),
      '+': () => by(0.5),
      '-': () => by(2),
      Escape: () => zoom(group, null),
    }[event.key];
    if (does) { does(); event.preventDefault(); }
  };

  const all = [];
  const draw = box => {
    if (box.dataset.drawn) return;
    box.dataset.drawn = 'yes';
    const plot = data.plots[Number(box.dataset.plot)];
    plot.shades = data.shades[plot.shades] || plot.shades;
    // What is drawn last lies on top: the lines that the plot is about.
    const rank = n => Number(plot.lines[n].strong);
    plot.order = plot.lines.map((_, n) => n).reverse().sort((a, b) => rank(a) - rank(b));
    const group = groupOf(plot.group);
    const tongue = legend(plot, group);
    const width = Math.max(box.clientWidth, 200);
    const table = [data.axes[plot.axis]].concat(plot.order.map(n => plot.lines[n].values));
    const u = new uPlot(options(plot, group, tongue, width), table, box);
    u.legend_ = tongue;
    u.ready_ = true;
    u.over.tabIndex = 0;
    u.over.setAttribute('role', 'application');
    u.over.setAttribute('aria-label', plot.title + '. Arrows move, plus and minus zoom, escape shows all.');
    u.root.querySelector('canvas').setAttribute('aria-hidden', 'true');
    u.over.addEventListener('keydown', keys(u, group));
    u.over.addEventListener('blur', () => u.setCursor({ left: -10, top: -10 }));
    box.after(tongue.box);
    group.plots.push(u);
    if (group.range) {
      group.busy = true;
      u.setScale('x', { min: group.range[0], max: group.range[1] });
      group.busy = false;
    }
    all.push({ box, u });
    sizes.observe(box);
  };
  const sizes = new ResizeObserver(entries => {
    for (const entry of entries) {
      const found = all.find(one => one.box === entry.target);
      const width = Math.floor(entry.contentRect.width);
      if (found && width > 0 && width !== found.u.width) found.u.setSize({ width, height: 214 });
    }
  });

  // Buttons that show the whole run, or what was done to it.
  for (const tools of document.querySelectorAll('[data-tools]')) {
    const name = tools.dataset.tools;
    const group = groupOf(name);
    group.tools = tools;
    const plot = data.plots.find(one => one.group === name);
    if (!plot) continue;
    const x = data.axes[plot.axis];
    const end = x[x.length - 1];
    const add = (label, range) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = label;
      button.dataset.range = range ? range.join() : '';
      button.setAttribute('aria-pressed', String(!range));
      button.addEventListener('click', () => zoom(group, range));
      tools.append(button);
    };
    add('Whole run', null);
    const seen = new Set();
    for (const shade of data.shades[plot.shades].filter(one => one.of !== 'apart').slice(0, 12)) {
      const room = Math.max((shade.until - shade.from) * 0.15, 10);
      const range = [Math.max(shade.from - room, x[0]), Math.min(shade.until + room, end)];
      const key = shade.label + range.join();
      if (range[1] > range[0] && (range[0] > x[0] || range[1] < end) && !seen.has(key)) add(shade.label, range);
      seen.add(key);
    }
    if (tools.children.length < 2) tools.remove();
  }

  const boxes = Array.from(document.querySelectorAll('[data-plot]'));
  const near = new IntersectionObserver(entries => {
    for (const entry of entries) {
      if (entry.isIntersecting) { near.unobserve(entry.target); draw(entry.target); }
    }
  }, { rootMargin: '600px' });
  // Few plots are drawn at once, many as the reader comes near; those folded away when they are unfolded.
  const FEW = 40;
  const unfolded = box => !box.closest('details:not([open])');
  boxes.forEach((box, n) => { if (n < FEW && unfolded(box)) draw(box); else near.observe(box); });
  window.addEventListener('beforeprint', () => boxes.filter(unfolded).forEach(draw));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    readPalette();
    all.forEach(one => one.u.redraw(false, true));
  });

  // Where the reader is.
  const entries = Array.from(document.querySelectorAll('nav a'));
  const heads = entries.map(entry => document.getElementById(decodeURIComponent(entry.hash.slice(1))));
  const mark = () => {
    let here = -1;
    heads.forEach((head, n) => { if (head && head.getBoundingClientRect().top < 140) here = n; });
    entries.forEach((entry, n) => {
      if (n === here) entry.setAttribute('aria-current', 'true'); else entry.removeAttribute('aria-current');
    });
  };
  addEventListener('scroll', mark, { passive: true });
  mark();
})();
