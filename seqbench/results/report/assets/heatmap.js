// Backends by algorithms: how many times the best at each size, or ours over the other side.

const MOST_CELLS = 1200;

function algorithmOf(sheet, row) {
  if (sheet.kind === "ratios") return sheet.text("group", row);
  for (const name of ["algorithm", "p.cell.name", "p.model.name", "p.attention.name"]) {
    if (sheet.text(name, row)) return sheet.text(name, row);
  }
  return sheet.text("kernel_impl", row).split(".").slice(1).join(".") || sheet.text("task", row);
}

function backendOf(sheet, row) {
  if (sheet.kind === "ratios") return sheet.text("peer", row).split(/[ .]/)[0];
  return sheet.text("backend", row) || sheet.text("kernel_impl", row).split(".")[0] || sheet.text("p.backend.name", row);
}

const heatMap = {
  id: "heat", title: "Backends \u00d7 algorithms",
  fits: (sheet) => sheet.kind === "ratios" || metricsOf(sheet, (one) => one.cost).length > 0,
  draw(sheet, rows, box) {
    if (sheet.kind === "ratios") return [[], drawHeat(ratioCells(sheet, rows), RATIO_WORDS, box)];
    const metrics = metricsOf(sheet, (one) => one.cost && one.direction !== "none");
    if (!metrics.length) return [nothing("No metric here has a better side.")];
    const metric = chosenMetric(metrics, "heat", COSTS);
    const controls = [metricChoice(sheet, "Cost", metrics, metric, "heat")];
    return [controls, drawHeat(costCells(sheet, rowsOf(sheet, rows, metric), metric), costWords(sheet, metric), box)];
  },
};

const RATIO_WORDS = {
  columns: "the other side", even: "1: both take as long", low: "ours is faster", high: "ours is slower",
  told: "Time of ours over time of the other side, geometric mean over sizes.",
};

function costWords(sheet, metric) {
  const better = metric.direction === "higher" ? "highest" : "lowest";
  return {
    columns: "backend", even: "1: the best backend at every size", low: "", high: "times the best",
    told: `${metricTitle(sheet, metric)}: how many times worse than the ${better} of all backends at the same size and algorithm, geometric mean over sizes.`,
  };
}

function ratioCells(sheet, rows) {
  const usable = rows.filter((row) => sheet.number("ratio", row) > 0);
  return cellsOf(sheet, usable.map((row) => ({ row, value: sheet.number("ratio", row), ranked: sheet.isRanked[row] })));
}

// Each backend's median over the best one's at every size. The best is one that is ranked, where
// any is.
function costCells(sheet, rows, metric) {
  const usable = rows.filter((row) => sheet.number("value", row) > 0);
  const where = placeColumns(sheet).filter((name) => name !== "p.backend.name" && name !== "kernel_impl");
  const place = (row) => [algorithmOf(sheet, row), ...where.map((name) => sheet.text(name, row))].join("~");
  const cost = (row) => metric.direction === "higher" ? 1 / sheet.number("value", row) : sheet.number("value", row);
  const values = [...grouped(usable, place).values()].flatMap((own) => {
    const sides = [...grouped(own, (row) => backendOf(sheet, row)).values()].map((same) => {
      const ranked = same.filter((row) => sheet.isRanked[row]);
      return { row: same[0], value: median((ranked.length ? ranked : same).map(cost)), ranked: ranked.length > 0 };
    });
    const eligible = sides.some((one) => one.ranked) ? sides.filter((one) => one.ranked) : sides;
    const best = Math.min(...eligible.map((one) => one.value));
    return sides.map((one) => ({ ...one, value: one.value / best }));
  });
  return cellsOf(sheet, values);
}

// Geometric means over the sizes, of the ranked ones where any is.
function cellsOf(sheet, values) {
  const key = (one) => algorithmOf(sheet, one.row) + "\u0000" + backendOf(sheet, one.row);
  return [...grouped(values, key).values()].map((own) => {
    const ranked = own.filter((one) => one.ranked);
    const used = ranked.length ? ranked : own;
    return {
      algorithm: algorithmOf(sheet, own[0].row), backend: backendOf(sheet, own[0].row),
      value: geometricMean(used.map((one) => one.value)), n: used.length, ranked: ranked.length > 0,
    };
  }).slice(0, MOST_CELLS);
}

function drawHeat(cells, words, box) {
  if (!cells.length) return nothing("No row that is left can be compared.");
  const collator = new Intl.Collator("en", { numeric: true });
  const unique = (name) => [...new Set(cells.map((one) => one[name]))].sort(collator.compare);
  const [algorithms, backends] = [unique("algorithm"), unique("backend")];
  const width = Math.max(280, Math.min(960, box.clientWidth));
  const left = Math.min(Math.max(...algorithms.map((name) => textWidth(name))) + 18, width * 0.42);
  const column = Math.max(46, Math.min(130, (width - left - 10) / backends.length));
  const slanted = backends.some((name) => textWidth(name) > column - 6);
  const top = slanted ? Math.min(130, 30 + Math.max(...backends.map((name) => textWidth(name))) * 0.62) : 40;
  const area = { width: Math.max(width, left + column * backends.length + 10), height: top + algorithms.length * 26 + 8 };
  const root = svg("g", {});
  const drawn = cells.map((one) => heatCell(one, root, {
    x: left + backends.indexOf(one.backend) * column, y: top + algorithms.indexOf(one.algorithm) * 26, width: column,
  }));
  const axes = heatAxes(algorithms, backends, { left, top, column, slanted });
  const told = `${words.told} ${several(algorithms.length, "algorithm")} down, ${words.columns} across.`;
  const made = figure(area, told, [axes, root], drawn, heatLegend(words));
  made.classList.add("wide-figure");
  return made;
}

function heatAxes(algorithms, backends, { left, top, column, slanted }) {
  const group = svg("g", { class: "axes" });
  algorithms.forEach((name, n) => {
    group.append(svg("text", { x: left - 8, y: top + n * 26 + 17, "text-anchor": "end" }, fit(name, left - 14), svg("title", {}, name)));
  });
  backends.forEach((name, n) => {
    const at = [left + (n + 0.5) * column, top - 10];
    const shown = fit(name, 160);
    group.append(svg("text", slanted
      ? { transform: `translate(${at[0] - 4} ${at[1]}) rotate(-38)`, "text-anchor": "start" }
      : { x: at[0], y: at[1], "text-anchor": "middle" }, shown));
  });
  return group;
}

// Steps of a factor of about 1.25 up to 4 on either side of 1.
function heatStep(value) {
  return Math.max(-6, Math.min(6, Math.round(Math.log(value) / Math.log(4) * 6)));
}

function heatCell(one, root, at) {
  const step = heatStep(one.value);
  const text = [["algorithm", one.algorithm], ["backend", one.backend], ["ratio", number(one.value, 3)],
    ["sizes", String(one.n)], ["state", one.ranked ? "ranked" : "not ranked"]];
  const node = svg("g", { class: `heat h${step < 0 ? "m" + -step : step}` + (one.ranked ? "" : " hollow") },
    svg("rect", { x: at.x + 1, y: at.y + 1, width: at.width - 2, height: 24, rx: 3 }),
    svg("text", { x: at.x + at.width / 2, y: at.y + 17, "text-anchor": "middle" }, number(one.value, 3) + (one.ranked ? "" : "*")));
  root.append(node);
  return {
    node, text, at: [at.x + at.width / 2, at.y + 13], box: [at.x, at.y, at.x + at.width, at.y + 26],
    name: text.map((pair) => pair.join(" ")).join(", "),
  };
}

function heatLegend(words) {
  const steps = words.low ? [-6, -4, -2, 0, 2, 4, 6] : [0, 2, 4, 6];
  const boxes = steps.map((step) => svg("g", { class: `heat h${step < 0 ? "m" + -step : step}` },
    svg("rect", { x: steps.indexOf(step) * 34, y: 0, width: 34, height: 12 }),
    svg("text", { x: steps.indexOf(step) * 34 + 17, y: 26, "text-anchor": "middle", class: "outside" }, number(4 ** (step / 6), 2))));
  const width = steps.length * 34;
  return el("div", { class: "heat-legend" }, el("span", {}, words.low),
    svg("svg", { width, height: 30, viewBox: `0 0 ${width} 30`, "aria-hidden": "true" }, boxes),
    el("span", {}, words.high), el("span", { class: "hint" }, `(${words.even}; * not ranked)`));
}
